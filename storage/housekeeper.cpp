#include "storage/housekeeper.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "common/bytes.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

namespace {

constexpr int kHouseNice = 10;
/// After a day could not be forgotten.
constexpr std::chrono::minutes kTryAgain{10};
constexpr std::string_view kPolicyActor = "policy";

std::string_view name_of(DiskLevel level) noexcept {
    switch (level) {
    case DiskLevel::fine:
        return "has room again";
    case DiskLevel::filling:
        return "fills up";
    case DiskLevel::nearly_full:
        return "is nearly full";
    case DiskLevel::critical:
        return "is almost full";
    }
    return "";
}

double seconds(common::Nanos time) noexcept {
    return static_cast<double>(time) / common::kSecond;
}

std::vector<DayBytes> bytes_of_days(const std::vector<StoredDay>& days) {
    std::vector<DayBytes> result;
    for (const StoredDay& day : days) {
        result.push_back({day.day, day.bytes});
    }
    return result;
}

} // namespace

HousekeeperMetrics::HousekeeperMetrics(common::MetricsRegistry& registry)
    : days(registry.gauge("canhgac_store_days", "UTC days of event time that have events")),
      oldest(registry.gauge("canhgac_store_oldest_day_timestamp_seconds", "Beginning of the oldest day with events")),
      ahead_days(registry.gauge("canhgac_store_ahead_days",
                                "Days more than 24 hours ahead of the clock: senders with a wrong time")),
      ahead_events(registry.gauge("canhgac_store_ahead_events", "Events of those days")),
      late_days(registry.gauge("canhgac_store_late_days",
                               "Days older than retention that are kept because their events came late")),
      dropped_old(registry.counter("canhgac_store_dropped_days_total", "Days forgotten", {{"reason", "retention"}})),
      dropped_full(registry.counter("canhgac_store_dropped_days_total", "Days forgotten", {{"reason", "disk_full"}})),
      dropped_events(registry.counter("canhgac_store_dropped_events_total", "Events of forgotten days")),
      drop_errors(registry.counter("canhgac_store_drop_errors_total", "Days that could not be forgotten when due")),
      capacity(registry.gauge("canhgac_store_disk_bytes", "Size of the disk of the store")),
      available(registry.gauge("canhgac_store_disk_available_bytes", "Room on it")),
      used(registry.gauge("canhgac_store_disk_used_percent", "How full it is")),
      level(registry.gauge("canhgac_store_disk_level", "Alarm: 0 none, 1 from 70, 2 from 85, 3 from 95 percent")),
      bytes_per_day(registry.gauge("canhgac_store_bytes_per_day", "Of stored events, from the last days")),
      days_left(registry.gauge("canhgac_store_days_until_full",
                               "At that rate, with retention; infinite if never or not known yet")),
      cold_moved(registry.counter("canhgac_store_cold_moved_days_total", "Days moved to the cold path")),
      cold_errors(registry.counter("canhgac_store_cold_errors_total", "Days that could not be moved there")),
      cold_days(registry.gauge("canhgac_store_cold_days", "Days on the cold path")),
      cold_unreachable(registry.gauge("canhgac_store_cold_unreachable_days",
                                      "Days on a cold path that cannot be reached: searches lack them")) {}

Housekeeper::Housekeeper(JournalStore& store, const common::Clock& clock, common::MetricsRegistry& metrics,
                         common::Logger& logger, HousekeeperOptions options)
    : store_(store), clock_(clock), logger_(logger), options_(std::move(options)), metrics_(metrics) {
    if (!options_.space) {
        options_.space = [this]() -> std::pair<std::uint64_t, std::uint64_t> {
            std::error_code error;
            const auto space = std::filesystem::space(store_.folder(), error);
            if (error) { return {0, 0}; }
            return {space.capacity - space.free + space.available, space.available};
        };
    }
}

Housekeeper::~Housekeeper() {
    stop();
}

void Housekeeper::start() {
    look_at_disk(clock_.now());
    thread_ = std::thread([this] {
        common::ignore(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kHouseNice), "only a courtesy");
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            lock.unlock();
            step();
            lock.lock();
            wake_.wait_for(lock, kLookEvery, [this] { return stopping_; });
        }
    });
}

void Housekeeper::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) { thread_.join(); }
}

void Housekeeper::step() {
    const common::Nanos now = clock_.now();
    const bool trusted = trusts_clock(now);
    if (trusted && day_of(now) != looked_day_ && std::chrono::steady_clock::now() >= next_try_) {
        forget_old_days(now);
    }
    look_at_disk(now);
    if (options_.drop_oldest) { make_room(now); }
    if (trusted) { move_to_cold(now); }
    look_at_days(now);
}

DiskState Housekeeper::disk() const {
    const std::lock_guard lock(mutex_);
    return disk_;
}

/// Nothing is forgotten by the word of a clock that has just jumped, or stands far beyond everything stored.
bool Housekeeper::trusts_clock(common::Nanos now) {
    const auto steady = std::chrono::steady_clock::now();
    common::Nanos jump = 0;
    if (last_now_) {
        const std::chrono::nanoseconds passed = steady - last_steady_;
        jump = now - *last_now_ - passed.count();
        if (jump < kClockJump) { jump = 0; } // backwards nothing becomes old
    } else if (const common::Nanos newest = store_.newest_commit(); newest != 0 && now - newest > kClockGap) {
        jump = now - newest;
    }
    last_now_ = now;
    last_steady_ = steady;
    if (jump != 0 && options_.doubt.count() != 0) {
        doubt_until_ = steady + options_.doubt;
        logger_.warning("the clock stands {} days further than expected: nothing is forgotten by age for {} hours",
                        jump / common::kDay, options_.doubt.count() / 3600);
    }
    return steady >= doubt_until_;
}

void Housekeeper::look_at_disk(common::Nanos now) {
    const auto [capacity, available] = options_.space();
    if (capacity == 0) { return; } // could not be asked: what was known stands
    DiskState disk;
    disk.capacity = capacity;
    disk.available = available;
    disk.used_percent = static_cast<unsigned>((capacity - std::min(available, capacity)) * 100 / capacity);
    auto stored = store_.days();
    disk.bytes_per_day = storage::bytes_per_day(bytes_of_days(stored), now);
    std::erase_if(stored, [this](const StoredDay& day) { return !is_here(day); }); // forgetting those makes no room
    const auto days = bytes_of_days(stored);
    const std::uint64_t reserve = store_.min_free_bytes();
    disk.refusing = available < reserve;
    std::optional<unsigned> months;
    if (options_.retention) { months = options_.retention->months; }
    disk.days_left =
        days_until_full(days, available > reserve ? available - reserve : 0, disk.bytes_per_day, months, now);
    const DiskLevel before = this->disk().level;
    disk.level = disk_level(disk.used_percent, before);
    {
        const std::lock_guard lock(mutex_);
        disk_ = disk;
    }
    metrics_.capacity.set(static_cast<double>(capacity));
    metrics_.available.set(static_cast<double>(available));
    metrics_.used.set(disk.used_percent);
    metrics_.level.set(static_cast<double>(disk.level));
    metrics_.bytes_per_day.set(static_cast<double>(disk.bytes_per_day));
    metrics_.days_left.set(disk.days_left ? *disk.days_left : std::numeric_limits<double>::infinity());
    if (disk.level == before) { return; }
    if (disk.level > before) {
        logger_.warning("the disk of the store {}: {}", name_of(disk.level), to_text(disk));
    } else {
        logger_.info("the disk of the store {}: {}",
                     disk.level == DiskLevel::fine ? name_of(disk.level) : "has more room", to_text(disk));
    }
    if (options_.level_changed) { options_.level_changed(disk, before); }
}

void Housekeeper::look_at_days(common::Nanos now) {
    const auto days = store_.days();
    metrics_.days.set(static_cast<double>(days.size()));
    metrics_.oldest.set(days.empty() ? 0.0 : seconds(days.front().day * common::kDay));
    std::uint64_t ahead_days = 0;
    std::uint64_t ahead_events = 0;
    for (const StoredDay& day : days) {
        if (day.day * common::kDay <= now + kMostAhead) { continue; }
        ++ahead_days;
        ahead_events += day.rows;
        if (known_ahead_.insert(day.day).second) {
            logger_.warning("{} events of {} lie ahead of the clock; they are kept as long as those of today", day.rows,
                            day_name(day.day));
        }
    }
    metrics_.ahead_days.set(static_cast<double>(ahead_days));
    metrics_.ahead_events.set(static_cast<double>(ahead_events));
}

void Housekeeper::forget_old_days(common::Nanos now) {
    if (!options_.retention) { return; }
    const unsigned months = options_.retention->months;
    // Days that were over so long ago that they may be due; expiry() knows.
    const common::Nanos old = now - static_cast<common::Nanos>(months) * 28 * common::kDay;
    const auto ages = store_.ages(old, now + kMostAhead);
    if (!ages) {
        metrics_.drop_errors.add();
        if (!drop_failed_) { logger_.error("old days cannot be found: {}", ages.error().message()); }
        drop_failed_ = true;
        next_try_ = std::chrono::steady_clock::now() + kTryAgain;
        return;
    }
    drop_failed_ = false;
    std::size_t late = 0;
    bool all = true;
    const std::string reason = fmt::format("{}: {} months", options_.retention->rule, months);
    for (const DayAge& age : *ages) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) { return; }
        }
        if (expiry(age, months) <= now) {
            all = forget(age.day, reason, metrics_.dropped_old) && all;
        } else if (months_later((age.day + 1) * common::kDay, months) <= now) {
            ++late;
        }
    }
    metrics_.late_days.set(static_cast<double>(late));
    if (all) {
        looked_day_ = day_of(now);
    } else {
        next_try_ = std::chrono::steady_clock::now() + kTryAgain;
    }
}

/// It takes room on the disk of the store.
bool Housekeeper::is_here(const StoredDay& day) const {
    const JournalStore::Place place = store_.place(day.day);
    return place == JournalStore::Place::here || place == JournalStore::Place::nowhere;
}

std::uint64_t Housekeeper::drop_below() const noexcept {
    const std::uint64_t reserve = store_.min_free_bytes();
    return std::max(2 * reserve, reserve + std::min<std::uint64_t>(common::kGiB, disk().capacity / 50));
}

/// One day a look: unlinking takes a moment to show.
void Housekeeper::make_room(common::Nanos now) {
    const DiskState disk = this->disk();
    if (disk.capacity == 0 || disk.available >= drop_below()) { return; }
    const auto days = store_.days();
    const auto oldest = std::find_if(days.begin(), days.end(), [this](const StoredDay& day) { return is_here(day); });
    if (oldest == days.end() || oldest->day >= day_of(now)) {
        if (!drop_failed_) {
            logger_.error("the disk of the store is almost full, and no day of before today is left");
        }
        drop_failed_ = true;
        return;
    }
    const std::string reason = fmt::format("storage.when_full: drop_oldest, {} MiB free of {} MiB",
                                           disk.available / common::kMiB, disk.capacity / common::kMiB);
    if (forget(oldest->day, reason, metrics_.dropped_full)) { look_at_disk(now); }
}

/// One day a look, the oldest first.
void Housekeeper::move_to_cold(common::Nanos now) {
    std::optional<std::uint16_t> due;
    std::uint64_t cold = 0;
    std::uint64_t unreachable = 0;
    for (const StoredDay& day : store_.days()) {
        const JournalStore::Place place = store_.place(day.day);
        cold += place == JournalStore::Place::cold ? 1 : 0;
        unreachable += place == JournalStore::Place::unreachable ? 1 : 0;
        const bool old = options_.cold_after_days &&
                         (day.day + 1 + static_cast<common::Nanos>(*options_.cold_after_days)) * common::kDay <= now;
        if (!due && old && place == JournalStore::Place::here) { due = day.day; }
    }
    if (unreachable != 0 && metrics_.cold_unreachable.value() == 0) {
        logger_.error("the cold path cannot be reached: searches lack the events of {} days", unreachable);
    }
    metrics_.cold_days.set(static_cast<double>(cold + unreachable));
    metrics_.cold_unreachable.set(static_cast<double>(unreachable));
    if (!due || std::chrono::steady_clock::now() < next_move_) { return; }
    const auto moved = store_.move_to_cold(*due);
    if (moved) {
        move_failed_ = false;
        metrics_.cold_moved.add();
        metrics_.cold_days.add(1);
        logger_.info("moved the events of {} to the cold path", day_name(*due));
        return;
    }
    if (moved.error() == std::errc::device_or_resource_busy) { return; } // the next look
    metrics_.cold_errors.add();
    if (!move_failed_) {
        logger_.error("the events of {} were not moved to the cold path: {}", day_name(*due), moved.error().message());
    }
    move_failed_ = true;
    next_move_ = std::chrono::steady_clock::now() + kTryAgain;
}

bool Housekeeper::forget(std::uint16_t day, const std::string& reason, common::Counter& counter) {
    const auto days = store_.days();
    const auto found = std::find_if(days.begin(), days.end(), [day](const StoredDay& each) { return each.day == day; });
    const std::uint64_t rows = found == days.end() ? 0 : found->rows;
    const auto dropped = store_.events().drop(day, {std::string(kPolicyActor), reason});
    if (!dropped) {
        metrics_.drop_errors.add();
        if (!drop_failed_) {
            logger_.error("the events of {} are not forgotten although they are due: {}", day_name(day),
                          dropped.error().message());
        }
        drop_failed_ = true;
        return false;
    }
    drop_failed_ = false;
    counter.add();
    metrics_.dropped_events.add(static_cast<double>(rows));
    logger_.warning("forgot the events of {}: {} ({})", day_name(day), rows, reason);
    return true;
}

} // namespace canhgac::storage
