/// `canhgac rules lint PATH...`: what a rule's author should know (rules/lint.hpp), with the engine's view of what each
/// rule costs, and with fields compared to recorded events (docs/reference/rule-lint.md).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "engine/rule_cost.hpp"
#include "rules/lint.hpp"

namespace canhgac::app {

struct RulesLintOptions {
    std::vector<std::string> paths;
    std::vector<std::string> events;      ///< recorded events, for the field checks
    std::string placeholders;             ///< YAML map of lists
    std::vector<std::string> pipelines{}; ///< for the rules at `paths`
    std::string output = "table";         ///< or json
    std::string deny = "error";           ///< this severity and above make the exit status 1: error, warning, info
    bool pack = false;                    ///< the shipped rules too
    bool cost = false;                    ///< table: the costs as well
    bool checks = false;                  ///< list the checks and end
    common::Nanos now = 0;                ///< today, for dates; 0: ask the clock
};

struct RulesLintReport {
    std::vector<rules::LintFinding> findings;
    std::vector<engine::RuleCost> costs; ///< by rule id
    std::size_t files = 0;
    std::size_t rules = 0;               ///< correlations included
    std::uint64_t events = 0;            ///< recorded ones, by class: one event can count twice
    std::vector<std::string> unreadable; ///< files that could not be read, with the reason
};

/// Which fields recorded events have, by log source class; what cannot be read goes to `unreadable`.
[[nodiscard]] std::vector<rules::SeenFields> look_at_events(const std::vector<std::string>& paths,
                                                            const rules::LogSourceTable& table,
                                                            std::vector<std::string>& unreadable);

/// Start-up work: reads files, compiles the rules. Throws std::runtime_error for a bad placeholder file or
/// pipeline.
[[nodiscard]] RulesLintReport lint_rules(const RulesLintOptions& options);

/// Prints the report. Exit status: 0 nothing of the denied severity, 1 something, 2 a file cannot be read.
[[nodiscard]] int run_rules_lint(const RulesLintOptions& options, std::ostream& output);

} // namespace canhgac::app
