/// The condition of a correlation: a map of comparisons (SIGMA.md 67-69, 72) or, for temporal types, an expression over
/// rules (70). Internal to the module.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/yaml.hpp"
#include "rules/ir.hpp"

namespace canhgac::rules {

inline constexpr std::size_t kMaxTemporalRules = 64;
inline constexpr std::size_t kMaxTerms = 64; ///< alternatives of an extended condition

/// An extended condition whose rules are still names: bits of `terms` are places in `names`.
struct NamedTerms {
    std::vector<std::string> names; ///< in the order of the text, each once
    std::vector<Correlation::Term> terms;
    common::yaml::Position at;
};

/// Reads the map under `condition` into bounds, fields and percentile. Throws Refusal.
void read_condition_map(Correlation& out, const common::yaml::Node& node);

/// Reads `a and not b`, `(a or b) and c`: or < and < not < (), operators in lower case. Throws Refusal.
[[nodiscard]] NamedTerms read_extended_condition(const common::yaml::Node& node);

/// Drops what can never hold or is contained in another; sorted.
[[nodiscard]] std::vector<Correlation::Term> simplified(std::vector<Correlation::Term> terms);

} // namespace canhgac::rules
