#include "app/rules_cli.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "app/rule_exceptions.hpp"
#include "app/rules_backtest.hpp"
#include "app/rules_coverage.hpp"
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
    RulesCoverageOptions coverage;
    RuleExceptionOptions exception;
    RulesLintOptions lint;
};

RuleCommands::RuleCommands(int& status) : status_(status), options_(std::make_unique<Options>()) {}
RuleCommands::~RuleCommands() = default;

namespace {

void add_pipeline_option(CLI::App& command, std::vector<std::string>& pipelines) {
    command.add_option("--pipeline", pipelines, "Processing pipeline for the rules: file, folder or built-in name")
        ->allow_extra_args(false); // repeat the flag for more
}

CLI::App* add_lint(CLI::App& rules, RulesLintOptions& options) {
    auto* lint = rules.add_subcommand("lint", "Style, dead fields, weak patterns, cost, duplicates");
    lint->add_option("paths", options.paths, "Sigma rule files or folders");
    lint->add_flag("--pack", options.pack, "Also the rules shipped with Canh Gac");
    lint->add_option("--events", options.events, "Recorded events to compare the rules' fields with")
        ->allow_extra_args(false);
    lint->add_option("--placeholders", options.placeholders, "YAML file: lists for the |expand modifier, by name");
    add_pipeline_option(*lint, options.pipelines);
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
    add_pipeline_option(*test, options.pipelines);
    test->add_option("--output", options.output, "table or json")->check(CLI::IsMember({"table", "json"}));
    return test;
}

CLI::App* add_backtest(CLI::App& rules, RulesBacktestOptions& options) {
    auto* backtest = rules.add_subcommand("backtest", "What rules would have found in stored events");
    backtest->add_option("paths", options.paths, "Sigma rule files or folders");
    backtest->add_flag("--pack", options.pack, "Also the rules shipped with Canh Gac");
    add_pipeline_option(*backtest, options.pipelines);
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

CLI::App* add_coverage(CLI::App& rules, RulesCoverageOptions& options) {
    auto* coverage = rules.add_subcommand("coverage", "Which ATT&CK techniques and log sources rules cover");
    coverage->add_option("paths", options.paths, "Sigma rule files or folders");
    coverage->add_flag("--pack", options.pack, "Also the rules shipped with Canh Gac");
    coverage->add_option("--placeholders", options.placeholders, "YAML file: lists for the |expand modifier, by name");
    coverage->add_option("--output", options.output, "navigator (ATT&CK Navigator layer), table or json")
        ->check(CLI::IsMember({"navigator", "table", "json"}));
    coverage->add_option("--data", options.client.data, "Data folder of a server: which log sources arrive there");
    coverage->add_option("--server", options.client.server, "URL of a running server, likewise");
    coverage->add_option("--token-file", options.client.token_file, "File with the API token");
    coverage->add_option("--since", options.since, "Look at events from then on [default 7d]");
    return coverage;
}

void add_exception_options(CLI::App& command, RuleExceptionOptions& options) {
    command.add_option("--data", options.client.data, "Data folder of the server");
    command.add_option("--folder", options.folder, "Folder of the exceptions, instead of the data folder's");
    command.add_option("--rules", options.paths, "Where rules are, beside the shipped pack")->allow_extra_args(false);
    command.add_option("--filter-polarity", options.polarity, "As rules.filter_polarity of the server's configuration")
        ->check(CLI::IsMember({"pysigma", "specification"}));
}

void add_exception(CLI::App& rules, RuleExceptionOptions& options, int& status) {
    auto* exception = rules.add_subcommand("exception", "Exceptions of rules: with an end, a reason and a name");
    exception->require_subcommand(1);
    auto* add = exception->add_subcommand("add", "Write an exception");
    add_exception_options(*add, options);
    add->add_option("rule", options.rule, "Id, name or title of a rule")->required();
    add->add_option("--field", options.field, "Field of the event")->required();
    add->add_option("--value", options.values, "Value of the field; repeat for more")
        ->required()
        ->allow_extra_args(false);
    add->add_option("--modifier", options.modifier, "How the value is compared [default: whole value]")
        ->check(CLI::IsMember({"contains", "startswith", "endswith", "cidr", "re"}));
    add->add_option("--until", options.until, "Last day (2027-01-31), or a time")->required();
    add->add_option("--reason", options.reason, "Why")->required();
    add->add_option("--who", options.who, "Who answers for it [default: the user]");
    add->callback([&options, &status] { status = add_rule_exception(options, std::cout); });
    auto* list = exception->add_subcommand("list", "Show exceptions, and how often they kept their rules quiet");
    add_exception_options(*list, options);
    list->add_option("--server", options.client.server, "URL of a running server");
    list->add_flag("--count", options.count, "Count in the stored events what rules would have found without them");
    list->add_option("--from", options.from, "Count since, RFC 3339 or a duration ago [default 30d]");
    list->callback([&options, &status] { status = list_rule_exceptions(options, std::cout); });
    auto* remove = exception->add_subcommand("remove", "Delete an exception");
    add_exception_options(*remove, options);
    remove->add_option("id", options.id, "Id of the exception")->required();
    remove->callback([&options, &status] { status = remove_rule_exception(options, std::cout); });
}

} // namespace

void RuleCommands::add_to(CLI::App& rules) {
    auto* test = add_test(rules, options_->test);
    test->callback([this] {
        const RegressionOptions& options = options_->test;
        status_ = options.folder.empty() ? run_rules_test(options.paths, options.pipelines, options.output, std::cout)
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
    auto* coverage = add_coverage(rules, options_->coverage);
    coverage->callback([this] {
        if (options_->coverage.paths.empty() && !options_->coverage.pack) {
            throw CLI::ValidationError("paths", "give PATH or --pack");
        }
        status_ = run_rules_coverage(options_->coverage, std::cout);
    });
    add_exception(rules, options_->exception, status_);
    auto* explain = add_explain(rules, options_->explain, options_->logsource);
    explain->callback([this] {
        options_->explain.route = options_->logsource == "auto";
        status_ = run_rules_explain(options_->explain, std::cout);
    });
}

} // namespace canhgac::app
