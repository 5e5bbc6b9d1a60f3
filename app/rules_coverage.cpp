#include "app/rules_coverage.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/rule_loading.hpp"
#include "app/rules_backtest.hpp"
#include "rules/embedded.hpp"
#include "rules/logsource_table.hpp"
#include "rules/reader.hpp"

namespace canhgac::app {

namespace {

namespace json = boost::json;

constexpr std::size_t kShownTitles = 20; ///< in a technique's comment

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "t1110.001" -> "T1110.001"; empty for anything else.
std::string technique_id(std::string_view name) {
    if (!name.starts_with('t') || name.size() < 5 || !all_digits(name.substr(1, 4))) { return {}; }
    const bool whole = name.size() == 5;
    const bool part = name.size() == 9 && name[5] == '.' && all_digits(name.substr(6));
    return whole || part ? "T" + std::string(name.substr(1)) : std::string{};
}

/// Groups, software and so on: g0032.
bool is_other_object(std::string_view name) {
    return name.size() >= 5 && all_digits(name.substr(name.size() - 4));
}

class Coverage {
public:
    template <typename Rule>
    void add(const Rule& rule) {
        ++report_.rules;
        bool technique = false;
        for (const std::string& tag : rule.tags) {
            if (!tag.starts_with("attack.")) { continue; }
            const std::string name = tag.substr(7);
            if (const std::string id = technique_id(name); !id.empty()) {
                technique = true;
                note(report_.techniques[id], rule.title, rule.level);
            } else if (!is_other_object(name)) {
                note(report_.tactics[name], rule.title, rule.level);
            }
        }
        if (!technique) { report_.without_technique.push_back(rule.title); }
    }
    void add_logsource(const rules::LogSource& logsource) { ++report_.logsources[logsource].rules; }
    [[nodiscard]] CoverageReport& report() noexcept { return report_; }

private:
    static void note(Covered& covered, const std::string& title, event::Severity level) {
        covered.rules.insert(title);
        covered.highest = std::max(covered.highest, level);
    }

    CoverageReport report_;
};

/// Stored events by log source class.
std::map<rules::LogSource, std::uint64_t> arriving(const RulesCoverageOptions& options) {
    // Any rule will do: what is wanted is the count by class that goes with it.
    RulesBacktestOptions wanted;
    wanted.client = options.client;
    wanted.from = options.since;
    wanted.samples = 0;
    wanted.logsources = true;
    wanted.text = "title: none\nid: none\nlogsource: {product: none}\ndetection: {s: {none: none}, condition: s}\n";
    std::map<rules::LogSource, std::uint64_t> out;
    stream_backtest(wanted, [&out](std::string_view line) {
        const json::value value = json::parse(line);
        const auto* stats = value.as_object().if_contains("stats");
        if (stats == nullptr) { return true; }
        for (const json::value& one : stats->at("logsources").as_array()) {
            rules::LogSource source;
            source.product = one.at("product").as_string().c_str();
            source.category = one.at("category").as_string().c_str();
            source.service = one.at("service").as_string().c_str();
            out[source] = one.at("events").to_number<std::uint64_t>();
        }
        return true;
    });
    return out;
}

std::string shown(const rules::LogSource& source) {
    const auto part = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
    return fmt::format("{:<12} {:<24} {:<24}", part(source.product), part(source.category), part(source.service));
}

void print_covered(const char* heading, const std::map<std::string, Covered>& all, std::ostream& output) {
    output << fmt::format("{:<28} {:>6}  {}\n", heading, "rules", "highest level");
    for (const auto& [name, covered] : all) {
        output << fmt::format("{:<28} {:>6}  {}\n", name, covered.rules.size(), event::to_string(covered.highest));
    }
    output << '\n';
}

void print_table(const CoverageReport& report, std::ostream& output) {
    print_covered("tactic", report.tactics, output);
    print_covered("technique", report.techniques, output);
    output << fmt::format("{:<12} {:<24} {:<24} {:>6} {:>12}\n", "product", "category", "service", "rules", "events");
    for (const auto& [source, use] : report.logsources) {
        output << fmt::format("{} {:>6} {:>12}\n", shown(source), use.rules,
                              use.events ? std::to_string(*use.events) : std::string("-"));
    }
    output << fmt::format("\n{} rules: {} tactics, {} techniques, {} rules name no technique", report.rules,
                          report.tactics.size(), report.techniques.size(), report.without_technique.size());
    const auto silent = std::count_if(report.logsources.begin(), report.logsources.end(),
                                      [](const auto& one) { return one.second.events == std::uint64_t{0}; });
    if (silent != 0) { output << fmt::format("; {} log sources with rules do not arrive", silent); }
    output << '\n';
}

json::object covered_object(const std::map<std::string, Covered>& all) {
    json::object out;
    for (const auto& [name, covered] : all) {
        json::array titles;
        for (const std::string& title : covered.rules) {
            titles.emplace_back(title);
        }
        out[name] = json::object{{"rules", std::move(titles)}, {"highest_level", event::to_string(covered.highest)}};
    }
    return out;
}

void print_json(const CoverageReport& report, std::ostream& output) {
    json::array sources;
    for (const auto& [source, use] : report.logsources) {
        json::object one{{"product", source.product},
                         {"category", source.category},
                         {"service", source.service},
                         {"rules", use.rules}};
        if (use.events) { one["events"] = *use.events; }
        sources.push_back(std::move(one));
    }
    json::array without;
    for (const std::string& title : report.without_technique) {
        without.emplace_back(title);
    }
    const json::object all{{"rules", report.rules},
                           {"tactics", covered_object(report.tactics)},
                           {"techniques", covered_object(report.techniques)},
                           {"logsources", std::move(sources)},
                           {"without_technique", std::move(without)}};
    output << json::serialize(all) << '\n';
}

} // namespace

CoverageReport rule_coverage(const RulesCoverageOptions& options) {
    RuleSources sources;
    sources.placeholders = options.placeholders;
    rules::Reader reader(read_options(sources));
    if (options.pack) {
        for (const rules::EmbeddedFile& file : rules::embedded_files()) {
            if (!file.path.starts_with("rules/pack/") || file.path.ends_with(".test.yaml")) { continue; }
            reader.add_text(file.path, file.text);
        }
    }
    for (const std::string& path : options.paths) {
        reader.add_path(path);
    }
    const rules::ReadResult read = reader.finish();
    Coverage coverage;
    std::set<std::string> counted; // only by correlations
    for (const rules::Correlation& correlation : read.correlations) {
        if (!correlation.generate) { counted.insert(correlation.rule_ids.begin(), correlation.rule_ids.end()); }
    }
    for (const rules::Correlation& correlation : read.correlations) {
        if (!counted.contains(correlation.id)) { coverage.add(correlation); }
    }
    for (const rules::Rule& rule : read.rules) {
        coverage.add_logsource(rule.logsource);
        if (!counted.contains(rule.id)) { coverage.add(rule); }
    }
    CoverageReport report = std::move(coverage.report());
    for (const rules::Rejection& bad : read.rejected) {
        report.rejected.push_back(rules::to_string(bad));
    }
    if (options.client.data.empty() && options.client.server.empty()) { return report; }
    const auto classes = arriving(options);
    for (auto& [source, use] : report.logsources) {
        use.events = 0;
        for (const auto& [offered, events] : classes) {
            if (rules::contains(source, offered)) { *use.events += events; }
        }
    }
    return report;
}

std::string navigator_layer(const CoverageReport& report) {
    json::array techniques;
    std::size_t most = 1;
    for (const auto& [id, covered] : report.techniques) {
        most = std::max(most, covered.rules.size());
        std::string comment;
        std::size_t count = 0;
        for (const std::string& title : covered.rules) {
            if (++count > kShownTitles) {
                comment += fmt::format("\n... and {} more", covered.rules.size() - kShownTitles);
                break;
            }
            comment += (comment.empty() ? "" : "\n") + title;
        }
        techniques.push_back(json::object{{"techniqueID", id},
                                          {"score", covered.rules.size()},
                                          {"comment", std::move(comment)},
                                          {"enabled", true},
                                          {"metadata", json::array{}},
                                          {"links", json::array{}},
                                          {"showSubtechniques", id.find('.') != std::string::npos}});
    }
    const json::object layer{
        {"name", "Canh Gac rules"},
        {"versions", json::object{{"navigator", "4.9.1"}, {"layer", "4.5"}}},
        {"domain", "enterprise-attack"},
        {"description", fmt::format("{} rules; the score is the number of rules for a technique", report.rules)},
        {"sorting", 3},
        {"hideDisabled", false},
        {"techniques", std::move(techniques)},
        {"gradient",
         json::object{{"colors", json::array{"#ffffff", "#66b1ff", "#0a4f9e"}}, {"minValue", 0}, {"maxValue", most}}},
        {"legendItems", json::array{}},
        {"metadata", json::array{}},
        {"links", json::array{}},
        {"showTacticRowBackground", false},
        {"selectTechniquesAcrossTactics", true},
        {"selectSubtechniquesWithParent", false}};
    return json::serialize(layer);
}

int run_rules_coverage(const RulesCoverageOptions& options, std::ostream& output) {
    const CoverageReport report = rule_coverage(options);
    for (const std::string& bad : report.rejected) {
        std::fprintf(stderr, "%s\n", bad.c_str());
    }
    if (options.output == "navigator") {
        output << navigator_layer(report) << '\n';
    } else if (options.output == "json") {
        print_json(report, output);
    } else {
        print_table(report, output);
    }
    return report.rejected.empty() ? 0 : 1;
}

} // namespace canhgac::app
