#include "app/rules_regression.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <ostream>
#include <set>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/event_files.hpp"
#include "app/rule_files.hpp"
#include "app/rule_loading.hpp"
#include "common/yaml.hpp"
#include "engine/match_worker.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;
namespace yaml = common::yaml;

std::string text_of(const yaml::Node& map, std::string_view key) {
    const yaml::Node* node = map.find(key);
    return node == nullptr || !node->is_scalar() ? std::string{} : node->text;
}

RegressionError error_at(yaml::Position at, std::string message) {
    return {at.line, at.column, std::move(message)};
}

std::vector<fs::path> info_files(const std::string& folder) {
    std::error_code error;
    std::vector<fs::path> files;
    for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::recursive_directory_iterator();
         it.increment(error)) {
        if (it->path().filename() == "info.yml") { files.push_back(it->path()); }
    }
    if (error) { throw std::runtime_error(folder + ": " + error.message()); }
    std::sort(files.begin(), files.end());
    return files;
}

/// The recorded events of a test: as named (beside info.yml, whatever folders `path` says), and the same as JSON.
std::vector<fs::path> samples_of(const RegressionTest& test, const fs::path& info) {
    std::vector<fs::path> out;
    const fs::path named = info.parent_path() / fs::path(test.path).filename();
    if (fs::exists(named)) { out.push_back(named); }
    fs::path json = named;
    json.replace_extension(".json");
    if (json != named && fs::exists(json)) { out.push_back(json); }
    return out;
}

/// Compiled rules and a matcher for one run.
class RegressionBench {
public:
    explicit RegressionBench(const RegressionOptions& options) {
        RuleSources sources;
        sources.paths = options.paths;
        sources.placeholders = options.placeholders;
        sources.pipelines = options.pipelines;
        LoadedRules loaded = load_rules(sources, fields_);
        for (const rules::Rejection& bad : loaded.rejected) {
            rejected_.emplace(bad.id, bad.reason);
        }
        for (const event::RuleInfo& rule : loaded.rules->rules()) {
            known_.insert(rule.id);
        }
        worker_ = std::make_unique<engine::MatchWorker>(std::move(loaded.rules));
    }

    [[nodiscard]] std::size_t rules() const noexcept { return known_.size(); }

    [[nodiscard]] RegressionResult run(const RegressionTest& test, const fs::path& info, const fs::path& sample) {
        RegressionResult result{info.string(), test.rule, test.name, sample.string(), test.match_count, 0, 0, {}};
        if (!known_.contains(test.rule)) {
            const auto bad = rejected_.find(test.rule);
            result.reason = bad == rejected_.end() ? "there is no such rule" : "rule rejected: " + bad->second;
            return result;
        }
        EventFiles files(fields_);
        std::vector<event::Detection> detections;
        const auto errors =
            files.read(sample.string(), [&](const std::string&, std::uint64_t, const event::EventBatch& batch) {
                result.events += batch.size();
                detections.clear();
                worker_->match(batch, detections);
                result.hits += static_cast<std::uint64_t>(
                    std::count_if(detections.begin(), detections.end(),
                                  [&test](const event::Detection& d) { return d.rule->id == test.rule; }));
                return true;
            });
        if (!errors.empty()) {
            result.reason = errors.front().file + ": " + errors.front().message;
        } else if (result.hits < result.wanted) {
            result.reason = fmt::format("{} hits in {} events, not {}", result.hits, result.events, result.wanted);
        }
        return result;
    }

private:
    event::FieldTable fields_;
    std::set<std::string> known_;
    std::map<std::string, std::string> rejected_;
    std::unique_ptr<engine::MatchWorker> worker_;
};

void run_info(const fs::path& info, RegressionBench& bench, RegressionReport& report) {
    const auto fail = [&](const std::string& rule, std::string reason) {
        report.results.push_back({info.string(), rule, {}, {}, 0, 0, 0, std::move(reason)});
    };
    const auto text = read_text_file(info);
    if (!text) { return fail({}, text.error()); }
    const auto tests = parse_regression_info(*text);
    if (!tests) {
        const RegressionError& bad = tests.error();
        return fail({}, fmt::format("{}:{}: {}", bad.line, bad.column, bad.message));
    }
    if (tests->empty()) { report.without_test.push_back(info.string()); }
    for (const RegressionTest& test : *tests) {
        const auto samples = samples_of(test, info);
        if (samples.empty()) { fail(test.rule, fmt::format("line {}: there is no {}", test.line, test.path)); }
        for (const fs::path& sample : samples) {
            report.results.push_back(bench.run(test, info, sample));
        }
    }
}

void print_json(const RegressionReport& report, std::ostream& output) {
    boost::json::array results;
    for (const RegressionResult& r : report.results) {
        results.push_back(boost::json::object{{"rule", r.rule},
                                              {"test", r.name},
                                              {"info", r.file},
                                              {"input", r.input},
                                              {"events", r.events},
                                              {"hits", r.hits},
                                              {"wanted", r.wanted},
                                              {"passed", r.passed()},
                                              {"reason", r.reason}});
    }
    boost::json::array without;
    for (const std::string& file : report.without_test) {
        without.emplace_back(file);
    }
    const boost::json::object all{{"rules", report.rules},
                                  {"tested", report.tested},
                                  {"passed", report.passed},
                                  {"failed", report.tested - report.passed},
                                  {"without_test", std::move(without)},
                                  {"results", std::move(results)}};
    output << boost::json::serialize(all) << '\n';
}

void print_table(const RegressionReport& report, std::ostream& output) {
    for (const RegressionResult& r : report.results) {
        const std::string& where = r.input.empty() ? r.file : r.input;
        if (r.passed()) {
            output << fmt::format("ok     {} {:>4} of {:<4} {}\n", r.rule, r.hits, r.wanted, where);
        } else {
            output << fmt::format("FAILED {} {}: {}\n", r.rule, where, r.reason);
        }
    }
    for (const std::string& file : report.without_test) {
        output << "note   " << file << " lists no test\n";
    }
    output << fmt::format("{} of {} rules passed, {} tests, {} rules compiled\n", report.passed, report.tested,
                          report.results.size(), report.rules);
}

} // namespace

common::Result<std::vector<RegressionTest>, RegressionError> parse_regression_info(std::string_view text) {
    const auto documents = yaml::parse(text);
    if (!documents) { return common::fail(error_at(documents.error().at, documents.error().message)); }
    if (documents->size() != 1 || !documents->front().is_map()) {
        return common::fail(RegressionError{1, 1, "expected one map"});
    }
    const yaml::Node& root = documents->front();
    const yaml::Node* list = root.find("regression_tests_info");
    if (list == nullptr || list->is_null()) { return std::vector<RegressionTest>{}; }
    const yaml::Node* rules = root.find("rule_metadata");
    if (rules == nullptr || !rules->is_sequence() || rules->items.empty() ||
        text_of(rules->items.front(), "id").empty()) {
        return common::fail(error_at(rules == nullptr ? root.at : rules->at, "rule_metadata must name the rule's id"));
    }
    if (!list->is_sequence()) { return common::fail(error_at(list->at, "regression_tests_info must be a list")); }
    std::vector<RegressionTest> out;
    for (const yaml::Node& item : list->items) {
        RegressionTest test{text_of(rules->items.front(), "id"),
                            text_of(item, "name"),
                            text_of(item, "type"),
                            text_of(item, "path"),
                            1,
                            item.at.line};
        if (test.path.empty()) { return common::fail(error_at(item.at, "a test needs a 'path'")); }
        if (const yaml::Node* count = item.find("match_count")) {
            if (count->kind != yaml::Kind::integer || count->integer < 1) {
                return common::fail(error_at(count->at, "'match_count' must be a positive integer"));
            }
            test.match_count = static_cast<std::uint64_t>(count->integer);
        }
        out.push_back(std::move(test));
    }
    return out;
}

RegressionReport test_regression(const RegressionOptions& options) {
    const std::vector<fs::path> files = info_files(options.folder);
    RegressionReport report;
    RegressionBench bench(options);
    report.rules = bench.rules();
    for (const fs::path& file : files) {
        run_info(file, bench, report);
    }
    std::map<std::string, bool> rules;
    for (const RegressionResult& result : report.results) {
        bool& good = rules.emplace(result.rule.empty() ? result.file : result.rule, true).first->second;
        good = good && result.passed();
    }
    report.tested = rules.size();
    report.passed =
        static_cast<std::size_t>(std::count_if(rules.begin(), rules.end(), [](const auto& r) { return r.second; }));
    return report;
}

int run_rules_regression(const RegressionOptions& options, std::ostream& output) {
    const RegressionReport report = test_regression(options);
    if (options.output == "json") {
        print_json(report, output);
    } else {
        print_table(report, output);
    }
    return report.tested > 0 && report.passed == report.tested ? 0 : 1;
}

} // namespace canhgac::app
