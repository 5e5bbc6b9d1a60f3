/// What each rule costs to match, told from the compiled form: for rule authors (`rules lint`).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/rule_set.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

struct RuleCost {
    std::string id;
    std::size_t patterns = 0; ///< tests of the rule, each counted once
    std::size_t regexes = 0;  ///< of these
    std::size_t keywords = 0; ///< of these: looked for in every value
    std::size_t triggers = 0; ///< atoms of which one must hold before the rule is looked at
    bool always = false;      ///< no trigger: evaluated for every event of its log source (DESIGN 6.4)
};

/// One for each compiled rule, by id. `rules` must be those that `set` was compiled from. Allocates; any thread.
[[nodiscard]] std::vector<RuleCost> rule_costs(const std::vector<rules::Rule>& rules, const RuleSet& set);

} // namespace canhgac::engine
