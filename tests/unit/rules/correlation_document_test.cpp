#include "rules/correlation_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reader_helpers.hpp"

namespace canhgac::rules {
namespace {

using testing::ElementsAre;

/// Rules r1 (name one) and r2 (name two), then a correlation with these lines (each indented by two blanks).
ReadResult correlate(std::string_view body, std::string_view more = {}) {
    static constexpr const char* kDetection = "  s: {f: x}\n  condition: s\n";
    return read_text("t.yml", rule_text(kDetection, "r1", "name: one\n") + "---\n" +
                                  rule_text(kDetection, "r2", "name: two\n") + "---\ntitle: C\nid: c\n" +
                                  std::string(more) + "correlation:\n" + std::string(body));
}

std::string reason_of(std::string_view body) {
    const auto result = correlate(body);
    return result.rejected.empty() ? "no rejection" : result.rejected.front().reason;
}

constexpr const char* kPlain = "  type: event_count\n  rules: [one]\n  timespan: 5m\n  condition: {gte: 10}\n";

TEST(CorrelationDocument, SIGMA_I61_EventCount) {
    const auto result = correlate("  type: event_count\n  rules: [one, r2]\n  group-by: [source.ip, user.name]\n"
                                  "  timespan: 5m\n  condition: {gte: 10}\n",
                                  "level: high\ntags: [attack.t1110]\nname: cc\n");
    ASSERT_EQ(result.correlations.size(), 1U);
    const Correlation& correlation = result.correlations[0];
    EXPECT_EQ(correlation.id, "c");
    EXPECT_EQ(correlation.name, "cc");
    EXPECT_EQ(correlation.level, event::Severity::high);
    EXPECT_THAT(correlation.rule_ids, ElementsAre("r1", "r2"));
    EXPECT_THAT(correlation.group_by, ElementsAre("source.ip", "user.name"));
    EXPECT_EQ(correlation.timespan, 5 * common::kMinute);
    EXPECT_EQ(correlation.type, Correlation::Type::event_count);
    EXPECT_THAT(correlation.bounds, ElementsAre(Correlation::Bound{Correlation::Compare::gte, 10.0}));
    EXPECT_FALSE(correlation.generate);
    EXPECT_EQ(result.documents, 3U);
}

TEST(CorrelationDocument, SIGMA_I61_EveryType) {
    using Type = Correlation::Type;
    const std::vector<std::pair<std::string, Type>> types = {
        {"event_count", Type::event_count},   {"value_count", Type::value_count},
        {"value_sum", Type::value_sum},       {"value_avg", Type::value_avg},
        {"value_median", Type::value_median}, {"value_percentile", Type::value_percentile},
        {"temporal", Type::temporal},         {"temporal_ordered", Type::temporal_ordered}};
    for (const auto& [name, type] : types) {
        const std::string field = name.starts_with("value") ? ", field: f" : "";
        const std::string percentile = type == Type::value_percentile ? ", percentile: 90" : "";
        const auto result =
            correlate("  type: " + name + "\n  rules: [one, two]\n  timespan: 5m\n  condition: {gte: 2" + field +
                      percentile + "}\n");
        ASSERT_EQ(result.correlations.size(), 1U) << name << ": " << to_string(result.rejected.at(0));
        EXPECT_EQ(result.correlations[0].type, type);
        EXPECT_EQ(result.correlations[0].fields.size(), field.empty() ? 0U : 1U);
    }
    EXPECT_EQ(reason_of("  type: foo\n"), "unknown correlation type 'foo'");
    EXPECT_EQ(reason_of("  rules: one\n"), "correlation: missing 'type'");
}

TEST(CorrelationDocument, SIGMA_I62_References) {
    EXPECT_THAT(correlate("  type: event_count\n  rules: one\n  timespan: 5m\n  condition: {gte: 10}\n")
                    .correlations.at(0)
                    .rule_ids,
                ElementsAre("r1"));
    EXPECT_THAT(correlate("  type: event_count\n  rules: [one, r1]\n  timespan: 5m\n  condition: {gte: 10}\n")
                    .correlations.at(0)
                    .rule_ids,
                ElementsAre("r1"));
    EXPECT_EQ(reason_of("  type: event_count\n  rules: [three]\n  timespan: 5m\n  condition: {gte: 10}\n"),
              "correlation: rule 'three' is not known");
    EXPECT_EQ(reason_of("  type: event_count\n  timespan: 5m\n  condition: {gte: 10}\n"),
              "correlation: missing 'rules'");
    EXPECT_EQ(
        to_string(
            correlate("  type: event_count\n  rules: [c]\n  timespan: 5m\n  condition: {gte: 10}\n").rejected.at(0)),
        "t.yml:21:11: correlation: it refers to itself: c -> c (rule c)");
    EXPECT_EQ(to_string(correlate("  type: event_count\n  rules:\n    - one\n    - three\n  timespan: 5m\n"
                                  "  condition: {gte: 10}\n")
                            .rejected.at(0)),
              "t.yml:23:7: correlation: rule 'three' is not known (rule c)");
}

TEST(CorrelationDocument, SIGMA_I62_ReferencesBeforeTheRuleAndToRejectedRules) {
    const std::string correlation = "title: C\nid: c\ncorrelation:\n" + std::string(kPlain);
    const std::string good = rule_text("  s: {f: x}\n  condition: s\n", "one");
    const std::string bad = rule_text("  s: {f|x: x}\n  condition: s\n", "one");
    EXPECT_EQ(read_text("t.yml", correlation + "---\n" + good).correlations.size(), 1U);
    const auto result = read_text("t.yml", correlation + "---\n" + bad);
    ASSERT_EQ(result.rejected.size(), 2U);
    EXPECT_EQ(result.rejected[0].reason, "correlation: rule 'one' was rejected");
}

TEST(CorrelationDocument, SIGMA_I63_Generate) {
    EXPECT_TRUE(correlate(std::string(kPlain) + "  generate: true\n").correlations.at(0).generate);
    EXPECT_TRUE(correlate(kPlain, "generate: true\n").correlations.at(0).generate);
    EXPECT_EQ(reason_of(std::string(kPlain) + "  generate: 1\n"), "'generate' must be true or false");
}

TEST(CorrelationDocument, SIGMA_I64_Timespan) {
    const auto span = [](const std::string& text) {
        const auto result =
            correlate("  type: event_count\n  rules: [one]\n  timespan: " + text + "\n  condition: {gte: 10}\n");
        return result.correlations.empty() ? common::Nanos{-1} : result.correlations[0].timespan / common::kSecond;
    };
    EXPECT_EQ(span("30s"), 30);
    EXPECT_EQ(span("5m"), 300);
    EXPECT_EQ(span("1h"), 3600);
    EXPECT_EQ(span("2d"), 172800);
    EXPECT_EQ(span("1w"), 604800);
    EXPECT_EQ(span("1M"), 2629746); // a month, not a minute
    EXPECT_EQ(span("1y"), 31556952);
    for (const char* bad : {"5", "m", "0s", "-1h", "5x", "1.5h", "5 m", "99999999999y", "''"}) {
        EXPECT_EQ(span(bad), -1) << bad;
    }
}

TEST(CorrelationDocument, SIGMA_I66_Aliases) {
    const auto result = correlate(std::string(kPlain) + "  group-by: [ip]\n  aliases:\n    ip: {one: src_ip}\n");
    ASSERT_EQ(result.correlations.size(), 1U);
    const auto& aliases = result.correlations[0].aliases;
    ASSERT_EQ(aliases.size(), 1U);
    EXPECT_EQ(aliases[0].first, "ip");
    EXPECT_THAT(aliases[0].second, ElementsAre(std::pair<std::string, std::string>("r1", "src_ip")));
    EXPECT_EQ(reason_of(std::string(kPlain) + "  aliases: {ip: {two: x}}\n"),
              "correlation: alias 'ip' names rule 'two', which is not among its rules");
    EXPECT_EQ(reason_of(std::string(kPlain) + "  aliases: {ip: x}\n"),
              "correlation: alias 'ip' must map rules to fields");
}

TEST(CorrelationDocument, SIGMA_I67_Conditions) {
    using Compare = Correlation::Compare;
    const auto compare = [](const std::string& condition) {
        return correlate("  type: event_count\n  rules: [one]\n  timespan: 5m\n  condition: " + condition + "\n");
    };
    const std::vector<std::pair<const char*, Compare>> names = {{"gt", Compare::gt}, {"gte", Compare::gte},
                                                                {"lt", Compare::lt}, {"lte", Compare::lte},
                                                                {"eq", Compare::eq}, {"neq", Compare::neq}};
    for (const auto& [name, want] : names) {
        const auto result = compare("{" + std::string(name) + ": 2.5}");
        ASSERT_EQ(result.correlations.size(), 1U) << name;
        EXPECT_THAT(result.correlations[0].bounds, ElementsAre(Correlation::Bound{want, 2.5})); // not cut to 2
    }
    EXPECT_THAT(compare("{gt: 100, lte: 200}").correlations.at(0).bounds,
                ElementsAre(Correlation::Bound{Compare::gt, 100}, Correlation::Bound{Compare::lte, 200}));
    const auto why = [&](const std::string& condition) { return compare(condition).rejected.at(0).reason; };
    EXPECT_EQ(why("{gt: 5, lt: 1}"), "correlation: no number fulfils this condition");
    EXPECT_EQ(why("{gt: 5, lte: 5}"), "correlation: no number fulfils this condition");
    EXPECT_EQ(why("{foo: 1}"), "correlation: unknown comparison 'foo'");
    EXPECT_EQ(why("{gte: '5'}"), "correlation: 'gte' needs a number");
    EXPECT_EQ(why("{}"), "correlation: the condition compares nothing; write e.g. {gte: 10}");
    EXPECT_EQ(why("one and two"), "correlation: this type needs a condition like {gte: 10}");
}

/// A correlation of this type over rules one and two, with this condition.
ReadResult typed(const std::string& type, const std::string& condition, const std::string& rules = "[one, two]") {
    return correlate("  type: " + type + "\n" + (rules.empty() ? "" : "  rules: " + rules + "\n") + "  timespan: 5m\n" +
                     (condition.empty() ? "" : "  condition: " + condition + "\n"));
}
std::string why_not(const std::string& type, const std::string& condition, const std::string& rules = "[one, two]") {
    const auto result = typed(type, condition, rules);
    return result.rejected.empty() ? "no rejection" : result.rejected.front().reason;
}

TEST(CorrelationDocument, SIGMA_I68_Field) {
    EXPECT_THAT(typed("value_count", "{field: u, gte: 3}").correlations.at(0).fields, ElementsAre("u"));
    EXPECT_THAT(typed("value_count", "{field: [u, d], gte: 3}").correlations.at(0).fields, ElementsAre("u", "d"));
    EXPECT_EQ(why_not("value_count", "{gte: 3}"), "correlation: missing 'field' in the condition");
    EXPECT_EQ(why_not("value_count", "{field: '', gte: 3}"), "correlation: 'field' needs the name of a field");
    EXPECT_EQ(why_not("value_count", "{field: [], gte: 3}"), "correlation: 'field' needs the name of a field");
    EXPECT_EQ(why_not("value_sum", "{field: [u, d], gte: 3}"),
              "correlation: only value_count, new_terms and rare_value take several fields");
    EXPECT_EQ(why_not("event_count", "{field: u, gte: 3}"), "correlation: 'field' is for the value types only");
}

TEST(CorrelationDocument, NewTerms) {
    const auto result = typed("new_terms", "{field: [u, ip]}");
    const Correlation& correlation = result.correlations.at(0);
    EXPECT_EQ(correlation.type, Correlation::Type::new_terms);
    EXPECT_THAT(correlation.fields, ElementsAre("u", "ip"));
    EXPECT_EQ(correlation.learn, 5 * common::kMinute); // a week, but not longer than the history
    EXPECT_TRUE(correlation.bounds.empty());
    EXPECT_EQ(why_not("new_terms", ""), "correlation: missing 'condition'");
    EXPECT_EQ(why_not("new_terms", "{}"), "correlation: missing 'field' in the condition");
    EXPECT_EQ(why_not("new_terms", "one and two"), "correlation: this type needs a condition like {field: ...}");
    const auto wrong = typed("new_terms", "{field: u, gte: 1}");
    EXPECT_EQ(wrong.rejected.at(0).reason, "correlation: new_terms compares nothing; its condition has 'field' only");
    EXPECT_EQ(wrong.rejected.at(0).id, "c");
    EXPECT_EQ(wrong.rejected.at(0).column, 25U);
}

TEST(CorrelationDocument, RareValue) {
    const Correlation counted = typed("rare_value", "{field: u, lte: 2, min_events: 100}").correlations.at(0);
    EXPECT_EQ(counted.type, Correlation::Type::rare_value);
    EXPECT_THAT(counted.bounds, ElementsAre(Correlation::Bound{Correlation::Compare::lte, 2}));
    EXPECT_EQ(counted.min_events, 100U);
    EXPECT_EQ(counted.max_percent, 100.0);
    const Correlation share = typed("rare_value", "{field: u, max_percent: 0.5}").correlations.at(0);
    EXPECT_EQ(share.max_percent, 0.5);
    EXPECT_EQ(share.min_events, 0U);
    const auto why = [](const std::string& rest) { return why_not("rare_value", "{field: u" + rest + "}"); };
    EXPECT_EQ(why(", min_events: 9"),
              "correlation: rare_value needs lt, lte or eq for how often a value may occur, or 'max_percent'");
    EXPECT_EQ(why(", gte: 2, min_events: 9"), why(", min_events: 9"));
    EXPECT_EQ(why(", lte: 2"), "correlation: rare_value needs 'min_events' (the first events of a group are all rare), "
                               "or 'max_percent'");
    EXPECT_EQ(why(", lt: 1, min_events: 9"),
              "correlation: no number fulfils this condition; the event itself counts, so 1 is the least");
    EXPECT_EQ(why(", lte: 2, min_events: 0"), "correlation: 'min_events' must be a whole number from 1 to 65536");
    EXPECT_EQ(why(", lte: 2, min_events: 65537"), why(", lte: 2, min_events: 0"));
    EXPECT_EQ(why(", max_percent: 100"), "correlation: 'max_percent' must be a number above 0 and below 100");
    EXPECT_EQ(why(", max_percent: many"), why(", max_percent: 100"));
    EXPECT_EQ(why_not("value_count", "{field: u, gte: 2, min_events: 9}"),
              "correlation: unknown comparison 'min_events'");
}

TEST(CorrelationDocument, HowLongItLearns) {
    const auto learning = [](const std::string& learn, const std::string& type = "new_terms",
                             const std::string& condition = "{field: u}") {
        return correlate("  type: " + type + "\n  rules: one\n  timespan: 30d\n  condition: " + condition + "\n",
                         learn.empty() ? "" : "canhgac: {learn: " + learn + "}\n");
    };
    EXPECT_EQ(learning("").correlations.at(0).learn, 7 * common::kDay);
    EXPECT_EQ(learning("14d").correlations.at(0).learn, 14 * common::kDay);
    EXPECT_EQ(learning("0s").correlations.at(0).learn, 0);
    EXPECT_EQ(learning("31d").rejected.at(0).reason, "'learn' in 'canhgac' must not be longer than 'timespan'");
    for (const char* const wrong : {"7", "often", "-1d", "[7d]"}) {
        const auto result = learning(wrong);
        EXPECT_EQ(result.rejected.at(0).reason,
                  "'learn' in 'canhgac' must be a number with s, m, h, d, w, M or y, such "
                  "as 7d; 0s: none");
        EXPECT_EQ(result.rejected.at(0).column, 18U);
    }
    EXPECT_EQ(learning("7d", "event_count", "{gte: 2}").rejected.at(0).reason,
              "'learn' in 'canhgac' is for correlations of type new_terms and rare_value only");
    const auto rule = read_text("t.yml", rule_text("  s: {f: x}\n  condition: s\n", "r1", "canhgac: {learn: 7d}\n"));
    EXPECT_EQ(rule.rejected.at(0).reason,
              "unknown key 'learn' in 'canhgac'; entity, title_vi, response_vi and lint are known");
}

TEST(CorrelationDocument, SIGMA_I69_TemporalDefault) {
    EXPECT_THAT(typed("temporal", "").correlations.at(0).bounds,
                ElementsAre(Correlation::Bound{Correlation::Compare::gte, 2}));
    EXPECT_THAT(typed("temporal_ordered", "{gte: 1}").correlations.at(0).bounds,
                ElementsAre(Correlation::Bound{Correlation::Compare::gte, 1}));
    EXPECT_EQ(why_not("event_count", ""), "correlation: missing 'condition'");
}

TEST(CorrelationDocument, SIGMA_I70_ExtendedConditions) {
    using Term = Correlation::Term;
    EXPECT_THAT(typed("temporal", "one and not two").correlations.at(0).terms, ElementsAre(Term{1, 2}));
    const auto loose = typed("temporal", "two or one", "");
    EXPECT_THAT(loose.correlations.at(0).rule_ids, ElementsAre("r2", "r1"));
    EXPECT_THAT(loose.correlations.at(0).terms, ElementsAre(Term{1, 0}, Term{2, 0}));
    // an id and a name of the same rule are one rule
    EXPECT_THAT(typed("temporal", "one and (r1 or two)").correlations.at(0).terms, ElementsAre(Term{1, 0}));
    EXPECT_THAT(typed("temporal_ordered", "one and not not two").correlations.at(0).terms, ElementsAre(Term{3, 0}));
    EXPECT_THAT(typed("temporal", "not (not one or two) or one and two").correlations.at(0).terms,
                ElementsAre(Term{1, 2}, Term{3, 0}));
    EXPECT_EQ(why_not("temporal", "one"), "correlation: rule 'r2' is not in the condition");
    EXPECT_EQ(why_not("temporal", "one and two", "one"), "correlation condition: rule 'two' is not among its rules");
    EXPECT_EQ(why_not("temporal", "one and three", ""), "correlation: rule 'three' is not known");
    EXPECT_EQ(why_not("temporal", "one and two and not r1"), "correlation condition: it can never hold");
    EXPECT_EQ(why_not("temporal", "one or not two"),
              "correlation condition: it can hold without any event; name a rule that must occur");
    EXPECT_EQ(why_not("temporal", "one and"), "correlation condition: ends where a rule should stand");
    EXPECT_EQ(why_not("temporal", "(one and two"), "correlation condition: missing ')'");
    EXPECT_EQ(why_not("temporal", "one two"), "correlation condition: expected 'and' or 'or' before 'two'");
    EXPECT_EQ(why_not("temporal", "one and or two"), "correlation condition: expected a rule before 'or'");
    EXPECT_EQ(why_not("temporal", "one and NOT two"), "correlation condition: operators are written in lower case");
    EXPECT_EQ(why_not("temporal", "1 of them"), "correlation condition: 'of' is not known here: name the rules");
    EXPECT_EQ(why_not("temporal", "5"), "correlation: 'condition' must be a map or an expression over rules");
}

TEST(CorrelationDocument, SIGMA_I70_ExtendedConditionsAreBounded) {
    std::string rules;
    std::string condition;
    for (int i = 0; i < 14; ++i) {
        rules += rule_text("  s: {f: x}\n  condition: s\n", "q" + std::to_string(i)) + "---\n";
        condition += (i == 0 ? "(" : i % 2 == 0 ? ") and (" : " or ") + std::string("q") + std::to_string(i);
    }
    const auto result =
        read_text("t.yml", rules + "title: C\nid: c\ncorrelation: {type: temporal, timespan: 1m, condition: '" +
                               condition + ")'}\n");
    ASSERT_EQ(result.rejected.size(), 1U);
    EXPECT_EQ(result.rejected[0].reason, "correlation condition: more than 64 alternatives");
}

TEST(CorrelationDocument, SIGMA_I72_Percentile) {
    EXPECT_DOUBLE_EQ(typed("value_percentile", "{field: b, percentile: 99.5, gt: 1}").correlations.at(0).percentile,
                     99.5);
    EXPECT_EQ(why_not("value_percentile", "{field: b, gt: 1}"),
              "correlation: value_percentile needs 'percentile' in the condition");
    EXPECT_EQ(why_not("value_percentile", "{field: b, percentile: 101, gt: 1}"),
              "correlation: 'percentile' must be a number from 0 to 100");
    EXPECT_EQ(why_not("value_sum", "{field: b, percentile: 50, gt: 1}"),
              "correlation: 'percentile' is for value_percentile only");
}

/// Correlations in a row, each over the one before it; the first over rule one.
std::string chain(int length, const std::string& first = "one") {
    std::string text = rule_text("  s: {f: x}\n  condition: s\n", "one");
    for (int i = 0; i < length; ++i) {
        text += "---\ntitle: C\nid: c" + std::to_string(i) + "\ncorrelation:\n  type: event_count\n  rules: [" +
                (i == 0 ? first : "c" + std::to_string(i - 1)) + "]\n  timespan: 5m\n  condition: {gte: 1}\n";
    }
    return text;
}

TEST(CorrelationDocument, SIGMA_I62_Chains) {
    const auto good = read_text("t.yml", chain(8));
    EXPECT_EQ(good.correlations.size(), 8U);
    EXPECT_THAT(good.correlations.at(7).rule_ids, ElementsAre("c6"));
    const auto deep = read_text("t.yml", chain(9));
    ASSERT_EQ(deep.rejected.size(), 1U);
    EXPECT_EQ(deep.rejected[0].reason, "correlation: more than 8 correlations above each other");
    const auto cycle = read_text("t.yml", chain(3, "c1"));
    ASSERT_EQ(cycle.rejected.size(), 3U);
    EXPECT_EQ(cycle.rejected[0].reason, "correlation: it refers to itself: c0 -> c1 -> c0");
    EXPECT_EQ(cycle.rejected[1].reason, "correlation: it refers to itself: c0 -> c1 -> c0");
    EXPECT_EQ(cycle.rejected[2].reason, "correlation: rule 'c1' was rejected");
    const auto unknown = read_text("t.yml", chain(3, "nobody"));
    ASSERT_EQ(unknown.rejected.size(), 3U);
    EXPECT_EQ(unknown.rejected[2].reason, "correlation: rule 'c1' was rejected");
    EXPECT_EQ(unknown.rejected[2].column, 11U);
}

TEST(CorrelationDocument, SIGMA_I73_UnknownKeysAreErrors) {
    EXPECT_EQ(reason_of(std::string(kPlain) + "  field: x\n"), "correlation: key 'field' is not known");
}

TEST(CorrelationDocument, Print) {
    const auto result = correlate(std::string(kPlain) + "  group-by: ip\n");
    EXPECT_EQ(print(result.correlations.at(0)), "correlation c\ntitle: C\nlevel: medium\nrules: r1\ngroup by: ip\n"
                                                "when: count of events >= 10 within 300 s\n");
    EXPECT_EQ(print(typed("new_terms", "{field: u}", "one").correlations.at(0)),
              "correlation c\ntitle: C\nlevel: medium\nrules: r1\nwhen: new value of u within 300 s\n"
              "learns for 300 s\n");
    EXPECT_EQ(
        print(typed("rare_value", "{field: u, lte: 2, max_percent: 1, min_events: 9}", "one").correlations.at(0)),
        "correlation c\ntitle: C\nlevel: medium\nrules: r1\n"
        "when: count of this value of u <= 2, at most 1 %, of at least 9 events within 300 s\nlearns for 300 s\n");
}

} // namespace
} // namespace canhgac::rules
