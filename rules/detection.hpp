/// Selections: maps, lists and keywords of a rule's `detection` (SIGMA.md 30-34).
#pragma once

#include <cstdint>

#include "common/yaml.hpp"
#include "rules/modifiers_encoding.hpp"
#include "rules/rule_builder.hpp"

namespace canhgac::rules {

/// Adds one selection and returns its node. Throws Refusal.
[[nodiscard]] std::uint32_t build_selection(RuleBuilder& builder, const common::yaml::Node& selection,
                                            const Placeholders& placeholders);

} // namespace canhgac::rules
