/// A DetectionLog in memory: batches are appended by the test.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "event/store.hpp"

namespace canhgac::test {

class MemoryLog final : public event::DetectionLog {
public:
    /// Appends a batch; its detections get their event ids here. Returns its seq (from 1).
    std::uint64_t append(std::vector<event::DetectionRecord> records) {
        std::uint64_t seq = 0;
        {
            const std::scoped_lock lock(mutex_);
            batches_.push_back(std::move(records));
            seq = batches_.size();
            std::uint32_t index = 0;
            for (auto& record : batches_.back()) {
                record.event = {.seq = seq, .index = index++};
            }
        }
        changed_.notify_all();
        return seq;
    }

    [[nodiscard]] common::Result<std::uint64_t, std::error_code>
    read(std::uint64_t after, std::uint64_t limit,
         const std::function<void(event::DetectionRecord&&)>& visit) override {
        std::vector<std::vector<event::DetectionRecord>> found;
        {
            const std::scoped_lock lock(mutex_);
            if (failing_) { return common::fail(std::make_error_code(std::errc::io_error)); }
            for (std::uint64_t seq = after; seq < batches_.size() && seq < after + limit; ++seq) {
                found.push_back(batches_[seq]);
            }
        }
        for (auto& batch : found) {
            for (auto& record : batch) {
                visit(std::move(record));
            }
        }
        return after + found.size();
    }

    void wait(std::uint64_t after, std::chrono::milliseconds at_most) override {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, at_most, [&] { return batches_.size() > after; });
    }

    void fail(bool failing) {
        const std::scoped_lock lock(mutex_);
        failing_ = failing;
    }
    [[nodiscard]] std::uint64_t size() const {
        const std::scoped_lock lock(mutex_);
        return batches_.size();
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::vector<event::DetectionRecord>> batches_;
    bool failing_ = false;
};

} // namespace canhgac::test
