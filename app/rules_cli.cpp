#include "app/rules_cli.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "app/rules_backtest.hpp"
#include "app/rules_explain.hpp"
#include "app/rules_lint.hpp"
#include "app/rules_regression.hpp"
#include "app/rules_test.hpp"

namespace canhgac::app {

struct RuleCommands::Options {
    RulesExplainOptions explain;
    std::string logsource = "auto";
    RegressionOptions test;
    RulesBacktestOptions backtest;
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

CLI::App* add_explain(CLI::App& rules, RulesExplainOptions& options, std::string& logsource) {
    auto* explain = rules.add_subcommand("explain", "Why a rule matches an event, or does not, step by step");
    explain->add_option("rule", options.rule, "Rule file, or id, name or title of a rule")->required();
    explain->add_option("--event", options.event, "File with the event, as scan reads it; - for standard input")
        ->required();
    explain->add_option("--index", options.index, "Which event of the file, from 0");
    explain->add_option("--rules", options.paths, "Where to find the rule; filters there count")
        ->allow_extra_args(false);
    explain->add_flag("--pack", options.pack, "Also the rules shipped with Canh Gac [default without --rules]");
    explain->add_option("--placeholders", options.placeholders, "YAML file: lists for the |expand modifier, by name");
    explain->add_option("--logsource", logsource, "auto: by log source; off: as if the rule saw every event")
        ->check(CLI::IsMember({"auto", "off"}));
    explain->add_option("--output", options.output, "text or json")->check(CLI::IsMember({"text", "json"}));
    return explain;
}

CLI::App* add_test(CLI::App& rules, RegressionOptions& options) {
    auto* test = rules.add_subcommand("test", "Run the test files (NAME.test.yaml) beside rules, or SigmaHQ's samples");
    test->add_option("paths", options.paths, "Folders, rule files or test files")->required();
    test->add_option(
        "--sigmahq-regression", options.folder,
        "Folder in the layout of SigmaHQ's regression_data: run its samples against the rules at the paths");
    test->add_option("--placeholders", options.placeholders, "YAML file: lists for the |expand modifier, by name");
    test->add_option("--output", options.output, "table or json")->check(CLI::IsMember({"table", "json"}));
    return test;
}

CLI::App* add_backtest(CLI::App& rules, RulesBacktestOptions& options) {
    auto* backtest = rules.add_subcommand("backtest", "What rules would have found in stored events");
    backtest->add_option("paths", options.paths, "Sigma rule files or folders");
    backtest->add_flag("--pack", options.pack, "Also the rules shipped with Canh Gac");
    backtest->add_option("--data", options.client.data, "Data folder of a server, running or stopped");
    backtest->add_option("--server", options.client.server, "URL of a running server");
    backtest->add_option("--token-file", options.client.token_file, "File with the API token");
    backtest->add_option("--from", options.from, "Start of event time, RFC 3339 or a duration ago [default 24h]");
    backtest->add_option("--to", options.to, "End of event time [default now]");
    backtest->add_option("--bucket", options.bucket, "day or hour")->check(CLI::IsMember({"day", "hour"}));
    backtest->add_option("--samples", options.samples, "Sample events of each rule")->check(CLI::Range(0, 100));
    backtest->add_option("--limit", options.limit, "Most matches; then it ends early")->check(CLI::Range(1, 1'000'000));
    backtest->add_flag("--events", options.events, "A JSON line for each match, with its event");
    backtest->add_flag("--logsources", options.logsources, "Also count the events of each log source");
    backtest->add_option("--output", options.client.output, "table, or json (lines)")
        ->check(CLI::IsMember({"table", "json", "jsonl"}));
    return backtest;
}

} // namespace

void RuleCommands::add_to(CLI::App& rules) {
    auto* test = add_test(rules, options_->test);
    test->callback([this] {
        const RegressionOptions& options = options_->test;
        status_ = options.folder.empty() ? run_rules_test(options.paths, options.output, std::cout)
                                         : run_rules_regression(options, std::cout);
    });
    auto* lint = add_lint(rules, options_->lint);
    lint->callback([this] {
        const RulesLintOptions& options = options_->lint;
        if (options.paths.empty() && !options.pack && !options.checks) {
            throw CLI::ValidationError("paths", "give PATH, --pack or --checks");
        }
        status_ = run_rules_lint(options, std::cout);
    });
    auto* backtest = add_backtest(rules, options_->backtest);
    backtest->callback([this] { status_ = run_rules_backtest(options_->backtest, std::cout); });
    auto* explain = add_explain(rules, options_->explain, options_->logsource);
    explain->callback([this] {
        options_->explain.route = options_->logsource == "auto";
        status_ = run_rules_explain(options_->explain, std::cout);
    });
}

} // namespace canhgac::app
