// The Sigma checklist, part I: correlations. Every test reads YAML as a user writes it and feeds detections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/correlation.hpp"
#include "engine/correlation_capture.hpp"
#include "rules/reader.hpp"

namespace canhgac::engine {
namespace {

using common::kHour;
using common::kMinute;
using common::kSecond;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Pairs = std::vector<std::pair<std::string, std::string>>;
using Records = std::vector<event::DetectionRecord>;

constexpr common::Nanos kStart = 1'700'000'000 * kSecond;

/// Rules a, b, c and d (also the ids), then what the test adds.
rules::ReadResult read(const std::string& documents) {
    std::string text;
    for (const char* name : {"a", "b", "c", "d"}) {
        text += "title: T\nname: " + std::string(name) + "\nid: " + name +
                "\nlogsource: {product: linux}\ndetection: {s: {f: x}, condition: s}\n---\n";
    }
    return rules::read_text("t.yml", text + documents);
}

std::string correlation(const std::string& body, const std::string& id = "corr") {
    return "title: C\nid: " + id + "\nname: " + id + "\ncorrelation: {" + body + "}\n";
}

std::string reason(const std::string& body) {
    const auto result = read(correlation(body));
    return result.rejected.empty() ? "no rejection" : rules::to_string(result.rejected.front());
}

/// Correlations at work.
class Bench {
public:
    explicit Bench(const std::string& documents) : read_(read(documents)), correlator_(read_.correlations) {
        EXPECT_THAT(read_.rejected, IsEmpty()) << rules::to_string(read_.rejected.at(0));
    }
    /// What comes out when rule `rule` matches `seconds` after the start.
    Records push(const std::string& rule, int seconds, Pairs captured = {}) {
        event::DetectionRecord record;
        record.event = {++seq_, 0};
        record.time = record.received = kStart + seconds * kSecond;
        record.rule_id = rule;
        record.captured = std::move(captured);
        Records out;
        correlator_.push(record, out);
        return out;
    }
    Records advance(int seconds) {
        Records out;
        correlator_.advance(kStart + seconds * kSecond, out);
        return out;
    }
    [[nodiscard]] CorrelationRuleStats stats() const { return correlator_.rule_stats().at(0); }

private:
    rules::ReadResult read_;
    Correlator correlator_;
    std::uint64_t seq_ = 0;
};

Pairs user(const std::string& name) {
    return {{"user", name}};
}
Pairs bytes(const std::string& count) {
    return {{"bytes", count}};
}

TEST(SigmaChecklist, SIGMA_I61_EventCount) {
    Bench bench(correlation("type: event_count, rules: a, timespan: 10s, condition: {gte: 3}"));
    EXPECT_THAT(bench.push("a", 0), IsEmpty());
    EXPECT_THAT(bench.push("a", 5), IsEmpty());
    EXPECT_THAT(bench.push("a", 11), IsEmpty()); // the first has left the window
    const auto fired = bench.push("a", 12);
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].count, 3U);
    EXPECT_EQ(fired[0].value, 3.0);
}

TEST(SigmaChecklist, SIGMA_I61_ValueCount) {
    Bench bench(correlation("type: value_count, rules: a, timespan: 10s, condition: {field: user, gte: 3}"));
    for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(bench.push("a", i, user("one")), IsEmpty()); // five events, one value
    }
    EXPECT_THAT(bench.push("a", 6, user("two")), IsEmpty());
    EXPECT_THAT(bench.push("a", 7), IsEmpty()); // without the field: not counted
    const auto fired = bench.push("a", 8, user("three"));
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 3.0);
    EXPECT_EQ(fired[0].count, 7U);
    EXPECT_EQ(bench.stats().unusable, 1U);
    EXPECT_THAT(bench.push("a", 30, user("four")), IsEmpty()); // what left the window counts no longer
}

TEST(SigmaChecklist, SIGMA_I61_Sum) {
    Bench bench(correlation("type: value_sum, rules: a, timespan: 10s, condition: {field: bytes, gt: 100.5}"));
    EXPECT_THAT(bench.push("a", 0, bytes("60")), IsEmpty());
    EXPECT_THAT(bench.push("a", 1, bytes("many")), IsEmpty()); // no number: not counted
    EXPECT_THAT(bench.push("a", 2, bytes("40.5")), IsEmpty()); // 100.5 is not more than 100.5
    const auto fired = bench.push("a", 3, bytes("0.25"));
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 100.75);
    EXPECT_THAT(fired[0].matched, ElementsAre(std::pair<std::string, std::string>("value_sum(bytes)", "100.75")));
    EXPECT_THAT(bench.push("a", 11, bytes("1")), IsEmpty()); // the 60 has left
}

TEST(SigmaChecklist, SIGMA_I61_Average) {
    Bench bench(correlation("type: value_avg, rules: a, timespan: 10s, condition: {field: bytes, lt: 5}"));
    EXPECT_THAT(bench.push("a", 0, bytes("9")), IsEmpty());
    EXPECT_THAT(bench.push("a", 1, bytes("1")), IsEmpty()); // 5
    const auto fired = bench.push("a", 2, bytes("-1"));
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 3.0);
}

TEST(SigmaChecklist, SIGMA_I61_Median) {
    Bench bench(correlation("type: value_median, rules: a, timespan: 10s, condition: {field: bytes, eq: 4}"));
    EXPECT_THAT(bench.push("a", 0, bytes("1000")), IsEmpty());
    EXPECT_THAT(bench.push("a", 1, bytes("3")), IsEmpty());
    EXPECT_THAT(bench.push("a", 2, bytes("5")), IsEmpty()); // 5
    const auto fired = bench.push("a", 3, bytes("2"));      // 2 3 5 1000: the mean of 3 and 5
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 4.0);
}

TEST(SigmaChecklist, SIGMA_I61_Temporal) {
    Bench bench(correlation("type: temporal, rules: [a, b], group-by: user, timespan: 10s"));
    EXPECT_THAT(bench.push("b", 0, user("one")), IsEmpty());
    EXPECT_THAT(bench.push("a", 1, user("two")), IsEmpty()); // of another group
    EXPECT_THAT(bench.push("b", 2, user("one")), IsEmpty());
    const auto fired = bench.push("a", 10, user("one"));
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 2.0);
    EXPECT_EQ(fired[0].count, 3U);
}

TEST(SigmaChecklist, SIGMA_I62_RulesByIdOrNameOneOrListAndChains) {
    const std::string inner =
        correlation("type: event_count, rules: [a, b], group-by: host, timespan: 10s, condition: {gte: 2}", "inner");
    Bench bench(inner + "---\n" +
                correlation("type: temporal_ordered, rules: [inner, c], group-by: user, timespan: 60s", "outer"));
    const auto both = [](const char* name) { return Pairs{{"host", "h"}, {"user", name}}; };
    EXPECT_THAT(bench.push("a", 0, both("u")), IsEmpty());
    const auto counted = bench.push("b", 1, both("u"));
    ASSERT_EQ(counted.size(), 1U);
    EXPECT_FALSE(counted[0].generates);
    EXPECT_THAT(bench.push("c", 2, user("other")), IsEmpty());
    const auto fired = bench.push("c", 3, user("u")); // the inner rule groups by host, the outer one by user
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].rule_id, "outer");
    EXPECT_THAT(fired[0].entity, ElementsAre(std::pair<std::string, std::string>("user", "u")));
    EXPECT_EQ(reason("type: temporal, rules: [a, nobody], timespan: 1m"),
              "t.yml:28:42: correlation: rule 'nobody' is not known (rule corr)");
    EXPECT_EQ(reason("type: temporal, rules: [a, corr], timespan: 1m"),
              "t.yml:28:42: correlation: it refers to itself: corr -> corr (rule corr)");
}

TEST(SigmaChecklist, SIGMA_I62_TheFieldsOfAChainAreCapturedBelow) {
    const auto result = read(
        correlation("type: event_count, rules: [a], group-by: host, timespan: 10s, condition: {gte: 2}", "inner") +
        "---\n" +
        correlation("type: value_count, rules: [inner], group-by: who, aliases: {who: {inner: user}}, timespan: 60s, "
                    "condition: {field: port, gte: 2}",
                    "outer"));
    event::FieldTable fields;
    std::vector<event::RuleInfo> infos(1);
    infos[0].id = "a";
    apply_correlations(result.correlations, fields, infos);
    EXPECT_THAT(infos[0].capture,
                UnorderedElementsAre(fields.intern("host"), fields.intern("user"), fields.intern("port")));
    EXPECT_FALSE(infos[0].generates);
}

TEST(SigmaChecklist, SIGMA_I63_Generate) {
    for (const bool generate : {false, true}) {
        const auto result =
            read(correlation("type: event_count, rules: a, timespan: 1m, condition: {gte: 2}, generate: " +
                             std::string(generate ? "true" : "false")));
        event::FieldTable fields;
        std::vector<event::RuleInfo> infos(2);
        infos[0].id = "a";
        infos[1].id = "b";
        apply_correlations(result.correlations, fields, infos);
        EXPECT_EQ(infos[0].generates, generate);
        EXPECT_TRUE(infos[1].generates); // nobody counts it
    }
    EXPECT_FALSE(read(correlation("type: event_count, rules: a, timespan: 1m, condition: {gte: 2}"))
                     .correlations.at(0)
                     .generate);
}

TEST(SigmaChecklist, SIGMA_I64_Timespan) {
    const auto seconds = [](const std::string& text) {
        return read(correlation("type: event_count, rules: a, timespan: " + text + ", condition: {gte: 2}"))
                   .correlations.at(0)
                   .timespan /
               kSecond;
    };
    EXPECT_EQ(seconds("15s"), 15);
    EXPECT_EQ(seconds("90m"), 5'400);
    EXPECT_EQ(seconds("2h"), 7'200);
    EXPECT_EQ(seconds("1d"), 86'400);
    EXPECT_EQ(seconds("1w"), 604'800);
    EXPECT_EQ(seconds("1M"), 2'629'746); // a month, not a minute
    EXPECT_EQ(seconds("1y"), 31'556'952);
    const std::string text = "correlation: 'timespan' must be a number with s, m, h, d, w, M or y, at most 10 years";
    for (const char* bad : {"11y", "5", "0s", "1.5h", "-1m", "m", "5 m", "5S"}) {
        EXPECT_THAT(reason("type: event_count, rules: a, timespan: " + std::string(bad) + ", condition: {gte: 2}"),
                    ::testing::HasSubstr(text))
            << bad;
    }
}

TEST(SigmaChecklist, SIGMA_I65_GroupBy) {
    Bench bench(correlation("type: event_count, rules: a, group-by: [user, host], timespan: 1m, condition: {gte: 2}"));
    const auto key = [](const char* name, const char* host) { return Pairs{{"user", name}, {"host", host}}; };
    EXPECT_THAT(bench.push("a", 0, key("u", "h")), IsEmpty());
    EXPECT_THAT(bench.push("a", 1, key("u", "i")), IsEmpty());
    EXPECT_THAT(bench.push("a", 2, key("uh", "")), IsEmpty()); // joined values do not meet
    EXPECT_EQ(bench.push("a", 3, key("u", "h")).size(), 1U);
    Bench all(correlation("type: event_count, rules: a, timespan: 1m, condition: {gte: 2}")); // optional
    EXPECT_THAT(all.push("a", 0, user("u")), IsEmpty());
    EXPECT_EQ(all.push("a", 1, user("v")).size(), 1U);
}

TEST(SigmaChecklist, SIGMA_I66_Aliases) {
    Bench bench(correlation("type: temporal, rules: [a, b], group-by: address, timespan: 10s, "
                            "aliases: {address: {a: source.ip, b: destination.ip}}"));
    EXPECT_THAT(bench.push("a", 0, {{"source.ip", "10.0.0.1"}, {"destination.ip", "10.0.0.2"}}), IsEmpty());
    EXPECT_THAT(bench.push("b", 1, {{"source.ip", "10.0.0.1"}, {"destination.ip", "10.0.0.9"}}), IsEmpty());
    const auto fired = bench.push("b", 2, {{"destination.ip", "10.0.0.1"}});
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_THAT(fired[0].entity, ElementsAre(std::pair<std::string, std::string>("address", "10.0.0.1")));
}

TEST(SigmaChecklist, SIGMA_I67_ConditionMap) {
    const auto fires_at = [](const std::string& condition) {
        Bench bench(correlation("type: event_count, rules: a, timespan: 1h, condition: {" + condition + "}"));
        std::vector<int> at;
        for (int i = 1; i <= 5; ++i) {
            if (!bench.push("a", i).empty()) { at.push_back(i); }
        }
        return at;
    };
    EXPECT_THAT(fires_at("gt: 3"), ElementsAre(4, 5));
    EXPECT_THAT(fires_at("gte: 3"), ElementsAre(3, 4, 5));
    EXPECT_THAT(fires_at("lt: 3"), ElementsAre(1, 2));
    EXPECT_THAT(fires_at("lte: 3"), ElementsAre(1, 2, 3));
    EXPECT_THAT(fires_at("eq: 3"), ElementsAre(3));
    EXPECT_THAT(fires_at("neq: 3"), ElementsAre(1, 2, 4, 5));
    EXPECT_THAT(fires_at("gt: 1, lte: 3"), ElementsAre(2, 3)); // a range
    EXPECT_THAT(fires_at("gt: 2.7"), ElementsAre(3, 4, 5));    // not cut to 2
    EXPECT_THAT(fires_at("lt: 2.7"), ElementsAre(1, 2));
}

TEST(SigmaChecklist, SIGMA_I68_FieldTuple) {
    Bench bench(correlation("type: value_count, rules: a, timespan: 1m, condition: {field: [user, domain], gte: 3}"));
    const auto tuple = [](const char* name, const char* domain) { return Pairs{{"user", name}, {"domain", domain}}; };
    EXPECT_THAT(bench.push("a", 0, tuple("ab", "c")), IsEmpty());
    EXPECT_THAT(bench.push("a", 1, tuple("a", "bc")), IsEmpty()); // another tuple
    EXPECT_THAT(bench.push("a", 2, tuple("ab", "c")), IsEmpty());
    EXPECT_THAT(bench.push("a", 3, user("x")), IsEmpty()); // half a tuple
    EXPECT_EQ(bench.push("a", 4, tuple("x", "y")).size(), 1U);
    EXPECT_THAT(reason("type: value_count, rules: a, timespan: 1m, condition: {gte: 3}"),
                ::testing::HasSubstr("missing 'field'"));
}

TEST(SigmaChecklist, SIGMA_I69_TemporalDefaultIsEveryRule) {
    Bench all(correlation("type: temporal, rules: [a, b, c], timespan: 1m"));
    EXPECT_THAT(all.push("a", 0), IsEmpty());
    EXPECT_THAT(all.push("a", 1), IsEmpty()); // the same rule again is no second one
    EXPECT_THAT(all.push("c", 2), IsEmpty());
    EXPECT_EQ(all.push("b", 3).size(), 1U);
    Bench two(correlation("type: temporal, rules: [a, b, c], timespan: 1m, condition: {gte: 2}"));
    EXPECT_THAT(two.push("a", 0), IsEmpty());
    EXPECT_EQ(two.push("c", 2).size(), 1U);
}

TEST(SigmaChecklist, SIGMA_I70_ExtendedConditionWithoutNotTellsAtOnce) {
    Bench bench(correlation("type: temporal, timespan: 1m, condition: (a or b) and c"));
    EXPECT_THAT(bench.push("a", 0), IsEmpty());
    EXPECT_THAT(bench.push("b", 1), IsEmpty());
    EXPECT_EQ(bench.push("c", 2).size(), 1U);
    EXPECT_THAT(reason("type: temporal, rules: [a, b], timespan: 1m, condition: a and c"),
                ::testing::HasSubstr("rule 'c' is not among its rules"));
    EXPECT_THAT(reason("type: temporal, rules: [a, b, c], timespan: 1m, condition: a and c"),
                ::testing::HasSubstr("rule 'b' is not in the condition"));
    EXPECT_THAT(reason("type: event_count, rules: [a, c], timespan: 1m, condition: a and c"),
                ::testing::HasSubstr("needs a condition like {gte: 10}"));
}

TEST(SigmaChecklist, SIGMA_I70_NotIsDecidedWhenItsTimeIsOver) {
    const std::string text = correlation("type: temporal, timespan: 1m, condition: a and not b");
    Bench alone(text);
    EXPECT_THAT(alone.push("a", 0), IsEmpty());
    EXPECT_THAT(alone.advance(60 + 300), IsEmpty()); // what is five minutes late may still come
    const auto fired = alone.advance(60 + 301);
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].event, (event::EventId{1, 0}));
    EXPECT_EQ(fired[0].from, kStart);
    EXPECT_THAT(alone.advance(10'000), IsEmpty()); // once
    for (const int at : {-60, -1, 1, 60}) {        // no b within the timespan before or after
        Bench with(text);
        if (at < 0) { with.push("b", at); }
        with.push("a", 0);
        if (at > 0) { with.push("b", at); }
        EXPECT_THAT(with.advance(1'000), IsEmpty()) << at;
    }
    Bench far(text);
    far.push("a", 0);
    far.push("b", 61);
    EXPECT_EQ(far.advance(1'000).size(), 1U);
    Bench by_stream(text); // later events are a clock as well
    by_stream.push("a", 0);
    EXPECT_EQ(by_stream.push("b", 362).size(), 1U);
}

TEST(SigmaChecklist, SIGMA_I71_Ordered) {
    Bench bench(correlation("type: temporal_ordered, rules: [a, b, c], timespan: 10s"));
    EXPECT_THAT(bench.push("c", 0), IsEmpty());
    EXPECT_THAT(bench.push("b", 1), IsEmpty());
    EXPECT_THAT(bench.push("a", 2), IsEmpty()); // all there, not in their order
    EXPECT_THAT(bench.push("b", 3), IsEmpty());
    const auto fired = bench.push("c", 12); // the window slides: from 2 to 12
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 3.0);
    Bench apart(correlation("type: temporal_ordered, rules: [a, b], timespan: 10s"));
    apart.push("a", 0);
    EXPECT_THAT(apart.push("b", 11), IsEmpty());
    Bench late(correlation("type: temporal_ordered, rules: [a, b], timespan: 10s"));
    late.push("b", 5);
    EXPECT_EQ(late.push("a", 4).size(), 1U) << "comes later, happened before";
}

TEST(SigmaChecklist, SIGMA_I72_Percentile) {
    Bench bench(correlation(
        "type: value_percentile, rules: a, timespan: 1h, condition: {field: bytes, percentile: 90, gte: 100}"));
    for (int i = 0; i < 9; ++i) {
        EXPECT_THAT(bench.push("a", i, bytes(std::to_string(i))), IsEmpty());
    }
    EXPECT_THAT(bench.push("a", 9, bytes("100")), IsEmpty()); // of ten the ninth: 8
    const auto fired = bench.push("a", 10, bytes("200"));     // of eleven the tenth: 100
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 100.0);
    EXPECT_THAT(reason("type: value_percentile, rules: a, timespan: 1h, condition: {field: bytes, gte: 100}"),
                ::testing::HasSubstr("needs 'percentile'"));
}

TEST(SigmaChecklist, SIGMA_I73_WhatIsNotSupportedIsAnError) {
    EXPECT_EQ(reason("type: value_stdev, rules: a, timespan: 1m, condition: {gte: 1}"),
              "t.yml:28:21: unknown correlation type 'value_stdev' (rule corr)");
    EXPECT_EQ(reason("type: event_count, rules: a, timespan: 1m, condition: {gte: 1}, within: 5"),
              "t.yml:28:79: correlation: key 'within' is not known (rule corr)");
    EXPECT_EQ(reason("type: event_count, rules: a, timespan: 1m, condition: {between: 1}"),
              "t.yml:28:70: correlation: unknown comparison 'between' (rule corr)");
}

} // namespace
} // namespace canhgac::engine
