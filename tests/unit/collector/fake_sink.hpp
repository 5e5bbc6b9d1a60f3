// A RecordSink in memory: keeps what it is given, can be full, can commit later or never.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event/record.hpp"

namespace canhgac::collector {

class FakeSink final : public event::RecordSink {
public:
    struct Taken {
        std::string text;
        std::string meta;
        std::uint16_t flags = 0;
        event::PeerId peer{};
        event::Protocol protocol{};
    };

    bool try_submit(std::unique_ptr<event::RecordBatch>& batch) override {
        std::unique_ptr<event::RecordBatch> done;
        bool durable = true;
        {
            const std::lock_guard lock(mutex_);
            ++attempts_;
            if (full_) { return false; }
            for (const event::Record& record : batch->records) {
                taken_.push_back({std::string(batch->text(record)), std::string(batch->meta(record)), record.flags,
                                  record.peer, batch->protocol});
            }
            batch_bytes_.push_back(batch->bytes.size());
            if (hold_) {
                held_.push_back(std::move(batch));
            } else {
                done = std::move(batch);
                durable = durable_;
            }
        }
        changed_.notify_all();
        if (done && done->done) { done->done(durable); }
        batch.reset();
        return true;
    }

    void set_full(bool full) {
        const std::lock_guard lock(mutex_);
        full_ = full;
    }
    /// Batches are kept uncommitted until release().
    void set_hold(bool hold) {
        const std::lock_guard lock(mutex_);
        hold_ = hold;
    }
    void set_durable(bool durable) {
        const std::lock_guard lock(mutex_);
        durable_ = durable;
    }
    void release(bool durable) {
        std::vector<std::unique_ptr<event::RecordBatch>> held;
        {
            const std::lock_guard lock(mutex_);
            held.swap(held_);
        }
        for (const auto& batch : held) {
            if (batch->done) { batch->done(durable); }
        }
    }

    /// Waits until at least `count` records have come; false after five seconds.
    [[nodiscard]] bool wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(5), [&] { return taken_.size() >= count; });
    }
    [[nodiscard]] std::vector<Taken> taken() const {
        const std::lock_guard lock(mutex_);
        return taken_;
    }
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> out;
        for (const Taken& record : taken()) {
            out.push_back(record.text);
        }
        return out;
    }
    [[nodiscard]] std::vector<std::size_t> batch_bytes() const {
        const std::lock_guard lock(mutex_);
        return batch_bytes_;
    }
    [[nodiscard]] std::size_t attempts() const {
        const std::lock_guard lock(mutex_);
        return attempts_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Taken> taken_;
    std::vector<std::size_t> batch_bytes_;
    std::vector<std::unique_ptr<event::RecordBatch>> held_;
    std::size_t attempts_ = 0;
    bool full_ = false;
    bool hold_ = false;
    bool durable_ = true;
};

} // namespace canhgac::collector
