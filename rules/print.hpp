/// Shows the checked form of a rule as text, for `rules explain` and golden tests. One line a fact; the condition as an
/// indented tree. Allocates; any thread.
#pragma once

#include <string>

#include "rules/ir.hpp"

namespace canhgac::rules {

/// `Image ends "\cmd.exe"`-like single line: field, operator, value, flags.
[[nodiscard]] std::string print(const Predicate& predicate);
/// Head (id, title, level, log source) and the tree of the condition.
[[nodiscard]] std::string print(const Rule& rule);
[[nodiscard]] std::string print(const Correlation& correlation);

} // namespace canhgac::rules
