#include "rules/filter_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.hpp"
#include "reader_helpers.hpp"

namespace canhgac::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kRule = "  selection: {Image: x}\n  condition: selection\n";

/// A filter of windows rules; `body` are the lines under `filter`, each indented by two blanks.
std::string filter_text(std::string_view body, std::string_view more = {}, std::string_view id = "f1") {
    return "title: F\nid: " + std::string(id) + "\nlogsource: {product: windows}\n" + std::string(more) + "filter:\n" +
           std::string(body);
}

constexpr const char* kAny = "  rules: any\n  selection: {User: admin}\n  condition: not selection\n";

ReadResult read_both(std::string_view filter, ReadOptions options = {}, std::string_view rule = kRule) {
    return read_text("t.yml", rule_text(rule, "r1", "name: rule_one\n") + "---\n" + std::string(filter),
                     std::move(options));
}

/// "line:column reason" of the only rejection.
std::string rejection_of(std::string_view filter) {
    const auto result = read_both(filter);
    if (result.rejected.size() != 1) { return std::to_string(result.rejected.size()) + " rejections"; }
    const auto& rejection = result.rejected.front();
    EXPECT_EQ(rejection.id, "f1");
    EXPECT_EQ(result.rules.size(), 1U) << "the rule loads all the same";
    return std::to_string(rejection.line) + ":" + std::to_string(rejection.column) + " " + rejection.reason;
}

TEST(FilterDocument, IsJoinedToTheRulesItNames) {
    for (const char* rules : {"any", "[]", "[r1]", "[rule_one]", "r1", "[r1, rule_one]"}) {
        const auto result = read_both(filter_text("  rules: " + std::string(rules) +
                                                  "\n  selection: {User: admin}\n  condition: not selection\n"));
        EXPECT_EQ(outcome(result), "  all\n    Image matches \"x\"\n    not\n      User matches \"admin\"\n") << rules;
        ASSERT_EQ(result.filters.size(), 1U) << rules;
        EXPECT_THAT(result.filters[0].rule_ids, ElementsAre("r1"));
        EXPECT_THAT(result.rules[0].filters, ElementsAre("f1"));
        EXPECT_EQ(result.filters[0].at.line, 9U);
        EXPECT_EQ(result.documents, 2U);
    }
}

TEST(FilterDocument, LeavesOtherRulesAlone) {
    const auto result = read_text("t.yml", rule_text(kRule, "r1") + "---\n" + rule_text(kRule, "r2") + "---\n" +
                                               filter_text("  rules: [r2]\n  s: {User: admin}\n  condition: not s\n"));
    ASSERT_EQ(result.rules.size(), 2U);
    EXPECT_THAT(result.rules[0].filters, IsEmpty());
    EXPECT_EQ(result.rules[0].predicates.size(), 1U);
    EXPECT_THAT(result.rules[1].filters, ElementsAre("f1"));
}

TEST(FilterDocument, StandsBeforeOrAfterItsRules) {
    const auto result = read_text("t.yml", filter_text("  rules: [r1]\n  s: {User: a}\n  condition: not s\n") +
                                               "---\n" + rule_text(kRule, "r1"));
    ASSERT_EQ(result.rules.size(), 1U);
    EXPECT_THAT(result.rules[0].filters, ElementsAre("f1"));
}

TEST(FilterDocument, SeveralAreJoinedInTheirOrder) {
    const auto result = read_both(filter_text(kAny, "", "f1") + "---\n" + filter_text(kAny, "", "f2"));
    ASSERT_EQ(result.rules.size(), 1U);
    EXPECT_THAT(result.rules[0].filters, ElementsAre("f1", "f2"));
    EXPECT_EQ(result.rules[0].predicates.size(), 3U);
}

TEST(FilterDocument, PolarityOfTheSpecification) {
    ReadOptions options;
    options.filter_polarity = FilterPolarity::specification;
    const auto result =
        read_both(filter_text("  rules: any\n  selection: {User: admin}\n  condition: selection\n"), options);
    EXPECT_EQ(outcome(result), "  all\n    Image matches \"x\"\n    not\n      User matches \"admin\"\n");
}

TEST(FilterDocument, OnlyWhereItsLogSourceContainsTheRules) {
    const auto narrowed = [](std::string_view logsource) {
        const auto result = read_both("title: F\nid: f1\nlogsource: " + std::string(logsource) + "\nfilter:\n" + kAny);
        EXPECT_EQ(result.filters.size(), 1U) << logsource;
        return result.rules.at(0).filters.size();
    };
    EXPECT_EQ(narrowed("{product: windows}"), 1U);
    EXPECT_EQ(narrowed("{product: Windows}"), 1U);
    EXPECT_EQ(narrowed("{product: linux}"), 0U);
    EXPECT_EQ(narrowed("{product: windows, category: process_creation}"), 0U); // the rule's is wider
    EXPECT_EQ(narrowed("{category: process_creation}"), 0U);
}

TEST(FilterDocument, NamesArePrivate) {
    // The rule's `1 of sel*` and `them` do not see the filter's selections, and the other way round.
    const auto result = read_both(
        filter_text("  rules: any\n  selection: {User: a}\n  selection_b: {User: b}\n  condition: not 1 of sel*\n"), {},
        "  selection: {Image: x}\n  condition: all of them\n");
    EXPECT_EQ(outcome(result), "  all\n    Image matches \"x\"\n    not\n      any\n"
                               "        User matches \"a\"\n        User matches \"b\"\n");
}

TEST(FilterDocument, AnExpiredOneIsReportedAndNotApplied) {
    const auto read_at = [](const char* now, const char* until) {
        ReadOptions options;
        options.now = common::parse_rfc3339(now);
        return read_both(filter_text(kAny, "canhgac: {until: " + std::string(until) +
                                               ", reason: 'Quét lỗ hổng', who: 'Nguyễn An'}\n"),
                         options);
    };
    const auto in_force = read_at("2027-01-31T16:59:59Z", "2027-01-31"); // 23:59:59 in Vietnam
    ASSERT_EQ(in_force.filters.size(), 1U);
    EXPECT_EQ(in_force.filters[0].reason, "Quét lỗ hổng");
    EXPECT_EQ(in_force.filters[0].who, "Nguyễn An");
    EXPECT_EQ(in_force.filters[0].until, common::parse_rfc3339("2027-01-31T17:00:00Z"));
    EXPECT_THAT(in_force.expired_filters, IsEmpty());
    const auto over = read_at("2027-01-31T17:00:00Z", "2027-01-31");
    EXPECT_THAT(over.filters, IsEmpty());
    ASSERT_EQ(over.expired_filters.size(), 1U);
    EXPECT_EQ(over.expired_filters[0].id, "f1");
    EXPECT_THAT(over.rules.at(0).filters, IsEmpty());
    EXPECT_EQ(over.documents, 2U);
    EXPECT_EQ(read_at("2027-01-31T10:59:59Z", "2027-01-31T18:00:00+07:00").filters.size(), 1U);
    EXPECT_EQ(read_at("2027-01-31T11:00:00Z", "2027-01-31T18:00:00+07:00").expired_filters.size(), 1U);
    EXPECT_EQ(read_at("2027-01-31T11:00:00Z", "'2027-01-31 18:00:00'").expired_filters.size(), 1U);
}

TEST(FilterDocument, CorrelationsOnlyThroughTheirBaseRules) {
    const std::string correlation = "title: C\nid: c1\ncorrelation: {type: event_count, rules: [r1], timespan: 1m, "
                                    "condition: {gte: 2}}\n---\n";
    const auto result = read_both(correlation + filter_text(kAny));
    EXPECT_EQ(result.correlations.size(), 1U);
    EXPECT_THAT(result.rules.at(0).filters, ElementsAre("f1"));
    const auto listed = read_both(correlation + filter_text("  rules: [c1]\n  s: {User: a}\n  condition: not s\n"));
    ASSERT_EQ(listed.rejected.size(), 1U);
    EXPECT_EQ(listed.rejected[0].reason, "filter: 'c1' is a correlation; list the rules that it refers to");
}

TEST(FilterDocument, WhatIsWrongIsRejectedWithItsPlace) {
    EXPECT_EQ(rejection_of(filter_text("  s: {User: a}\n  condition: not s\n")),
              "13:3 filter: missing 'rules'; list ids or names of rules, or write 'any' for every rule");
    EXPECT_EQ(rejection_of(filter_text("  rules: [r1, r7]\n  s: {User: a}\n  condition: not s\n")),
              "13:15 filter: rule 'r7' is not known; load it too, or take it off the list");
    EXPECT_EQ(rejection_of(filter_text("  rules: [f1]\n  s: {User: a}\n  condition: not s\n")),
              "13:11 filter: 'f1' is a filter; list rules");
    EXPECT_EQ(rejection_of(filter_text("  rules: {a: b}\n  s: {User: a}\n  condition: not s\n")),
              "13:10 filter: 'rules' must be 'any' or a list of ids or names of rules");
    EXPECT_EQ(rejection_of(filter_text("  rules: any\n  s: {User: a}\n  condition: [not s, s]\n")),
              "15:14 the condition of a filter is one text; join several with 'or'");
    EXPECT_EQ(rejection_of(filter_text("  rules: any\n  s: {User: a}\n")),
              "13:3 missing 'condition' in 'filter'; it says which selections must hold");
    EXPECT_EQ(rejection_of(filter_text("  rules: any\n  condition: s\n")),
              "13:3 'filter' has no selection; add one such as 'selection: {field: value}'");
    EXPECT_EQ(rejection_of("title: F\nid: f1\nfilter:\n" + std::string(kAny)),
              "9:1 missing 'logsource'; it says which product, category or service the rule is for");
    EXPECT_EQ(rejection_of("title: F\nid: f1\nlogsource: {product: windows}\nfilter: any\n"),
              "12:9 'filter' must be a map");
    EXPECT_EQ(rejection_of(filter_text(kAny, "detection: {s: {a: b}, condition: s}\n")),
              "12:12 a document is a rule, a correlation or a filter: move 'detection' to a document of its own");
    EXPECT_EQ(rejection_of(filter_text(kAny, "canhgac: {entity: a}\n")),
              "12:11 unknown key 'entity' in 'canhgac' of a filter: until, reason and who are known");
    EXPECT_EQ(rejection_of(filter_text(kAny, "canhgac: {until: soon}\n")),
              "12:18 'until' must be a day like 2027-01-31 or a time like 2027-01-31T18:00:00+07:00");
    EXPECT_EQ(rejection_of(filter_text(kAny, "canhgac: {until: 2027-02-30}\n")),
              "12:18 'until' must be a day like 2027-01-31 or a time like 2027-01-31T18:00:00+07:00");
}

TEST(FilterDocument, AListedRuleThatWasRejectedNeedsNoFilter) {
    const auto result =
        read_text("t.yml", rule_text("  s: {f|foo: x}\n  condition: s\n", "bad") + "---\n" + rule_text(kRule, "r1") +
                               "---\n" + filter_text("  rules: [bad, r1]\n  s: {User: a}\n  condition: not s\n"));
    EXPECT_EQ(result.rejected.size(), 1U);
    ASSERT_EQ(result.filters.size(), 1U);
    EXPECT_THAT(result.filters[0].rule_ids, ElementsAre("r1"));
}

TEST(FilterDocument, WhatItAddsIsBounded) {
    std::string text;
    for (int i = 0; i < 300; ++i) {
        text += rule_text(kRule, "r" + std::to_string(i)) + "---\n";
    }
    std::string values;
    for (int i = 0; i < 4000; ++i) {
        values += (i == 0 ? "" : ", ") + std::to_string(i);
    }
    const auto result =
        read_text("t.yml", text + filter_text("  rules: any\n  s: {User: [" + values + "]}\n  condition: not s\n"));
    ASSERT_EQ(result.rejected.size(), 1U);
    EXPECT_EQ(result.rejected[0].reason, "filter: it would add 1200000 tests to the rules, which is too many; list the "
                                         "rules that it is for");
    EXPECT_EQ(result.rules.at(0).predicates.size(), 1U);
}

} // namespace
} // namespace canhgac::rules
