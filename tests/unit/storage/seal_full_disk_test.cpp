/// Sealing on a disk that is full to the last byte: nothing is lost, nothing is shown twice, and once there is room it
/// goes on by itself, whichever step failed.
#include <fcntl.h>
#include <fstream>
#include <random>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/mount.h>

#include "tests/unit/storage/seal_fixture.hpp"

namespace canhgac::storage {
namespace {

class SealFullDiskTest : public SealTest {
protected:
    void SetUp() override {
        if (::mount("canhgac-test", folder_.path().c_str(), "tmpfs", 0, "size=64m") != 0) {
            GTEST_SKIP() << "needs root to mount a small tmpfs: the full disk is NOT tested";
        }
        mounted_ = true;
        options_.memory_bytes = 8 * common::kMiB;
        options_.wal_bytes = 4 * common::kMiB;
        options_.min_free_bytes = 0;
        options_.seal.after_step = [this](SealStep step) {
            if (fill_at_ == step) { fill_up(); }
            return true;
        };
    }
    void TearDown() override {
        store_.reset();
        if (mounted_) { ::umount2(folder_.path().c_str(), MNT_DETACH); }
    }
    bool append_noise(std::size_t bytes) {
        std::string noise(bytes, ' ');
        for (char& c : noise) {
            c = static_cast<char>(random_());
        }
        event::EventBatch batch;
        samples::add(batch, *names_, samples::kStart, noise, {});
        const bool taken = append(batch);
        accepted_ += taken ? 1 : 0;
        return taken;
    }
    /// To the last byte; then whatever room the journal has set aside too.
    void fill_up() {
        fill_at_.reset();
        const int file = ::open(ballast().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
        ASSERT_GE(file, 0);
        const std::string bytes(64 * common::kKiB, 'b');
        for (std::size_t size = bytes.size(); size != 0; size /= 2) {
            while (::write(file, bytes.data(), size) > 0) {}
        }
        ::close(file);
        for (const std::size_t size : {200'000U, 20'000U, 2'000U, 200U, 20U}) {
            while (append_noise(size)) {}
        }
    }
    [[nodiscard]] std::filesystem::path ballast() const { return folder_.path() / "ballast"; }

    /// Fills the disk at a step (none: before the first) and expects all to be well once there is room.
    void fails_and_recovers(std::optional<SealStep> at) {
        open();
        store_random(2000, 31);
        const std::size_t stored = everything().size();
        fill_at_ = at;
        if (!at) { fill_up(); }
        const auto sealed = store_->seal();
        ASSERT_FALSE(sealed) << "the disk was full";
        EXPECT_FALSE(store_->seal()) << "it still is";
        EXPECT_EQ(everything().size(), stored + accepted_) << "reading goes on";
        std::filesystem::remove(ballast());
        const auto before = everything();
        seal();
        EXPECT_EQ(everything(), before);
        EXPECT_EQ(before.size(), stored + accepted_);
        expect_proven();
        EXPECT_EQ(waiting(), 0U);
        EXPECT_EQ(everything(), before) << "after a restart";
        expect_proven();
    }

    std::optional<SealStep> fill_at_;
    std::mt19937 random_{7};
    std::size_t accepted_ = 0;
    bool mounted_ = false;
};

TEST_F(SealFullDiskTest, TheAnnouncementIsMadeAgain) {
    fails_and_recovers(std::nullopt);
}

TEST_F(SealFullDiskTest, AnIngestIsTakenBackAndMadeAgain) {
    fails_and_recovers(SealStep::announced);
}

TEST_F(SealFullDiskTest, WhatIsInTheDaysIsRecordedLater) {
    fails_and_recovers(SealStep::ingested);
}

TEST_F(SealFullDiskTest, ADropRecordsFirstWhatIsInTheDays) {
    open();
    ASSERT_TRUE(append_one("old", samples::kStart - common::kDay));
    ASSERT_TRUE(append_one("new", samples::kStart));
    fill_at_ = SealStep::ingested;
    ASSERT_FALSE(store_->seal());
    const auto day = static_cast<std::int32_t>(samples::kStart / common::kDay) - 1;
    EXPECT_FALSE(store_->events().drop(day, test_order)) << "nothing can be written";
    std::filesystem::remove(ballast());
    ASSERT_TRUE(store_->events().drop(day, test_order));
    EXPECT_EQ(everything().size(), 1 + accepted_);
    open();
    EXPECT_EQ(everything().size(), 1 + accepted_);
    expect_proven(1);
}

TEST_F(SealFullDiskTest, TheThreadGoesOnByItself) {
    options_.seal.on = true;
    options_.seal.after = 0;
    fill_at_ = SealStep::announced;
    open();
    store_random(500, 32);
    const auto has = [this](std::string_view line) { return metrics_->text().find(line) != std::string::npos; };
    const auto until = [](const std::function<bool()>& done) {
        for (int i = 0; i < 600 && !done(); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return done();
    };
    ASSERT_TRUE(until([&has] { return !has("canhgac_store_seal_errors_total 0\n"); })) << "the disk never filled up";
    std::filesystem::remove(ballast());
    EXPECT_TRUE(until([&has] { return has("canhgac_store_seal_lag_batches 0\n"); }));
}

} // namespace
} // namespace canhgac::storage
