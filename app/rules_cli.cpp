#include "app/rules_cli.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "app/rules_lint.hpp"

namespace canhgac::app {

struct RuleCommands::Options {
    RulesLintOptions lint;
};

RuleCommands::RuleCommands(int& status) : status_(status), options_(std::make_unique<Options>()) {}
RuleCommands::~RuleCommands() = default;

namespace {

CLI::App* add_lint(CLI::App& rules, RulesLintOptions& options) {
    auto* lint = rules.add_subcommand("lint", "Style, dead fields, weak patterns, cost, duplicates");
    lint->add_option("paths", options.paths, "Sigma rule files or folders");
    lint->add_flag("--pack", options.pack, "Also the rules shipped with Canh Gac");
    lint->add_option("--events", options.events, "Recorded events to compare the rules' fields with")
        ->allow_extra_args(false);
    lint->add_option("--placeholders", options.placeholders, "YAML file: lists for the |expand modifier, by name");
    lint->add_option("--output", options.output, "table or json")->check(CLI::IsMember({"table", "json"}));
    lint->add_option("--deny", options.deny, "Exit 1 on findings of this severity or above: error, warning, info")
        ->check(CLI::IsMember({"error", "warning", "info"}));
    lint->add_flag("--cost", options.cost, "Also print what each rule costs");
    lint->add_flag("--checks", options.checks, "List the checks and end");
    return lint;
}

} // namespace

void RuleCommands::add_to(CLI::App& rules) {
    auto* lint = add_lint(rules, options_->lint);
    lint->callback([this] {
        const RulesLintOptions& options = options_->lint;
        if (options.paths.empty() && !options.pack && !options.checks) {
            throw CLI::ValidationError("paths", "give PATH, --pack or --checks");
        }
        status_ = run_rules_lint(options, std::cout);
    });
}

} // namespace canhgac::app
