/// Selections: maps, lists and keywords of a rule's `detection` (SIGMA.md 30-34).
#pragma once

#include "common/yaml.hpp"
#include "rules/draft.hpp"
#include "rules/modifiers_encoding.hpp"

namespace canhgac::rules {

/// Reads one selection. Throws Refusal. Memory: a selection of more than kMaxPredicates values is refused.
[[nodiscard]] DraftNode read_selection(const common::yaml::Node& selection, const Placeholders& placeholders);

} // namespace canhgac::rules
