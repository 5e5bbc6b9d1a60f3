#include "storage/seal_pace.hpp"

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {
namespace {

TEST(SealPace, BelowTheBacklogAndBeforeAnyRunThereIsNoLimit) {
    SealPace pace(1'000);
    EXPECT_EQ(pace.limit(1'000'000), 0) << "no speed is known yet";
    pace.sealed(1'000, common::kSecond / 10);
    EXPECT_EQ(pace.limit(23'999), 0);
    EXPECT_FALSE(pace.hurries(15'999));
    EXPECT_TRUE(pace.hurries(16'000));
}

TEST(SealPace, TheMoreWaitTheLess) {
    SealPace pace(1'000);
    pace.sealed(1'000, common::kSecond / 10); // 10,000 a second
    EXPECT_NEAR(pace.limit(24'000), 20'000, 1);
    EXPECT_NEAR(pace.limit(28'000), 15'000, 1);
    EXPECT_NEAR(pace.limit(32'000), 10'000, 1);
    EXPECT_NEAR(pace.limit(36'000), 5'000, 1);
    EXPECT_NEAR(pace.limit(1'000'000), 2'500, 1) << "senders are slowed, never stopped";
}

TEST(SealPace, FollowsTheSpeedOfTheLastRuns) {
    SealPace pace(1'000);
    pace.sealed(1'000, common::kSecond / 10);
    for (int i = 0; i < 10; ++i) {
        pace.sealed(1'000, common::kSecond / 20);
    }
    EXPECT_NEAR(pace.limit(32'000), 20'000, 100);
    pace.sealed(0, common::kSecond);
    pace.sealed(1'000, 0);
    EXPECT_NEAR(pace.limit(32'000), 20'000, 100) << "an empty run says nothing";
}

/// A writer much faster than sealing: the journal stays bounded, and every event is there.
class SealPaceTest : public StoreTest {};

TEST_F(SealPaceTest, AFastWriterIsSlowedToTheSpeedOfSealing) {
    constexpr std::uint32_t kRows = 50;
    constexpr std::uint32_t kBatches = 2'000;
    constexpr std::uint32_t kBatchRows = 5;
    const common::SystemClock clock;
    options_.durability = Durability::os;
    options_.queue_bytes = 64 * common::kKiB;
    options_.seal.on = true;
    options_.seal.rows = kRows;
    options_.seal.after_step = [](SealStep step) {
        if (step == SealStep::announced) { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }
        return true;
    };
    names_ = std::make_unique<event::FieldTable>();
    metrics_ = std::make_unique<common::MetricsRegistry>();
    JournalStore store(folder_.path(), options_, *names_, clock, *metrics_, logger_);
    std::atomic<std::uint32_t> durable{0};
    const auto waiting = metrics_->gauge("canhgac_store_seal_lag_batches", "");
    const auto limit = metrics_->gauge("canhgac_store_commit_limit_events_per_second", "");
    double most_waiting = 0;
    bool limited = false;
    for (std::uint32_t i = 0; i < kBatches; ++i) {
        event::EventBatch batch;
        for (std::uint32_t row = 0; row < kBatchRows; ++row) {
            samples::add(batch, *names_, samples::kStart + i, fmt::format("event {}", i * kBatchRows + row), {});
        }
        store.events().append(store.events().prepare(batch, {}, {}), [&](bool kept) { durable += kept ? 1 : 0; });
        std::this_thread::sleep_for(
            std::chrono::milliseconds(1)); // sealing looks once a second whether it has to begin
        if (i % 50 == 0) {
            most_waiting = std::max(most_waiting, waiting.value());
            limited = limited || limit.value() > 0;
        }
    }
    store.close();
    EXPECT_EQ(durable, kBatches);
    EXPECT_TRUE(limited);
    EXPECT_LT(most_waiting * kBatchRows, 130.0 * kRows) << "of " << kBatches * kBatchRows << " events";
}

} // namespace
} // namespace canhgac::storage
