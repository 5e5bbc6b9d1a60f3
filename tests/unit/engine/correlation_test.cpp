#include "engine/correlation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace canhgac::engine {
namespace {

using common::kMinute;
using common::kSecond;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

rules::Correlation brute_force() {
    rules::Correlation rule;
    rule.id = "brute";
    rule.title = "Brute force";
    rule.level = event::Severity::high;
    rule.tags = {"attack.t1110"};
    rule.rule_ids = {"failed"};
    rule.group_by = {"source.ip"};
    rule.timespan = 5 * kMinute;
    rule.bounds = {{rules::Correlation::Compare::gte, 10}};
    return rule;
}

class CorrelatorTest : public ::testing::Test {
protected:
    std::vector<event::DetectionRecord> push(Correlator& correlator, common::Nanos time,
                                             const std::string& ip = "10.0.0.1", const std::string& rule = "failed",
                                             const std::string& field = "source.ip") {
        event::DetectionRecord record;
        record.event = {++seq, 3};
        record.time = kStart + time;
        record.rule_id = rule;
        if (!ip.empty()) { record.captured = {{field, ip}}; }
        record.organization = "So TTTT";
        std::vector<event::DetectionRecord> out;
        correlator.push(record, out);
        return out;
    }
    static constexpr common::Nanos kStart = 1'700'000'000 * kSecond;
    std::uint64_t seq = 0;
};

TEST_F(CorrelatorTest, NineGiveNothingTheTenthGivesOneAndTwentyMoreRaiseTheCounter) {
    Correlator correlator({brute_force()});
    for (int i = 0; i < 9; ++i) {
        EXPECT_THAT(push(correlator, i * kSecond), IsEmpty());
    }
    const auto tenth = push(correlator, 9 * kSecond);
    ASSERT_EQ(tenth.size(), 1U);
    const event::DetectionRecord& fired = tenth[0];
    EXPECT_TRUE(fired.is_correlation);
    EXPECT_TRUE(fired.generates);
    EXPECT_EQ(fired.rule_id, "brute");
    EXPECT_EQ(fired.title, "Brute force");
    EXPECT_EQ(fired.level, event::Severity::high);
    EXPECT_EQ(fired.count, 10U);
    EXPECT_EQ(fired.from, kStart);
    EXPECT_EQ(fired.to, kStart + 9 * kSecond);
    EXPECT_EQ(fired.event, (event::EventId{10, 3}));
    ASSERT_EQ(fired.events.size(), 10U);
    EXPECT_EQ(fired.events[0], (event::EventId{1, 3}));
    EXPECT_THAT(fired.entity, ElementsAre(std::pair<std::string, std::string>("source.ip", "10.0.0.1")));
    EXPECT_EQ(fired.organization, "So TTTT");
    for (int i = 10; i < 30; ++i) {
        const auto more = push(correlator, i * kSecond);
        ASSERT_EQ(more.size(), 1U);
        EXPECT_EQ(more[0].count, static_cast<std::uint64_t>(i + 1));
        EXPECT_EQ(more[0].from, kStart);
        EXPECT_EQ(more[0].to, kStart + i * kSecond);
        EXPECT_EQ(more[0].entity, fired.entity);
    }
}

TEST_F(CorrelatorTest, TheWindowSlides) {
    Correlator correlator({brute_force()});
    for (int i = 0; i < 9; ++i) {
        EXPECT_THAT(push(correlator, i * kMinute), IsEmpty()); // never ten within five minutes
    }
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(push(correlator, 8 * kMinute + (i + 1) * kSecond), IsEmpty());
    }
    EXPECT_THAT(push(correlator, 8 * kMinute + 4 * kSecond), IsEmpty()); // minutes 4 to 8 and four more: nine
    const auto fired = push(correlator, 8 * kMinute + 5 * kSecond);
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].count, 10U);
    EXPECT_EQ(fired[0].from, kStart + 4 * kMinute);
}

TEST_F(CorrelatorTest, BothEndsOfTheSpanCount) {
    rules::Correlation rule = brute_force();
    rule.bounds[0].value = 2;
    Correlator correlator({rule});
    EXPECT_THAT(push(correlator, 0), IsEmpty());
    EXPECT_EQ(push(correlator, 5 * kMinute).size(), 1U);
    Correlator again({rule});
    EXPECT_THAT(push(again, 0), IsEmpty());
    EXPECT_THAT(push(again, 5 * kMinute + 1), IsEmpty());
}

TEST_F(CorrelatorTest, ANewEpisodeAfterAQuietTimeHasItsOwnStart) {
    rules::Correlation rule = brute_force();
    rule.bounds[0].value = 3;
    Correlator correlator({rule});
    push(correlator, 0);
    push(correlator, 1);
    ASSERT_EQ(push(correlator, 2).size(), 1U);
    EXPECT_THAT(push(correlator, common::kHour), IsEmpty());
    EXPECT_THAT(push(correlator, common::kHour + 1), IsEmpty());
    const auto second = push(correlator, common::kHour + 2);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].count, 3U);
    EXPECT_EQ(second[0].from, kStart + common::kHour);
}

TEST_F(CorrelatorTest, WithThresholdOneAGapEndsTheEpisode) {
    rules::Correlation rule = brute_force();
    rule.bounds[0].value = 1;
    Correlator correlator({rule});
    EXPECT_EQ(push(correlator, 0)[0].count, 1U);
    EXPECT_EQ(push(correlator, kMinute)[0].count, 2U);
    const auto later = push(correlator, common::kHour);
    EXPECT_EQ(later[0].count, 1U);
    EXPECT_EQ(later[0].from, kStart + common::kHour);
}

TEST_F(CorrelatorTest, GroupsDoNotMix) {
    Correlator correlator({brute_force()});
    for (int i = 0; i < 9; ++i) {
        EXPECT_THAT(push(correlator, i * kSecond, "10.0.0.1"), IsEmpty());
        EXPECT_THAT(push(correlator, i * kSecond, "10.0.0.2"), IsEmpty());
    }
    EXPECT_EQ(push(correlator, 10 * kSecond, "10.0.0.2").size(), 1U);
    EXPECT_EQ(correlator.stats().groups, 2U);
    EXPECT_THAT(push(correlator, 0, "10.0.0.1", "another rule"), IsEmpty());
    EXPECT_EQ(correlator.stats().pushed, 19U);
}

TEST_F(CorrelatorTest, EventsOutOfOrderCountWhereTheyBelong) {
    Correlator correlator({brute_force()});
    for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(push(correlator, 4 * kMinute + i * kSecond), IsEmpty());
    }
    for (int i = 0; i < 4; ++i) {
        EXPECT_THAT(push(correlator, i * kSecond), IsEmpty());
    }
    const auto fired = push(correlator, 30 * kSecond);
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].count, 10U);
    EXPECT_EQ(fired[0].from, kStart);
    EXPECT_EQ(fired[0].to, kStart + 4 * kMinute + 4 * kSecond);
    EXPECT_EQ(fired[0].events.front(), (event::EventId{6, 3})); // by time
}

TEST_F(CorrelatorTest, TooLateIsCountedAsLate) {
    CorrelationLimits limits;
    limits.lateness = 2 * kMinute;
    Correlator correlator({brute_force()}, limits);
    push(correlator, 20 * kMinute);
    EXPECT_THAT(push(correlator, 18 * kMinute - 1), IsEmpty());
    EXPECT_EQ(correlator.stats().late, 1U);
    push(correlator, 18 * kMinute); // just on time
    EXPECT_EQ(correlator.stats().late, 1U);
    EXPECT_EQ(correlator.rule_stats()[0].events, 2U);
}

TEST_F(CorrelatorTest, AClockThatIsAheadMakesNobodyLate) {
    Correlator correlator({brute_force()});
    std::vector<event::DetectionRecord> out;
    for (std::uint64_t i = 0; i < 10; ++i) {
        event::DetectionRecord record;
        record.event = {i + 1, 0};
        record.received = kStart + static_cast<common::Nanos>(i) * kSecond;
        record.time = i == 0 ? kStart + 30 * common::kDay : record.received;
        record.rule_id = "failed";
        record.captured = {{"source.ip", "10.0.0.1"}};
        correlator.push(record, out);
    }
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].count, 10U);
    EXPECT_EQ(out[0].to, kStart + 9 * kSecond);
    EXPECT_EQ(correlator.stats().late, 0U);
}

TEST_F(CorrelatorTest, OneEventThatTwoRulesMatchCountsOnce) {
    rules::Correlation rule = brute_force();
    rule.rule_ids = {"failed", "refused"};
    rule.bounds[0].value = 2;
    Correlator correlator({rule});
    push(correlator, 0);
    --seq; // the same event
    EXPECT_THAT(push(correlator, 0, "10.0.0.1", "refused"), IsEmpty());
    EXPECT_EQ(correlator.rule_stats()[0].repeated, 1U);
    EXPECT_EQ(push(correlator, 1).size(), 1U);
}

TEST_F(CorrelatorTest, IdleGroupsAreForgotten) {
    Correlator correlator({brute_force()});
    push(correlator, 0);
    push(correlator, 10 * kMinute, "10.0.0.2");
    EXPECT_EQ(correlator.stats().groups, 2U); // five minutes of window and five of lateness
    push(correlator, 10 * kMinute + 1, "10.0.0.2");
    EXPECT_EQ(correlator.stats().groups, 1U);
    EXPECT_EQ(correlator.stats().evicted_groups, 0U);
}

TEST_F(CorrelatorTest, ASuccessorTakesOverWhatDidNotChange) {
    rules::Correlation kept = brute_force();
    rules::Correlation changed = brute_force();
    changed.id = "changed";
    Correlator older({kept, changed});
    for (int i = 0; i < 9; ++i) {
        push(older, i * kSecond);
    }
    kept.title = "Another title";
    kept.level = event::Severity::critical;
    changed.bounds[0].value = 9;
    rules::Correlation added = brute_force();
    added.id = "added";
    Correlator newer({added, changed, kept});
    newer.adopt(std::move(older));
    EXPECT_EQ(newer.stats().groups, 1U);
    const auto fired = push(newer, 9 * kSecond);
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].rule_id, "brute");
    EXPECT_EQ(fired[0].title, "Another title");
    EXPECT_EQ(fired[0].count, 10U);
    const std::string saved = newer.save();
    Correlator restored({kept, added});
    ASSERT_TRUE(restored.restore(saved));
    const auto after = push(restored, 10 * kSecond);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].count, 11U);
}

TEST_F(CorrelatorTest, BrokenStatesAreRefused) {
    rules::Correlation median = brute_force();
    median.id = "median";
    median.type = rules::Correlation::Type::value_median;
    median.fields = {"source.ip"};
    rules::Correlation deferred = brute_force();
    deferred.id = "deferred";
    deferred.type = rules::Correlation::Type::temporal;
    deferred.rule_ids = {"failed", "never"};
    deferred.terms = {{1, 2}};
    const std::vector<rules::Correlation> all = {brute_force(), median, deferred};
    Correlator correlator(all);
    for (int i = 0; i < 20; ++i) {
        push(correlator, i * kSecond, i % 3 == 0 ? "7" : "8.5");
    }
    const std::string saved = correlator.save();
    for (std::size_t size = 0; size < saved.size(); ++size) {
        Correlator other(all);
        EXPECT_FALSE(other.restore(std::string_view(saved).substr(0, size)));
        EXPECT_EQ(other.stats().groups, 0U);
    }
    int refused = 0;
    for (std::size_t at = 0; at < saved.size(); ++at) {
        for (const unsigned flip : {1U, 0x80U, 0xFFU}) {
            std::string broken = saved;
            broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ flip);
            Correlator other(all);
            if (!other.restore(broken)) {
                ++refused;
                continue;
            }
            for (int i = 20; i < 30; ++i) { // whatever it says: it goes on without a fault
                push(other, i * kSecond, "7");
            }
            std::vector<event::DetectionRecord> out;
            other.finish(out);
        }
    }
    EXPECT_GT(refused, 50);
}

TEST_F(CorrelatorTest, AliasesAndSeveralRulesFeedOneGroup) {
    rules::Correlation rule = brute_force();
    rule.rule_ids = {"ssh", "web"};
    rule.group_by = {"client"};
    rule.aliases = {{"client", {{"ssh", "source.ip"}, {"web", "c-ip"}}}};
    rule.bounds[0].value = 2;
    Correlator correlator({rule});
    EXPECT_THAT(push(correlator, 0, "10.9.9.9", "ssh", "source.ip"), IsEmpty());
    const auto fired = push(correlator, 1, "10.9.9.9", "web", "c-ip");
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_THAT(fired[0].entity, ElementsAre(std::pair<std::string, std::string>("client", "10.9.9.9")));
}

TEST_F(CorrelatorTest, WithoutAnyGroupFieldNothingIsCounted) {
    rules::Correlation rule = brute_force();
    rule.bounds[0].value = 1;
    Correlator correlator({rule});
    EXPECT_THAT(push(correlator, 0, ""), IsEmpty());
    rule.group_by = {};
    Correlator ungrouped({rule});
    EXPECT_EQ(push(ungrouped, 0, "").size(), 1U);
}

TEST_F(CorrelatorTest, OtherComparisons) {
    rules::Correlation rule = brute_force();
    rule.bounds[0].value = 2;
    rule.bounds[0].compare = rules::Correlation::Compare::eq;
    Correlator equal({rule});
    EXPECT_THAT(push(equal, 0), IsEmpty());
    EXPECT_EQ(push(equal, 1).size(), 1U);
    EXPECT_THAT(push(equal, 2), IsEmpty());
    rule.bounds[0].compare = rules::Correlation::Compare::gt;
    Correlator greater({rule});
    push(greater, 0);
    EXPECT_THAT(push(greater, 1), IsEmpty());
    EXPECT_EQ(push(greater, 2).size(), 1U);
}

TEST_F(CorrelatorTest, ChainsGetTheFirstRecordOfEachEpisode) {
    rules::Correlation inner = brute_force();
    inner.bounds[0].value = 2;
    rules::Correlation outer = brute_force();
    outer.id = "outer";
    outer.rule_ids = {"brute"};
    outer.timespan = common::kDay;
    outer.bounds[0].value = 2;
    Correlator correlator({inner, outer});
    push(correlator, 0);
    const auto first = push(correlator, 1);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_FALSE(first[0].generates); // only feeds the outer one
    EXPECT_EQ(push(correlator, 2).size(), 1U);
    push(correlator, common::kHour);
    const auto second = push(correlator, common::kHour + 1);
    ASSERT_EQ(second.size(), 2U);
    EXPECT_EQ(second[1].rule_id, "outer");
    EXPECT_EQ(second[1].count, 2U);
    EXPECT_TRUE(second[1].generates);
}

TEST_F(CorrelatorTest, StateIsBoundedAndEvictionIsVisible) {
    CorrelationLimits limits;
    limits.state_bytes = 100 * common::kKiB;
    limits.group_events = 50;
    Correlator correlator({brute_force()}, limits);
    for (int i = 0; i < 10'000; ++i) {
        push(correlator, i, "host-" + std::to_string(i));
        ASSERT_LE(correlator.stats().state_bytes, limits.state_bytes);
    }
    EXPECT_GT(correlator.stats().evicted_groups, 9'000U);
    EXPECT_GT(correlator.stats().groups, 50U);
    EXPECT_EQ(correlator.rule_stats()[0].evicted_groups, correlator.stats().evicted_groups);
    EXPECT_EQ(correlator.rule_stats()[0].bytes, correlator.stats().state_bytes);
    for (int i = 0; i < 200; ++i) {
        push(correlator, 10'000 + i, "one");
    }
    EXPECT_EQ(correlator.stats().evicted_events, 150U);
}

} // namespace
} // namespace canhgac::engine
