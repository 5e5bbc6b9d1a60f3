/// What nearly matched: for explanations. Internal to the module.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/ir.hpp"

namespace canhgac::engine {

/// Names (without blanks) and texts of an event's fields; JSON nulls left out.
using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// Why a test that does not hold nearly does, for a person; empty if nothing comes near. `name`: the field as the event
/// names it, without blanks.
[[nodiscard]] std::string near_miss(const rules::Predicate& predicate, const std::string& name,
                                    const NamedValues& event);

} // namespace canhgac::engine
