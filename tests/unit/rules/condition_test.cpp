#include "rules/condition.hpp"

#include <gtest/gtest.h>

#include "reader_helpers.hpp"

namespace canhgac::rules {
namespace {

/// The tree of a condition over selections named by one letter or more, each a test of the field of its name.
std::string tree(std::string_view condition, const std::vector<std::string>& names = {"a", "b", "c"}) {
    std::string detection;
    for (const auto& name : names) {
        detection += "  " + name + ": {" + name + ": 1}\n";
    }
    detection += "  condition: " + std::string(condition) + "\n";
    const auto result = read_text("t.yml", rule_text(detection));
    return result.rejected.empty() ? outcome(result) : result.rejected.front().reason;
}

TEST(Condition, SIGMA_H52_Precedence) {
    EXPECT_EQ(tree("a or b and not c"), "  any\n    a = 1\n    all\n      b = 1\n      not\n        c = 1\n");
    EXPECT_EQ(tree("(a or b) and c"), "  all\n    any\n      a = 1\n      b = 1\n    c = 1\n");
    EXPECT_EQ(tree("not a and b"), "  all\n    not\n      a = 1\n    b = 1\n");
    EXPECT_EQ(tree("not (a and b)"), "  not\n    all\n      a = 1\n      b = 1\n");
    EXPECT_EQ(tree("not not a"), "  a = 1\n");
    EXPECT_EQ(tree("((a))"), "  a = 1\n");
    EXPECT_EQ(tree("not 1 of a*", {"a1", "a2"}), "  not\n    any\n      a1 = 1\n      a2 = 1\n");
    EXPECT_EQ(tree("not(a)and(b)"), "  all\n    not\n      a = 1\n    b = 1\n");
}

TEST(Condition, SIGMA_H53_OperatorsAreLowerCase) {
    EXPECT_EQ(tree("a AND b"), "condition: 'AND': operators are written in lower case");
    EXPECT_EQ(tree("a Or b"), "condition: 'Or': operators are written in lower case");
    EXPECT_EQ(tree("NOT a"), "condition: 'NOT': operators are written in lower case");
}

TEST(Condition, SIGMA_H54_SelectorsMatchWholeNames) {
    const std::vector<std::string> names = {"selection", "selection_extra", "filter"};
    EXPECT_EQ(tree("1 of selection", names), "  selection = 1\n");
    EXPECT_EQ(tree("any of selection*", names), "  any\n    selection = 1\n    selection_extra = 1\n");
    EXPECT_EQ(tree("all of them", names), "  all\n    selection = 1\n    selection_extra = 1\n    filter = 1\n");
    EXPECT_EQ(tree("all of *_*", names), "  selection_extra = 1\n");
    EXPECT_EQ(tree("2 of them"), "condition: '2' before 'of': only 1, any and all are known");
    EXPECT_EQ(tree("not all of them", {"a", "b"}), "  not\n    all\n      a = 1\n      b = 1\n");
}

TEST(Condition, SIGMA_H55_NamesWithUnderscoreAreHidden) {
    const std::vector<std::string> names = {"a", "_b", "_c"};
    EXPECT_EQ(tree("1 of them", names), "  a = 1\n");
    EXPECT_EQ(tree("1 of *", names), "  a = 1\n");
    EXPECT_EQ(tree("a or _b", names), "  any\n    a = 1\n    _b = 1\n");
    EXPECT_EQ(tree("all of _*", names), "  all\n    _b = 1\n    _c = 1\n");
}

TEST(Condition, SIGMA_H56_ListOfConditions) {
    EXPECT_EQ(tree("[a, b and c]"), "  any\n    a = 1\n    all\n      b = 1\n      c = 1\n");
    EXPECT_EQ(tree("[]"), "'condition' is empty; name the selections that must hold");
    EXPECT_EQ(tree("5"), "'condition' must be text or a list of texts");
}

TEST(Condition, SIGMA_H57_SelectorThatMatchesNothing) {
    EXPECT_EQ(tree("a and 1 of x*"), "condition: '1 of x*' matches no selection; define one or take the term out");
    EXPECT_EQ(tree("1 of them", {"_a"}),
              "condition: '1 of them' matches no selection; define one or take the term out");
}

TEST(Condition, SIGMA_H58_Mistakes) {
    EXPECT_EQ(tree("a and d"), "condition: 'd' is not defined in the detection; define it or correct the name");
    EXPECT_EQ(tree("a and"), "condition ends where the name of a selection should stand");
    EXPECT_EQ(tree("a b"), "condition: expected 'and' or 'or' before 'b'");
    EXPECT_EQ(tree("and a"), "condition: expected a selection before 'and'");
    EXPECT_EQ(tree("(a"), "condition: missing ')' at the end");
    EXPECT_EQ(tree("a)"), "condition: ')' without '(' before it");
    EXPECT_EQ(tree("()"), "condition: expected a selection before ')'");
    EXPECT_EQ(tree("''"), "condition is empty; name the selections that must hold");
    EXPECT_EQ(tree("1 of"), "condition ends after 'of'; write 'them' or a pattern there");
    EXPECT_EQ(tree("1 of (a)"), "condition: expected 'them' or a pattern after 'of', not '('");
    EXPECT_EQ(tree("a | count() > 5"), "condition: aggregation with '|' is not supported; write a correlation");
    std::string deep(70, '(');
    deep.append("a").append(70, ')');
    EXPECT_EQ(tree(deep), "condition: more than 64 parentheses inside each other; write it flatter");
}

TEST(Condition, SIGMA_H59_NamesThatTripOthers) {
    EXPECT_EQ(tree("notepad", {"notepad"}), "  notepad = 1\n");
    EXPECT_EQ(tree("not notepad and orange or android", {"notepad", "orange", "android"}),
              "  any\n    all\n      not\n        notepad = 1\n      orange = 1\n    android = 1\n");
    EXPECT_EQ(tree("1 of filter_main_*", {"filter_main_mdadm.conf", "filter_main_a-b"}),
              "  any\n    filter_main_mdadm.conf = 1\n    filter_main_a-b = 1\n");
    EXPECT_EQ(tree("a.b and c-d and 1 of c-*", {"a.b", "c-d"}), "  all\n    a.b = 1\n    c-d = 1\n    c-d = 1\n");
}

TEST(Condition, SIGMA_H60_TimeframeIsNoSelection) {
    const auto result = read_text("t.yml", rule_text("  a: {f: 1}\n  timeframe: 5m\n  condition: all of them\n"));
    EXPECT_EQ(outcome(result), "  f = 1\n");
}

TEST(Condition, UnusedSelectionsAreCheckedToo) {
    const auto result = read_text("t.yml", rule_text("  a: {f: 1}\n  b: {f|foo: 1}\n  condition: a\n"));
    EXPECT_EQ(outcome(result),
              "6:7 unknown modifier 'foo' in 'f|foo'; the modifiers are listed in docs/reference/sigma.md");
}

TEST(Condition, ManySelectorsOverManySelectionsAreBounded) {
    std::string detection;
    for (int i = 0; i < 2000; ++i) {
        detection += "  s" + std::to_string(i) + ": {f: 1}\n";
    }
    detection += "  condition: 1 of them";
    for (int i = 0; i < 200; ++i) {
        detection += " and 1 of them";
    }
    const auto result = read_text("t.yml", rule_text(detection + "\n"));
    ASSERT_EQ(result.rejected.size(), 1U);
    EXPECT_EQ(result.rejected[0].reason, "condition names more than 100,000 selections; split the rule");
}

} // namespace
} // namespace canhgac::rules
