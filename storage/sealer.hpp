/// Moves acknowledged events from the journal into the segments of their days, in a thread of its own: in runs of
/// batches, in commit order, rows of like shape together (STORAGE.md section 2, "Seal and merge").
///
/// A run is announced in the journal, ingested into the databases of its days, then recorded: one synced write names
/// the segments and deletes the micro-blocks, so that every reader's snapshot has each event once. What was announced
/// and not recorded is erased at the next start; the micro-blocks are still there. A step that fails (a full disk) is
/// undone or done again by the next try, which comes by itself, ever later, at most a minute.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "storage/committer.hpp"
#include "storage/day_book.hpp"
#include "storage/day_store.hpp"
#include "storage/journal_db.hpp"
#include "storage/run_builder.hpp"
#include "storage/seal_pace.hpp"

namespace canhgac::storage {

struct SealMetrics {
    explicit SealMetrics(common::MetricsRegistry& registry);
    common::Counter segments;
    common::Counter events;
    common::Counter bytes_in;
    common::Counter bytes_out;
    common::Counter errors;
    common::Counter kept;
    common::Counter joined;
    common::Counter cpu;
    common::Gauge lag_batches;
    common::Gauge lag_seconds;
    common::Gauge limit;
};

/// Thread safe. The parts must outlive it.
class Sealer {
public:
    struct Parts {
        JournalDb& db;
        DayStores& stores;
        DayBook& days;
        Committer& committer;
        const common::Clock& clock;
        common::Logger& logger;
    };
    /// Erases what a run that was not recorded left behind, and folders of dropped days. Throws std::runtime_error.
    Sealer(const Parts& parts, const JournalOptions& options, common::MetricsRegistry& metrics);
    /// stop().
    ~Sealer();
    Sealer(const Sealer&) = delete;
    Sealer& operator=(const Sealer&) = delete;

    /// See JournalStore::seal.
    [[nodiscard]] std::error_code seal_all();
    /// Abandons the run at hand, unless it is being recorded, and ends the thread.
    void stop() noexcept;
    /// Held while a run is sealed: whoever drops a day takes it first, then Committer::write_mutex().
    [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
    /// Finishes or takes back what a full disk left half done, so that the catalogue is what the days hold. Called
    /// with mutex() held, before a day changes otherwise.
    [[nodiscard]] std::error_code settle();

private:
    void recover();
    void erase_unrecorded();
    void remove_dropped_days();
    void run();
    [[nodiscard]] bool due();
    /// seal one run, and what is told of it and done after it failed.
    [[nodiscard]] std::error_code seal_run();
    [[nodiscard]] std::error_code build_and_write();
    [[nodiscard]] std::error_code write_run(SealRun&& run);
    [[nodiscard]] std::error_code announce(const SealRun& run);
    [[nodiscard]] std::error_code ingest(const SealRun& run);
    [[nodiscard]] std::error_code take_back(const RunRecord& run);
    /// record() and all that follows from it.
    [[nodiscard]] std::error_code finish(const SealRun& run);
    [[nodiscard]] std::error_code record(const SealRun& run);
    void failed(std::error_code error);
    [[nodiscard]] bool passes(SealStep step);
    /// Sleeps as long as the CPU budget asks for after work; false: stopping.
    [[nodiscard]] bool rest(common::Nanos worked);
    void compact_journal(const SealRun& run);
    void join_files(const SealRun& run);
    void measure();
    /// Tells the committer how fast it may go on.
    void pace();

    Parts parts_;
    JournalOptions options_;
    SealMetrics metrics_;

    std::mutex mutex_; ///< guards the members below
    RunBuilder builder_;
    std::uint64_t sealed_ = 0; ///< every batch up to here is sealed or kept
    std::uint32_t next_run_ = 1;
    std::uint64_t counted_ = 0; ///< batches up to here are in waiting_rows_
    std::uint64_t waiting_rows_ = 0;
    std::uint64_t garbage_bytes_ = 0; ///< deleted from the journal since it was compacted
    /// Announced, perhaps only in the log, and not to be recorded: taken back before anything else is sealed.
    std::vector<RunRecord> undone_;
    /// In its days' databases, recording failed and may have reached the log: recorded before anything else is sealed.
    /// Writing the same again is harmless, whatever became of it.
    std::optional<SealRun> unrecorded_;
    bool broken_ = false;   ///< a block did not give back its rows: nothing is sealed until the next start
    unsigned failures_ = 0; ///< runs that failed since one went well
    std::chrono::steady_clock::time_point next_try_{};
    SealPace pace_;
    double limit_ = 0; ///< as the committer has it

    std::mutex wake_mutex_;
    std::condition_variable wake_;
    std::atomic<bool> stopping_{false};
    std::thread thread_; ///< last: starts when everything else is there
};

} // namespace canhgac::storage
