/// One YAML document as a Sigma correlation (SIGMA.md I). Internal to the module.
#pragma once

#include <optional>
#include <vector>

#include "common/yaml.hpp"
#include "rules/correlation_condition.hpp"
#include "rules/ir.hpp"

namespace canhgac::rules {

/// A correlation whose references are still names; Correlation::rule_ids and the rules in `aliases` hold what the
/// document says. Without `rules`, those of the extended condition stand there.
struct UnresolvedCorrelation {
    Correlation correlation;
    std::vector<common::yaml::Position> reference_positions; ///< one for each rule_ids
    common::yaml::Position aliases_at;
    std::optional<NamedTerms> named; ///< the extended condition
};

/// Throws Refusal.
[[nodiscard]] UnresolvedCorrelation read_correlation(const common::yaml::Node& document);

} // namespace canhgac::rules
