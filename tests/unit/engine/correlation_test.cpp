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
    rule.threshold = 10;
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
    rule.threshold = 2;
    Correlator correlator({rule});
    EXPECT_THAT(push(correlator, 0), IsEmpty());
    EXPECT_EQ(push(correlator, 5 * kMinute).size(), 1U);
    Correlator again({rule});
    EXPECT_THAT(push(again, 0), IsEmpty());
    EXPECT_THAT(push(again, 5 * kMinute + 1), IsEmpty());
}

TEST_F(CorrelatorTest, ANewEpisodeAfterAQuietTimeHasItsOwnStart) {
    rules::Correlation rule = brute_force();
    rule.threshold = 3;
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
    rule.threshold = 1;
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
    Correlator correlator({brute_force()});
    push(correlator, 20 * kMinute);
    EXPECT_THAT(push(correlator, 9 * kMinute), IsEmpty());
    EXPECT_EQ(correlator.stats().late, 1U);
    push(correlator, 10 * kMinute); // just within the memory
    EXPECT_EQ(correlator.stats().late, 1U);
}

TEST_F(CorrelatorTest, AliasesAndSeveralRulesFeedOneGroup) {
    rules::Correlation rule = brute_force();
    rule.rule_ids = {"ssh", "web"};
    rule.group_by = {"client"};
    rule.aliases = {{"client", {{"ssh", "source.ip"}, {"web", "c-ip"}}}};
    rule.threshold = 2;
    Correlator correlator({rule});
    EXPECT_THAT(push(correlator, 0, "10.9.9.9", "ssh", "source.ip"), IsEmpty());
    const auto fired = push(correlator, 1, "10.9.9.9", "web", "c-ip");
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_THAT(fired[0].entity, ElementsAre(std::pair<std::string, std::string>("client", "10.9.9.9")));
}

TEST_F(CorrelatorTest, WithoutAnyGroupFieldNothingIsCounted) {
    rules::Correlation rule = brute_force();
    rule.threshold = 1;
    Correlator correlator({rule});
    EXPECT_THAT(push(correlator, 0, ""), IsEmpty());
    rule.group_by = {};
    Correlator ungrouped({rule});
    EXPECT_EQ(push(ungrouped, 0, "").size(), 1U);
}

TEST_F(CorrelatorTest, OtherComparisons) {
    rules::Correlation rule = brute_force();
    rule.threshold = 2;
    rule.compare = rules::Correlation::Compare::eq;
    Correlator equal({rule});
    EXPECT_THAT(push(equal, 0), IsEmpty());
    EXPECT_EQ(push(equal, 1).size(), 1U);
    EXPECT_THAT(push(equal, 2), IsEmpty());
    rule.compare = rules::Correlation::Compare::gt;
    Correlator greater({rule});
    push(greater, 0);
    EXPECT_THAT(push(greater, 1), IsEmpty());
    EXPECT_EQ(push(greater, 2).size(), 1U);
}

TEST_F(CorrelatorTest, ChainsGetTheFirstRecordOfEachEpisode) {
    rules::Correlation inner = brute_force();
    inner.threshold = 2;
    rules::Correlation outer = brute_force();
    outer.id = "outer";
    outer.rule_ids = {"brute"};
    outer.timespan = common::kDay;
    outer.threshold = 2;
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
    for (int i = 0; i < 200; ++i) {
        push(correlator, 10'000 + i, "one");
    }
    EXPECT_EQ(correlator.stats().evicted_events, 150U);
}

} // namespace
} // namespace canhgac::engine
