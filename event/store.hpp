/// The interfaces behind which events are kept. Implemented by storage on RocksDB; a distributed engine can implement
/// them later. Nothing here names a database.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "event/batch.hpp"
#include "event/detection.hpp"
#include "event/query_plan.hpp"
#include "event/record.hpp"

namespace canhgac::event {

/// An encoded batch on its way to the committer: built by a shard alone, without locks.
class PreparedBatch {
public:
    virtual ~PreparedBatch() = default;
};

/// One stored event, given to readers; views live during the call that hands it out.
struct StoredEvent {
    EventId id;
    common::Nanos time = 0;
    common::Nanos received = 0;
    SourceId source{};
    std::uint16_t flags = 0;
    Format format = Format::unparsed;
    std::string_view raw;
    std::span<const std::pair<std::string_view, Field>>
        fields; ///< name and value; Field::name() is not meaningful here
};

/// Gets rows; returns false to stop.
using RowVisitor = std::function<bool(const StoredEvent&)>;

struct QueryStats {
    std::uint64_t blocks_total = 0;
    std::uint64_t blocks_pruned = 0;
    std::uint64_t rows_scanned = 0;
    std::uint64_t rows_matched = 0;
    std::uint64_t blocks_unreachable = 0; ///< on a volume that is not there: the result lacks their events
    bool stopped_early = false;           ///< limit, cancellation or visitor
};

/// On whose word events are forgotten, and why.
struct DropOrder {
    std::string actor;  ///< a user's name; "policy": the configuration
    std::string reason; ///< for people
};

/// Events for ever, or until their partition is dropped.
class EventStore {
public:
    virtual ~EventStore() = default;

    /// Encodes a batch with its detections. Thread safe; called by shards. A detection's `event.index` is the row of
    /// `batch` it is about; its `event.seq` is filled in at commit. `keys[i]` is the de-duplication key of event i
    /// (empty span or 0 = none): an event whose key was committed within the window is left out at commit, with its
    /// detections, and counted as a duplicate. Nothing of `batch` is needed after the call.
    [[nodiscard]] virtual std::unique_ptr<PreparedBatch> prepare(const EventBatch& batch,
                                                                 std::span<const DetectionRecord> detections,
                                                                 std::span<const std::uint64_t> keys) = 0;
    /// Queues for the next group commit; `done` is called from the committing thread once the batch is fsynced (true)
    /// or was refused, e.g. disk full (false; nothing of it is kept). Thread safe. Blocks only while the committer's
    /// bounded queue is full.
    virtual void append(std::unique_ptr<PreparedBatch> batch, std::function<void(bool durable)> done) = 0;

    /// Newest first by event time within what is stored; stops at the limit or when `cancelled` becomes true.
    [[nodiscard]] virtual common::Result<QueryStats, std::error_code>
    query(const QueryPlan& plan, const RowVisitor& visit, const std::atomic<bool>* cancelled = nullptr) = 0;
    /// Every event with time in [from, to), in commit order.
    [[nodiscard]] virtual common::Result<QueryStats, std::error_code> scan(common::Nanos from, common::Nanos to,
                                                                           const RowVisitor& visit) = 0;
    /// Forgets all events of a UTC day of event time, given as days since 1970-01-01. The order is kept for ever, with
    /// the time, so that what is missing can be explained.
    [[nodiscard]] virtual common::Result<void, std::error_code> drop(std::int32_t day, const DropOrder& order) = 0;
    /// Calls `visit` for every event committed after `position` that matches, oldest first, at most `limit` batches,
    /// and returns the position to continue from. Position 0 = the beginning; see committed().
    [[nodiscard]] virtual common::Result<std::uint64_t, std::error_code>
    tail(std::uint64_t position, const Filter& filter, std::uint64_t limit, const RowVisitor& visit) = 0;
    /// Sequence number of the newest durable batch; 0 = none.
    [[nodiscard]] virtual std::uint64_t committed() const noexcept = 0;
};

/// The detections in commit order: what correlation and alerting read.
class DetectionLog {
public:
    virtual ~DetectionLog() = default;
    /// Visits the detections of at most `limit` batches with seq > after, in order; returns the last seq looked at (may
    /// be beyond the last one that had detections), or `after` if there is nothing new.
    [[nodiscard]] virtual common::Result<std::uint64_t, std::error_code>
    read(std::uint64_t after, std::uint64_t limit, const std::function<void(DetectionRecord&&)>& visit) = 0;
    /// Waits until something is committed after `after` or the time is up; a wake-up, not a promise.
    virtual void wait(std::uint64_t after, std::chrono::milliseconds at_most) = 0;
};

/// Small durable state of other modules (alerts, correlation, outbox, cursors): ordered keys and values, one atomic
/// synced write for several changes. Keys are namespaced by their owner ("alert/", "outbox/", "cursor/"...).
class StateStore {
public:
    struct Change {
        std::string key;
        std::optional<std::string> value; ///< nothing = delete
    };
    virtual ~StateStore() = default;
    [[nodiscard]] virtual common::Result<std::optional<std::string>, std::error_code>
    get(std::string_view key) const = 0;
    /// All changes or none, durable on return. Thread safe.
    [[nodiscard]] virtual common::Result<void, std::error_code> write(std::span<const Change> changes) = 0;
    /// Keys that start with `prefix`, at or after `start` (or at or before it when `backwards`), until `visit` returns
    /// false.
    [[nodiscard]] virtual common::Result<void, std::error_code>
    iterate(std::string_view prefix, std::string_view start, bool backwards,
            const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
};

/// Who sends: one entry a (peer, reporter) pair, persistent, bounded.
struct SourceKey {
    std::string peer;     ///< address, certificate subject or token name
    std::string reporter; ///< host name or agent id as the sender says it; may be empty
};
struct SourceEntry {
    SourceId id{};
    SourceKey key;
    common::Nanos first_seen = 0;
};
/// Totals of a source, committed with its events. received = stored + duplicates + rejected + in flight.
struct SourceTotals {
    std::uint64_t stored = 0;
    std::uint64_t bytes = 0;
    std::uint64_t unparsed = 0;
    std::uint64_t duplicates = 0;
    common::Nanos last_event_time = 0;
    common::Nanos last_received = 0;
};
class SourceRegistry {
public:
    virtual ~SourceRegistry() = default;
    /// The id of a source, made if new; beyond the limit the shared overflow entry of that peer, then of all. Thread
    /// safe.
    [[nodiscard]] virtual SourceId intern(const SourceKey& key, common::Nanos now) = 0;
    [[nodiscard]] virtual std::vector<SourceEntry> sources() const = 0;
    [[nodiscard]] virtual SourceTotals totals(SourceId id) const = 0;
};

} // namespace canhgac::event
