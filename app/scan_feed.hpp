/// Cuts the streams of `scan` into batches of records: lines and JSON values by ScanSplitter, Windows event logs by
/// chunk. Which of them a stream is, its first bytes say, or --format.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/input_files.hpp"
#include "app/scan_splitter.hpp"
#include "app/scan_worker.hpp"
#include "collector/decoders/evtx_file.hpp"

namespace canhgac::app {

struct FeedTotals {
    std::uint64_t streams = 0;
    std::uint64_t bytes = 0;  ///< unpacked
    std::uint64_t damage = 0; ///< parse errors outside of records: broken chunks and headers
};

/// Not thread safe.
class ScanFeed {
public:
    /// False: nothing more of this stream is wanted.
    using Take = std::function<bool(ScanJob&&)>;
    using Note = std::function<void(const std::string& file, const std::string& message)>;

    /// `format`: auto, json, lines or evtx. `take` gets the batches, `note` what a person should know about a stream
    /// that was read all the same.
    ScanFeed(std::string format, event::PeerId peer, Take take, Note note);

    /// Reads a stream to its end, or as far as it is wanted. Error: it cannot be read, or (auto) is nothing we read.
    [[nodiscard]] common::Result<void, std::string> feed(const std::string& name, InputStream& stream);
    [[nodiscard]] const FeedTotals& totals() const noexcept { return totals_; }

private:
    /// One Windows event log being read.
    struct Log {
        std::size_t chunks = 0;
        std::size_t damaged = 0;
        std::uint64_t records = 0;
        bool dirty = false;
    };

    [[nodiscard]] common::Result<void, std::string> feed_text(InputStream& stream);
    [[nodiscard]] common::Result<void, std::string> feed_log(InputStream& stream);
    [[nodiscard]] common::Result<void, std::string> read_log_header(InputStream& stream, Log& log, std::string& rest);
    [[nodiscard]] common::Result<bool, std::string> read_chunk(InputStream& stream, Log& log);
    void tell_damage(const collector::EvtxChunkDamage& damage, Log& log);
    void add(std::size_t offset, std::size_t size, std::size_t meta_offset, std::size_t meta_size);
    /// False when no more is wanted.
    [[nodiscard]] bool send();

    std::string format_;
    event::PeerId peer_;
    Take take_;
    Note note_;
    ScanSplitter splitter_;
    FeedTotals totals_;
    std::uint64_t job_number_ = 0;
    std::string name_; ///< of the stream
    event::Protocol protocol_ = event::Protocol::file;
    std::uint64_t next_event_ = 0;
    ScanJob job_;
    std::vector<collector::EvtxSpan> spans_;
};

} // namespace canhgac::app
