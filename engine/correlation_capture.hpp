/// What correlations want of the rules they stand on, through every correlation between.
#pragma once

#include <vector>

#include "event/detection.hpp"
#include "event/field_table.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

/// Sets RuleInfo::capture (fields of keys and values) and RuleInfo::generates (SIGMA.md 63) of the rules that
/// correlations refer to; interns the names. References of correlations must not form a cycle.
void apply_correlations(const std::vector<rules::Correlation>& correlations, event::FieldTable& fields,
                        std::vector<event::RuleInfo>& infos);

} // namespace canhgac::engine
