/// `canhgac rules explain RULE --event FILE`: why a rule did or did not match an event (engine/explain.hpp).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace canhgac::app {

struct RulesExplainOptions {
    std::string rule;               ///< file (all its rules), or id, name or title of a rule in `paths` or the pack
    std::string event;              ///< recorded events, as `scan` reads them; "-" = standard input
    std::vector<std::string> paths; ///< where to look for the rule; filters there count
    std::string placeholders;
    std::string output = "text"; ///< or json
    std::uint64_t index = 0;     ///< which event of the file
    bool pack = false;
    bool route = true; ///< false: as if the rule saw every event
};

/// Prints the explanation. Exit status: 0 every rule matches, 1 one does not, 2 no such rule, no such event, or a
/// mistake in the rule.
[[nodiscard]] int run_rules_explain(const RulesExplainOptions& options, std::ostream& output);

} // namespace canhgac::app
