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

} // namespace
} // namespace canhgac::storage
