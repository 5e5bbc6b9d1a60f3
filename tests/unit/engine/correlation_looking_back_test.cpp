// The types that compare an event with the history of its group: new_terms and rare_value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/correlation.hpp"

namespace canhgac::engine {
namespace {

using common::kDay;
using common::kHour;
using common::kMinute;
using common::kSecond;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Type = rules::Correlation::Type;

rules::Correlation history_rule(Type type) {
    rules::Correlation rule;
    rule.id = "unusual";
    rule.title = "Unusual";
    rule.type = type;
    rule.rule_ids = {"login"};
    rule.group_by = {"user"};
    rule.fields = {"ip"};
    rule.timespan = 30 * kDay;
    rule.learn = 7 * kDay;
    if (type == Type::rare_value) {
        rule.bounds = {{rules::Correlation::Compare::lte, 1}};
        rule.min_events = 10;
        rule.learn = 0;
    }
    return rule;
}

class LookingBack : public ::testing::Test {
protected:
    std::vector<event::DetectionRecord> push(Correlator& correlator, common::Nanos time, const std::string& user,
                                             const std::string& ip) {
        event::DetectionRecord record;
        record.event = {++seq, 0};
        record.time = kStart + time;
        record.rule_id = "login";
        record.captured = {{"user", user}, {"ip", ip}};
        std::vector<event::DetectionRecord> out;
        correlator.push(record, out);
        return out;
    }
    static constexpr common::Nanos kStart = 1'700'000'000 * kSecond;
    std::uint64_t seq = 0;
};

TEST_F(LookingBack, AValueIsNewOnceItHasLearnt) {
    Correlator correlator({history_rule(Type::new_terms)});
    EXPECT_TRUE(correlator.rule_stats()[0].learning);
    for (int day = 0; day < 7; ++day) { // everything is new, nothing is said
        EXPECT_THAT(push(correlator, day * kDay, "an", "10.0.0." + std::to_string(day)), IsEmpty());
    }
    EXPECT_TRUE(correlator.rule_stats()[0].learning);
    EXPECT_THAT(push(correlator, 7 * kDay, "an", "10.0.0.3"), IsEmpty()); // known
    EXPECT_FALSE(correlator.rule_stats()[0].learning);
    const auto fired = push(correlator, 8 * kDay, "an", "203.0.113.9");
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].rule_id, "unusual");
    EXPECT_EQ(fired[0].count, 1U);
    EXPECT_TRUE(fired[0].begins_episode);
    EXPECT_EQ(fired[0].from, kStart + 8 * kDay);
    EXPECT_EQ(fired[0].to, kStart + 8 * kDay);
    EXPECT_THAT(fired[0].events, ElementsAre(event::EventId{9, 0}));
    EXPECT_THAT(fired[0].entity, ElementsAre(std::pair<std::string, std::string>("user", "an")));
    EXPECT_THAT(fired[0].matched, ElementsAre(std::pair<std::string, std::string>("new_terms(ip)", "203.0.113.9")));
    EXPECT_THAT(push(correlator, 8 * kDay + 1, "an", "203.0.113.9"), IsEmpty());
    EXPECT_EQ(push(correlator, 8 * kDay + 2, "binh", "203.0.113.9").size(), 1U); // new to another group
    EXPECT_EQ(correlator.rule_stats()[0].fired, 2U);
}

TEST_F(LookingBack, AValueIsNewAgainAfterTheHistory) {
    rules::Correlation rule = history_rule(Type::new_terms);
    rule.learn = 0;
    Correlator correlator({rule});
    EXPECT_EQ(push(correlator, 0, "an", "a").size(), 1U);
    EXPECT_EQ(push(correlator, kDay, "an", "b").size(), 1U);
    EXPECT_THAT(push(correlator, 30 * kDay, "an", "a"), IsEmpty()); // both ends included
    EXPECT_EQ(push(correlator, 31 * kDay + 1, "an", "b").size(), 1U);
    EXPECT_THAT(push(correlator, 59 * kDay, "an", "a"), IsEmpty()); // seen again meanwhile
}

TEST_F(LookingBack, NewValuesWithinAnHourRaiseTheCount) {
    rules::Correlation rule = history_rule(Type::new_terms);
    rule.learn = 0;
    Correlator correlator({rule});
    for (int i = 0; i < 3; ++i) {
        const auto fired = push(correlator, i * 50 * kMinute, "an", "ip" + std::to_string(i));
        ASSERT_EQ(fired.size(), 1U);
        EXPECT_EQ(fired[0].count, static_cast<std::uint64_t>(i + 1));
        EXPECT_EQ(fired[0].from, kStart);
        EXPECT_EQ(fired[0].events.size(), static_cast<std::size_t>(i + 1));
        EXPECT_THAT(push(correlator, i * 50 * kMinute + 1, "an", "ip0"), IsEmpty()); // known ones end nothing
    }
    const auto later = push(correlator, 5 * kHour, "an", "another");
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(later[0].count, 1U);
    EXPECT_EQ(later[0].from, kStart + 5 * kHour);
}

TEST_F(LookingBack, WithoutHistoryItLearnsAgain) {
    Correlator correlator({history_rule(Type::new_terms)});
    push(correlator, -40 * 365 * kDay, "an", "a"); // a clock that is decades behind ends no learning
    EXPECT_THAT(push(correlator, 0, "an", "b"), IsEmpty());
    EXPECT_THAT(push(correlator, 6 * kDay, "an", "c"), IsEmpty());
    EXPECT_EQ(push(correlator, 8 * kDay, "an", "d").size(), 1U);
    EXPECT_THAT(push(correlator, 39 * kDay, "an", "e"), IsEmpty()); // nothing for longer than the history
    EXPECT_EQ(push(correlator, 47 * kDay, "an", "f").size(), 1U);
}

TEST_F(LookingBack, RareIsCountedAmongTheEventsOfTheGroup) {
    Correlator correlator({history_rule(Type::rare_value)});
    EXPECT_THAT(push(correlator, 0, "an", "once"), IsEmpty()); // rare, but too few events
    for (int i = 1; i < 10; ++i) {
        EXPECT_THAT(push(correlator, i * kHour, "an", "usual"), IsEmpty());
    }
    const auto fired = push(correlator, 10 * kHour, "an", "odd");
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].value, 1.0);
    EXPECT_EQ(fired[0].count, 1U);
    EXPECT_THAT(fired[0].matched, ElementsAre(std::pair<std::string, std::string>("rare_value(ip)", "odd (1 of 11)")));
    EXPECT_THAT(push(correlator, 11 * kHour, "an", "odd"), IsEmpty());   // the second time
    EXPECT_THAT(push(correlator, 12 * kHour, "binh", "odd"), IsEmpty()); // another group, one event
    EXPECT_THAT(push(correlator, 30 * kDay, "an", "once"), IsEmpty());   // second time within the history
    for (int i = 0; i < 10; ++i) {
        push(correlator, 50 * kDay + i, "an", "usual");
    }
    EXPECT_EQ(push(correlator, 60 * kDay + 1, "an", "once").size(), 1U); // the others have left the history
}

TEST_F(LookingBack, RareByShare) {
    rules::Correlation rule = history_rule(Type::rare_value);
    rule.bounds.clear();
    rule.min_events = 0;
    rule.max_percent = 2.0;
    Correlator correlator({rule});
    for (int i = 0; i < 49; ++i) {
        EXPECT_THAT(push(correlator, i * kMinute, "an", "usual"), IsEmpty());
    }
    EXPECT_EQ(push(correlator, kHour, "an", "odd").size(), 1U);             // 1 of 50
    EXPECT_THAT(push(correlator, kHour + kSecond, "an", "odd"), IsEmpty()); // 2 of 51
    EXPECT_EQ(push(correlator, kHour + 2 * kSecond, "an", "strange").size(), 1U);
}

TEST_F(LookingBack, StateIsBoundedAndEvictionIsVisible) {
    rules::Correlation rule = history_rule(Type::new_terms);
    rule.learn = 0;
    CorrelationLimits limits;
    limits.state_bytes = 200 * common::kKiB;
    limits.group_events = 1'000;
    Correlator correlator({rule}, limits);
    for (int i = 0; i < 20'000; ++i) {
        EXPECT_EQ(push(correlator, i, "an", "ip" + std::to_string(i)).size(), 1U);
        ASSERT_LE(correlator.stats().state_bytes, limits.state_bytes);
    }
    EXPECT_GE(correlator.stats().evicted_events, 19'000U);
    EXPECT_EQ(correlator.stats().groups, 1U);
    for (int i = 0; i < 5'000; ++i) {
        push(correlator, 20'000 + i, "user" + std::to_string(i), "ip");
        ASSERT_LE(correlator.stats().state_bytes, limits.state_bytes);
    }
    EXPECT_GT(correlator.stats().evicted_groups, 4'000U);
}

TEST_F(LookingBack, BrokenStatesAreRefused) {
    const std::vector<rules::Correlation> all = {history_rule(Type::new_terms), [] {
                                                     rules::Correlation rare = history_rule(Type::rare_value);
                                                     rare.id = "rare";
                                                     return rare;
                                                 }()};
    Correlator correlator(all);
    for (int i = 0; i < 12; ++i) {
        push(correlator, i * kDay, "an", i % 3 == 0 ? "a" : "b");
    }
    const std::string saved = correlator.save();
    for (std::size_t size = 0; size < saved.size(); ++size) {
        Correlator other(all);
        EXPECT_FALSE(other.restore(std::string_view(saved).substr(0, size)));
        EXPECT_EQ(other.stats().groups, 0U);
        EXPECT_TRUE(other.rule_stats()[0].learning);
    }
    int refused = 0;
    for (std::size_t at = 0; at < saved.size(); ++at) {
        for (const unsigned flip : {1U, 0x80U, 0xFFU}) {
            std::string broken = saved;
            broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ flip);
            Correlator other(all);
            refused += other.restore(broken) ? 0 : 1;
            for (int i = 20; i < 30; ++i) { // whatever it says: it goes on without a fault
                push(other, i * kDay, "an", "a");
            }
        }
    }
    EXPECT_GT(refused, 50);
}

TEST_F(LookingBack, StatesOfTheVersionBeforeAreRead) {
    rules::Correlation count = history_rule(Type::event_count);
    count.fields.clear();
    count.timespan = kHour;
    count.bounds = {{rules::Correlation::Compare::gte, 3}};
    Correlator correlator({count});
    push(correlator, 0, "an", "a");
    push(correlator, 1, "an", "a");
    std::string saved = correlator.save();
    // Version 1 has no learning behind the only definition: 1 + 8 + 8 bytes, just before the group count and the group.
    const std::string none(17, '\0');
    const auto place = saved.find(none, saved.find("unusual"));
    ASSERT_NE(place, std::string::npos);
    saved.erase(place, none.size());
    saved[0] = 1;
    Correlator other({count});
    ASSERT_TRUE(other.restore(saved));
    EXPECT_EQ(push(other, 2, "an", "a").size(), 1U);
}

} // namespace
} // namespace canhgac::engine
