/// Records: what a protocol delimits (datagram, frame, bulk item) before anybody has looked inside, and the interfaces
/// between those who receive, those who decode and those who take the result.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/batch.hpp"

namespace canhgac::event {

/// Index into the receiving side's table of peers (address, certificate or token); process-local.
enum class PeerId : std::uint32_t {};

/// How a record arrived; decides where decoding starts.
enum class Protocol : std::uint8_t {
    syslog_udp,
    syslog_tcp,
    syslog_tls,
    elastic_bulk, ///< bytes = source line; meta = action line
    file,         ///< a line or a JSON value of a file (scan, bench)
    evtx,         ///< a record of a Windows event log file; meta = the chunk around it
};

/// Size limit of one batch of records, and of one record (longer ones are cut and flagged).
inline constexpr std::size_t kBatchBytes = 256 * 1024;
inline constexpr std::size_t kMaxRecordBytes = 1024 * 1024;

struct Record {
    std::uint32_t offset = 0; ///< into RecordBatch::bytes
    std::uint32_t size = 0;
    std::uint32_t meta_offset = 0; ///< second span, e.g. the action line of a bulk item
    std::uint32_t meta_size = 0;
    PeerId peer{};
    std::uint16_t flags = 0; ///< flag::kTruncated, flag::kUnparsed (framing already failed)
    std::uint16_t reserved = 0;
};

/// Records received together. Bounded: at most kBatchBytes of bytes unless a single record or request is larger.
struct RecordBatch {
    Protocol protocol = Protocol::file;
    common::Nanos received = 0;
    std::string bytes;
    std::vector<Record> records;
    /// Called exactly once, from the committing thread, after the events and their detections are durable (true) or
    /// were refused (false: nothing of it was kept). May be empty. Must not block; post to your own thread.
    std::function<void(bool durable)> done;

    [[nodiscard]] std::string_view text(const Record& r) const noexcept { return {bytes.data() + r.offset, r.size}; }
    [[nodiscard]] std::string_view meta(const Record& r) const noexcept {
        return {bytes.data() + r.meta_offset, r.meta_size};
    }
};

/// Takes batches of records for decoding, matching and storing. Implemented by engine (the shards).
class RecordSink {
public:
    virtual ~RecordSink() = default;
    /// Takes the batch, or leaves it untouched and returns false when the bounded queue is full (then stop reading and
    /// try again; UDP waits, so that the kernel counts what it drops). Thread safe, never blocks.
    [[nodiscard]] virtual bool try_submit(std::unique_ptr<RecordBatch>& batch) = 0;
};

/// Outcome per source of one decoded batch, for the ledger: every record ends up in exactly one of these.
struct SourceCount {
    SourceId source{};
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    std::uint64_t unparsed = 0;   ///< of `events`
    std::uint64_t duplicates = 0; ///< records not stored because they were stored before
    common::Nanos last_event_time = 0;
};

/// Turns records into events. One decoder a shard: not thread safe. Implemented by collector.
class BatchDecoder {
public:
    virtual ~BatchDecoder() = default;
    /// Appends one event per record, in order; never fails (what cannot be read becomes an unparsed event). `in` must
    /// outlive the use of `out`: texts are views into it. `keys` gets one de-duplication key per event, 0 = none
    /// (PROTOCOLS 3.0 item 6): the store leaves out an event whose key it has committed within its window.
    virtual void decode(const RecordBatch& in, EventBatch& out, std::vector<std::uint64_t>& keys) = 0;
};

} // namespace canhgac::event
