/// The event store of one node: the journal of acknowledged micro-blocks, their hash chain, detections, sources and the
/// small state of other modules, in one RocksDB. Byte layout: docs/reference/storage-format.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "common/bytes.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "common/result.hpp"
#include "event/field_table.hpp"
#include "event/store.hpp"
#include "storage/evidence.hpp"
#include "storage/hold_record.hpp"
#include "storage/order.hpp"
#include "storage/retention_policy.hpp"
#include "storage/verify_report.hpp"

namespace canhgac::storage {

/// When a batch counts as durable.
enum class Durability : std::uint8_t {
    fsync, ///< on the disk: survives kill -9 and power loss
    os,    ///< given to the operating system: survives kill -9 only
};

/// What was done of a run when SealOptions::after_step is asked.
enum class SealStep : std::uint8_t {
    announced, ///< the journal knows which segments are about to appear
    ingested,  ///< they are in their days' databases
    recorded,  ///< the journal names them and has lost the micro-blocks
};

/// Moving acknowledged events from the journal into the columns of their days.
struct SealOptions {
    bool on = true;                             ///< in a thread of its own; seal() works without it too
    common::Nanos after = 10 * common::kMinute; ///< older events are sealed however few they are
    std::size_t rows = 131'072;                 ///< so many are sealed at once; fewer wait for `after`
    std::size_t bytes = 32 * common::kMiB;      ///< most unpacked bytes sealed at once
    unsigned cpu_percent = 50;                  ///< of one core, 1 to 100; more once sixteen times `rows` wait
    /// Asked after each step; false ends sealing there, as if the process had died. For tests.
    std::function<bool(SealStep)> after_step;
};

struct JournalOptions {
    Durability durability = Durability::fsync;
    common::Nanos dedup_window = common::kHour;
    std::size_t dedup_bytes = 256 * common::kMiB;  ///< most memory of the window; a fuller window forgets its oldest
    std::size_t wal_bytes = 256 * common::kMiB;    ///< write-ahead log kept before memory tables are flushed
    std::size_t memory_bytes = 192 * common::kMiB; ///< memory tables and block cache together
    std::size_t queue_bytes = 64 * common::kMiB;   ///< prepared batches waiting for the committer; append() then blocks
    std::size_t commit_bytes = 8 * common::kMiB;   ///< most bytes of one group commit
    std::uint64_t min_free_bytes = 128 * common::kMiB; ///< with less room on the disk batches are refused
    std::size_t query_bytes = 256 * common::kMiB;      ///< rows one query may hold while it brings them in order
    SealOptions seal;
    std::filesystem::path cold_path; ///< folder on another volume for old days; empty: there is none
    /// Asked before a day is dropped; false keeps it (e.g. a legal hold). Empty: every day may go.
    std::function<bool(std::int32_t day)> may_drop;
};

/// What one UTC day of event time holds, as far as it has blocks of its own.
struct StoredDay {
    std::uint16_t day = 0; ///< days since 1970-01-01
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
};

/// Opens `folder` (made if missing) and recovers what was acknowledged. One object a folder; other processes are locked
/// out. The facets are thread safe and live as long as the store.
class JournalStore {
public:
    /// Throws std::runtime_error with a message for the operator: folder not writable, locked by another process,
    /// damaged, or written by a newer release. The references must outlive the store.
    JournalStore(const std::filesystem::path& folder, const JournalOptions& options, event::FieldTable& names,
                 const common::Clock& clock, common::MetricsRegistry& metrics, common::Logger& logger);
    /// close().
    ~JournalStore();
    JournalStore(const JournalStore&) = delete;
    JournalStore& operator=(const JournalStore&) = delete;

    [[nodiscard]] event::EventStore& events() noexcept;
    [[nodiscard]] event::DetectionLog& detections() noexcept;
    [[nodiscard]] event::StateStore& state() noexcept;
    [[nodiscard]] event::SourceRegistry& sources() noexcept;

    /// Forgets the detections of batches up to and including `seq`, once every reader is beyond it.
    [[nodiscard]] common::Result<void, std::error_code> trim_detections(std::uint64_t seq);
    /// Walks the hash chain from the first batch and recomputes the roots from the stored events. Slow (reads
    /// everything); may run beside commits, looks at what was committed when it began.
    [[nodiscard]] common::Result<VerifyReport, std::error_code> verify(const VerifyOptions& options = {}) const;
    /// As gather_evidence() and links_to_signature() (evidence.hpp). The newest batch is signed within about a second.
    [[nodiscard]] common::Result<void, EvidenceError>
    evidence(std::span<const std::uint64_t> batches, const std::function<bool(const BatchEvidence&)>& visit) const;
    [[nodiscard]] common::Result<std::vector<ChainLink>, EvidenceError> links_to_signature(std::uint64_t batch) const;
    /// With the key of the chain; see ChainSigner.
    [[nodiscard]] const ChainSigner& signer() const noexcept;
    /// Ascending.
    [[nodiscard]] std::vector<StoredDay> days() const;
    /// Days that were over at `old` or begin after `ahead`; see storage/day_ages.hpp.
    [[nodiscard]] common::Result<std::vector<DayAge>, std::error_code> ages(common::Nanos old,
                                                                            common::Nanos ahead) const;
    /// Every order so far. Errors: bad_message, io_error.
    [[nodiscard]] common::Result<std::vector<Order>, std::error_code> orders() const;
    /// Copies what a plan finds now, so that no retention touches it (its limit is not looked at); name, incident,
    /// query and actor of `hold` are given, the rest is filled in. Slow; nothing is sealed or dropped meanwhile.
    /// Errors: invalid_argument (the name or the filter), file_exists, no_space_on_device, bad_message (damage),
    /// io_error.
    [[nodiscard]] common::Result<HoldRecord, std::error_code> hold(HoldRecord hold, const event::QueryPlan& plan);
    /// Forgets the copies of a hold. Errors: no_such_file_or_directory, io_error.
    [[nodiscard]] common::Result<void, std::error_code> release_hold(const std::string& name,
                                                                     const event::DropOrder& order);
    /// By name.
    [[nodiscard]] std::vector<HoldRecord> holds() const;
    /// Moves the sealed events of a day to JournalOptions::cold_path, where searches go on finding them: copied,
    /// compared, switched, then removed here. Nothing happens if it is there already. Errors: invalid_argument (no cold
    /// path), device_or_resource_busy (somebody reads the day: try again), those of the file system.
    [[nodiscard]] common::Result<void, std::error_code> move_to_cold(std::uint16_t day);
    enum class Place : std::uint8_t { here, cold, unreachable, nowhere };
    /// Where the sealed events of a day are; nowhere: it has none.
    [[nodiscard]] Place place(std::uint16_t day) const;
    /// When the newest batch was committed; 0: there is none.
    [[nodiscard]] common::Nanos newest_commit() const;
    [[nodiscard]] const std::filesystem::path& folder() const noexcept;
    /// With less room on the disk events are refused.
    [[nodiscard]] std::uint64_t min_free_bytes() const noexcept;
    /// Seals every event acknowledged so far, however young. Errors: no_space_on_device, io_error, bad_message;
    /// operation_canceled after close().
    [[nodiscard]] common::Result<void, std::error_code> seal();
    /// Commits what is queued, then refuses further batches (done(false)). Called by the destructor.
    void close() noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::storage
