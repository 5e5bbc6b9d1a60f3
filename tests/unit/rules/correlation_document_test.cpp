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
    EXPECT_EQ(correlation.compare, Correlation::Compare::gte);
    EXPECT_DOUBLE_EQ(correlation.threshold, 10.0);
    EXPECT_FALSE(correlation.generate);
    EXPECT_EQ(result.documents, 3U);
}

TEST(CorrelationDocument, SIGMA_I61_OtherTypesAreNamed) {
    for (const std::string type : {"value_count", "temporal", "temporal_ordered", "value_sum", "value_avg",
                                   "value_percentile", "value_median"}) {
        EXPECT_EQ(reason_of("  type: " + type + "\n"), "correlation type '" + type + "' is not supported yet");
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
    EXPECT_EQ(reason_of("  type: event_count\n  rules: [c]\n  timespan: 5m\n  condition: {gte: 10}\n"),
              "correlation: 'c' is a correlation; chains are not supported yet");
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
        EXPECT_EQ(result.correlations[0].compare, want);
        EXPECT_DOUBLE_EQ(result.correlations[0].threshold, 2.5); // not cut to an integer
    }
    const auto why = [&](const std::string& condition) { return compare(condition).rejected.at(0).reason; };
    EXPECT_EQ(why("{gt: 1, lt: 5}"), "correlation: exactly one comparison is supported");
    EXPECT_EQ(why("{foo: 1}"), "correlation: unknown comparison 'foo'");
    EXPECT_EQ(why("{gte: '5'}"), "correlation: 'gte' needs a number");
    EXPECT_EQ(why("one and two"), "correlation: event_count needs a condition like {gte: 10}");
}

TEST(CorrelationDocument, SIGMA_I73_UnknownKeysAreErrors) {
    EXPECT_EQ(reason_of(std::string(kPlain) + "  field: x\n"), "correlation: key 'field' is not known for event_count");
}

TEST(CorrelationDocument, Print) {
    const auto result = correlate(std::string(kPlain) + "  group-by: ip\n");
    EXPECT_EQ(print(result.correlations.at(0)), "correlation c\ntitle: C\nlevel: medium\nrules: r1\ngroup by: ip\n"
                                                "when: count of events >= 10 within 300 s\n");
}

} // namespace
} // namespace canhgac::rules
