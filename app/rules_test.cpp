#include "app/rules_test.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <span>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/rule_loading.hpp"
#include "app/rules_test_file.hpp"
#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "engine/correlation.hpp"
#include "engine/detection_record.hpp"
#include "engine/match_worker.hpp"
#include "engine/rule_set.hpp"
#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;

/// 2026-11-22T01:00:00Z, 08:00 in Viet Nam: when every test begins.
constexpr common::Nanos kStart = 1'795'309'200 * common::kSecond;
constexpr std::string_view kTestSuffix = ".test.yaml";

event::Protocol protocol_of(TestDecoder decoder) noexcept {
    switch (decoder) {
    case TestDecoder::file:
        return event::Protocol::file;
    case TestDecoder::syslog:
        return event::Protocol::syslog_udp;
    case TestDecoder::bulk:
        return event::Protocol::elastic_bulk;
    }
    return event::Protocol::file;
}

event::Format format_of(const rules::LogSource& source) noexcept {
    if (source.product == "windows") { return event::Format::windows_event; }
    if (source.product == "fortigate") { return event::Format::fortigate; }
    if (source.category == "webserver") { return event::Format::access_log; }
    if (source.service == "auditd") { return event::Format::auditd; }
    return event::Format::syslog;
}

/// Rules and test files at the paths, each once.
struct Found {
    std::set<fs::path> rules;
    std::set<fs::path> tests;
};

bool is_test_file(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.ends_with(kTestSuffix) || name.ends_with(".test.yml");
}

bool is_rule_file(const fs::path& path) {
    return (path.extension() == ".yml" || path.extension() == ".yaml") && !is_test_file(path);
}

/// "a/b.yml" -> "a/b.test.yaml".
fs::path test_beside(const fs::path& rule) {
    fs::path path = rule;
    return path.replace_filename(rule.stem().string() + std::string(kTestSuffix));
}

/// "a/b.test.yaml" -> "a/b.yml", or ".yaml" if only that exists.
fs::path rule_beside(const fs::path& test) {
    const std::string name = test.filename().string();
    const std::string stem = name.substr(0, name.rfind(".test."));
    const fs::path yml = test.parent_path() / (stem + ".yml");
    return fs::exists(yml) ? yml : test.parent_path() / (stem + ".yaml");
}

void find_files(const fs::path& path, Found& found) {
    if (fs::is_directory(path)) {
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
            if (!entry.is_regular_file()) { continue; }
            if (is_test_file(entry.path())) { found.tests.insert(entry.path()); }
            if (is_rule_file(entry.path())) { found.rules.insert(entry.path()); }
        }
    } else if (is_test_file(path)) {
        found.tests.insert(path);
        found.rules.insert(rule_beside(path));
    } else {
        found.rules.insert(path);
        found.tests.insert(test_beside(path));
    }
}

/// Everything the tests of one run share: the compiled rules and a decoder.
class Bench {
public:
    Bench(const std::set<fs::path>& files, const std::vector<std::string>& pipelines, RuleTestReport& report);

    /// Why the test fails; empty if it passes.
    [[nodiscard]] std::string run(const RuleTest& test);
    [[nodiscard]] const rules::Correlation* correlation(const std::string& id) const {
        const auto found = std::find_if(correlations_.begin(), correlations_.end(),
                                        [&id](const rules::Correlation& c) { return c.id == id; });
        return found == correlations_.end() ? nullptr : &*found;
    }

private:
    struct Input {
        std::vector<std::unique_ptr<event::RecordBatch>> records; ///< what the events' texts are views into
        event::EventBatch batch;
    };

    void add_raw(const TestEvent& event, Input& input);
    void add_fields(const TestEvent& event, event::Format format, Input& input);
    void fill(const RuleTest& test, Input& input);
    [[nodiscard]] std::vector<event::DetectionRecord> results(const RuleTest& test, const event::EventBatch& batch);

    event::FieldTable fields_;
    collector::PeerTable peers_;
    std::map<std::string, rules::LogSource> logsources_; ///< by rule id
    std::vector<rules::Correlation> correlations_;
    std::unique_ptr<collector::RecordDecoder> decoder_;
    std::unique_ptr<engine::MatchWorker> worker_;
};

Bench::Bench(const std::set<fs::path>& files, const std::vector<std::string>& pipelines, RuleTestReport& report) {
    rules::ReadOptions options;
    options.pipelines = load_pipelines(pipelines);
    rules::Reader reader(std::move(options));
    for (const fs::path& file : files) {
        reader.add_path(file);
    }
    rules::ReadResult read = reader.finish();
    for (const rules::Rejection& bad : read.rejected) {
        report.results.push_back({bad.file, bad.line, bad.column, bad.id, {}, "rule rejected: " + bad.reason});
    }
    for (const rules::Rule& rule : read.rules) {
        report.rules.push_back(rule.id);
        logsources_.emplace(rule.id, rule.logsource);
    }
    for (const rules::Correlation& correlation : read.correlations) {
        report.rules.push_back(correlation.id);
    }
    std::sort(report.rules.begin(), report.rules.end());
    auto compiled = engine::compile(
        {std::move(read.rules), std::move(read.correlations), rules::load_embedded_logsources()}, fields_);
    for (const engine::RejectedRule& bad : compiled.rejected) {
        report.results.push_back({bad.file, bad.line, 1, bad.id, {}, "rule rejected: " + bad.reason});
    }
    correlations_ = std::move(compiled.correlations);
    worker_ = std::make_unique<engine::MatchWorker>(std::move(compiled.rules));
    decoder_ = std::make_unique<collector::RecordDecoder>(fields_, peers_, nullptr);
}

void Bench::add_raw(const TestEvent& event, Input& input) {
    auto records = std::make_unique<event::RecordBatch>();
    records->protocol = protocol_of(event.decoder);
    records->received = kStart + event.at;
    static constexpr std::string_view kAction = R"({"create":{"_index":"test"}})";
    if (event.decoder == TestDecoder::bulk) { records->bytes = kAction; }
    event::Record record;
    record.meta_size = static_cast<std::uint32_t>(records->bytes.size());
    record.offset = record.meta_size;
    record.size = static_cast<std::uint32_t>(event.raw->size());
    record.peer = peers_.intern_local("test");
    records->bytes += *event.raw;
    records->records.push_back(record);
    std::vector<std::uint64_t> keys;
    decoder_->decode(*records, input.batch, keys);
    input.records.push_back(std::move(records));
}

void Bench::add_fields(const TestEvent& event, event::Format format, Input& input) {
    event::Event& made = input.batch.begin();
    made.received = kStart + event.at;
    made.format = format;
    for (const TestField& field : event.fields) {
        input.batch.add(fields_.intern(field.name), field.text, field.type);
    }
    input.batch.finish();
}

void Bench::fill(const RuleTest& test, Input& input) {
    std::string rule = test.rule;
    while (const rules::Correlation* above = correlation(rule)) {
        rule = above->rule_ids.front(); // what it counts says which log source it is about
    }
    const auto logsource = logsources_.find(rule);
    const event::Format format =
        test.format.value_or(logsource == logsources_.end() ? event::Format::syslog : format_of(logsource->second));
    for (const TestEvent& event : test.events) {
        if (event.raw) {
            add_raw(event, input);
        } else {
            add_fields(event, format, input);
        }
        input.batch.events().back().time = kStart + event.at;
    }
}

std::vector<event::DetectionRecord> Bench::results(const RuleTest& test, const event::EventBatch& batch) {
    std::vector<event::Detection> detections;
    worker_->match(batch, detections);
    std::vector<event::DetectionRecord> matched;
    engine::make_detection_records(batch, detections, fields_, matched);
    if (correlation(test.rule) != nullptr) {
        engine::Correlator correlator(correlations_);
        std::vector<event::DetectionRecord> fired;
        for (const event::DetectionRecord& record : matched) {
            correlator.push(record, fired);
        }
        correlator.finish(fired);
        matched = std::move(fired);
    }
    std::erase_if(matched, [&test](const event::DetectionRecord& r) { return r.rule_id != test.rule; });
    return matched;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool contains_all(const event::DetectionRecord& record, const Pairs& wanted) {
    const auto has = [](const Pairs& pairs, const Pairs::value_type& one) {
        return std::find(pairs.begin(), pairs.end(), one) != pairs.end();
    };
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const auto& one) { return has(record.entity, one) || has(record.captured, one); });
}

std::string shown(const Pairs& pairs) {
    std::string text;
    for (const auto& [name, value] : pairs) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
    }
    return text;
}

std::string Bench::run(const RuleTest& test) {
    if (correlation(test.rule) == nullptr && !logsources_.contains(test.rule)) {
        return fmt::format("there is no rule {}", test.rule);
    }
    Input input;
    fill(test, input);
    const std::vector<event::DetectionRecord> found = results(test, input.batch);
    if (!test.expect_match) {
        if (found.empty()) { return {}; }
        return fmt::format("it matched, though only this differs from a hit: {}", test.differs);
    }
    if (found.empty()) { return "it did not match"; }
    const std::uint64_t count = found.back().is_correlation ? found.back().count : found.size();
    if (test.count && *test.count != count) { return fmt::format("the count is {}, not {}", count, *test.count); }
    const auto right = [&test](const event::DetectionRecord& record) { return contains_all(record, test.entity); };
    if (std::any_of(found.begin(), found.end(), right)) { return {}; }
    return fmt::format("the entity is {}, not {}", shown(found.front().entity), shown(test.entity));
}

bool read_file(const fs::path& path, std::string& text) {
    std::ifstream in(path, std::ios::binary);
    if (!in) { return false; }
    text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    return true;
}

void run_file(const fs::path& path, Bench& bench, std::set<std::string>& tested, RuleTestReport& report) {
    std::string text;
    if (!read_file(path, text)) {
        report.results.push_back({path.string(), 0, 0, {}, {}, "the test file cannot be read"});
        return;
    }
    const auto tests = parse_rule_tests(text);
    if (!tests) {
        const TestFileError& error = tests.error();
        report.results.push_back({path.string(), error.line, error.column, {}, {}, error.message});
        return;
    }
    for (const RuleTest& test : *tests) {
        RuleTestResult result{path.string(), test.line, 1, test.rule, test.name, bench.run(test)};
        result.near_miss = !test.expect_match;
        result.decoded = std::any_of(test.events.begin(), test.events.end(),
                                     [](const TestEvent& event) { return event.raw.has_value(); });
        report.results.push_back(std::move(result));
        tested.insert(test.rule);
    }
}

/// The base rules of tested correlations count as tested, at every depth.
void add_bases(const Bench& bench, std::set<std::string>& tested) {
    std::vector<std::string> open(tested.begin(), tested.end());
    while (!open.empty()) {
        const rules::Correlation* correlation = bench.correlation(open.back());
        open.pop_back();
        if (correlation == nullptr) { continue; }
        for (const std::string& id : correlation->rule_ids) {
            if (tested.insert(id).second) { open.push_back(id); }
        }
    }
}

} // namespace

RuleTestReport test_rules(const std::vector<std::string>& paths, const std::vector<std::string>& pipelines) {
    Found found;
    for (const std::string& path : paths) {
        find_files(path, found);
    }
    RuleTestReport report;
    Bench bench(found.rules, pipelines, report);
    std::set<std::string> tested;
    for (const fs::path& path : found.tests) {
        run_file(path, bench, tested, report);
    }
    add_bases(bench, tested);
    std::set_difference(report.rules.begin(), report.rules.end(), tested.begin(), tested.end(),
                        std::back_inserter(report.untested_rules));
    report.failed = static_cast<std::size_t>(std::count_if(report.results.begin(), report.results.end(),
                                                           [](const RuleTestResult& r) { return !r.passed(); }));
    return report;
}

namespace {

void print_table(const RuleTestReport& report, std::ostream& output) {
    for (const RuleTestResult& result : report.results) {
        if (result.passed()) {
            output << "ok     " << result.file << ": " << result.name << '\n';
            continue;
        }
        output << "FAILED " << result.file << ':' << result.line << ':' << result.column << ": "
               << (result.name.empty() ? "" : result.name + ": ") << result.reason
               << (result.rule.empty() ? "" : " (rule " + result.rule + ")") << '\n';
    }
    for (const std::string& id : report.untested_rules) {
        output << "note   rule " << id << " has no test\n";
    }
    output << report.results.size() << " tests, " << report.failed << " failed, " << report.rules.size() << " rules\n";
}

void print_json(const RuleTestReport& report, std::ostream& output) {
    boost::json::array results;
    for (const RuleTestResult& result : report.results) {
        results.push_back(boost::json::object{{"file", result.file},
                                              {"line", result.line},
                                              {"column", result.column},
                                              {"rule", result.rule},
                                              {"test", result.name},
                                              {"passed", result.passed()},
                                              {"reason", result.reason}});
    }
    boost::json::array untested;
    for (const std::string& id : report.untested_rules) {
        untested.emplace_back(id);
    }
    const boost::json::object all{{"rules", report.rules.size()},
                                  {"tests", report.results.size()},
                                  {"failed", report.failed},
                                  {"untested_rules", std::move(untested)},
                                  {"results", std::move(results)}};
    output << boost::json::serialize(all) << '\n';
}

} // namespace

int run_rules_test(const std::vector<std::string>& paths, const std::vector<std::string>& pipelines,
                   const std::string& form, std::ostream& output) {
    const RuleTestReport report = test_rules(paths, pipelines);
    if (form == "json") {
        print_json(report, output);
    } else {
        print_table(report, output);
    }
    return report.failed == 0 && !report.results.empty() ? 0 : 1;
}

} // namespace canhgac::app
