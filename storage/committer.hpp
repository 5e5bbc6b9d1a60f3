/// The one thread that makes batches durable: joins what is ready into one synced write, back to back.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "storage/chain.hpp"
#include "storage/day_book.hpp"
#include "storage/dedup_window.hpp"
#include "storage/journal_db.hpp"
#include "storage/prepared.hpp"

namespace canhgac::storage {

/// Where the chain stands.
struct ChainTip {
    std::uint64_t seq = 0;
    Digest head{};
};

struct CommitMetrics {
    explicit CommitMetrics(common::MetricsRegistry& registry);
    common::Gauge queue_bytes;
    common::Counter commits;
    common::Counter batches;
    common::Counter events;
    common::Counter duplicates;
    common::Counter bytes;
    common::Counter fsyncs;
    common::Counter errors;
    common::Counter refused;
    common::Gauge dedup_bytes;
    common::Counter dedup_early;
    common::Histogram seconds;
};

/// append() and wait() are thread safe. The parts given must outlive it.
class Committer {
public:
    struct Parts {
        JournalDb& db;
        FieldDict& dict;
        SourceBook& sources;
        DayBook& days;
        const ChainSigner& signer;
        const common::Clock& clock;
        common::Logger& logger;
    };
    Committer(const Parts& parts, const JournalOptions& options, common::MetricsRegistry& metrics, ChainTip tip,
              DedupWindow dedup);
    /// stop().
    ~Committer();
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    /// See event::EventStore::append.
    void append(std::unique_ptr<Prepared> batch, std::function<void(bool durable)> done);
    /// Commits what is queued and ends the thread; later batches are refused.
    void stop() noexcept;
    [[nodiscard]] std::uint64_t committed() const noexcept { return committed_.load(std::memory_order_acquire); }
    /// Until something is committed after `after`, or the time is up.
    void wait(std::uint64_t after, std::chrono::milliseconds at_most);
    /// Most events committed a second from now on; 0 = no limit. Batches wait in the queue, append() then blocks.
    void limit(double events_per_second) noexcept { limit_ = events_per_second; }
    /// Held during every commit: whoever changes days or blocks otherwise takes it too.
    [[nodiscard]] std::mutex& write_mutex() noexcept { return write_mutex_; }

private:
    struct Item {
        std::unique_ptr<Prepared> batch;
        std::function<void(bool)> done;
    };
    /// One commit under construction.
    struct Draft;

    void run();
    [[nodiscard]] bool take(std::vector<Item>& items);
    void commit(std::vector<Item>& items);
    [[nodiscard]] bool write(std::vector<Item>& items);
    void add_batch(Draft& draft, const Prepared& batch);
    [[nodiscard]] RowSet find_duplicates(Draft& draft, const Prepared& batch);
    void add_detections(Draft& draft, const Prepared& batch, const RowSet& duplicates);
    void add_dedup_keys(Draft& draft, const Prepared& batch, const RowSet& duplicates);
    void add_names_and_totals(Draft& draft);
    void add_signed_head(Draft& draft);
    void accept(const Draft& draft, const std::vector<Item>& items);
    void sign_tip() noexcept;
    void report_error(std::error_code error);

    Parts parts_;
    JournalOptions options_;
    CommitMetrics metrics_;
    Sha256 hash_;

    // Used by the committing thread only, under write_mutex_.
    std::mutex write_mutex_;
    ChainTip tip_;
    DedupWindow dedup_;
    std::uint64_t signed_seq_ = 0;
    common::Nanos signed_at_ = 0;
    std::uint32_t expired_bucket_ = 0;
    std::uint64_t early_rotations_ = 0;
    bool failing_ = false;

    std::mutex mutex_;
    std::condition_variable ready_;    ///< something queued, or stopping
    std::condition_variable room_;     ///< the queue shrank
    std::condition_variable progress_; ///< committed_ grew
    std::deque<Item> queue_;
    std::size_t queued_bytes_ = 0;
    bool stopping_ = false;
    std::atomic<std::uint64_t> committed_;
    std::atomic<double> limit_{0};
    std::chrono::steady_clock::time_point not_before_; ///< the next commit; the committing thread's
    std::thread thread_;                               ///< last: starts when everything else is there
};

} // namespace canhgac::storage
