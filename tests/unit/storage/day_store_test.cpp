/// The database of a day: what an ingest that was cut off leaves behind never harms what was taken in.
#include "storage/day_store.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "storage/segment_format.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {
namespace {

constexpr std::uint16_t kSomeDay = 20'000;

class DayStoreTest : public testing::Test {
protected:
    [[nodiscard]] std::shared_ptr<DayDb> day() {
        auto db = stores_->open(kSomeDay, true);
        EXPECT_TRUE(db);
        return *db;
    }
    [[nodiscard]] static SegmentChunks chunks(std::uint32_t run, const std::string& text) {
        return {{chunk_key(run, 1, 0), text}, {chunk_key(run, 2, 0), text + text}};
    }
    void expect(std::uint32_t run, const std::string& text) {
        const auto value = day()->get(chunk_key(run, 2, 0));
        ASSERT_TRUE(value) << value.error().message();
        ASSERT_TRUE(value->has_value());
        EXPECT_EQ(**value, text + text);
    }
    void reopen() { stores_ = std::make_unique<DayStores>(folder_.path(), logger_); }
    [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "day" / "2024-10-04"; }

    TemporaryFolder folder_;
    common::Logger logger_{common::LogLevel::error};
    std::unique_ptr<DayStores> stores_ = std::make_unique<DayStores>(folder_.path(), logger_);
};

/// The moment between the database's own name for the file and the end of the first one: both are there after a crash.
TEST_F(DayStoreTest, TheSecondNameOfAnIngestedFileIsNotWrittenOver) {
    ASSERT_FALSE(day()->ingest(chunks(1, std::string(50'000, 'a'))));
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
        if (entry.path().extension() != ".sst") { continue; }
        std::filesystem::create_hard_link(entry.path(), path() / "segment.new");
        ++files;
    }
    ASSERT_EQ(files, 1U);
    reopen();
    ASSERT_FALSE(day()->ingest(chunks(2, "b")));
    reopen();
    expect(1, std::string(50'000, 'a'));
    expect(2, "b");
    EXPECT_FALSE(std::filesystem::exists(path() / "segment.new"));
}

TEST_F(DayStoreTest, AHalfWrittenFileIsReplaced) {
    ASSERT_FALSE(day()->ingest(chunks(1, "a")));
    std::ofstream(path() / "segment.new") << "half";
    ASSERT_FALSE(day()->ingest(chunks(2, "b")));
    reopen();
    expect(1, "a");
    expect(2, "b");
}

TEST_F(DayStoreTest, WhatCannotBeReplacedIsAnError) {
    ASSERT_FALSE(day()->ingest(chunks(1, "a")));
    std::filesystem::create_directories(path() / "segment.new" / "full");
    EXPECT_TRUE(day()->ingest(chunks(2, "b")));
    expect(1, "a");
}

TEST_F(DayStoreTest, ManySmallFilesBecomeOneAndKeepWhatTheyHold) {
    constexpr std::uint32_t kRuns = 3 * DayDb::kJoinedFiles + 5;
    const auto files = [this] {
        return std::count_if(std::filesystem::directory_iterator(path()), std::filesystem::directory_iterator(),
                             [](const auto& entry) { return entry.path().extension() == ".sst"; });
    };
    for (std::uint32_t run = 1; run <= kRuns; ++run) {
        ASSERT_FALSE(day()->ingest(chunks(run, std::string(1000, 'a') + std::to_string(run))));
        if (run == 7) { ASSERT_FALSE(day()->erase(6)); }
    }
    EXPECT_GE(files(), kRuns);
    EXPECT_EQ(*day()->join_files(0), 0U) << "no room";
    const auto joined = day()->join_files(common::kGiB);
    ASSERT_TRUE(joined) << joined.error().message();
    EXPECT_GE(*joined, 3 * DayDb::kJoinedFiles);
    reopen(); // unlinks what is not needed any more
    EXPECT_LT(files(), 12);
    for (std::uint32_t run = 1; run <= kRuns; ++run) {
        if (run == 6) {
            EXPECT_FALSE(day()->get(chunk_key(run, 2, 0))->has_value());
        } else {
            expect(run, std::string(1000, 'a') + std::to_string(run));
        }
    }
    EXPECT_EQ(*day()->join_files(common::kGiB), 0U) << "and stays as it is";
}

TEST_F(DayStoreTest, AnErasedRunIsGoneAndOthersStay) {
    ASSERT_FALSE(day()->ingest(chunks(1, "a")));
    ASSERT_FALSE(day()->ingest(chunks(2, "b")));
    ASSERT_FALSE(day()->erase(1));
    reopen();
    const auto value = day()->get(chunk_key(1, 2, 0));
    ASSERT_TRUE(value);
    EXPECT_FALSE(value->has_value());
    expect(2, "b");
}

} // namespace
} // namespace canhgac::storage
