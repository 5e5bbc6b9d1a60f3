/// A store in a folder of its own, and short ways to fill and read it.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <limits>
#include <mutex>
#include <set>
#include <stdlib.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/journal_store.hpp"
#include "tests/unit/storage/samples.hpp"

namespace canhgac::storage {

/// A folder that goes with the object.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "canhgac-store-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) { std::abort(); }
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

inline const event::DropOrder test_order{"tester", "a test"};

/// Waits for the fate of one batch.
class Fate {
public:
    std::function<void(bool)> callback() {
        return [this](bool durable) {
            const std::lock_guard lock(mutex_);
            fate_ = durable;
            changed_.notify_all();
        };
    }
    [[nodiscard]] bool wait() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(60), [this] { return fate_.has_value(); })) { return false; }
        return *fate_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<bool> fate_;
};

class StoreTest : public testing::Test {
protected:
    StoreTest() {
        options_.min_free_bytes = 0;
        options_.seal.on = false; // tests seal when they want to
    }
    void open(const std::filesystem::path& folder) {
        store_.reset();
        names_ = std::make_unique<event::FieldTable>();
        metrics_ = std::make_unique<common::MetricsRegistry>();
        store_ = std::make_unique<JournalStore>(folder, options_, *names_, clock_, *metrics_, logger_);
    }
    void open() { open(folder_.path()); }

    bool append(const event::EventBatch& batch, std::vector<event::DetectionRecord> detections = {},
                std::vector<std::uint64_t> keys = {}) {
        Fate fate;
        store_->events().append(store_->events().prepare(batch, detections, keys), fate.callback());
        return fate.wait();
    }
    /// One event with its own raw line and message, in a batch of its own.
    bool append_one(std::string_view raw, common::Nanos time = samples::kStart,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {}) {
        event::EventBatch batch;
        samples::add(batch, *names_, time, raw, fields);
        return append(batch);
    }
    [[nodiscard]] std::vector<std::string> query(const event::QueryPlan& plan) {
        std::vector<std::string> lines;
        const auto stats = store_->events().query(plan, [&lines](const event::StoredEvent& event) {
            lines.emplace_back(event.raw);
            return true;
        });
        EXPECT_TRUE(stats) << (stats ? "" : stats.error().message());
        return lines;
    }
    [[nodiscard]] std::vector<std::string> everything() {
        std::vector<std::string> lines;
        const auto stats =
            store_->events().scan(std::numeric_limits<common::Nanos>::min(), std::numeric_limits<common::Nanos>::max(),
                                  [&lines](const event::StoredEvent& event) {
                                      lines.emplace_back(event.raw);
                                      return true;
                                  });
        EXPECT_TRUE(stats) << (stats ? "" : stats.error().message());
        return lines;
    }

    TemporaryFolder folder_;
    JournalOptions options_;
    common::ManualClock clock_{samples::kStart};
    common::Logger logger_{common::LogLevel::error};
    std::unique_ptr<event::FieldTable> names_;
    std::unique_ptr<common::MetricsRegistry> metrics_;
    std::unique_ptr<JournalStore> store_;
};

} // namespace canhgac::storage
