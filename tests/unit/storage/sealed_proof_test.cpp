/// The hash chain over sealed events: what was touched is named.
#include <fstream>

#include <gmock/gmock.h>

#include "storage/coding.hpp"
#include "storage/day_store.hpp"
#include "storage/seal_catalogue.hpp"
#include "storage/segment_encoder.hpp"
#include "tests/unit/storage/seal_fixture.hpp"

namespace canhgac::storage {
namespace {

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
    static constexpr std::uint16_t kNextDay = 1 + static_cast<std::uint16_t>(samples::kStart / common::kDay);
    /// A segment of one event on the day after, named by the catalogue as one of run 1.
    void plant_segment(std::uint64_t seq, std::uint32_t index) {
        std::vector<BlockRow> rows(1);
        rows[0].seq = seq;
        rows[0].index = index;
        rows[0].time = samples::kStart + common::kDay;
        rows[0].raw = "planted";
        SealedBlock block = SegmentEncoder().encode(rows);
        SegmentChunks chunks;
        chunks.emplace_back(chunk_key(1, chunk::kHead, 0), block.head);
        for (auto& [number, bytes] : block.columns) {
            chunks.emplace_back(chunk_key(1, number, 0), std::move(bytes));
        }
        BlockEntry entry;
        entry.zone.rows = 1;
        entry.zone.min_time = entry.zone.max_time = rows[0].time;
        entry.min_seq = entry.max_seq = seq;
        chunks.emplace_back(chunk_key(1, chunk::kDirectory, 0), encode_directory({entry}));
        std::sort(chunks.begin(), chunks.end());
        DayStores stores(folder_.path(), logger_);
        ASSERT_FALSE(stores.open(kNextDay, true).value()->ingest(chunks));
        JournalDb db(folder_.path(), options_, logger_);
        SegmentRecord segment;
        segment.day = kNextDay;
        segment.run = 1;
        segment.rows = segment.blocks = 1;
        segment.min_time = segment.max_time = rows[0].time;
        ASSERT_TRUE(db.db().Put({}, db.family(Family::seg), segment_key(kNextDay, 1), encode(segment)).ok());
    }
    /// Makes run 1 have a segment of the day after.
    void name_in_run() {
        store_.reset();
        JournalDb db(folder_.path(), options_, logger_);
        const std::unique_ptr<rocksdb::Iterator> runs(db.db().NewIterator({}, db.family(Family::seg)));
        runs->Seek(run_key(1));
        ASSERT_TRUE(runs->Valid());
        auto run = decode_run(runs->key().ToStringView(), runs->value().ToStringView()).value();
        run.days.push_back(kNextDay);
        ASSERT_TRUE(db.db().Put({}, db.family(Family::seg), runs->key(), encode(run)).ok());
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

TEST_F(SealedProofTest, APlantedSegmentIsFound) {
    plant_segment(5, 4000);
    VerifyReport bad = report();
    EXPECT_EQ(bad.first_bad_seq, 5U);
    EXPECT_EQ(bad.problem, "there is a segment of events that no batches were sealed into");
    name_in_run();
    bad = report();
    EXPECT_EQ(bad.first_bad_seq, 5U);
    EXPECT_EQ(bad.problem, "it has an event too many");
}

TEST_F(SealedProofTest, EventsOfABatchThatNeverWasAreFound) {
    plant_segment(4000, 0);
    name_in_run();
    const VerifyReport bad = report();
    EXPECT_EQ(bad.first_bad_seq, 4000U);
    EXPECT_EQ(bad.problem, "segments hold events that this batch does not have");
}

TEST_F(SealedProofTest, ARangeReadsOnlyItsBatches) {
    open();
    VerifyOptions options;
    options.from = samples::kStart + common::kDay; // all were committed before
    const auto none = store_->verify(options).value();
    EXPECT_EQ(none.first_bad_seq, 0U) << none.problem;
    EXPECT_EQ(none.skipped, 8U);
    EXPECT_EQ(none.events, 0U);
    options = {};
    const auto head = store_->verify().value();
    options.after = 8;
    options.after_head = head.head;
    EXPECT_EQ(store_->verify(options).value().first_bad_seq, 0U);
    ASSERT_TRUE(append_one("one more"));
    EXPECT_EQ(store_->verify(options).value().events, 1U);
}

} // namespace
} // namespace canhgac::storage
