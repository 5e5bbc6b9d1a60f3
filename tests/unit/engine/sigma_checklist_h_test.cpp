// Group H of the Sigma checklist: conditions.
#include <gtest/gtest.h>

#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture

/// Selections a, b and c, each of the field of its name with the value 1.
std::string abc(std::string_view condition) {
    return rule_of("  a: {a: 1}\n  b: {b: 1}\n  c: {c: 1}\n  condition: " + std::string(condition) + "\n");
}

/// An event whose fields `which` are 1.
std::vector<TestField> with(std::string_view which) {
    std::vector<TestField> fields{{"z", "1"}};
    for (std::size_t i = 0; i < which.size(); ++i) {
        fields.push_back({which.substr(i, 1), "1"});
    }
    return fields;
}

TEST(SigmaChecklist, SIGMA_H52_Precedence) {
    expect_rows(abc("a or b and c"), {{with("a"), true}, {with("bc"), true}, {with("b"), false}, {with("c"), false}});
    expect_rows(abc("(a or b) and c"), {{with("ac"), true}, {with("bc"), true}, {with("a"), false}});
    expect_rows(abc("not a and b"), {{with("b"), true}, {with("ab"), false}, {with(""), false}});
    expect_rows(abc("not (a and b)"), {{with("b"), true}, {with("ab"), false}, {with(""), true}});
    expect_rows(abc("a and not b or c"), {{with("a"), true}, {with("ab"), false}, {with("abc"), true}});
    expect_rows(abc("not not a"), {{with("a"), true}, {with("b"), false}});
    expect_rows(abc("not 1 of a* and b"), {{with("b"), true}, {with("ab"), false}});
    expect_rows(abc("((a) or ((b)))"), {{with("b"), true}, {with("c"), false}});
}

TEST(SigmaChecklist, SIGMA_H53_OperatorsAreLowerCase) {
    expect_rejected(abc("a AND b"), "'AND': operators are written in lower case");
    expect_rejected(abc("a Or b"), "'Or': operators are written in lower case");
    expect_rejected(abc("NOT a"), "'NOT': operators are written in lower case");
    expect_rejected(abc("ALL of them"), "only 1, any and all are known");
    expect_rows(abc("a and b"), {{with("ab"), true}, {with("a"), false}});
}

TEST(SigmaChecklist, SIGMA_H54_Selectors) {
    for (const char* one : {"1 of them", "any of them"}) {
        expect_rows(abc(one), {{with("a"), true}, {with("c"), true}, {with(""), false}});
    }
    expect_rows(abc("all of them"), {{with("abc"), true}, {with("ab"), false}});
    const std::string several = "  sel_a: {a: 1}\n  sel_b: {b: 1}\n  selection: {c: 1}\n  condition: ";
    expect_rows(rule_of(several + "1 of sel_*\n"), {{with("a"), true}, {with("b"), true}, {with("c"), false}});
    expect_rows(rule_of(several + "all of sel*\n"), {{with("abc"), true}, {with("ab"), false}});
    expect_rows(rule_of(several + "1 of sel*_b\n"), {{with("b"), true}, {with("ac"), false}});
    // The whole name: `selection` is not `selection_extra`.
    const std::string extra = "  selection: {a: 1}\n  selection_extra: {b: 1}\n  condition: ";
    expect_rows(rule_of(extra + "1 of selection\n"), {{with("a"), true}, {with("b"), false}});
    expect_rejected(abc("2 of them"), "'2' before 'of': only 1, any and all are known");
}

TEST(SigmaChecklist, SIGMA_H55_UnderscoreNamesAreHidden) {
    const std::string hidden = "  _x: {a: 1}\n  y: {b: 1}\n  condition: ";
    expect_rows(rule_of(hidden + "1 of them\n"), {{with("b"), true}, {with("a"), false}});
    expect_rows(rule_of(hidden + "all of them\n"), {{with("b"), true}, {with("a"), false}});
    expect_rows(rule_of(hidden + "'1 of *'\n"), {{with("b"), true}, {with("a"), false}});
    expect_rows(rule_of(hidden + "1 of _*\n"), {{with("a"), true}, {with("b"), false}});
    expect_rows(rule_of(hidden + "_x\n"), {{with("a"), true}, {with("b"), false}});
}

TEST(SigmaChecklist, SIGMA_H56_ListOfConditions) {
    expect_rows(abc("[a, b and c]"), {{with("a"), true}, {with("bc"), true}, {with("b"), false}});
    expect_rejected(abc("[]"), "'condition' is empty");
    expect_rejected(abc("[a, d]"), "'d' is not defined");
    expect_rejected(abc("{a: b}"), "'condition' must be text or a list of texts");
}

TEST(SigmaChecklist, SIGMA_H57_SelectorsThatMatchNothing) {
    expect_rejected(abc("a and 1 of x*"), "'1 of x*' matches no selection; define one or take the term out");
    expect_rejected(abc("a and not all of x*"), "'all of x*' matches no selection");
    expect_rejected(rule_of("  _x: {a: 1}\n  condition: 1 of them\n"), "'1 of them' matches no selection");
    expect_rows(abc("a and 1 of b*"), {{with("ab"), true}, {with("a"), false}});
}

TEST(SigmaChecklist, SIGMA_H58_BrokenConditions) {
    expect_rejected(abc("a and d"), "'d' is not defined in the detection; define it or correct the name");
    expect_rejected(abc("a and"), "condition ends where the name of a selection should stand");
    expect_rejected(abc("a or not"), "condition ends where the name of a selection should stand");
    expect_rejected(abc("a | count() > 5"), "aggregation with '|' is not supported; write a correlation");
    expect_rejected(abc("a b"), "expected 'and' or 'or' before 'b'");
    expect_rejected(abc("(a"), "missing ')'");
    expect_rejected(abc("a)"), "')' without '('");
    expect_rejected(abc("and a"), "expected a selection before 'and'");
    expect_rejected(abc("1 of"), "condition ends after 'of'");
    expect_rejected(abc("''"), "condition is empty");
    expect_rows(abc("a and b"), {{with("ab"), true}, {with("b"), false}});
}

TEST(SigmaChecklist, SIGMA_H59_NamesOfSelections) {
    const std::string names = "  notepad: {a: 1}\n  filter.conf: {b: 1}\n  or-else: {c: 1}\n  condition: ";
    expect_rows(rule_of(names + "notepad\n"), {{with("a"), true}, {with("b"), false}});
    expect_rows(rule_of(names + "not notepad\n"), {{with("a"), false}, {with("b"), true}});
    expect_rows(rule_of(names + "notepad and not filter.conf\n"), {{with("a"), true}, {with("ab"), false}});
    expect_rows(rule_of(names + "1 of filter.*\n"), {{with("b"), true}, {with("a"), false}});
    expect_rows(rule_of(names + "1 of or-*\n"), {{with("c"), true}, {with("a"), false}});
    expect_rows(rule_of("  android: {a: 1}\n  order: {b: 1}\n  condition: android or order\n"),
                {{with("b"), true}, {with("c"), false}});
}

TEST(SigmaChecklist, SIGMA_H60_TimeframeIsNoSelection) {
    const std::string left_over = "  a: {a: 1}\n  b: {b: 1}\n  timeframe: 5m\n  condition: ";
    expect_rows(rule_of(left_over + "all of them\n"), {{with("ab"), true}, {with("a"), false}});
    expect_rows(rule_of(left_over + "1 of them\n"), {{{{"x", "in 5m"}}, false}, {with("b"), true}});
    expect_rejected(rule_of(left_over + "timeframe\n"), "'timeframe' is not defined");
}

} // namespace
} // namespace canhgac::engine
