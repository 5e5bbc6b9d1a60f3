#include "app/rules_lint.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "event/schema.hpp"
#include "rules/embedded.hpp"

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;

class RulesLint : public testing::Test {
protected:
    RulesLint()
        : folder_(fs::temp_directory_path() / ("canhgac_lint_" + std::to_string(::getpid()) +
                                               testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::create_directories(folder_);
        options_.paths = {folder_.string()};
    }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    [[nodiscard]] bool finds(const RulesLintReport& report, std::string_view check) const {
        return std::any_of(report.findings.begin(), report.findings.end(),
                           [check](const auto& finding) { return finding.check == check; });
    }
    [[nodiscard]] static std::string rule(const std::string& detection) {
        return "title: T\nid: 0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c11\nstatus: test\ndescription: D\nauthor: A\n"
               "date: 2020-01-01\ntags: [attack.t1110]\nlevel: low\nfalsepositives: [x]\n"
               "logsource: {product: windows, service: security}\ndetection:\n" +
               detection;
    }

    fs::path folder_;
    RulesLintOptions options_;
};

TEST_F(RulesLint, TellsRulesWithoutATriggerAsTheEngineSeesThem) {
    write("a.yml", rule("    s: {EventID: 4625}\n    condition: not s\n"));
    const RulesLintReport report = lint_rules(options_);
    EXPECT_TRUE(finds(report, "no-trigger"));
    ASSERT_EQ(report.costs.size(), 1U);
    EXPECT_TRUE(report.costs[0].always);

    write("a.yml", rule("    s: {EventID: 4625}\n    t: {SubStatus: '0xc0000064'}\n    condition: t and not s\n"));
    const RulesLintReport other = lint_rules(options_);
    EXPECT_FALSE(finds(other, "no-trigger"));
    EXPECT_FALSE(other.costs.at(0).always);
    EXPECT_EQ(other.costs.at(0).triggers, 1U);
    EXPECT_EQ(other.costs.at(0).patterns, 2U);
}

TEST_F(RulesLint, TellsWhatTheCompilerRefuses) {
    write("a.yml", rule("    s: {EventID|re: '[[:foo:]]'}\n    condition: s\n") +
                       "---\ntitle: C\nid: c\ncorrelation: {type: event_count, rules: "
                       "0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c11, timespan: 5m, condition: {gte: 2}}\n");
    const RulesLintReport report = lint_rules(options_);
    std::vector<std::pair<std::string, std::uint32_t>> rejected;
    for (const auto& finding : report.findings) {
        if (finding.check == "rejected") { rejected.emplace_back(finding.rule, finding.line); }
    }
    ASSERT_EQ(rejected.size(), 2U);
    EXPECT_EQ(rejected[0].first, "0f1d7a6e-91f5-4a8a-bb0e-6d5e4b6a3c11");
    EXPECT_EQ(rejected[1], (std::pair<std::string, std::uint32_t>("c", 17)));
}

TEST_F(RulesLint, TellsVeryLargeRules) {
    std::string list;
    for (int i = 0; i < 1001; ++i) {
        list += "            - 'name" + std::to_string(i) + "'\n";
    }
    write("a.yml", rule("    s:\n        TargetUserName:\n" + list + "    condition: s\n"));
    EXPECT_TRUE(finds(lint_rules(options_), "many-patterns"));
}

TEST_F(RulesLint, ComparesFieldsWithRecordedEvents) {
    write("a.yml", rule("    s: {EventID: 4625, TargetUsrName: bob}\n    condition: s\n"));
    EXPECT_TRUE(lint_rules(options_).findings.empty());
    write("events.jsonl",
          R"({"Event":{"System":{"Channel":"Security","EventID":4625},"EventData":{"TargetUserName":"x"}}})"
          "\n");
    options_.events = {(folder_ / "events.jsonl").string()};
    const RulesLintReport report = lint_rules(options_);
    EXPECT_EQ(report.events, 1U);
    ASSERT_TRUE(finds(report, "unseen-field"));
    write("a.yml", rule("    s: {EventID: 4625, TargetUserName: bob}\n    condition: s\n"));
    EXPECT_TRUE(lint_rules(options_).findings.empty());
}

TEST_F(RulesLint, ChecksTheFieldsThatAPipelineLeaves) {
    write("a.yml", rule("    s: {theEvent: 4625, other: x}\n    condition: s\n"));
    const auto said_of = [](const RulesLintReport& report, const std::string& field) {
        return std::any_of(report.findings.begin(), report.findings.end(), [&field](const auto& finding) {
            return finding.message.find("'" + field + "'") != std::string::npos;
        });
    };
    write("events.jsonl", R"({"Event":{"System":{"Channel":"Security","EventID":4625}}})");
    options_.paths = {(folder_ / "a.yml").string()};
    options_.events = {(folder_ / "events.jsonl").string()};
    EXPECT_TRUE(said_of(lint_rules(options_), "theEvent"));
    EXPECT_TRUE(said_of(lint_rules(options_), "other"));
    write("p.yml", "name: p\npriority: 10\ntransformations:\n  - {id: m, type: field_name_mapping, mapping: "
                   "{theEvent: EventID}}\n");
    options_.pipelines = {(folder_ / "p.yml").string()};
    const RulesLintReport piped = lint_rules(options_);
    EXPECT_FALSE(said_of(piped, "theEvent"));
    EXPECT_TRUE(said_of(piped, "other")); // still no such field
    options_.pipelines = {(folder_ / "none.yml").string()};
    EXPECT_THROW(static_cast<void>(lint_rules(options_)), std::runtime_error);
}

TEST_F(RulesLint, DeniesAtTheSeverityAskedFor) {
    write("a.yml", rule("    s: {EventID: 4625}\n    condition: not s\n")); // a warning
    std::ostringstream out;
    EXPECT_EQ(run_rules_lint(options_, out), 0);
    EXPECT_NE(out.str().find("a.yml:13:16: warning: "), std::string::npos) << out.str();
    EXPECT_NE(out.str().find("1 rules in 1 files: 0 errors, 1 warnings, 0 infos\n"), std::string::npos) << out.str();
    options_.deny = "warning";
    EXPECT_EQ(run_rules_lint(options_, out), 1);
    write("a.yml", "nonsense\n");
    options_.deny = "error";
    EXPECT_EQ(run_rules_lint(options_, out), 1);
    options_.paths = {(folder_ / "absent.yml").string()};
    EXPECT_EQ(run_rules_lint(options_, out), 2);
}

TEST_F(RulesLint, PrintsJson) {
    write("a.yml", rule("    s: {EventID: 4625}\n    condition: not s\n"));
    options_.output = "json";
    std::ostringstream out;
    EXPECT_EQ(run_rules_lint(options_, out), 0);
    EXPECT_NE(out.str().find(R"("check":"no-trigger")"), std::string::npos) << out.str();
    EXPECT_NE(out.str().find(R"("always":true)"), std::string::npos) << out.str();
}

TEST_F(RulesLint, TheShippedPackIsClean) {
    options_.paths = {(fs::path(CANHGAC_SOURCE_DIR) / "rules" / "pack").string()};
    options_.now = 1'795'827'600 * common::kSecond; // 2026-11-28: whatever the clock of this machine says
    for (const rules::LintFinding& finding : lint_rules(options_).findings) {
        EXPECT_EQ(finding.severity, rules::LintSeverity::info) << rules::to_string(finding);
    }
}

TEST_F(RulesLint, EveryCheckIsDocumented) {
    std::ifstream in(fs::path(CANHGAC_SOURCE_DIR) / "docs" / "reference" / "rule-lint.md");
    const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::size_t rows = 0;
    for (const rules::LintCheck& check : rules::lint_checks()) {
        const std::string row =
            "| `" + std::string(check.name) + "` | " + std::string(rules::to_string(check.severity));
        EXPECT_NE(page.find(row + " | "), std::string::npos) << row;
        ++rows;
    }
    EXPECT_GT(rows, 20U);
}

/// Complete lists must hold every field of real events of their class.
TEST_F(RulesLint, CompleteListsHoldTheFieldsOfRecordedEvents) {
    const char* corpus = std::getenv("CANHGAC_CORPUS");
    if (corpus == nullptr) { GTEST_SKIP() << "CANHGAC_CORPUS IS NOT SET: lists were NOT compared with events"; }
    std::vector<std::string> events;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(corpus) / "sigmahq" / "regression_data")) {
        if (entry.path().extension() == ".json") { events.push_back(entry.path().string()); }
    }
    ASSERT_GT(events.size(), 200U);
    const rules::LogSourceTable table = rules::load_embedded_logsources();
    const rules::FieldCatalog lists{rules::load_embedded_field_lists(), {}};
    std::vector<std::string> unreadable;
    std::uint64_t compared = 0;
    for (const rules::SeenFields& seen : look_at_events(events, table, unreadable)) {
        const rules::KnownFields known = rules::known_fields(seen.logsource, table, lists);
        if (!known.complete) { continue; }
        compared += seen.events;
        for (const std::string& field : seen.fields) {
            const bool envelope = std::find(event::kEnvelopeNames.begin(), event::kEnvelopeNames.end(), field) !=
                                  event::kEnvelopeNames.end();
            EXPECT_TRUE(envelope || known.listed.contains(field))
                << seen.logsource.category << "/" << seen.logsource.service << " has " << field;
        }
    }
    EXPECT_TRUE(unreadable.empty());
    EXPECT_GE(compared, 200U);
}

} // namespace
} // namespace canhgac::app
