// Conditions of all three kinds, how they are joined, and what they see of earlier transformations.
#include <gtest/gtest.h>

#include "pipeline_helpers.hpp"

namespace canhgac::rules {
namespace {

/// Whether `field_name_suffix` with these conditions touches the rule.
bool holds(const std::string& conditions, const std::string& detection, const std::string& more = {},
           const std::string& before = {}) {
    const std::string pipeline =
        "transformations:\n" + before + "  - {type: field_name_suffix, suffix: _X, " + conditions + "}\n";
    const auto result = read_through({pipeline}, rule_text("  s: {" + detection + "}\n  condition: s\n", "r1", more));
    EXPECT_EQ(result.rejected.size(), 0U) << outcome(result);
    return outcome(result).find("_X") != std::string::npos;
}

bool rule_holds(const std::string& condition, const std::string& more = {}, const std::string& before = {}) {
    return holds("rule_conditions: [{" + condition + "}]", "a: x", more, before);
}

TEST(PipelineRuleConditions, Logsource) {
    EXPECT_TRUE(rule_holds("type: logsource, product: windows"));
    EXPECT_FALSE(rule_holds("type: logsource, product: linux"));
    EXPECT_FALSE(rule_holds("type: logsource, product: windows, service: sysmon"));
    EXPECT_TRUE(rule_holds("type: logsource, service: sysmon", "",
                           "  - {type: change_logsource, product: windows, service: sysmon}\n"));
}

TEST(PipelineRuleConditions, Contents) {
    const auto contains = [](const std::string& condition, const std::string& item) {
        return holds("rule_conditions: [{" + condition + "}]", item);
    };
    EXPECT_TRUE(contains("type: contains_field, field: a", "a: x"));
    EXPECT_FALSE(contains("type: contains_field, field: b", "a: x"));
    EXPECT_TRUE(contains("type: contains_detection_item, field: a, value: x", "a: [w, x]"));
    EXPECT_FALSE(contains("type: contains_detection_item, field: a, value: x", "a|contains: x"));
    EXPECT_TRUE(contains("type: contains_detection_item, field: a, value: '*x*'", "a|contains: x"));
    EXPECT_TRUE(contains("type: contains_detection_item, field: a, value: 1", "a: 1"));
    EXPECT_FALSE(contains("type: contains_detection_item, field: a, value: '1'", "a: 1"));
    EXPECT_FALSE(contains("type: contains_detection_item, field: b, value: x", "a: x"));
    EXPECT_TRUE(contains("type: contains_detection_item, field: a, value: true", "a: true"));
}

TEST(PipelineRuleConditions, KindTagAndAttributes) {
    EXPECT_TRUE(rule_holds("type: is_sigma_rule"));
    EXPECT_FALSE(rule_holds("type: is_sigma_correlation_rule"));
    EXPECT_TRUE(rule_holds("type: tag, tag: attack.t1059", "tags: [attack.t1059]\n"));
    EXPECT_FALSE(rule_holds("type: tag, tag: attack.t1059", "tags: [attack.t1059.001]\n"));
    struct Row {
        const char* condition;
        bool expected;
    };
    const std::string more = "level: high\nstatus: test\ndate: 2026/02/03\nauthor: Me\nid2: 7\ntags: [a.b, c.d]\n";
    for (const auto& [condition, expected] : std::vector<Row>{
             {"attribute: level, value: high", true},
             {"attribute: level, value: HIGH", true},
             {"attribute: level, value: medium, op: gt", true},
             {"attribute: level, value: critical, op: gte", false},
             {"attribute: level, value: critical, op: lt", true},
             {"attribute: status, value: stable, op: gte", false},
             {"attribute: status, value: experimental, op: gt", true},
             {"attribute: date, value: '2026-02-03', op: lte", true},
             {"attribute: date, value: '2026-02-03', op: lt", false},
             {"attribute: author, value: Me", true},
             {"attribute: author, value: Me, op: ne", false},
             {"attribute: id, value: R1", true},
             {"attribute: id2, value: 6, op: gt", true},
             {"attribute: tags, value: a.b, op: in", true},
             {"attribute: tags, value: a.b, op: not_in", false},
             {"attribute: tags, value: a.b", false},
             {"attribute: tags, value: a.b, op: ne", true},
             {"attribute: absent, value: 1, op: ne", false},
         }) {
        EXPECT_EQ(rule_holds("type: rule_attribute, " + std::string(condition), more), expected) << condition;
    }
    EXPECT_TRUE(rule_holds("type: rule_attribute, attribute: mine, value: 3, op: gte", "",
                           "  - {type: set_custom_attribute, attribute: mine, value: 3}\n"));
}

TEST(PipelineRuleConditions, AttributesThatCannotBeCompared) {
    const auto result = read_through({one("type: field_name_suffix, suffix: _X, rule_conditions: [{type: "
                                          "rule_attribute, attribute: author, value: M, "
                                          "op: gt}]")},
                                     rule_text("  s: {a: 1}\n  condition: s\n", "r1", "author: Me\n"));
    EXPECT_EQ(outcome(result), "1:1 pipeline condition rule_attribute: 'author' is text: only eq and ne compare it");
}

TEST(PipelineRuleConditions, StateAndAppliedItems) {
    const std::string state = "  - {type: set_state, key: index, val: 5}\n";
    EXPECT_TRUE(rule_holds("type: processing_state, key: index, val: 5", "", state));
    EXPECT_FALSE(rule_holds("type: processing_state, key: index, val: '5'", "", state));
    EXPECT_TRUE(rule_holds("type: processing_state, key: index, val: 4, op: gt", "", state));
    EXPECT_TRUE(rule_holds("type: processing_state, key: index, val: 6, op: ne", "", state));
    EXPECT_FALSE(rule_holds("type: processing_state, key: other, val: 6, op: ne", "", state));
    const std::string map = "  - {id: m, type: field_name_mapping, mapping: {q: r}}\n";
    EXPECT_TRUE(rule_holds("type: processing_item_applied, processing_item_id: m", "", map));
    EXPECT_FALSE(rule_holds("type: processing_item_applied, processing_item_id: n", "", map));
    EXPECT_FALSE(rule_holds("type: processing_item_applied, processing_item_id: m", "",
                            "  - {id: m, type: field_name_mapping, mapping: {q: r}, rule_conditions: [{type: "
                            "logsource, product: linux}]}\n"));
}

bool item_holds(const std::string& condition, const std::string& item, const std::string& before = {}) {
    return holds("detection_item_conditions: [{" + condition + "}]", item, "", before);
}

TEST(PipelineItemConditions, Values) {
    struct Row {
        const char* condition;
        const char* item;
        bool expected;
    };
    for (const auto& [condition, item, expected] : std::vector<Row>{
             {"type: match_string, cond: any, pattern: 'x.*'", "a: [y, xz]", true},
             {"type: match_string, cond: all, pattern: 'x.*'", "a: [y, xz]", false},
             {"type: match_string, cond: any, pattern: 'z'", "a: xz", false}, // from the start
             {R"(type: match_string, cond: any, pattern: '\*x')", "a|contains: x", true},
             {"type: match_string, cond: any, pattern: x, negate: true", "a: y", true},
             {"type: match_string, cond: any, pattern: '1'", "a: 1", false},
             {"type: match_value, cond: any, value: 1", "a: [1, 2]", true},
             {"type: match_value, cond: all, value: 1", "a: [1, 2]", false},
             {"type: match_value, cond: any, value: x", "a: X", false},
             {"type: match_value, cond: any, value: 'x*'", "a|startswith: x", true},
             {"type: contains_wildcard, cond: any", "a: [x, 'y*']", true},
             {"type: contains_wildcard, cond: all", "a: [x, 'y*']", false},
             {"type: contains_wildcard, cond: any", R"(a: 'y\*')", false},
             {"type: is_null, cond: any", "a: null", true},
             {"type: is_null, cond: all", "a: [x, null]", false},
             {"type: is_null, cond: any", "a: ''", false},
         }) {
        EXPECT_EQ(item_holds(condition, item), expected) << condition << " on " << item;
    }
}

TEST(PipelineItemConditions, StateAndAppliedItems) {
    const std::string map = "  - {id: m, type: field_name_mapping, mapping: {a: b}}\n";
    EXPECT_TRUE(item_holds("type: processing_item_applied, processing_item_id: m", "a: x", map));
    EXPECT_FALSE(item_holds("type: processing_item_applied, processing_item_id: m", "c: x", map));
    EXPECT_TRUE(item_holds("type: processing_item_applied, processing_item_id: m", "a: x",
                           "  - {id: m, type: field_name_mapping, mapping: {a: [b, c]}}\n"));
    EXPECT_TRUE(
        item_holds("type: processing_state, key: k, val: v", "a: x", "  - {type: set_state, key: k, val: v}\n"));
}

bool field_holds(const std::string& condition, const std::string& item, const std::string& before = {}) {
    return holds("field_name_conditions: [{" + condition + "}]", item, "", before);
}

TEST(PipelineFieldConditions, Names) {
    EXPECT_TRUE(field_holds("type: include_fields, fields: [a, b]", "a: x"));
    EXPECT_FALSE(field_holds("type: include_fields, fields: [b]", "a: x"));
    EXPECT_TRUE(field_holds("type: exclude_fields, fields: [b]", "a: x"));
    EXPECT_FALSE(field_holds("type: exclude_fields, fields: [a]", "a: x"));
    EXPECT_TRUE(field_holds("type: include_fields, fields: ['wi.*'], mode: re", "win: x"));
    EXPECT_FALSE(field_holds("type: include_fields, fields: ['in'], mode: re", "win: x"));
    EXPECT_FALSE(field_holds("type: exclude_fields, fields: ['wi.*'], mode: re", "win: x"));
    const std::string map = "  - {id: m, type: field_name_mapping, mapping: {a: b}}\n";
    EXPECT_TRUE(field_holds("type: processing_item_applied, processing_item_id: m", "a: x", map));
    EXPECT_FALSE(field_holds("type: processing_item_applied, processing_item_id: m", "c: x", map));
    EXPECT_TRUE(
        field_holds("type: processing_state, key: k, val: v", "a: x", "  - {type: set_state, key: k, val: v}\n"));
}

TEST(PipelineFieldConditions, TheListOfFieldsIsMappedByTheSameConditions) {
    const std::string pipeline = "transformations:\n"
                                 "  - {id: m, type: field_name_mapping, mapping: {a: b}}\n"
                                 "  - type: field_name_suffix\n    suffix: _X\n    field_name_conditions:\n"
                                 "      - {type: processing_item_applied, processing_item_id: m}\n";
    const auto result = read_through({pipeline}, rule_text("  s: {c: x}\n  condition: s\n", "r1", "fields: [a, c]\n"));
    ASSERT_EQ(result.rules.size(), 1U);
    EXPECT_EQ(result.rules[0].fields, (std::vector<std::string>{"b_X", "c"}));
}

TEST(PipelineConditionLogic, Joined) {
    const std::string two = "rule_conditions: [{type: logsource, product: windows}, {type: tag, tag: no.no}]";
    EXPECT_FALSE(holds(two, "a: x"));
    EXPECT_FALSE(holds(two + ", rule_cond_op: and", "a: x"));
    EXPECT_TRUE(holds(two + ", rule_cond_op: or", "a: x"));
    EXPECT_TRUE(holds(two + ", rule_cond_not: true", "a: x"));
    EXPECT_FALSE(holds(two + ", rule_cond_op: or, rule_cond_not: true", "a: x"));
    const std::string named =
        "rule_conditions: {win: {type: logsource, product: windows}, t-1: {type: tag, tag: no.no}}";
    EXPECT_FALSE(holds(named, "a: x"));
    for (const auto& [expression, expected] :
         std::vector<std::pair<const char*, bool>>{{"win and not t-1", true},
                                                   {"win and t-1", false},
                                                   {"t-1 or win", true},
                                                   {"not (win or t-1)", false},
                                                   {"not not win or t-1", true},
                                                   {"t-1 and t-1 or win", true},
                                                   {"t-1 and (t-1 or win)", false}}) {
        EXPECT_EQ(holds(named + ", rule_cond_expr: '" + expression + "'", "a: x"), expected) << expression;
    }
    EXPECT_TRUE(holds("field_name_conditions: {a: {type: include_fields, fields: [a]}}, field_name_cond_expr: a, "
                      "detection_item_conditions: [{type: is_null, cond: any}], detection_item_cond_not: true",
                      "a: x"));
}

} // namespace
} // namespace canhgac::rules
