/// Looks for indicators that are new in the lists in what is stored already.
///
///   lists_changed(): compares with the digests of what was known; what is new becomes a job: a file with the entries,
///   and in one atomic write of the StateStore the job's cursor and the generation of what is known from now on.
///   thread: job by job, newest slice first: EventStore::scan -> hits, grouped -> one append of derived events with
///   their detections (tag "look-back") -> cursor.
///
/// Exactly once: before an append the cursor says after which batch it will be found; an append is all or nothing;
/// after a restart the detection log tells whether it happened. Rest: the thread runs below everything else (nice 15)
/// and reads at most `events_per_second`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "engine/intel/indicator_set.hpp"
#include "engine/intel/look_back_slice.hpp"
#include "event/field_table.hpp"
#include "event/store.hpp"

namespace canhgac::engine {

struct LookBackOptions {
    std::filesystem::path folder;           ///< for the files of jobs; made by the caller
    common::Nanos span = 30 * common::kDay; ///< how far back, by event time
    std::uint64_t events_per_second = 20'000;
    common::Nanos slice = common::kHour;
    common::Nanos settle = 10 * common::kSecond; ///< events matched against the old lists are stored by then
    std::size_t max_groups = 1'000;              ///< detections of a slice; more are counted
};

/// What it works on; all must outlive it.
struct LookBackServices {
    event::EventStore& events;
    event::DetectionLog& detections;
    event::StateStore& state;
    event::FieldTable& fields;
    const common::Clock& clock;
    common::Logger& log;
    common::MetricsRegistry& metrics;
};

/// A job's place, as it is kept in the StateStore.
struct LookBackCursor {
    common::Nanos from = 0;
    common::Nanos next = 0; ///< slices end here or before; at or below `from`: done
    /// 0, or 1 + the newest batch when the slice that ends at `next` began to be appended.
    std::uint64_t appending = 0;
    std::uint64_t hits = 0;
};
[[nodiscard]] std::string encode(const LookBackCursor& cursor);
[[nodiscard]] std::optional<LookBackCursor> decode_look_back_cursor(std::string_view text);

inline constexpr std::string_view kLookBackTag = "look-back";

class LookBack {
public:
    /// Starts the thread; it goes on with jobs a former process left.
    LookBack(const LookBackServices& services, LookBackOptions options);
    /// Calls stop().
    ~LookBack();
    LookBack(const LookBack&) = delete;
    LookBack& operator=(const LookBack&) = delete;

    /// Call after the shards use these lists. Takes seconds for millions of entries. One call at a time.
    void lists_changed(const IndicatorSet& lists);
    /// Ends between two events; what is not done is done after the next start. Idempotent.
    void stop();
    /// True when no job is left. For tests.
    [[nodiscard]] bool wait_idle(std::chrono::milliseconds at_most);

private:
    struct Job;
    void make_event(const LookBackSlice& slice, const LookBackSlice::Found& found, event::EventBatch& batch) const;
    [[nodiscard]] event::DetectionRecord make_record(const LookBackSlice& slice, const LookBackSlice::Found& found,
                                                     const event::Event& about) const;
    void run();
    [[nodiscard]] std::optional<Job> next_job();
    [[nodiscard]] bool work(Job& job);
    [[nodiscard]] bool work_slice(Job& job);
    [[nodiscard]] bool scan(const Job& job, common::Nanos from, LookBackSlice& slice);
    [[nodiscard]] bool append(Job& job, const LookBackSlice& slice);
    [[nodiscard]] std::optional<bool> was_appended(const Job& job);
    [[nodiscard]] bool save(const Job& job);
    [[nodiscard]] bool finish(const Job& job);
    [[nodiscard]] bool pause(common::Nanos duration);
    [[nodiscard]] std::filesystem::path file_of(const char* kind, std::uint64_t generation) const;
    [[nodiscard]] std::uint64_t generation() const;

    LookBackServices services_;
    LookBackOptions options_;
    RolesByName roles_;
    common::Counter events_total_;
    common::Counter hits_total_;
    common::Gauge jobs_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false; ///< guarded by mutex_
    bool more_ = true;      ///< guarded by mutex_: there may be a job
    bool idle_ = false;     ///< guarded by mutex_
    std::thread thread_;
};

} // namespace canhgac::engine
