/// Days are forgotten when their time is over, not before, and what was forgotten can be explained.
#include "storage/housekeeper.hpp"

#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include "storage/coding.hpp"
#include "tests/unit/storage/seal_fixture.hpp"

namespace canhgac::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kDiskBytes = 1000 * common::kMiB;

class HousekeeperTest : public SealTest {
protected:
    HousekeeperTest() {
        house_.retention = RetentionPolicy{12, "storage.retention.months"};
        house_.doubt = std::chrono::seconds(0);
        house_.space = [this] { return std::pair{kDiskBytes, available_}; };
        house_.level_changed = [this](const DiskState& disk, DiskLevel before) {
            told_.emplace_back(before, disk.level);
        };
    }
    /// As after a start of the server: one look.
    void look() { Housekeeper(*store_, clock_, *metrics_, logger_, house_).step(); }
    /// Stores an event when the clock says `received`.
    void store(std::string_view line, common::Nanos received, common::Nanos time) {
        clock_.set(received);
        ASSERT_TRUE(append_one(line, time));
    }
    void at(std::string_view stamp) { clock_.set(common::parse_rfc3339(stamp).value()); }
    [[nodiscard]] bool counts(std::string_view line) const { return metrics_->text().find(line) != std::string::npos; }
    [[nodiscard]] static common::Nanos time(std::string_view stamp) { return common::parse_rfc3339(stamp).value(); }

    HousekeeperOptions house_;
    std::uint64_t available_ = kDiskBytes / 2;
    std::vector<std::pair<DiskLevel, DiskLevel>> told_;
};

TEST_F(HousekeeperTest, ADayGoesWhenItsMonthsAreOver) {
    store("one", time("2026-11-22T10:00:00Z"), time("2026-11-22T10:00:00Z"));
    seal();
    store("two", time("2026-11-23T10:00:00Z"), time("2026-11-23T10:00:00Z"));
    seal();
    store("three", time("2026-11-24T10:00:00Z"), time("2026-11-24T10:00:00Z"));
    at("2027-11-22T23:59:59Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("one", "two", "three")) << "not a moment early";
    at("2027-11-23T00:00:00Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("two", "three"));
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "day" / "2026-11-22"));
    EXPECT_TRUE(counts("canhgac_store_dropped_days_total{reason=\"retention\"} 1\n"));
    EXPECT_TRUE(counts("canhgac_store_days 2\n"));
    at("2027-11-25T00:00:00Z");
    look();
    EXPECT_THAT(everything(), IsEmpty()) << "sealed or not";
    expect_proven(3);
    open();
    expect_proven(3);
}

TEST_F(HousekeeperTest, TheOrderSaysWhoWhyAndWhen) {
    store("one", time("2026-11-22T10:00:00Z"), time("2026-11-22T10:00:00Z"));
    store("two", time("2026-11-22T11:00:00Z"), time("2026-11-22T11:00:00Z"));
    seal();
    at("2028-01-01T00:00:00Z");
    look();
    open();
    const auto report = store_->verify();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
    EXPECT_EQ(report->expired, 2U);
    ASSERT_EQ(report->orders.size(), 1U);
    const Order& order = report->orders.front();
    EXPECT_EQ(order.number, 1U);
    EXPECT_EQ(order.kind, OrderKind::drop_day);
    EXPECT_EQ(order.subject, "2026-11-22");
    EXPECT_EQ(order.actor, "policy");
    EXPECT_EQ(order.reason, "storage.retention.months: 12 months");
    EXPECT_EQ(common::format_rfc3339(order.at), "2028-01-01T00:00:00Z");
    EXPECT_EQ(order.rows, 2U);
    EXPECT_EQ(order.last_seq, 2U);
}

TEST_F(HousekeeperTest, LateEventsAreKeptAsLongAsThoseThatCameInTime) {
    store("imported", time("2026-11-22T10:00:00Z"), time("2020-01-01T00:00:00Z"));
    store("no clock", time("2026-11-22T10:00:00Z"), 5);
    seal();
    event::EventBatch mixed; // stays in the journal
    clock_.set(time("2026-12-22T10:00:00Z"));
    samples::add(mixed, *names_, time("2020-01-02T00:00:00Z"), "mixed old", {});
    samples::add(mixed, *names_, time("2026-12-22T00:00:00Z"), "mixed new", {});
    ASSERT_TRUE(append(mixed));
    at("2027-11-22T09:00:00Z");
    look();
    EXPECT_EQ(everything().size(), 4U);
    EXPECT_TRUE(counts("canhgac_store_late_days 3\n")) << metrics_->text();
    at("2027-11-22T10:00:00Z");
    look();
    EXPECT_THAT(everything(), UnorderedElementsAre("mixed old", "mixed new"));
    at("2027-12-22T10:00:00Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("mixed new"));
    expect_proven(2);
}

TEST_F(HousekeeperTest, WhatIsSealedTogetherCountsFromTheLastOfIt) {
    store("late", time("2026-11-22T10:00:00Z"), time("2020-01-01T00:00:00Z"));
    store("other", time("2026-11-22T10:09:00Z"), time("2026-11-22T10:09:00Z"));
    seal();
    at("2027-11-22T10:08:59Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("late", "other"));
    at("2027-11-22T10:09:00Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("other"));
}

TEST_F(HousekeeperTest, EventsAheadOfTheClockAreCountedAndGoByTheTimeTheyCame) {
    store("ahead", time("2026-11-22T10:00:00Z"), time("2149-01-01T00:00:00Z"));
    store("tomorrow", time("2026-11-22T10:00:00Z"), time("2026-11-23T02:00:00Z"));
    seal();
    look();
    EXPECT_TRUE(counts("canhgac_store_ahead_days 1\n"));
    EXPECT_TRUE(counts("canhgac_store_ahead_events 1\n"));
    at("2027-11-22T09:59:59Z");
    look();
    EXPECT_EQ(everything().size(), 2U);
    at("2027-11-22T10:00:00Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("tomorrow"));
    expect_proven(1);
}

TEST_F(HousekeeperTest, WithoutRetentionNothingGoes) {
    house_.retention.reset();
    store("old", time("2026-11-22T10:00:00Z"), time("2026-11-22T10:00:00Z"));
    at("2090-01-01T00:00:00Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("old"));
}

TEST_F(HousekeeperTest, AClockThatJumpedIsNotBelieved) {
    house_.doubt = std::chrono::hours(24);
    store("kept", time("2026-11-22T10:00:00Z"), time("2026-11-22T10:00:00Z"));
    at("2036-01-01T00:00:00Z");
    look();
    EXPECT_THAT(everything(), ElementsAre("kept")) << "the clock was wrong at the start";
    at("2026-11-22T11:00:00Z");
    Housekeeper keeper(*store_, clock_, *metrics_, logger_, house_);
    keeper.step();
    at("2036-01-01T00:00:00Z");
    keeper.step();
    EXPECT_THAT(everything(), ElementsAre("kept")) << "the clock jumped";
}

TEST_F(HousekeeperTest, AnAlarmIsToldOnceWhenTheDiskFillsUp) {
    Housekeeper keeper(*store_, clock_, *metrics_, logger_, house_);
    const auto fill = [&](unsigned percent) {
        available_ = kDiskBytes / 100 * (100 - percent);
        keeper.step();
    };
    for (const unsigned percent : {50U, 71U, 72U, 86U, 84U, 96U, 99U, 60U}) {
        fill(percent);
    }
    EXPECT_THAT(told_, ElementsAre(std::pair(DiskLevel::fine, DiskLevel::filling),
                                   std::pair(DiskLevel::filling, DiskLevel::nearly_full),
                                   std::pair(DiskLevel::nearly_full, DiskLevel::critical),
                                   std::pair(DiskLevel::critical, DiskLevel::fine)));
    fill(96);
    EXPECT_EQ(keeper.disk().used_percent, 96U);
    EXPECT_EQ(keeper.disk().level, DiskLevel::critical);
    EXPECT_TRUE(counts("canhgac_store_disk_used_percent 96\n"));
    EXPECT_TRUE(counts("canhgac_store_disk_level 3\n"));
    EXPECT_TRUE(counts("canhgac_store_days_until_full +Inf\n")) << metrics_->text();
}

TEST_F(HousekeeperTest, OnAFullDiskTheOldestDayGoesOnlyIfAllowedAndNeverToday) {
    for (int day = 0; day < 4; ++day) {
        const common::Nanos when = samples::kStart + day * common::kDay + common::kHour;
        store("day " + std::to_string(day), when, when);
    }
    store("ahead", clock_.now(), samples::kStart + 40 * common::kDay);
    seal();
    available_ = kDiskBytes / 200;
    look();
    EXPECT_EQ(everything().size(), 5U) << "refused is what is new, not what is there";
    house_.drop_oldest = true;
    look();
    EXPECT_THAT(everything(), ElementsAre("day 1", "day 2", "day 3", "ahead"));
    EXPECT_TRUE(counts("canhgac_store_dropped_days_total{reason=\"disk_full\"} 1\n"));
    for (int i = 0; i < 5; ++i) {
        look();
    }
    EXPECT_THAT(everything(), ElementsAre("day 3", "ahead"));
    const auto orders = store_->orders();
    ASSERT_TRUE(orders);
    ASSERT_EQ(orders->size(), 3U);
    EXPECT_THAT(orders->back().reason, HasSubstr("storage.when_full: drop_oldest"));
    available_ = kDiskBytes / 2;
    look();
    EXPECT_EQ(everything().size(), 2U);
    expect_proven(3);
}

TEST_F(HousekeeperTest, TheThreadLooksAtOnce) {
    store("old", time("2026-11-22T10:00:00Z"), time("2026-11-22T10:00:00Z"));
    at("2028-01-01T00:00:00Z");
    Housekeeper keeper(*store_, clock_, *metrics_, logger_, house_);
    keeper.start();
    EXPECT_EQ(keeper.disk().used_percent, 50U);
    for (int i = 0; i < 600 && !everything().empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_THAT(everything(), IsEmpty());
    keeper.stop();
}

/// What somebody changes behind the store's back in the orders.
class OrderTest : public HousekeeperTest {
protected:
    void SetUp() override {
        HousekeeperTest::SetUp();
        for (int day = 0; day < 3; ++day) {
            const common::Nanos when = samples::kStart + day * common::kDay;
            store("day " + std::to_string(day), when, when);
        }
        seal();
        ASSERT_TRUE(store_->events().drop(day_of(samples::kStart), test_order));
        ASSERT_TRUE(store_->events().drop(day_of(samples::kStart) + 1, {"administrator", "asked for"}));
        expect_proven(2);
    }
    static std::string key(std::uint64_t number) {
        std::string result;
        append_key(result, number);
        return result;
    }
    void forge(std::uint64_t number, const std::function<std::optional<Order>(Order)>& how) {
        store_.reset();
        {
            JournalDb db(folder_.path(), options_, logger_);
            const auto value = db.get(Family::orders, key(number));
            ASSERT_TRUE(value && *value);
            const auto changed = how(decode_order(number, **value).value());
            auto* family = db.family(Family::orders);
            const auto status = changed ? db.db().Put({}, family, key(number), encode(*changed))
                                        : db.db().Delete({}, family, key(number));
            ASSERT_TRUE(status.ok());
        }
        open();
    }
    std::pair<std::uint64_t, std::string> finding() {
        const auto report = store_->verify();
        EXPECT_TRUE(report);
        return report ? std::pair(report->first_bad_seq, report->problem) : std::pair(std::uint64_t{0}, std::string());
    }
};

TEST_F(OrderTest, AChangedReasonIsNoticed) {
    forge(2, [](Order order) {
        order.reason = "of no use";
        return order;
    });
    EXPECT_THAT(finding().second, HasSubstr("missing"));
    EXPECT_NE(finding().first, 0U);
}

TEST_F(OrderTest, AnOrderMadeUpWithoutTheKeyIsNoticed) {
    forge(2, [](Order order) {
        order.actor = "somebody else";
        Sha256 hash;
        order.digest = order_digest(hash, order);
        return order;
    });
    EXPECT_EQ(finding().first, 2U) << "its day is missing without an order";
}

TEST_F(OrderTest, AnOrderTakenOutIsNoticed) {
    forge(1, [](const Order&) { return std::nullopt; });
    EXPECT_EQ(finding().first, 1U);
}

TEST_F(OrderTest, NumbersGoOnAfterARestart) {
    open();
    ASSERT_TRUE(store_->events().drop(day_of(samples::kStart) + 2, test_order));
    const auto orders = store_->orders();
    ASSERT_TRUE(orders);
    ASSERT_EQ(orders->size(), 3U);
    EXPECT_EQ(orders->at(1).actor, "administrator");
    EXPECT_EQ(orders->at(2).number, 3U);
    EXPECT_EQ(orders->at(2).previous, orders->at(1).digest);
    expect_proven(3);
}

} // namespace
} // namespace canhgac::storage
