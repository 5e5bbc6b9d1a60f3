// Group J of the Sigma checklist: filters.
#include <gtest/gtest.h>

#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture

/// The rule `f: x`, then a filter; `body` are the lines under `filter`.
std::string filtered(std::string_view body, std::string_view logsource = "{product: windows}") {
    return "title: R\nid: rule-1\nname: rule_one\nlogsource: {product: windows, service: security}\n"
           "detection: {selection: {f: x}, condition: selection}\n---\n"
           "title: F\nid: r1\nlogsource: " +
           std::string(logsource) + "\nfilter:\n" + std::string(body);
}

const std::vector<Row> kNarrowed = {{{{"f", "x"}, {"u", "bob"}}, true},
                                    {{{"f", "x"}, {"u", "adm"}}, false},
                                    {{{"f", "x"}}, true},
                                    {{{"f", "y"}, {"u", "bob"}}, false}};
const std::vector<Row> kAsBefore = {
    {{{"f", "x"}, {"u", "bob"}}, true}, {{{"f", "x"}, {"u", "adm"}}, true}, {{{"f", "y"}}, false}};

TEST(SigmaChecklist, SIGMA_J74_FilterDocuments) {
    expect_rows(filtered("  rules: [rule-1]\n  selection: {u: adm}\n  condition: not selection\n"), kNarrowed);
    expect_rows(filtered("  rules: [rule-1]\n  a: {u: adm}\n  b: {v: 1}\n  condition: not (a or b)\n"),
                {{{{"f", "x"}, {"v", "1"}}, false}, {{{"f", "x"}, {"v", "2"}}, true}});
    expect_rejected("title: F\nid: r1\nlogsource: {product: windows}\nfilter: {rules: any, condition: s}\n",
                    "'filter' has no selection");
    expect_rejected("title: F\nid: r1\nlogsource: {product: windows}\nfilter: {rules: any, s: {a: b}}\n",
                    "missing 'condition' in 'filter'");
    expect_rejected("title: F\nid: r1\nfilter: {rules: any, s: {a: b}, condition: s}\n", "missing 'logsource'");
}

TEST(SigmaChecklist, SIGMA_J75_WhichRulesAFilterIsFor) {
    for (const char* rules : {"any", "[]", "[rule-1]", "[rule_one]", "rule_one"}) {
        expect_rows(filtered("  rules: " + std::string(rules) + "\n  s: {u: adm}\n  condition: not s\n"), kNarrowed);
    }
    const std::string any = "  rules: any\n  s: {u: adm}\n  condition: not s\n";
    expect_rows(filtered(any, "{product: windows, service: security}"), kNarrowed);
    expect_rows(filtered(any, "{service: security}"), kNarrowed);
    expect_rows(filtered(any, "{product: linux}"), kAsBefore);
    expect_rows(filtered(any, "{product: windows, service: security, category: c}"), kAsBefore);
    expect_rejected(filtered("  s: {u: adm}\n  condition: not s\n"), "filter: missing 'rules'");
    expect_rejected(filtered("  rules: [rule-2]\n  s: {u: adm}\n  condition: not s\n"), "rule 'rule-2' is not known");
    expect_rejected(filtered("  rules: any\n  s: {u: adm}\n  condition: [s]\n"),
                    "the condition of a filter is one text");
}

TEST(SigmaChecklist, SIGMA_J76_CorrelationsOnlyThroughTheirBaseRules) {
    const std::string correlation = "---\ntitle: C\nid: c1\ncorrelation: {type: event_count, rules: [rule-1], "
                                    "group-by: [u], timespan: 1m, condition: {gte: 2}}\n";
    expect_rows(filtered("  rules: any\n  s: {u: adm}\n  condition: not s\n" + correlation), kNarrowed);
    expect_rejected(filtered("  rules: [c1]\n  s: {u: adm}\n  condition: not s\n" + correlation),
                    "'c1' is a correlation; list the rules that it refers to");
}

TEST(SigmaChecklist, SIGMA_J77_NamesArePrivate) {
    // The same names on both sides, and patterns that would see both.
    expect_rows(filtered("  rules: any\n  selection: {u: adm}\n  condition: not selection\n"), kNarrowed);
    const std::string rule = "title: R\nid: rule-1\nlogsource: {product: windows}\n"
                             "detection:\n  sel_a: {f: x}\n  sel_b: {g: x}\n  condition: 1 of sel_*\n---\n";
    const std::string head = "title: F\nid: r1\nlogsource: {product: windows}\nfilter:\n  rules: any\n";
    const std::string filter = head + "  sel_c: {u: adm}\n  condition: not all of them\n";
    expect_rows(
        rule + filter,
        {{{{"f", "x"}}, true}, {{{"g", "x"}}, true}, {{{"u", "adm"}}, false}, {{{"f", "x"}, {"u", "adm"}}, false}});
    expect_rejected(rule + head + "  sel_c: {u: adm}\n  condition: not sel_a\n", "'sel_a' is not defined");
}

TEST(SigmaChecklist, SIGMA_J78_Polarity) {
    const std::string positive = filtered("  rules: any\n  s: {u: adm}\n  condition: s\n");
    expect_rows(positive, {{{{"f", "x"}, {"u", "adm"}}, true}, {{{"f", "x"}, {"u", "bob"}}, false}}); // pySigma's: and
    rules::ReadOptions options;
    options.filter_polarity = rules::FilterPolarity::specification;
    expect_rows(positive, kNarrowed, options); // the specification's: and not
}

} // namespace
} // namespace canhgac::engine
