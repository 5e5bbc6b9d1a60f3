/// The condition language (SIGMA.md 52-60): or < and < not < x of < ().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/yaml.hpp"
#include "rules/rule_builder.hpp"

namespace canhgac::rules {

/// What a condition may name.
struct ConditionScope {
    std::vector<std::string> names;                               ///< in the order of the document
    std::function<std::uint32_t(std::size_t name_index)> node_of; ///< the node of a selection, built when first asked
};

/// Adds the nodes of one condition and returns its root. Throws Refusal at `at` with the offending word.
[[nodiscard]] std::uint32_t build_condition(RuleBuilder& builder, std::string_view text, common::yaml::Position at,
                                            const ConditionScope& scope);

} // namespace canhgac::rules
