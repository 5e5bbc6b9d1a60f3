/// Values of rules and of pipelines as text, and how they compare. Pure functions. Internal to the module.
#pragma once

#include <string>

#include "common/yaml.hpp"
#include "rules/ir.hpp"
#include "rules/sigma_string.hpp"

namespace canhgac::rules {

/// Wildcards as `*` and `?`, these characters themselves as `\*` and `\?`, placeholders as `%name%`, backslashes as
/// they are (pySigma's `str()` of a string value).
[[nodiscard]] std::string plain_text(const Pattern& pattern);
/// "4624", "0.5".
[[nodiscard]] std::string number_text(double number);

/// The value that a scalar of a pipeline means in a rule. Throws Refusal for maps and lists.
[[nodiscard]] Predicate value_of(const common::yaml::Node& scalar);
/// Text, as a value without modifiers means it: with wildcards.
[[nodiscard]] Predicate text_value(std::string_view text);

/// Two scalars as a condition compares them: numbers with numbers, text with text, booleans with booleans.
enum class Comparison { eq, ne, gte, gt, lte, lt };
[[nodiscard]] bool compares(const common::yaml::Node& left, Comparison how, const common::yaml::Node& right) noexcept;

} // namespace canhgac::rules
