#include "alerting/alert.hpp"

#include <gtest/gtest.h>

#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

using test::correlation;
using test::detection;
using test::kMorning;

event::DetectionRecord at(event::DetectionRecord record, std::uint64_t seq) {
    record.event = {.seq = seq, .index = 0};
    return record;
}

TEST(GroupKey, IsRuleAgencyAndEntity) {
    const auto base = detection("rule", "203.0.113.7");
    EXPECT_EQ(group_key(base), group_key(base));
    EXPECT_EQ(group_key(base).size(), 32U);

    auto other = base;
    other.rule_id = "other";
    EXPECT_NE(group_key(base), group_key(other));
    other = base;
    other.organization = "Sở Y tế";
    EXPECT_NE(group_key(base), group_key(other));
    other = base;
    other.entity = {{"source.ip", "203.0.113.8"}};
    EXPECT_NE(group_key(base), group_key(other));
    other = base;
    other.host = "another";
    other.time += common::kDay;
    EXPECT_EQ(group_key(base), group_key(other));
}

TEST(GroupKey, TakesTheHostWhenThereIsNoEntityAndIgnoresAsciiCase) {
    auto one = detection("rule", "");
    one.entity.clear();
    one.host = "WEB01";
    auto two = one;
    two.host = "web01";
    EXPECT_EQ(group_key(one), group_key(two));
    two.host = "web02";
    EXPECT_NE(group_key(one), group_key(two));
}

TEST(GroupKey, DoesNotConfuseNeighbouringParts) {
    auto one = detection("rule", "x");
    one.entity = {{"a", "bc"}, {"d", "e"}};
    auto two = one;
    two.entity = {{"a", "b"}, {"cd", "e"}};
    EXPECT_NE(group_key(one), group_key(two));
}

TEST(RaisedLevel, StepsUpOnImportantAssetsOnly) {
    using event::Severity;
    EXPECT_EQ(raised_level(Severity::medium, 3), Severity::medium);
    EXPECT_EQ(raised_level(Severity::medium, 4), Severity::high);
    EXPECT_EQ(raised_level(Severity::high, 5), Severity::critical);
    EXPECT_EQ(raised_level(Severity::critical, 5), Severity::critical);
    EXPECT_EQ(raised_level(Severity::low, 0), Severity::low);
}

TEST(MergeDetection, CountsEachEventOnce) {
    const auto first = at(detection("rule", "203.0.113.7"), 5);
    Alert alert = open_alert(first, "id", kMorning);
    EXPECT_EQ(alert.count, 1U);
    EXPECT_FALSE(merge_detection(alert, first, kMorning));
    EXPECT_FALSE(merge_detection(alert, at(detection("rule", "203.0.113.7"), 4), kMorning));
    EXPECT_EQ(alert.count, 1U);

    const auto later = at(detection("rule", "203.0.113.7", kMorning + common::kMinute), 6);
    const auto earlier = at(detection("rule", "203.0.113.7", kMorning - common::kMinute), 7);
    EXPECT_TRUE(merge_detection(alert, later, kMorning + 1));
    EXPECT_TRUE(merge_detection(alert, earlier, kMorning + 2));
    EXPECT_EQ(alert.count, 3U);
    EXPECT_EQ(alert.first_seen, kMorning - common::kMinute);
    EXPECT_EQ(alert.last_seen, kMorning + common::kMinute);
    EXPECT_EQ(alert.created, kMorning);
    EXPECT_EQ(alert.updated, kMorning + 2);
    EXPECT_EQ(alert.events.size(), 3U);
    EXPECT_EQ(alert.version, 1U);
}

TEST(MergeDetection, TakesTheLargestCountOfACorrelation) {
    auto record = at(correlation("rule", "203.0.113.7", 10, kMorning, kMorning + common::kMinute), 9);
    Alert alert = open_alert(record, "id", kMorning);
    EXPECT_EQ(alert.count, 10U);
    EXPECT_EQ(alert.first_seen, kMorning);
    EXPECT_EQ(alert.last_seen, kMorning + common::kMinute);
    EXPECT_FALSE(merge_detection(alert, record, kMorning));

    record = at(correlation("rule", "203.0.113.7", 14, kMorning, kMorning + 2 * common::kMinute), 10);
    EXPECT_TRUE(merge_detection(alert, record, kMorning));
    record = at(correlation("rule", "203.0.113.7", 12, kMorning + 3, kMorning + 3 * common::kMinute), 11);
    EXPECT_TRUE(merge_detection(alert, record, kMorning));
    EXPECT_EQ(alert.count, 14U);
    EXPECT_EQ(alert.last_seen, kMorning + 3 * common::kMinute);
}

TEST(MergeDetection, BoundsEventsFieldsAndHistory) {
    auto record = at(detection("rule", "203.0.113.7"), 1);
    const std::string fits(kMaxFieldBytes - 1, 'x');
    record.message = fits;
    record.message.append("ế");
    for (int i = 0; i < 100; ++i) {
        record.matched.emplace_back("f" + std::to_string(i), "v");
    }
    Alert alert = open_alert(record, "id", kMorning);
    EXPECT_EQ(alert.message, fits) << "cut between code points";
    EXPECT_EQ(alert.matched.size(), kMaxMatchedFields);
    for (std::uint64_t seq = 2; seq < 300; ++seq) {
        merge_detection(alert, at(record, seq), kMorning);
    }
    EXPECT_EQ(alert.count, 299U);
    EXPECT_EQ(alert.events.size(), kMaxAlertEvents);
    EXPECT_EQ(alert.last_event.seq, 299U);
    for (int i = 0; i < 500; ++i) {
        add_history(alert, {.at = i, .who = "a", .action = "comment", .detail = ""});
    }
    EXPECT_EQ(alert.history.size(), kMaxAlertHistory);
    EXPECT_EQ(alert.history.front().action, "created");
    EXPECT_EQ(alert.history.back().at, 499);
}

TEST(EventIdText, ReadsWhatItWrites) {
    const event::EventId id{.seq = 18'446'744'073'709'551'615ULL, .index = 4'294'967'295U};
    EXPECT_EQ(parse_event_id(event_id_text(id)), id);
    for (const auto* const bad : {"", "1", "1.", ".1", "1.2x", "-1.2", "1.4294967296", "x.1"}) {
        EXPECT_FALSE(parse_event_id(bad)) << bad;
    }
}

TEST(AlertStatusText, ReadsWhatItWrites) {
    for (std::size_t i = 0; i < kAlertStatuses; ++i) {
        const auto status = static_cast<AlertStatus>(i);
        EXPECT_EQ(parse_status(to_string(status)), status);
    }
    EXPECT_EQ(to_string(AlertStatus::fresh), "new");
    EXPECT_FALSE(parse_status("fresh"));
    EXPECT_TRUE(is_closed(AlertStatus::closed_test));
    EXPECT_FALSE(is_closed(AlertStatus::contained));
}

} // namespace
} // namespace canhgac::alerting
