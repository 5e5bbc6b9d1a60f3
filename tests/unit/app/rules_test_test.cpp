#include "app/rules_test.hpp"

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>

#include "app/rules_test_file.hpp"

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFailedLogIn = R"(title: Failed log-in
id: 5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e01
name: failed_login
logsource: {product: windows, service: security}
detection:
    failed: {EventID: 4625}
    condition: failed
canhgac: {entity: [IpAddress]}
---
title: Many failed log-ins
id: 5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e02
correlation:
    type: event_count
    rules: [failed_login]
    group-by: [IpAddress]
    timespan: 1m
    condition: {gte: 2}
)";

constexpr std::string_view kBase = "5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e01";
constexpr std::string_view kMany = "5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e02";

std::string text(std::initializer_list<std::string_view> parts) {
    std::string all;
    for (const std::string_view part : parts) {
        all.append(part);
    }
    return all;
}

/// A folder with one rule file and its test file, removed at the end.
class RulesTest : public testing::Test {
protected:
    RulesTest()
        : folder_(fs::temp_directory_path() / text({"canhgac_rules_test_", std::to_string(::getpid()), "_",
                                                    testing::UnitTest::GetInstance()->current_test_info()->name()})) {
        fs::create_directories(folder_);
        write("r.yml", std::string(kFailedLogIn));
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& content) const {
        std::ofstream(folder_ / name, std::ios::binary) << content;
    }
    /// Runs one test given as the lines below `- name: t`.
    [[nodiscard]] RuleTestReport run(std::string_view rule, const std::string& lines) const {
        write("r.test.yaml", text({"rule: ", rule, "\ntests:\n  - name: t\n", lines}));
        return test_rules({folder_.string()});
    }
    /// The reason of the only result.
    [[nodiscard]] std::string reason(std::string_view rule, const std::string& lines) const {
        const RuleTestReport report = run(rule, lines);
        EXPECT_EQ(report.results.size(), 1U);
        return report.results.empty() ? "no result" : report.results.front().reason;
    }

    fs::path folder_;
};

constexpr std::string_view kFailed = "      - fields: {Channel: Security, EventID: 4625, IpAddress: 10.0.0.1}\n";
constexpr std::string_view kOther = "      - fields: {Channel: Security, EventID: 4624, IpAddress: 10.0.0.1}\n";

TEST_F(RulesTest, AHitPasses) {
    EXPECT_EQ(reason(kBase, text({"    expect: match\n    entity: {IpAddress: 10.0.0.1}\n    count: 1\n    events:\n",
                                  kFailed, kOther})),
              "");
}

TEST_F(RulesTest, AHitThatDoesNotMatchFails) {
    EXPECT_EQ(reason(kBase, text({"    expect: match\n    events:\n", kOther})), "it did not match");
}

TEST_F(RulesTest, ANearMissThatMatchesFails) {
    EXPECT_EQ(reason(kBase, text({"    expect: none\n    differs: nothing\n    events:\n", kFailed})),
              "it matched, though only this differs from a hit: nothing");
}

TEST_F(RulesTest, AWrongCountOrEntityFails) {
    EXPECT_EQ(reason(kBase, text({"    expect: match\n    count: 2\n    events:\n", kFailed})),
              "the count is 1, not 2");
    EXPECT_EQ(reason(kBase, text({"    expect: match\n    entity: {IpAddress: 10.0.0.2}\n    events:\n", kFailed})),
              "the entity is IpAddress=10.0.0.1, not IpAddress=10.0.0.2");
}

TEST_F(RulesTest, CorrelationsUseTheOffsets) {
    const std::string two = text({"    events:\n", kFailed, kFailed});
    EXPECT_EQ(reason(kMany, text({"    expect: match\n    count: 2\n    at: [0, 59]\n", two})), "");
    EXPECT_EQ(reason(kMany, text({"    expect: match\n    at: [0, 61]\n", two})), "it did not match");
}

TEST_F(RulesTest, AnEventOfAnotherLogSourceDoesNotReachTheRule) {
    EXPECT_EQ(reason(kBase, text({"    expect: match\n    format: syslog\n    events:\n", kFailed})),
              "it did not match");
}

TEST_F(RulesTest, RawGoesThroughTheDecoder) {
    const std::string raw =
        R"(      - raw: '{"winlog":{"channel":"Security","event_id":"4625","event_data":{"IpAddress":"10.0.0.9"}}}')";
    for (const char* decoder : {"auto", "bulk"}) {
        EXPECT_EQ(reason(kBase, text({"    expect: match\n    entity: {IpAddress: 10.0.0.9}\n    events:\n", raw,
                                      "\n        decoder: ", decoder, "\n"})),
                  "");
    }
}

TEST_F(RulesTest, ARejectedRuleAndAnUnknownRuleAreFailures) {
    write("bad.yml", "title: x\nid: 5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e03\nlogsource: {product: windows}\n"
                     "detection:\n    s: {a|nonsense: 1}\n    condition: s\n");
    const RuleTestReport report =
        run("5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1eff", text({"    expect: match\n    events:\n", kFailed}));
    ASSERT_EQ(report.results.size(), 2U);
    EXPECT_TRUE(report.results[0].reason.starts_with("rule rejected: ")) << report.results[0].reason;
    EXPECT_EQ(report.results[1].reason, "there is no rule 5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1eff");
    EXPECT_EQ(report.failed, 2U);
}

TEST_F(RulesTest, NamesRulesWithoutATestAndCountsBasesAsTested) {
    const std::string lines = text({"    expect: match\n    events:\n", kFailed});
    EXPECT_EQ(run(kBase, lines).untested_rules, std::vector<std::string>{std::string(kMany)});
    EXPECT_TRUE(run(kMany, lines).untested_rules.empty());
}

TEST_F(RulesTest, PipelinesChangeTheRulesFirst) {
    const std::string id = "5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e04";
    write("foreign.yml", "title: x\nid: " + id +
                             "\nlogsource: {product: windows, service: security}\n"
                             "detection:\n    s: {Number: 4625}\n    condition: s\n");
    write("names.txt", "transformations: [{type: field_name_mapping, mapping: {Number: EventID}}]\n");
    write("foreign.test.yaml",
          text({"rule: ", id, "\ntests:\n  - name: t\n    expect: match\n    events:\n", kFailed}));
    const std::vector<std::string> paths = {(folder_ / "foreign.yml").string()};
    EXPECT_EQ(test_rules(paths).failed, 1U);
    EXPECT_EQ(test_rules(paths, {(folder_ / "names.txt").string()}).failed, 0U);
    write("names.txt", "transformations: [{type: none}]\n");
    EXPECT_THROW(static_cast<void>(test_rules(paths, {(folder_ / "names.txt").string()})), std::runtime_error);
}

TEST_F(RulesTest, PrintsAndReturnsTheExitStatus) {
    std::ostringstream good;
    write("r.test.yaml", text({"rule: ", kBase, "\ntests:\n  - name: t\n    expect: match\n    events:\n", kFailed}));
    EXPECT_EQ(run_rules_test({(folder_ / "r.yml").string()}, {}, "table", good), 0);
    EXPECT_NE(good.str().find("r.test.yaml: t\n"), std::string::npos) << good.str();
    EXPECT_NE(good.str().find("1 tests, 0 failed, 2 rules\n"), std::string::npos) << good.str();

    std::ostringstream json;
    EXPECT_EQ(run_rules_test({(folder_ / "r.yml").string()}, {}, "json", json), 0);
    EXPECT_NE(json.str().find(R"("tests":1,"failed":0)"), std::string::npos) << json.str();

    std::ostringstream missing;
    fs::remove(folder_ / "r.test.yaml");
    EXPECT_EQ(run_rules_test({(folder_ / "r.yml").string()}, {}, "table", missing), 1);
    EXPECT_NE(missing.str().find("the test file cannot be read"), std::string::npos) << missing.str();

    std::ostringstream nothing;
    fs::remove(folder_ / "r.yml");
    EXPECT_EQ(run_rules_test({folder_.string()}, {}, "table", nothing), 1);
}

/// "line:column: message" of a file that must be refused.
std::string refused(const std::string& file) {
    const auto tests = parse_rule_tests(file);
    if (tests) { return "accepted"; }
    return text(
        {std::to_string(tests.error().line), ":", std::to_string(tests.error().column), ": ", tests.error().message});
}

std::string in_test(const std::string& lines) {
    return refused(text({"rule: x\ntests:\n  - name: t\n", lines}));
}

TEST(RuleTestFile, SaysWhereAMistakeIs) {
    EXPECT_EQ(refused("rule: x\nteste: []\n"), "2:1: unknown key 'teste' in a test file");
    EXPECT_EQ(refused("rule: x\n---\nrule: y\n"), "1:1: a test file is one YAML document");
    EXPECT_EQ(in_test("    expect: maybe\n    events: [{fields: {a: 1}}]\n"), "3:5: 'expect' must be match or none");
    EXPECT_EQ(in_test("    expect: none\n    events: [{fields: {a: 1}}]\n"),
              "3:5: a near miss must say in 'differs' what differs from a hit");
    EXPECT_EQ(in_test("    expect: match\n    differs: x\n    events: [{fields: {a: 1}}]\n"),
              "3:5: 'differs' goes with 'expect: none'");
    EXPECT_EQ(in_test("    expect: none\n    differs: x\n    count: 2\n    events: [{fields: {a: 1}}]\n"),
              "3:5: 'count' and 'entity' go with 'expect: match'");
    EXPECT_EQ(in_test("    expect: match\n    events: []\n"), "5:13: 'events' must be a list with at least one event");
    EXPECT_EQ(in_test("    expect: match\n    at: [1]\n    events: [{fields: {a: 1}}, {fields: {a: 1}}]\n"),
              "5:9: 'at' must list one number for each event");
    EXPECT_EQ(in_test("    expect: match\n    events: [{raw: x, fields: {a: 1}}]\n"),
              "5:14: an event has either 'raw' or 'fields'");
    EXPECT_EQ(in_test("    expect: match\n    events: [{raw: x}]\n"), "5:14: 'raw' needs a 'decoder'");
    EXPECT_EQ(in_test("    expect: match\n    events: [{raw: x, decoder: magic}]\n"),
              "5:32: unknown decoder 'magic' (auto, syslog, bulk)");
    EXPECT_EQ(in_test("    expect: match\n    format: magic\n    events: [{fields: {a: 1}}]\n"),
              "5:13: unknown format 'magic'");
}

TEST(RuleTestFile, ReadsValuesWithTheirTypes) {
    const auto tests = parse_rule_tests("rule: x\ntests:\n  - name: t\n    expect: match\n    at: [1.5]\n"
                                        "    events: [{fields: {a: 1, b: '1', c: [true, null], d: 1.5}}]\n");
    ASSERT_TRUE(tests);
    const TestEvent& event = tests->front().events.front();
    EXPECT_EQ(event.at, 1'500'000'000);
    ASSERT_EQ(event.fields.size(), 5U);
    EXPECT_EQ(event.fields[0].type, event::ValueType::integer);
    EXPECT_EQ(event.fields[1].type, event::ValueType::string);
    EXPECT_EQ(event.fields[2].type, event::ValueType::boolean);
    EXPECT_EQ(event.fields[3].type, event::ValueType::null);
    EXPECT_EQ(event.fields[3].name, "c");
    EXPECT_EQ(event.fields[4].type, event::ValueType::real);
}

} // namespace
} // namespace canhgac::app
