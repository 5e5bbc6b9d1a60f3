/// One YAML document as a Sigma correlation (SIGMA.md I). Internal to the module.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/yaml.hpp"
#include "rules/ir.hpp"

namespace canhgac::rules {

/// A correlation whose references are still names; Correlation::rule_ids and the rules in `aliases` hold what the
/// document says.
struct UnresolvedCorrelation {
    Correlation correlation;
    std::vector<common::yaml::Position> reference_positions; ///< one for each rule_ids
    common::yaml::Position aliases_at;
};

/// Throws Refusal.
[[nodiscard]] UnresolvedCorrelation read_correlation(const common::yaml::Node& document);

} // namespace canhgac::rules
