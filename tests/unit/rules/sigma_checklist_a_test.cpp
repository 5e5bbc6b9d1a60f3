// Group A of the Sigma checklist: documents. The reader alone decides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reader_helpers.hpp"

namespace canhgac::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kSmallest = "  s: {f: x}\n  condition: s\n";

/// "line:column reason" of the only rejection; another rule in the text loads.
std::string rejected_for(const std::string& text) {
    const auto result = read_text("t.yml", text + "---\n" + rule_text(kSmallest, "other"));
    if (result.rejected.size() != 1) { return std::to_string(result.rejected.size()) + " rejections"; }
    EXPECT_FALSE(result.rules.empty()) << "the other rule loads";
    const auto& rejected = result.rejected.front();
    return std::to_string(rejected.line) + ":" + std::to_string(rejected.column) + " " + rejected.reason;
}

TEST(SigmaChecklist, SIGMA_A1_Yaml12InUtf8WithManyDocuments) {
    const auto result =
        read_text("t.yml", "\xEF\xBB\xBF" + rule_text("  s: {f: Đường}\n  condition: s\n", "r1") + "---\n" +
                               rule_text(kSmallest, "r2") + "...\n---\n" + rule_text(kSmallest, "r3"));
    ASSERT_TRUE(result.rejected.empty()) << to_string(result.rejected[0]);
    ASSERT_EQ(result.rules.size(), 3U);
    EXPECT_EQ(result.rules[0].predicates.at(0).pattern.at(0).text, "Đường");
    const auto broken = read_text("t.yml", "title: \xFF\n");
    ASSERT_EQ(broken.rejected.size(), 1U);
    EXPECT_EQ(broken.rejected[0].reason, "not valid UTF-8");
    EXPECT_EQ(read_text("t.yml", "title: [\n").rejected.size(), 1U);
    EXPECT_EQ(read_text("t.yml", "").rejected.size(), 1U);
}

TEST(SigmaChecklist, SIGMA_A2_RequiredKeys) {
    EXPECT_THAT(rejected_for("id: x\nlogsource: {product: p}\ndetection: {s: {a: b}, condition: s}\n"),
                HasSubstr("1:1 missing 'title'"));
    EXPECT_THAT(rejected_for("title: x\ndetection: {s: {a: b}, condition: s}\n"), HasSubstr("1:1 missing 'logsource'"));
    EXPECT_THAT(rejected_for("title: x\nlogsource: {product: p}\n"), HasSubstr("1:1 missing 'detection'"));
    EXPECT_THAT(rejected_for("title: x\nlogsource: {product: p}\ndetection: {s: {a: b}}\n"),
                HasSubstr("3:12 missing 'condition'"));
    EXPECT_THAT(rejected_for("title: " + std::string(257, 'x') +
                             "\nlogsource: {product: p}\ndetection: {s: {a: b}, condition: s}\n"),
                HasSubstr("1:8 'title' is longer than 256 characters"));
    EXPECT_EQ(read_text("t.yml", rule_text(kSmallest)).rules.size(), 1U);
}

TEST(SigmaChecklist, SIGMA_A3_IdsAndNamesAreUnique) {
    const auto two = [](const char* first, const char* second) {
        const auto result =
            read_text("t.yml", rule_text(kSmallest, "r1", first) + "---\n" + rule_text(kSmallest, "r2", second));
        return result.rejected.empty() ? std::string("none") : result.rejected.front().reason;
    };
    EXPECT_EQ(two("name: a\n", "name: b\n"), "none");
    EXPECT_THAT(two("name: a\n", "name: a\n"), HasSubstr("name 'a' is already used in t.yml:1; give this one another"));
    EXPECT_THAT(rejected_for(rule_text(kSmallest, "other")), HasSubstr("id 'other' is already used"));
    // A name is as good a reference as an id.
    const auto result =
        read_text("t.yml", rule_text(kSmallest, "r1", "name: by_name\n") +
                               "---\ntitle: C\nid: c\ncorrelation: {type: event_count, rules: [by_name], "
                               "timespan: 1m, condition: {gte: 1}}\n");
    ASSERT_EQ(result.correlations.size(), 1U);
    EXPECT_THAT(result.correlations[0].rule_ids, ElementsAre("r1"));
}

TEST(SigmaChecklist, SIGMA_A4_HeadIsCarriedThrough) {
    const auto result = read_text("t.yml", rule_text(kSmallest, "r1", R"(status: experimental
level: high
tags: [attack.t1059]
fields: [a, b]
falsepositives: [Unknown]
scope: [server]
license: MIT
author: me
date: 2026-01-31
modified: 2026/02/01
taxonomy: sigma
references: [https://example.org]
related: [{id: x, type: derived}, {id: y, type: similar}]
regression_tests_path: a/b.yml
simulation: [{type: atomic, n: 5, r: 1.5, on: yes, none: null, ok: true}]
)"));
    ASSERT_TRUE(result.rejected.empty()) << to_string(result.rejected[0]);
    const Rule& rule = result.rules.at(0);
    EXPECT_EQ(rule.status, "experimental");
    EXPECT_EQ(rule.level, event::Severity::high);
    EXPECT_THAT(rule.tags, ElementsAre("attack.t1059"));
    EXPECT_THAT(rule.fields, ElementsAre("a", "b"));
    EXPECT_THAT(rule.falsepositives, ElementsAre("Unknown"));
    EXPECT_THAT(rule.scope, ElementsAre("server"));
    EXPECT_EQ(rule.license, "MIT");
    EXPECT_EQ(rule.date, "2026-01-31");
    EXPECT_EQ(rule.modified, "2026/02/01");
    EXPECT_EQ(rule.taxonomy, "sigma");
    ASSERT_EQ(rule.related.size(), 2U);
    EXPECT_EQ(rule.related[1].id, "y");
    EXPECT_EQ(rule.related[1].type, "similar");
    EXPECT_THAT(
        rule.custom,
        ElementsAre(Pair("regression_tests_path", "\"a/b.yml\""),
                    Pair("simulation", R"([{"type":"atomic","n":5,"r":1.5,"on":"yes","none":null,"ok":true}])")));
}

TEST(SigmaChecklist, SIGMA_A4_WhatTheSpecificationForbidsInTheHead) {
    const auto head = [](const std::string& line) { return rejected_for(rule_text(kSmallest, "r1", line + "\n")); };
    EXPECT_EQ(head("status: done"),
              "4:9 unknown status 'done'; one of stable, test, experimental, deprecated and unsupported");
    EXPECT_EQ(head("level: urgent"),
              "4:8 unknown level 'urgent'; one of informational, low, medium, high and critical");
    EXPECT_EQ(head("date: 2026-02-30"), "4:7 'date' must be a date like 2026-01-31, not '2026-02-30'");
    EXPECT_EQ(head("modified: yesterday"), "4:11 'modified' must be a date like 2026-01-31, not 'yesterday'");
    EXPECT_THAT(head("related: x"), HasSubstr("4:10 'related' must be a list of maps"));
    EXPECT_THAT(head("related: [{id: x, type: friend}]"), HasSubstr("'type' must be one of derived"));
    EXPECT_THAT(head("related: [{type: derived}]"), HasSubstr("needs the 'id' of a rule"));
    EXPECT_THAT(head("scope: {a: b}"), HasSubstr("'scope' must be text"));
    EXPECT_THAT(head("own: '" + std::string(70'000, 'x') + "'"), HasSubstr("take more than 64 KiB"));
    EXPECT_EQ(head("taxonomy: ecs"),
              "4:11 taxonomy 'ecs' is not known; write the rule with Sigma's field names, or use a "
              "pipeline that translates this taxonomy");
    ReadOptions options;
    options.taxonomies = {"ecs"};
    const auto taken = read_text("t.yml", rule_text(kSmallest, "r1", "taxonomy: ecs\n"), options);
    ASSERT_EQ(taken.rules.size(), 1U);
    EXPECT_EQ(taken.rules[0].taxonomy, "ecs");
}

TEST(SigmaChecklist, SIGMA_A5_LegacyActions) {
    const auto result = read_text("t.yml", "action: global\ntitle: G\nid: g\nlogsource: {product: windows}\n---\n"
                                           "detection: {s: {a: 1}, condition: s}\n---\naction: repeat\nid: again\n---\n"
                                           "action: reset\n---\n" +
                                               rule_text(kSmallest, "own"));
    ASSERT_TRUE(result.rejected.empty()) << to_string(result.rejected[0]);
    ASSERT_EQ(result.rules.size(), 3U);
    EXPECT_EQ(result.rules[0].title, "G");
    EXPECT_EQ(result.rules[1].id, "again");
    EXPECT_EQ(result.rules[1].predicates, result.rules[0].predicates);
    EXPECT_EQ(result.rules[2].title, "T");
    EXPECT_THAT(rejected_for("action: merge\ntitle: T\n"), HasSubstr("1:9 action must be global, reset or repeat"));
    EXPECT_THAT(rejected_for("action: repeat\ntitle: T\n"), HasSubstr("needs a rule before it"));
}

TEST(SigmaChecklist, SIGMA_A6_ScalarsOfYaml12) {
    EXPECT_EQ(item("f: [yes, on, No, OFF, y]"), "  any\n    f matches \"yes\"\n    f matches \"on\"\n    f matches "
                                                "\"No\"\n    f matches \"OFF\"\n    f matches \"y\"\n");
    EXPECT_EQ(item("f: 1:20"), "  f matches \"1:20\"\n");
    EXPECT_EQ(item("f: 1_000"), "  f matches \"1_000\"\n");
    EXPECT_EQ(item("f: 2026-01-31"), "  f matches \"2026-01-31\"\n");
    EXPECT_EQ(item("f: [true, False, null, ~]"),
              "  any\n    f is true\n    f is false\n    f is null\n    f is null\n");
    // Integers of YAML 1.2 that logs write as they stand here: either.
    EXPECT_EQ(item("f: 0x17"), "  any\n    f matches \"0x17\"\n    f = 23\n");
    EXPECT_EQ(item("f: 0o17"), "  any\n    f matches \"0o17\"\n    f = 15\n");
    EXPECT_EQ(item("f: 017"), "  any\n    f matches \"017\"\n    f = 17\n"); // never octal
    EXPECT_EQ(item("f: '017'"), "  f matches \"017\"\n");
    EXPECT_EQ(item("f: !!str 017"), "  f matches \"017\"\n");
    EXPECT_EQ(item("f|contains: 017"), "  f matches * \"017\" *\n");
    EXPECT_EQ(item("f|gte: 0x10"), "  f >= 16\n");
    EXPECT_EQ(item("f|gt: 010"), "  f > 10\n");
    EXPECT_EQ(item("f: [1e3, .5, +7]"), "  any\n    f = 1000\n    f = 0.5\n    f = 7\n");
}

} // namespace
} // namespace canhgac::rules
