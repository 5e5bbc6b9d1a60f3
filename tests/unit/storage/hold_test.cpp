/// Events under legal hold outlive their day, are found, and are proven.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include "storage/hold_stores.hpp"
#include "tests/unit/storage/seal_fixture.hpp"

namespace canhgac::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

event::QueryPlan phrase(const std::string& pattern) {
    event::QueryPlan plan;
    plan.filter.kind = event::Filter::Kind::phrase;
    plan.filter.pattern = pattern;
    return plan;
}

class HoldTest : public SealTest {
protected:
    [[nodiscard]] static HoldRecord named(const std::string& name) {
        HoldRecord hold;
        hold.name = name;
        hold.incident = "Vụ 12";
        hold.query = "asked";
        hold.actor = "investigator";
        return hold;
    }
    HoldRecord hold(const std::string& name, const event::QueryPlan& plan) {
        const auto made = store_->hold(named(name), plan);
        EXPECT_TRUE(made) << made.error().message();
        return made.value_or(HoldRecord{});
    }
    void drop(std::int32_t days_later = 0) {
        ASSERT_TRUE(store_->events().drop(day_of(samples::kStart) + days_later, test_order));
    }
    /// verify() finds nothing wrong and proves so many copies.
    void expect_held(std::uint64_t count) {
        const auto report = store_->verify();
        ASSERT_TRUE(report) << report.error().message();
        EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
        EXPECT_EQ(report->held, count);
    }
    [[nodiscard]] std::filesystem::path folder(const std::string& name) const { return folder_.path() / "hold" / name; }
};

TEST_F(HoldTest, WhatIsHeldIsFoundAfterTheDrop) {
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(append_one("evil " + std::to_string(i), samples::kStart + i * common::kMinute, {{"n", "1"}}));
        ASSERT_TRUE(append_one("good " + std::to_string(i), samples::kStart + i * common::kMinute));
    }
    seal();
    ASSERT_TRUE(append_one("evil waiting", samples::kStart + common::kHour));
    ASSERT_TRUE(append_one("evil next day", samples::kStart + common::kDay));
    const HoldRecord made = hold("case-12", phrase("evil"));
    EXPECT_EQ(made.rows, 7U);
    EXPECT_EQ(made.batches, 7U);
    EXPECT_TRUE(made.complete);
    const auto before = ask(phrase("evil"));
    ASSERT_EQ(before.size(), 7U) << "each once, while the day is there";
    expect_held(7);
    drop();
    EXPECT_EQ(ask(phrase("evil")), before) << "times, ids, fields and all";
    EXPECT_THAT(query(phrase("good")), IsEmpty());
    expect_held(7);
    open();
    EXPECT_EQ(ask(phrase("evil")), before);
    event::QueryPlan first = phrase("evil");
    first.limit = 2;
    EXPECT_THAT(query(first), ElementsAre("evil next day", "evil waiting"));
    first.limit = 100;
    first.to = samples::kStart + common::kMinute;
    EXPECT_THAT(query(first), ElementsAre("evil 0"));
    expect_held(7);
}

TEST_F(HoldTest, TwoHoldsGiveAnEventOnce) {
    ASSERT_TRUE(append_one("evil good", samples::kStart));
    ASSERT_TRUE(append_one("evil bad", samples::kStart));
    hold("one", phrase("evil"));
    hold("two", phrase("good"));
    drop();
    EXPECT_EQ(query(phrase("evil")).size(), 2U);
    expect_held(3);
}

TEST_F(HoldTest, LaterEventsOfADroppedDayAreNotHeldBack) {
    ASSERT_TRUE(append_one("evil", samples::kStart));
    hold("one", phrase("evil"));
    drop();
    ASSERT_TRUE(append_one("evil late", samples::kStart + 1));
    hold("two", phrase("evil"));
    EXPECT_THAT(query(phrase("evil")), ElementsAre("evil late", "evil"));
}

TEST_F(HoldTest, ManyKindsOfEventsInManyBatchesWithDuplicates) {
    store_random(4000, 41);
    seal();
    store_random(2000, 42);
    event::QueryPlan all;
    all.limit = 100'000;
    const auto before = ask(all);
    const HoldRecord made = hold("everything", {});
    EXPECT_EQ(made.rows, before.size());
    for (int day = -1; day <= 3; ++day) {
        drop(day);
    }
    EXPECT_EQ(ask(all), before);
    EXPECT_THAT(scan(), IsEmpty()) << "scans look at what is stored, not at what is held";
    expect_held(before.size());
    std::mt19937 random(5);
    for (int i = 0; i < 20; ++i) {
        EXPECT_LE(ask(random_plan(random)).size(), before.size());
    }
}

TEST_F(HoldTest, ReleaseIsWrittenDown) {
    ASSERT_TRUE(append_one("evil", samples::kStart));
    hold("case-12", phrase("evil"));
    drop();
    EXPECT_EQ(store_->release_hold("case-13", test_order).error(), std::errc::no_such_file_or_directory);
    ASSERT_TRUE(store_->release_hold("case-12", {"judge", "closed"}));
    EXPECT_THAT(query(phrase("evil")), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(folder("case-12")));
    EXPECT_THAT(store_->holds(), IsEmpty());
    open();
    const auto orders = store_->orders();
    ASSERT_TRUE(orders);
    ASSERT_EQ(orders->size(), 3U);
    EXPECT_EQ(orders->at(0).kind, OrderKind::hold_events);
    EXPECT_EQ(orders->at(0).actor, "investigator");
    EXPECT_EQ(orders->at(0).reason, "Vụ 12");
    EXPECT_EQ(orders->at(0).rows, 1U);
    EXPECT_EQ(orders->at(2).kind, OrderKind::release_hold);
    EXPECT_EQ(orders->at(2).subject, "case-12");
    EXPECT_EQ(orders->at(2).actor, "judge");
    EXPECT_EQ(orders->at(2).reason, "closed");
    expect_proven(1);
}

TEST_F(HoldTest, ANameIsAFoldersNameAndUsedOnce) {
    ASSERT_TRUE(append_one("evil", samples::kStart));
    hold("case-12", {});
    EXPECT_EQ(store_->hold(named("case-12"), {}).error(), std::errc::file_exists);
    for (const char* bad : {"", "../x", "A", "a b", "-a", ".", "a/b"}) {
        EXPECT_EQ(store_->hold(named(bad), {}).error(), std::errc::invalid_argument) << bad;
    }
    EXPECT_EQ(store_->hold(named(std::string(65, 'a')), {}).error(), std::errc::invalid_argument);
}

TEST_F(HoldTest, AHoldOfNothingIsAHold) {
    ASSERT_TRUE(append_one("good", samples::kStart));
    EXPECT_EQ(hold("empty", phrase("evil")).rows, 0U);
    expect_held(0);
    EXPECT_EQ(query({}).size(), 1U);
    open();
    EXPECT_EQ(store_->holds().size(), 1U);
    expect_held(0);
}

TEST_F(HoldTest, WhatWasCutOffGoesAtTheNextStart) {
    ASSERT_TRUE(append_one("evil", samples::kStart));
    hold("whole", {});
    store_.reset();
    {
        JournalDb db(folder_.path(), options_, logger_);
        HoldRecord half = named("half");
        ASSERT_TRUE(db.db().Put({}, db.family(Family::holds), half.name, encode(half)).ok());
        std::filesystem::create_directories(folder("half"));
        std::filesystem::create_directories(folder("released"));
    }
    open();
    EXPECT_FALSE(std::filesystem::exists(folder("half")));
    EXPECT_FALSE(std::filesystem::exists(folder("released")));
    EXPECT_TRUE(std::filesystem::exists(folder("whole")));
    EXPECT_EQ(store_->holds().size(), 1U);
    hold("half", {});
    expect_held(2);
}

TEST_F(HoldTest, AChangedCopyIsNamed) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(append_one("evil " + std::to_string(i), samples::kStart));
    }
    hold("case-12", {});
    store_.reset();
    {
        rocksdb::DB* db = nullptr;
        rocksdb::Options options;
        ASSERT_TRUE(rocksdb::DB::Open(options, folder("case-12").string(), &db).ok());
        std::unique_ptr<rocksdb::DB> owner(db);
        std::string proof;
        ASSERT_TRUE(db->Get({}, hold_proof_key(1), &proof).ok());
        ASSERT_TRUE(db->Put({}, hold_proof_key(2), proof).ok());
    }
    open();
    const auto report = store_->verify();
    ASSERT_TRUE(report);
    EXPECT_NE(report->first_bad_seq, 0U);
    EXPECT_THAT(report->problem, HasSubstr("hold case-12: batch 2: a proof"));
}

} // namespace
} // namespace canhgac::storage
