/// Looks after the store in the background: forgets days whose time is over, and watches how full the disk is
/// (DESIGN 7, "Retention"; DOMAIN.md 2.7).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "storage/disk_state.hpp"
#include "storage/journal_store.hpp"
#include "storage/retention_policy.hpp"

namespace canhgac::storage {

struct HousekeeperOptions {
    std::optional<RetentionPolicy> retention{}; ///< nothing: events are kept for ever
    /// On a disk that is almost full the oldest day is forgotten. False: events are refused, what is there stays.
    bool drop_oldest = false;
    std::optional<unsigned> cold_after_days{}; ///< days so long over move to the cold path; nothing: none does
    /// How long the clock is doubted, and nothing forgotten by age, after it moved by more than kClockJump beside the
    /// monotonic one, or is that far beyond the newest event at the start by kClockGap.
    std::chrono::seconds doubt = std::chrono::hours(24);
    /// Told when the level of the disk rises or falls, by the thread that looks. May be empty.
    std::function<void(const DiskState& disk, DiskLevel before)> level_changed{};
    /// Capacity and room of the disk in bytes; empty: of the file system of the store's folder. For tests.
    std::function<std::pair<std::uint64_t, std::uint64_t>()> space{};
};

inline constexpr common::Nanos kClockJump = common::kHour;
inline constexpr common::Nanos kClockGap = 31 * common::kDay;

struct HousekeeperMetrics {
    explicit HousekeeperMetrics(common::MetricsRegistry& registry);
    common::Gauge days;
    common::Gauge oldest;
    common::Gauge ahead_days;
    common::Gauge ahead_events;
    common::Gauge late_days;
    common::Counter dropped_old;
    common::Counter dropped_full;
    common::Counter dropped_events;
    common::Counter drop_errors;
    common::Gauge capacity;
    common::Gauge available;
    common::Gauge used;
    common::Gauge level;
    common::Gauge bytes_per_day;
    common::Gauge days_left;
    common::Counter cold_moved;
    common::Counter cold_errors;
    common::Gauge cold_days;
    common::Gauge cold_unreachable;
};

/// Thread safe. The references must outlive it.
class Housekeeper {
public:
    /// Between two looks at the disk; days are looked at when the first look is made and once each UTC day.
    static constexpr std::chrono::seconds kLookEvery{10};

    Housekeeper(JournalStore& store, const common::Clock& clock, common::MetricsRegistry& metrics,
                common::Logger& logger, HousekeeperOptions options);
    /// stop().
    ~Housekeeper();
    Housekeeper(const Housekeeper&) = delete;
    Housekeeper& operator=(const Housekeeper&) = delete;

    /// Looks at the disk at once, then goes on in a thread of its own.
    void start();
    void stop() noexcept;
    /// One look: what the thread does. For tests, without start().
    void step();
    /// As of the last look.
    [[nodiscard]] DiskState disk() const;

private:
    void look_at_disk(common::Nanos now);
    void look_at_days(common::Nanos now);
    void forget_old_days(common::Nanos now);
    void make_room(common::Nanos now);
    [[nodiscard]] bool is_here(const StoredDay& day) const;
    void move_to_cold(common::Nanos now);
    [[nodiscard]] bool forget(std::uint16_t day, const std::string& reason, common::Counter& counter);
    [[nodiscard]] bool trusts_clock(common::Nanos now);
    [[nodiscard]] std::uint64_t drop_below() const noexcept;

    JournalStore& store_;
    const common::Clock& clock_;
    common::Logger& logger_;
    HousekeeperOptions options_;
    HousekeeperMetrics metrics_;

    // Of the thread that looks.
    std::int64_t looked_day_ = -1; ///< UTC day on which old days were forgotten last
    std::optional<common::Nanos> last_now_;
    std::chrono::steady_clock::time_point last_steady_;
    std::chrono::steady_clock::time_point doubt_until_{};
    std::chrono::steady_clock::time_point next_try_{}; ///< at forgetting old days
    bool drop_failed_ = false;                         ///< told of in the log
    std::chrono::steady_clock::time_point next_move_{};
    bool move_failed_ = false;            ///< told of in the log
    std::set<std::uint16_t> known_ahead_; ///< days told of in the log

    mutable std::mutex mutex_;
    DiskState disk_; ///< guarded by mutex_
    std::condition_variable wake_;
    bool stopping_ = false; ///< guarded by mutex_
    std::thread thread_;
};

} // namespace canhgac::storage
