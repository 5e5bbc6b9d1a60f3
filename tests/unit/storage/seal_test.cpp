/// Sealing: events move from the journal into the segments of their days; nobody who reads can tell.
#include <fstream>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include "storage/zone_record.hpp"
#include "tests/unit/storage/seal_fixture.hpp"

namespace canhgac::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

#ifdef __SANITIZE_THREAD__ // asked from one thread: there is little to see, slowly
constexpr std::size_t kQueries = 40;
#else
constexpr std::size_t kQueries = 150;
#endif

TEST_F(SealTest, MovesEverythingAndChangesNothing) {
    store_random(3000, 1);
    const auto before = scan();
    seal();
    EXPECT_EQ(scan(), before);
    expect_proven();
    EXPECT_THAT(metrics_->text(), HasSubstr("canhgac_store_seal_lag_batches 0"));
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(scan(), before) << "after a restart";
    expect_proven();
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "day" / "2026-11-22" / "CURRENT"));
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "day" / "2026-11-23" / "CURRENT"));
}

TEST_F(SealTest, RandomQueriesFindTheSameBeforeAndAfter) {
    options_.seal.rows = 4000; // several runs
    open();
    store_random(12'000, 2);
    std::mt19937 random(3);
    std::vector<event::QueryPlan> plans;
    std::vector<std::vector<std::string>> wanted;
    std::size_t found = 0;
    for (std::size_t i = 0; i < kQueries; ++i) {
        plans.push_back(random_plan(random));
        wanted.push_back(ask(plans.back()));
        found += wanted.back().size();
    }
    ASSERT_GT(found, kQueries * 60) << "queries that find nothing prove nothing";
    const auto everything = scan();
    const auto part = scan(samples::kStart, samples::kStart + common::kHour * 7);
    const auto tailed = tail(17, 11);
    const auto filtered = tail(0, 1000, plans.front().filter);
    seal();
    for (std::size_t i = 0; i < plans.size(); ++i) {
        ASSERT_EQ(ask(plans[i]), wanted[i]) << "query " << i;
    }
    EXPECT_EQ(scan(), everything);
    EXPECT_EQ(scan(samples::kStart, samples::kStart + common::kHour * 7), part);
    EXPECT_EQ(tail(17, 11), tailed);
    EXPECT_EQ(tail(0, 1000, plans.front().filter), filtered);
    expect_proven();
}

/// Pieces of what is stored, in another case, with and without a field: the bitmaps rule out no block that has them.
TEST_F(SealTest, NoMatchIsLostToPruning) {
    options_.seal.rows = 700; // many blocks
    open();
    store_random(5000, 21);
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> events;
    ASSERT_TRUE(store_->events().scan(kAlways.first, kAlways.second, [&events](const event::StoredEvent& event) {
        auto& kept = events.emplace_back(std::string(event.raw), 0);
        for (const auto& [name, field] : event.fields) {
            kept.second.emplace_back(std::string(name), std::string(field.text()));
        }
        return true;
    }));
    std::mt19937 random(22);
    std::vector<event::QueryPlan> plans;
    std::vector<std::vector<std::string>> wanted;
    for (std::size_t i = 0; i < kQueries; ++i) {
        const auto& [raw, fields] = events[random() % events.size()];
        const bool of_field = !fields.empty() && random() % 2 == 0;
        const auto field = of_field ? fields[random() % fields.size()] : std::pair<std::string, std::string>("", raw);
        event::QueryPlan plan;
        plan.limit = 100'000;
        plan.filter.kind = random() % 2 == 0 ? event::Filter::Kind::phrase : event::Filter::Kind::glob;
        plan.filter.field = field.first;
        const std::size_t from = field.second.empty() ? 0 : random() % field.second.size();
        std::string piece = field.second.substr(from, 1 + random() % 14);
        for (char& c : piece) {
            if (random() % 2 == 0 && c >= 'a' && c <= 'z') { c = static_cast<char>(c - 'a' + 'A'); }
            if (plan.filter.kind == event::Filter::Kind::glob && random() % 7 == 0) { c = '?'; }
        }
        plan.filter.pattern = plan.filter.kind == event::Filter::Kind::glob ? "*" + piece + "*" : piece;
        plans.push_back(plan);
        wanted.push_back(ask(plan));
    }
    seal();
    std::uint64_t pruned = 0;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        ASSERT_EQ(ask(plans[i]), wanted[i]) << plans[i].filter.field << ": " << plans[i].filter.pattern;
        pruned += store_->events().query(plans[i], [](const event::StoredEvent&) { return true; })->blocks_pruned;
    }
    EXPECT_GT(pruned, kQueries * 3);
    event::QueryPlan nowhere;
    nowhere.filter.kind = event::Filter::Kind::phrase;
    nowhere.filter.pattern = "mimikatz";
    const auto stats = store_->events().query(nowhere, [](const event::StoredEvent&) { return true; });
    ASSERT_TRUE(stats);
    EXPECT_GT(stats->blocks_total, 20U);
    EXPECT_EQ(stats->blocks_pruned, stats->blocks_total);
    EXPECT_EQ(stats->rows_scanned, 0U);
}

TEST_F(SealTest, SealedAndWaitingEventsAreOne) {
    options_.seal.rows = 500;
    open();
    store_random(1500, 4);
    seal();
    store_random(1500, 5);
    const auto all = scan();
    EXPECT_GE(all.size(), 2500U);
    std::mt19937 random(6);
    std::vector<event::QueryPlan> plans;
    std::vector<std::vector<std::string>> wanted;
    for (int i = 0; i < 40; ++i) {
        plans.push_back(random_plan(random));
        wanted.push_back(ask(plans.back()));
    }
    EXPECT_EQ(tail(0, 7), all);
    seal();
    for (std::size_t i = 0; i < plans.size(); ++i) {
        ASSERT_EQ(ask(plans[i]), wanted[i]) << "query " << i;
    }
    EXPECT_EQ(scan(), all);
    EXPECT_EQ(tail(0, 7), all);
    expect_proven();
}

/// Ends sealing after each step as a crash would, opens again: nothing is lost or doubled, and the next try succeeds.
TEST_F(SealTest, StoppedAfterAnyStepNothingIsLostOrDoubled) {
    store_random(600, 7);
    std::vector<std::string> all = scan();
    for (int round = 0; round < 9; ++round) {
        const auto stop = static_cast<SealStep>(round % 3);
        options_.seal.after_step = [stop](SealStep step) { return step != stop; };
        open();
        EXPECT_EQ(scan(), all) << "round " << round;
        EXPECT_EQ(store_->seal().error(), std::errc::operation_canceled);
        EXPECT_EQ(scan(), all) << "while it runs on, round " << round;
        EXPECT_EQ(tail(0, 3), all);
        expect_proven();
        options_.seal.after_step = {};
        open();
        EXPECT_EQ(scan(), all) << "after the start, round " << round;
        expect_proven();
        if (round % 3 == 1) {
            seal();
            EXPECT_EQ(scan(), all);
        }
        store_random(100, 100 + static_cast<unsigned>(round));
        all = scan();
    }
    seal();
    EXPECT_EQ(scan(), all);
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(scan(), all);
}

TEST_F(SealTest, DropForgetsSealedAndWaitingEventsOfADay) {
    const auto day = static_cast<std::int32_t>(samples::kStart / common::kDay);
    const auto mixed = [this](std::string_view mark) {
        event::EventBatch batch;
        samples::add(batch, *names_, samples::kStart - 1, fmt::format("before {}", mark), {});
        samples::add(batch, *names_, samples::kStart, fmt::format("first moment {}", mark), {});
        samples::add(batch, *names_, samples::kStart + common::kDay - 1, fmt::format("last moment {}", mark), {});
        samples::add(batch, *names_, samples::kStart + common::kDay, fmt::format("after {}", mark), {});
        return batch;
    };
    ASSERT_TRUE(append_one("whole sealed", samples::kStart + common::kHour));
    ASSERT_TRUE(append(mixed("1")));
    seal();
    ASSERT_TRUE(append_one("whole waiting", samples::kStart + common::kHour));
    ASSERT_TRUE(append(mixed("2")));
    ASSERT_TRUE(store_->events().drop(day, test_order));
    EXPECT_THAT(everything(), ElementsAre("before 1", "after 1", "before 2", "after 2"));
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "day" / "2026-11-22"));
    expect_proven(2);
    ASSERT_TRUE(append_one("late comer", samples::kStart + 2));
    seal();
    EXPECT_THAT(everything(), ElementsAre("before 1", "after 1", "before 2", "after 2", "late comer"));
    expect_proven(2);
    open();
    EXPECT_THAT(query({}), ElementsAre("after 2", "after 1", "late comer", "before 2", "before 1"));
    ASSERT_TRUE(store_->events().drop(day + 1, test_order));
    ASSERT_TRUE(store_->events().drop(day - 1, test_order));
    EXPECT_THAT(everything(), ElementsAre("late comer"));
    expect_proven(4);
    ASSERT_TRUE(store_->events().drop(day, test_order));
    EXPECT_THAT(everything(), IsEmpty());
    expect_proven(5);
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "day"));
}

TEST_F(SealTest, AFolderLeftByADropThatEndedEarlyGoesAtTheNextStart) {
    ASSERT_TRUE(append_one("x", samples::kStart));
    seal();
    const auto folder = folder_.path() / "day" / "2026-11-22";
    store_.reset();
    const auto copy = folder_.path() / "copy";
    std::filesystem::copy(folder, copy);
    open();
    ASSERT_TRUE(store_->events().drop(static_cast<std::int32_t>(samples::kStart / common::kDay), test_order));
    store_.reset();
    std::filesystem::rename(copy, folder);
    const auto foreign = folder_.path() / "day" / "2026-11-25";
    std::filesystem::copy(folder, foreign);
    open();
    EXPECT_FALSE(std::filesystem::exists(folder));
    EXPECT_TRUE(std::filesystem::exists(foreign)) << "nobody dropped that day";
    EXPECT_THAT(everything(), IsEmpty());
}

TEST_F(SealTest, EventsOfManyDaysStayInTheJournalAndAreFound) {
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(append_one("day " + std::to_string(i), samples::kStart - i * common::kDay));
    }
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(append_one("today " + std::to_string(i), samples::kStart + i));
    }
    const auto all = scan();
    seal();
    EXPECT_EQ(scan(), all);
    EXPECT_EQ(tail(0, 4), all);
    expect_proven();
    EXPECT_EQ(waiting(), 40U - 16U);
    EXPECT_EQ(scan(), all);
}

TEST_F(SealTest, DamagedMicroBlocksAreNotSealedAway) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(append_one("event " + std::to_string(i)));
    }
    store_.reset();
    {
        JournalDb db(folder_.path(), options_, logger_);
        const std::string key = to_key({day_of(samples::kStart), 0, 2});
        ASSERT_TRUE(db.db().Put({}, db.family(Family::mb), key, "nonsense").ok());
    }
    open();
    seal();
    EXPECT_EQ(waiting(), 1U);
    const auto report = store_->verify();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->first_bad_seq, 2U);
}

/// A folder as the release before sealing left it: format 1, a journal alone.
TEST_F(SealTest, AJournalOfFormatOneOpensAndIsSealed) {
    store_random(500, 9);
    const auto all = scan();
    store_.reset();
    {
        JournalDb db(folder_.path(), options_, logger_);
        for (const Family family : {Family::seg, Family::sealed}) {
            ASSERT_TRUE(db.db().DropColumnFamily(db.family(family)).ok());
        }
    }
    std::ofstream(folder_.path() / "FORMAT") << "canhgac-store 1\n";
    open();
    EXPECT_EQ(scan(), all);
    seal();
    EXPECT_EQ(scan(), all);
    expect_proven();
    std::string format;
    std::getline(std::ifstream(folder_.path() / "FORMAT"), format);
    EXPECT_EQ(format, "canhgac-store 3") << "older releases are kept out";
    EXPECT_EQ(waiting(), 0U);
}

/// The thread itself, with readers and writers beside it.
TEST_F(SealTest, TheThreadSealsWhileOthersWorkAndStopsCleanly) {
    const common::SystemClock clock;
    options_.seal.on = true;
    options_.seal.after = 0;
    options_.seal.rows = 300;
    store_.reset();
    names_ = std::make_unique<event::FieldTable>();
    metrics_ = std::make_unique<common::MetricsRegistry>();
    JournalStore store(folder_.path(), options_, *names_, clock, *metrics_, logger_);
    std::atomic<std::uint32_t> stored{0};
    std::atomic<bool> writing{true};
    std::thread reader([&] {
        while (writing) {
            const std::uint32_t least = stored;
            std::set<std::string> seen;
            std::uint32_t rows = 0;
            event::QueryPlan plan;
            plan.limit = 100'000;
            const auto stats = store.events().query(plan, [&](const event::StoredEvent& event) {
                seen.emplace(event.raw);
                ++rows;
                return true;
            });
            EXPECT_TRUE(stats) << (stats ? "" : stats.error().message());
            EXPECT_GE(rows, least);
            EXPECT_EQ(seen.size(), rows) << "an event was seen twice";
        }
    });
    for (std::uint32_t i = 0; i < 120; ++i) {
        event::EventBatch batch;
        for (std::uint32_t row = 0; row < 20; ++row) {
            samples::add(batch, *names_, samples::kStart + i, fmt::format("event {}", i * 20 + row), {});
        }
        Fate fate;
        store.events().append(store.events().prepare(batch, {}, {}), fate.callback());
        ASSERT_TRUE(fate.wait());
        stored += 20;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    writing = false;
    reader.join();
    EXPECT_THAT(metrics_->text(), testing::Not(HasSubstr("canhgac_store_sealed_events_total 0")));
    const auto report = store.verify();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
    store.close();
    const auto sealed = store.seal();
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error(), std::errc::operation_canceled);
}

} // namespace
} // namespace canhgac::storage
