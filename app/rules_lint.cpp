#include "app/rules_lint.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <ostream>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/event_files.hpp"
#include "app/rule_files.hpp"
#include "app/rule_loading.hpp"
#include "common/clock.hpp"
#include "engine/classifier.hpp"
#include "rules/embedded.hpp"

namespace canhgac::app {

namespace {

constexpr std::size_t kManyPatterns = 1000;

void add_files(const RulesLintOptions& options, rules::Linter& linter, RulesLintReport& report) {
    linter.use_pipelines(false); // the pack is written in our own names
    if (options.pack) {
        for (const rules::EmbeddedFile& file : rules::embedded_files()) {
            if (!file.path.starts_with("rules/pack/") || file.path.ends_with(".test.yaml")) { continue; }
            linter.add_text(file.path, file.text);
            ++report.files;
        }
    }
    linter.use_pipelines(true);
    for (const std::string& path : options.paths) {
        const auto files = rule_files(path);
        if (!files) {
            report.unreadable.push_back(files.error());
            continue;
        }
        for (const auto& file : *files) {
            const auto text = read_text_file(file);
            if (text) {
                linter.add_text(file.string(), *text);
                ++report.files;
            } else {
                report.unreadable.push_back(text.error());
            }
        }
    }
}

/// What only the compiler knows of the rules.
void ask_engine(rules::Linter& linter, RulesLintReport& report) {
    const rules::ReadResult& read = linter.read();
    event::FieldTable fields;
    const auto compiled = engine::compile({read.rules, read.correlations, rules::load_embedded_logsources()}, fields);
    for (const engine::RejectedRule& bad : compiled.rejected) {
        linter.report(bad.id, "rejected", bad.reason);
    }
    report.costs = engine::rule_costs(read.rules, *compiled.rules);
    for (const engine::RuleCost& cost : report.costs) {
        if (cost.always) {
            linter.report(cost.id, "no-trigger",
                          "no test has to hold for this to be true, so it is evaluated for every event of its log "
                          "source: add a selection that must match");
        }
        if (cost.patterns > kManyPatterns) {
            linter.report(cost.id, "many-patterns",
                          fmt::format("{} patterns: a list for lookups would load faster", cost.patterns));
        }
    }
}

std::size_t count_of(const RulesLintReport& report, rules::LintSeverity severity) {
    return static_cast<std::size_t>(std::count_if(report.findings.begin(), report.findings.end(),
                                                  [severity](const auto& f) { return f.severity == severity; }));
}

void print_json(const RulesLintReport& report, std::ostream& output) {
    boost::json::array findings;
    for (const rules::LintFinding& f : report.findings) {
        findings.push_back(boost::json::object{{"file", f.file},
                                               {"line", f.line},
                                               {"column", f.column},
                                               {"severity", rules::to_string(f.severity)},
                                               {"check", f.check},
                                               {"message", f.message},
                                               {"rule", f.rule}});
    }
    boost::json::array costs;
    for (const engine::RuleCost& cost : report.costs) {
        costs.push_back(boost::json::object{{"rule", cost.id},
                                            {"patterns", cost.patterns},
                                            {"regexes", cost.regexes},
                                            {"keywords", cost.keywords},
                                            {"triggers", cost.triggers},
                                            {"always", cost.always}});
    }
    const boost::json::object all{{"files", report.files},
                                  {"rules", report.rules},
                                  {"events", report.events},
                                  {"errors", count_of(report, rules::LintSeverity::error)},
                                  {"warnings", count_of(report, rules::LintSeverity::warning)},
                                  {"infos", count_of(report, rules::LintSeverity::info)},
                                  {"findings", std::move(findings)},
                                  {"costs", std::move(costs)}};
    output << boost::json::serialize(all) << '\n';
}

void print_table(const RulesLintReport& report, bool with_costs, std::ostream& output) {
    for (const rules::LintFinding& finding : report.findings) {
        output << rules::to_string(finding) << '\n';
    }
    if (with_costs) {
        output << fmt::format("{:<36} {:>8} {:>7} {:>8} {:>8} {}\n", "rule", "patterns", "regexes", "keywords",
                              "triggers", "always");
        for (const engine::RuleCost& cost : report.costs) {
            output << fmt::format("{:<36} {:>8} {:>7} {:>8} {:>8} {}\n", cost.id, cost.patterns, cost.regexes,
                                  cost.keywords, cost.triggers, cost.always ? "yes" : "no");
        }
    }
    output << fmt::format("{} rules in {} files: {} errors, {} warnings, {} infos\n", report.rules, report.files,
                          count_of(report, rules::LintSeverity::error), count_of(report, rules::LintSeverity::warning),
                          count_of(report, rules::LintSeverity::info));
}

void print_checks(std::ostream& output) {
    for (const rules::LintCheck& check : rules::lint_checks()) {
        output << fmt::format("{:<22} {:<8} {}\n", check.name, rules::to_string(check.severity), check.what);
    }
}

} // namespace

std::vector<rules::SeenFields> look_at_events(const std::vector<std::string>& paths, const rules::LogSourceTable& table,
                                              std::vector<std::string>& unreadable) {
    event::FieldTable fields;
    const engine::Classifier classifier(table, fields);
    std::map<std::uint32_t, rules::SeenFields> seen; // by entry of the table
    EventFiles files(fields);
    const auto look = [&](const std::string&, std::uint64_t, const event::EventBatch& batch) {
        for (const event::Event& event : batch.events()) {
            for (const std::uint32_t index : classifier.classes(batch, event)) {
                rules::SeenFields& of = seen[index];
                ++of.events;
                for (const event::Field& field : batch.fields(event)) {
                    of.fields.insert(rules::field_key(fields.name(field.name())));
                }
            }
        }
        return true;
    };
    for (const std::string& path : paths) {
        for (const InputError& error : files.read(path, look)) {
            unreadable.push_back(error.file + ": " + error.message);
        }
    }
    std::vector<rules::SeenFields> out;
    for (auto& [index, of] : seen) {
        const rules::LogSourceEntry& entry = classifier.entry(index);
        of.logsource = entry.logsource;
        for (const rules::FieldAlias& alias : entry.aliases) { // rules of the category use these
            if (of.fields.contains(rules::field_key(alias.event_field))) {
                of.fields.insert(rules::field_key(alias.rule_field));
            }
        }
        out.push_back(std::move(of));
    }
    return out;
}

RulesLintReport lint_rules(const RulesLintOptions& options) {
    RulesLintReport report;
    rules::LintContext context;
    context.logsources = rules::load_embedded_logsources();
    context.fields.lists = rules::load_embedded_field_lists();
    context.fields.seen = look_at_events(options.events, context.logsources, report.unreadable);
    for (const rules::SeenFields& seen : context.fields.seen) {
        report.events += seen.events;
    }
    context.now = options.now == 0 ? common::SystemClock().now() : options.now;
    RuleSources sources;
    sources.placeholders = options.placeholders;
    sources.pipelines = options.pipelines;
    context.read = read_options(sources);
    rules::Linter linter(std::move(context));
    add_files(options, linter, report);
    ask_engine(linter, report);
    report.rules = linter.read().rules.size() + linter.read().correlations.size();
    report.findings = linter.finish();
    return report;
}

int run_rules_lint(const RulesLintOptions& options, std::ostream& output) {
    if (options.checks) {
        print_checks(output);
        return 0;
    }
    const RulesLintReport report = lint_rules(options);
    if (options.output == "json") {
        print_json(report, output);
    } else {
        print_table(report, options.cost, output);
    }
    for (const std::string& bad : report.unreadable) {
        std::fprintf(stderr, "%s\n", bad.c_str());
    }
    if (!report.unreadable.empty()) { return 2; }
    const bool denied = std::any_of(report.findings.begin(), report.findings.end(), [&](const auto& finding) {
        return finding.severity == rules::LintSeverity::error || options.deny == "info" ||
               (options.deny == "warning" && finding.severity == rules::LintSeverity::warning);
    });
    return denied ? 1 : 0;
}

} // namespace canhgac::app
