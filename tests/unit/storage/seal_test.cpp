/// Sealing: events move from the journal into the segments of their days; nobody who reads can tell.
#include <fstream>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include "storage/coding.hpp"
#include "storage/day_store.hpp"
#include "storage/journal_db.hpp"
#include "storage/seal_catalogue.hpp"
#include "storage/segment_encoder.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kAlways =
    std::pair{std::numeric_limits<common::Nanos>::min(), std::numeric_limits<common::Nanos>::max()};

/// Everything a reader sees of an event.
std::string text_of(const event::StoredEvent& event) {
    std::string text =
        fmt::format("{}.{} {} {} {} {} {} [{}]", event.id.seq, event.id.index, event.time, event.received,
                    static_cast<std::uint32_t>(event.source), event.flags, static_cast<int>(event.format), event.raw);
    for (const auto& [name, field] : event.fields) {
        text += fmt::format(" {}:{}={}", name, static_cast<int>(field.type()), field.text());
    }
    return text;
}

class SealTest : public StoreTest {
protected:
    void SetUp() override { open(); }
    void seal() {
        const auto sealed = store_->seal();
        ASSERT_TRUE(sealed) << sealed.error().message();
    }
    std::vector<std::string> scan(common::Nanos from = kAlways.first, common::Nanos to = kAlways.second) {
        std::vector<std::string> rows;
        const auto stats = store_->events().scan(from, to, [&rows](const event::StoredEvent& event) {
            rows.push_back(text_of(event));
            return true;
        });
        EXPECT_TRUE(stats) << (stats ? "" : stats.error().message());
        return rows;
    }
    std::vector<std::string> ask(const event::QueryPlan& plan) {
        std::vector<std::string> rows;
        const auto stats = store_->events().query(plan, [&rows](const event::StoredEvent& event) {
            rows.push_back(text_of(event));
            return true;
        });
        EXPECT_TRUE(stats) << (stats ? "" : stats.error().message());
        return rows;
    }
    /// Every event after `position`, in steps of `limit` batches.
    std::vector<std::string> tail(std::uint64_t position, std::uint64_t limit, const event::Filter& filter = {}) {
        std::vector<std::string> rows;
        for (;;) {
            const auto next = store_->events().tail(position, filter, limit, [&rows](const event::StoredEvent& event) {
                rows.push_back(text_of(event));
                return true;
            });
            EXPECT_TRUE(next) << (next ? "" : next.error().message());
            if (!next || *next == position) { return rows; }
            position = *next;
        }
    }
    void expect_proven(std::uint64_t expired = 0) {
        const auto report = store_->verify();
        ASSERT_TRUE(report) << report.error().message();
        EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
        EXPECT_EQ(report->expired, expired);
    }
    /// Micro-blocks still in the journal.
    std::size_t waiting() {
        store_.reset();
        std::size_t count = 0;
        {
            const JournalDb db(folder_.path(), options_, logger_);
            const auto entries = db.iterate(Family::mb);
            for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
                ++count;
            }
        }
        open();
        return count;
    }
    /// `count` events of several kinds around two midnights, in batches, some of them sent twice.
    void store_random(std::uint32_t count, unsigned seed) {
        std::mt19937 random(seed);
        samples::SyslogMaker syslog(*names_, seed);
        samples::JsonMaker json(*names_, seed);
        for (std::uint32_t done = 0; done < count;) {
            const std::uint32_t size = std::min(1 + static_cast<std::uint32_t>(random() % 200), count - done);
            const auto start =
                samples::kStart + static_cast<common::Nanos>(random() % 172'800) * common::kSecond - common::kDay / 2;
            event::EventBatch batch;
            switch (random() % 4) {
            case 0:
                syslog.fill(batch, size, start);
                break;
            case 1:
                json.fill(batch, size, start);
                break;
            default: {
                for (std::uint32_t i = 0; i < size; ++i) {
                    const auto time = start + static_cast<common::Nanos>(random() % 100'000) * common::kSecond;
                    const std::string word = std::to_string(random() % 50);
                    samples::add(batch, *names_, time, "word " + word + (random() % 9 == 0 ? " \xff\xfe rare" : ""),
                                 {{"w", word}, {"n" + std::to_string(random() % 7), "Straße " + word}});
                }
            }
            }
            std::vector<std::uint64_t> keys(batch.size());
            for (std::uint64_t& key : keys) {
                key = 1 + random() % 20'000; // some come again
            }
            ASSERT_TRUE(append(batch, {}, random() % 2 == 0 ? keys : std::vector<std::uint64_t>{}));
            done += size;
        }
    }
    event::QueryPlan random_plan(std::mt19937& random) const {
        using event::Filter;
        static const std::vector<std::string> words = {"word 7", "rare", "Straße", "STRASSE", "root",    "svchost",
                                                       "failed", "4",    "1.",     "K",       "user0012"};
        static const std::vector<std::string> names = {"", "w", "n3", "user.name", "Image", "message", "nothing"};
        std::function<Filter(int)> make = [&](int depth) {
            Filter filter;
            const auto kind = random() % (depth == 0 ? 3 : 6);
            if (kind < 3) {
                filter.field = names[random() % names.size()];
                filter.kind = kind == 0 ? Filter::Kind::phrase : kind == 1 ? Filter::Kind::glob : Filter::Kind::compare;
                filter.pattern =
                    kind == 1 ? "*" + words[random() % words.size()] + "*" : words[random() % words.size()];
                filter.op = Filter::Op::greater;
                filter.number = static_cast<double>(random() % 60);
                return filter;
            }
            filter.kind = kind == 3   ? Filter::Kind::negation
                          : kind == 4 ? Filter::Kind::conjunction
                                      : Filter::Kind::disjunction;
            filter.children.push_back(make(depth - 1));
            if (kind != 3) { filter.children.push_back(make(depth - 1)); }
            return filter;
        };
        event::QueryPlan plan;
        plan.filter = make(2);
        plan.from = samples::kStart + static_cast<common::Nanos>(random() % 172'800) * common::kSecond - common::kDay;
        plan.to = plan.from + static_cast<common::Nanos>(random() % 200'000) * common::kSecond;
        plan.limit = random() % 3 == 0 ? 1 + random() % 50 : 100'000;
        return plan;
    }
};

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
    for (int i = 0; i < 150; ++i) {
        plans.push_back(random_plan(random));
        wanted.push_back(ask(plans.back()));
        found += wanted.back().size();
    }
    ASSERT_GT(found, 10'000U) << "queries that find nothing prove nothing";
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
    ASSERT_TRUE(store_->events().drop(day));
    EXPECT_THAT(everything(), ElementsAre("before 1", "after 1", "before 2", "after 2"));
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "day" / "2026-11-22"));
    expect_proven(2);
    ASSERT_TRUE(append_one("late comer", samples::kStart + 2));
    seal();
    EXPECT_THAT(everything(), ElementsAre("before 1", "after 1", "before 2", "after 2", "late comer"));
    expect_proven(2);
    open();
    EXPECT_THAT(query({}), ElementsAre("after 2", "after 1", "late comer", "before 2", "before 1"));
    ASSERT_TRUE(store_->events().drop(day + 1));
    ASSERT_TRUE(store_->events().drop(day - 1));
    EXPECT_THAT(everything(), ElementsAre("late comer"));
    expect_proven(4);
    ASSERT_TRUE(store_->events().drop(day));
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
    ASSERT_TRUE(store_->events().drop(static_cast<std::int32_t>(samples::kStart / common::kDay)));
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

class SealedProofTest : public SealTest {
protected:
    void SetUp() override {
        open();
        for (int i = 0; i < 8; ++i) {
            event::EventBatch batch;
            samples::SyslogMaker(*names_, static_cast<unsigned>(i)).fill(batch, 300, samples::kStart + i);
            ASSERT_TRUE(append(batch));
        }
        seal();
        store_.reset();
    }
    VerifyReport report() {
        open();
        const auto result = store_->verify();
        EXPECT_TRUE(result) << result.error().message();
        return result.value_or(VerifyReport{});
    }
    /// Changes the catalogue behind the store's back.
    void forge(Family family, const std::string& key, const std::function<void(std::string&)>& how) {
        JournalDb db(folder_.path(), options_, logger_);
        auto value = db.get(family, key);
        ASSERT_TRUE(value && *value);
        how(**value);
        ASSERT_TRUE(db.db().Put({}, db.family(family), key, **value).ok());
    }
    static std::string seq_key(std::uint64_t seq) {
        std::string key;
        append_key(key, seq);
        return key;
    }
};

TEST_F(SealedProofTest, AFlippedByteOfASegmentIsFound) {
    std::filesystem::path file;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "day" / "2026-11-22")) {
        if (entry.path().extension() == ".sst") { file = entry.path(); }
    }
    ASSERT_FALSE(file.empty());
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(file) / 2);
    bytes.seekg(middle);
    const char byte = static_cast<char>(bytes.get() ^ 1);
    bytes.seekp(middle);
    bytes.put(byte);
    bytes.close();
    const VerifyReport bad = report();
    EXPECT_EQ(bad.first_bad_seq, 1U);
    EXPECT_EQ(bad.problem, "its events cannot be read");
    event::QueryPlan plan;
    EXPECT_EQ(store_->events().query(plan, [](const event::StoredEvent&) { return true; }).error(),
              std::errc::bad_message)
        << "a query does not pass over what it cannot read";
}

TEST_F(SealedProofTest, AChangedEventIsFoundThoughItsFileIsInOrder) {
    {
        DayStores stores(folder_.path(), logger_);
        const auto day = stores.open(day_of(samples::kStart), false).value();
        SegmentChunks chunks;
        // Another block of as many rows in its place: well formed, but not these events.
        SegmentEncoder encoder;
        std::vector<BlockRow> rows(2400);
        for (std::uint32_t i = 0; i < rows.size(); ++i) {
            rows[i].seq = 1 + i / 300;
            rows[i].index = i % 300;
            rows[i].time = samples::kStart + i;
            rows[i].raw = "forged";
        }
        SealedBlock block = encoder.encode(rows);
        chunks.emplace_back(chunk_key(1, chunk::kHead, 0), block.head);
        for (auto& [number, bytes] : block.columns) {
            chunks.emplace_back(chunk_key(1, number, 0), std::move(bytes));
        }
        std::sort(chunks.begin(), chunks.end());
        ASSERT_FALSE(day->ingest(chunks));
    }
    const VerifyReport bad = report();
    EXPECT_EQ(bad.first_bad_seq, 1U);
    EXPECT_EQ(bad.problem, "an event was changed");
}

TEST_F(SealedProofTest, HiddenAndMissingEventsAreFound) {
    forge(Family::sealed, seq_key(3), [](std::string& value) {
        auto batch = decode_sealed_batch(value);
        batch->dropped.add(5);
        value = encode(*batch);
    });
    EXPECT_EQ(report().problem, "it has an event too many");
    store_.reset();
    forge(Family::sealed, seq_key(2), [](std::string& value) {
        auto batch = decode_sealed_batch(value);
        batch->duplicates.add(5);
        batch->leaves.emplace_back();
        value = encode(*batch);
    });
    EXPECT_EQ(report().first_bad_seq, 2U);
    EXPECT_EQ(report().problem, "its list of duplicates was changed");
    store_.reset();
    {
        JournalDb db(folder_.path(), options_, logger_);
        ASSERT_TRUE(db.db().Delete({}, db.family(Family::seg), segment_key(day_of(samples::kStart), 1)).ok());
    }
    EXPECT_EQ(report().first_bad_seq, 1U);
    EXPECT_EQ(report().problem, "its events are missing");
}

TEST_F(SealedProofTest, ALostDayIsFound) {
    std::filesystem::remove_all(folder_.path() / "day" / "2026-11-22");
    const VerifyReport bad = report();
    EXPECT_EQ(bad.first_bad_seq, 1U);
    EXPECT_EQ(bad.problem, "its events cannot be read");
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
    EXPECT_EQ(format, "canhgac-store 2") << "older releases are kept out";
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
    EXPECT_EQ(store.seal().error(), std::errc::operation_canceled);
}

} // namespace
} // namespace canhgac::storage
