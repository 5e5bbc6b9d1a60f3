#include "alerting/alert_book.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "tests/support/memory_state.hpp"
#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

using test::correlation;
using test::detection;
using test::kMorning;
using test::MemoryState;

class AlertBookTest : public testing::Test {
protected:
    AlertBook& book() {
        if (!book_) { restart(); }
        return *book_;
    }
    void restart() {
        book_ = std::make_unique<AlertBook>(state, clock, limits,
                                            [this](const Alert& alert, std::vector<event::StateStore::Change>& out) {
                                                out.push_back({"notice/" + alert.id, std::string()});
                                                ++notices;
                                            });
    }
    ApplyCounts apply(std::vector<event::DetectionRecord> records) {
        for (auto& record : records) {
            record.event = {.seq = ++seq, .index = 0};
        }
        const auto counts = book().apply(records, {});
        EXPECT_TRUE(counts);
        return counts ? *counts : ApplyCounts{};
    }
    std::vector<Alert> all() {
        const auto page = book().list({});
        EXPECT_TRUE(page);
        return page ? page->alerts : std::vector<Alert>{};
    }

    MemoryState state;
    common::ManualClock clock{kMorning};
    AlertBookLimits limits;
    std::uint64_t seq = 0;
    int notices = 0;

private:
    std::unique_ptr<AlertBook> book_;
};

TEST_F(AlertBookTest, GroupsByRuleEntityAndAgencyInASlidingWindow) {
    auto other_agency = detection("r1", "203.0.113.7");
    other_agency.organization = "Sở Y tế";
    const auto counts =
        apply({detection("r1", "203.0.113.7"), detection("r1", "203.0.113.7", kMorning + common::kMinute),
               detection("r2", "203.0.113.7"), detection("r1", "203.0.113.8"), other_agency});
    EXPECT_EQ(counts.opened, 4U);
    EXPECT_EQ(notices, 4);
    EXPECT_EQ(all().size(), 4U);
    // Each one within an hour of the one before: one alert for hours.
    for (int i = 1; i <= 10; ++i) {
        apply({detection("r1", "203.0.113.7", kMorning + i * 50 * common::kMinute)});
    }
    EXPECT_EQ(all().size(), 4U);
    const auto after = apply({detection("r1", "203.0.113.7", kMorning + 500 * common::kMinute + common::kHour + 1)});
    EXPECT_EQ(after.opened, 1U);
    EXPECT_EQ(all().size(), 5U);
    EXPECT_EQ(state.count("notice/"), 5U);
}

TEST_F(AlertBookTest, DetectionsThatOnlyFeedCorrelationMakeNoAlert) {
    auto record = detection("r1", "203.0.113.7");
    record.generates = false;
    apply({record});
    EXPECT_TRUE(all().empty());
    EXPECT_EQ(state.writes(), 0U);
}

TEST_F(AlertBookTest, GroupsAreFoundAgainAfterARestartAndOutOfTheCache) {
    limits.cached_alerts = 2;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 20; ++i) {
            apply({detection("r" + std::to_string(i), "203.0.113.7", kMorning + round * common::kMinute)});
        }
        if (round == 1) { restart(); }
    }
    const auto alerts = all();
    ASSERT_EQ(alerts.size(), 20U);
    for (const auto& alert : alerts) {
        EXPECT_EQ(alert.count, 3U);
    }
    EXPECT_EQ(notices, 20);
}

TEST_F(AlertBookTest, FarBehindEventsDoNotOpenAnAlertEach) {
    for (int i = 0; i < 30; ++i) {
        apply({detection("r1", "203.0.113.7", kMorning + i * common::kSecond),
               detection("r1", "203.0.113.7", kMorning - common::kDay + i * common::kSecond)});
    }
    const auto alerts = all();
    ASSERT_EQ(alerts.size(), 2U);
    EXPECT_EQ(alerts[0].count, 30U);
    EXPECT_EQ(alerts[1].count, 30U);
}

TEST_F(AlertBookTest, CountsAgainNothingThatWasCounted) {
    std::vector<event::DetectionRecord> records;
    for (std::uint64_t i = 1; i <= 50; ++i) {
        records.push_back(detection("r" + std::to_string(i % 3), "203.0.113.7",
                                    kMorning + static_cast<common::Nanos>(i) * 20 * common::kMinute));
        records.back().event = {.seq = i, .index = 0};
    }
    ASSERT_TRUE(book().apply(records, {}));
    const auto before = state.content();
    for (std::size_t from = 0; from < records.size(); from += 7) {
        const auto counts = book().apply(std::span(records).subspan(from), {});
        ASSERT_TRUE(counts);
        EXPECT_EQ(counts->opened + counts->updated, 0U);
    }
    EXPECT_EQ(state.content(), before);
}

TEST_F(AlertBookTest, AClosedAlertIsFollowedByANewOne) {
    apply({detection("r1", "203.0.113.7")});
    const std::string id = all().front().id;
    AlertAction close{.kind = AlertAction::Kind::close,
                      .who = "a",
                      .text = "đã kiểm tra",
                      .close_as = AlertStatus::closed_false_positive,
                      .expected_version = 1};
    const auto closed = book().act(id, close);
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->status, AlertStatus::closed_false_positive);
    EXPECT_EQ(closed->version, 2U);
    EXPECT_EQ(closed->history.back().detail, "closed_false_positive: đã kiểm tra");
    apply({detection("r1", "203.0.113.7", kMorning + common::kMinute)});
    const auto alerts = all();
    ASSERT_EQ(alerts.size(), 2U);
    EXPECT_EQ(notices, 2);
    const auto old = book().find(id);
    ASSERT_TRUE(old && *old);
    EXPECT_EQ((*old)->count, 1U);
}

TEST_F(AlertBookTest, CountersLeaveTheVersionAndEditsSurviveCounters) {
    apply({detection("r1", "203.0.113.7")});
    const std::string id = all().front().id;
    ASSERT_TRUE(book().act(id, {.kind = AlertAction::Kind::acknowledge, .who = "lan", .expected_version = 1}));
    apply({detection("r1", "203.0.113.7", kMorning + 1)});
    const auto alert = book().find(id);
    ASSERT_TRUE(alert && *alert);
    EXPECT_EQ((*alert)->status, AlertStatus::acknowledged);
    EXPECT_EQ((*alert)->assignee, "lan");
    EXPECT_EQ((*alert)->count, 2U);
    EXPECT_EQ((*alert)->version, 2U);
}

TEST_F(AlertBookTest, RefusesActionsThatDoNotFit) {
    apply({detection("r1", "203.0.113.7")});
    const std::string id = all().front().id;
    using Kind = AlertAction::Kind;
    EXPECT_EQ(book().act("nothing", {.kind = Kind::comment}).error(), AlertErrc::not_found);
    EXPECT_EQ(book().act(id, {.kind = Kind::comment, .expected_version = 2}).error(), AlertErrc::version_conflict);
    ASSERT_TRUE(book().act(id, {.kind = Kind::close, .who = "a"}));
    EXPECT_EQ(book().act(id, {.kind = Kind::acknowledge, .who = "a"}).error(), AlertErrc::closed);
    EXPECT_EQ(book().act(id, {.kind = Kind::assign, .who = "a"}).error(), AlertErrc::closed);
    EXPECT_TRUE(book().act(id, {.kind = Kind::comment, .who = "a", .text = "later"}));
    state.fail_writes(1);
    EXPECT_EQ(book().act(id, {.kind = Kind::comment, .who = "a"}).error(), AlertErrc::store);
    const auto alert = book().find(id);
    ASSERT_TRUE(alert && *alert);
    EXPECT_EQ((*alert)->version, 3U);
}

TEST_F(AlertBookTest, StatusNeverGoesBack) {
    apply({detection("r1", "203.0.113.7")});
    const std::string id = all().front().id;
    using Kind = AlertAction::Kind;
    ASSERT_TRUE(book().act(id, {.kind = Kind::contain, .who = "a"}));
    const auto got = book().act(id, {.kind = Kind::acknowledge, .who = "b"});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, AlertStatus::contained);
    EXPECT_EQ(got->history.back().action, "acknowledge");
}

TEST_F(AlertBookTest, ListsNewestFirstInPagesByStatusLevelAndTime) {
    for (int i = 0; i < 25; ++i) {
        clock.advance(common::kSecond);
        auto record = detection("r" + std::to_string(i), "203.0.113.7");
        record.level = i % 5 == 0 ? event::Severity::critical : event::Severity::low;
        apply({record});
    }
    const auto everything = all();
    ASSERT_EQ(everything.size(), 25U);
    for (std::size_t i = 1; i < everything.size(); ++i) {
        EXPECT_GT(everything[i - 1].created, everything[i].created);
    }
    AlertQuery query{.limit = 10};
    std::vector<std::string> paged;
    for (int pages = 0;; ++pages) {
        ASSERT_LT(pages, 4);
        const auto page = book().list(query);
        ASSERT_TRUE(page);
        for (const auto& alert : page->alerts) {
            paged.push_back(alert.id);
        }
        if (page->next.empty()) { break; }
        query.cursor = page->next;
    }
    ASSERT_EQ(paged.size(), 25U);
    for (std::size_t i = 0; i < paged.size(); ++i) {
        EXPECT_EQ(paged[i], everything[i].id);
    }

    ASSERT_TRUE(book().act(everything[3].id, {.kind = AlertAction::Kind::acknowledge, .who = "a"}));
    const auto acknowledged = book().list({.statuses = {AlertStatus::acknowledged}});
    ASSERT_TRUE(acknowledged);
    ASSERT_EQ(acknowledged->alerts.size(), 1U);
    EXPECT_EQ(acknowledged->alerts[0].id, everything[3].id);
    EXPECT_EQ(book().list({.statuses = {AlertStatus::fresh}})->alerts.size(), 24U);
    EXPECT_EQ(book().list({.statuses = {AlertStatus::fresh, AlertStatus::acknowledged}})->alerts.size(), 25U);
    EXPECT_EQ(book().list({.least_level = event::Severity::high})->alerts.size(), 5U);
    EXPECT_EQ(book().list({.created_since = everything[9].created})->alerts.size(), 10U);
    EXPECT_EQ(book().list({.cursor = "nonsense"})->alerts.size(), 25U);
}

TEST_F(AlertBookTest, ALongScanEndsWithACursor) {
    limits.scan_per_page = 10;
    for (int i = 0; i < 25; ++i) {
        apply({detection("r" + std::to_string(i), "203.0.113.7")});
    }
    AlertQuery query{.least_level = event::Severity::critical};
    int pages = 0;
    do {
        const auto page = book().list(query);
        ASSERT_TRUE(page);
        EXPECT_TRUE(page->alerts.empty());
        query.cursor = page->next;
        ++pages;
    } while (!query.cursor.empty() && pages < 10);
    EXPECT_EQ(pages, 3);
}

TEST_F(AlertBookTest, AFailedWriteChangesNothingAndMayBeMadeAgain) {
    apply({detection("r1", "203.0.113.7")});
    const auto before = state.content();
    auto again = detection("r1", "203.0.113.7", kMorning + 1);
    again.event = {.seq = 100, .index = 0};
    auto fresh = detection("r2", "203.0.113.7", kMorning + 1);
    fresh.event = {.seq = 100, .index = 1};
    const std::vector records{again, fresh};
    const event::StateStore::Change cursor{"cursor", "100"};
    state.fail_writes(2);
    EXPECT_FALSE(book().apply(records, {&cursor, 1}));
    EXPECT_FALSE(book().apply(records, {&cursor, 1}));
    EXPECT_EQ(state.content(), before);
    const auto counts = book().apply(records, {&cursor, 1});
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->opened, 1U);
    EXPECT_EQ(counts->updated, 1U);
    EXPECT_EQ(all().size(), 2U);
    EXPECT_TRUE(state.content().contains("cursor"));
}

TEST_F(AlertBookTest, TellsSubscribersInOrderAndCanBeResumed) {
    std::vector<std::pair<std::uint64_t, bool>> seen;
    auto subscription =
        book().subscribe([&](const Alert& alert, bool opened) { seen.emplace_back(alert.sequence, opened); });
    apply({detection("r1", "203.0.113.7"), detection("r2", "203.0.113.7")});
    apply({detection("r1", "203.0.113.7", kMorning + 1)});
    const std::vector<std::pair<std::uint64_t, bool>> want{{1, true}, {2, true}, {3, false}};
    EXPECT_EQ(seen, want);
    subscription.reset();
    const std::string id = all().front().id;
    ASSERT_TRUE(book().act(id, {.kind = AlertAction::Kind::comment, .who = "a"}));
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_EQ(book().sequence(), 4U);
    restart();
    EXPECT_EQ(book().sequence(), 4U);

    const auto after = [&](std::uint64_t sequence) {
        std::vector<std::uint64_t> found;
        EXPECT_TRUE(book().changes_after(sequence, [&](const Alert& alert) {
            found.push_back(alert.sequence);
            return true;
        }));
        return found;
    };
    EXPECT_EQ(state.count("alertseq/"), 2U) << "one entry an alert";
    EXPECT_EQ(after(0).size(), 2U);
    EXPECT_EQ(after(3), std::vector<std::uint64_t>{4});
    EXPECT_TRUE(after(4).empty());
}

TEST_F(AlertBookTest, ASubscriptionMayOutliveTheBook) {
    auto own = std::make_unique<AlertBook>(state, clock);
    auto subscription = own->subscribe([](const Alert&, bool) {});
    own.reset();
    subscription.reset();
}

TEST_F(AlertBookTest, SweepForgetsOldGroupsOnly) {
    for (int i = 0; i < 600; ++i) {
        apply({detection("old" + std::to_string(i), "203.0.113.7")});
    }
    clock.advance(common::kDay + common::kHour);
    apply({detection("fresh", "203.0.113.7", kMorning + common::kDay)});
    EXPECT_EQ(book().sweep(), 600U);
    EXPECT_EQ(state.count("alertkey/"), 1U);
    EXPECT_EQ(state.count("alert/"), 601U);
    apply({detection("old1", "203.0.113.7", kMorning + common::kDay)});
    EXPECT_EQ(state.count("alert/"), 602U);
}

TEST_F(AlertBookTest, TakesAnyEventTime) {
    for (const common::Nanos time :
         {std::numeric_limits<common::Nanos>::max(), std::numeric_limits<common::Nanos>::min(), common::Nanos{0}}) {
        apply({detection("r1", "203.0.113.7", time)});
        apply({detection("r1", "203.0.113.7", time)});
    }
    const auto alerts = all();
    ASSERT_EQ(alerts.size(), 3U);
    for (const auto& alert : alerts) {
        EXPECT_EQ(alert.count, 2U);
    }
}

TEST_F(AlertBookTest, CorrelationUpdatesRaiseOneAlert) {
    for (std::uint64_t count = 10; count <= 30; ++count) {
        apply({correlation("c1", "203.0.113.7", count, kMorning,
                           kMorning + static_cast<common::Nanos>(count) * common::kSecond)});
    }
    const auto alerts = all();
    ASSERT_EQ(alerts.size(), 1U);
    EXPECT_EQ(alerts[0].count, 30U);
    EXPECT_EQ(notices, 1);
}

} // namespace
} // namespace canhgac::alerting
