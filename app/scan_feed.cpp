#include "app/scan_feed.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "app/unpack_stream.hpp"
#include "common/clock.hpp"

namespace canhgac::app {

namespace {

using collector::EvtxChunkDamage;
using common::fail;

constexpr std::size_t kMostTold = 5; ///< damaged chunks of a file named one by one
constexpr std::size_t kProbeBytes = 512;

/// Formats of neither text nor event logs have NUL bytes at their start.
bool looks_binary(std::string_view start) noexcept {
    return start.find('\0') != std::string_view::npos;
}

std::string describe(const EvtxChunkDamage& damage) {
    std::string text;
    const auto add = [&text](const std::string& part) { (text += text.empty() ? "" : ", ") += part; };
    if (damage.truncated) { add("it is cut off"); }
    if (damage.header) { add("its header is damaged"); }
    if (damage.records) { add("the checksum of its records is wrong"); }
    if (damage.gaps != 0) { add(fmt::format("{} stretches are no records", damage.gaps)); }
    if (damage.unlisted != 0) { add(fmt::format("{} records lie behind the end its header knows", damage.unlisted)); }
    return text;
}

} // namespace

ScanFeed::ScanFeed(std::string format, event::PeerId peer, Take take, Note note)
    : format_(std::move(format)), peer_(peer), take_(std::move(take)), note_(std::move(note)), splitter_(format_) {}

common::Result<void, std::string> ScanFeed::feed(const std::string& name, InputStream& stream) {
    name_ = name;
    next_event_ = 0;
    job_ = ScanJob();
    ++totals_.streams;
    std::string start(kProbeBytes, '\0');
    const auto got = read_full(stream, start.data(), start.size());
    if (!got) { return fail(got.error()); }
    start.resize(*got);
    const bool log = format_ == "evtx" || (format_ == "auto" && collector::looks_like_evtx(start));
    if (format_ == "auto" && !log && looks_binary(start)) {
        return fail(std::string("is neither text, JSON nor a Windows event log (--format lines reads it as text)"));
    }
    PrefixedStream whole(std::move(start), stream);
    protocol_ = log ? event::Protocol::evtx : event::Protocol::file;
    auto done = log ? feed_log(whole) : feed_text(whole);
    static_cast<void>(send()); // what was read before an error counts
    return done;
}

common::Result<void, std::string> ScanFeed::feed_text(InputStream& stream) {
    splitter_.start();
    for (;;) {
        auto got = splitter_.fill(stream);
        if (!got) { return fail(std::move(got.error())); }
        totals_.bytes += *got;
        while (const auto record = splitter_.next()) {
            const std::size_t offset = job_.records.bytes.size();
            job_.records.bytes += *record;
            add(offset, record->size(), 0, 0);
            if (job_.records.bytes.size() >= event::kBatchBytes && !send()) { return {}; }
        }
        if (*got == 0) { return {}; }
    }
}

/// Reads what stands in front of the first chunk; of carved data, which begins with a chunk, nothing.
common::Result<void, std::string> ScanFeed::read_log_header(InputStream& stream, Log& log, std::string& rest) {
    rest.resize(collector::kEvtxFileHeaderBytes);
    const auto got = read_full(stream, rest.data(), rest.size());
    if (!got) { return fail(got.error()); }
    rest.resize(*got);
    if (rest.starts_with(collector::kEvtxChunkSignature)) { return {}; }
    totals_.bytes += *got;
    const auto header = collector::read_evtx_header(rest);
    log.dirty = header && header->dirty();
    if (!header || !header->checksum_ok) {
        ++totals_.damage;
        note_(name_, "the header of the file is damaged; its chunks are read all the same");
    }
    rest.clear();
    if (header && header->block_bytes > collector::kEvtxFileHeaderBytes) {
        std::string more(header->block_bytes - collector::kEvtxFileHeaderBytes, '\0');
        const auto skipped = read_full(stream, more.data(), more.size());
        if (!skipped) { return fail(skipped.error()); }
        totals_.bytes += *skipped;
    }
    return {};
}

common::Result<void, std::string> ScanFeed::feed_log(InputStream& stream) {
    Log log;
    std::string rest;
    if (auto done = read_log_header(stream, log, rest); !done) { return done; }
    PrefixedStream chunks(std::move(rest), stream);
    for (;;) {
        const auto more = read_chunk(chunks, log);
        if (!more) { return fail(more.error()); }
        if (!*more) { break; }
    }
    if (log.damaged > kMostTold) { note_(name_, fmt::format("{} more chunks are damaged", log.damaged - kMostTold)); }
    if (log.records == 0 && (log.chunks == 0 || log.damaged != 0)) {
        return fail(std::string("no record of a Windows event log (EVTX) can be found in it"));
    }
    return {};
}

/// Reads the next chunk into the batch. False at the end of the file, or when no more is wanted.
common::Result<bool, std::string> ScanFeed::read_chunk(InputStream& stream, Log& log) {
    std::string& bytes = job_.records.bytes;
    const std::size_t offset = bytes.size();
    bytes.resize(offset + collector::kEvtxChunkBytes);
    const auto got = read_full(stream, bytes.data() + offset, collector::kEvtxChunkBytes);
    bytes.resize(offset + (got ? *got : 0));
    if (!got) { return fail(got.error()); }
    if (*got == 0) { return false; }
    totals_.bytes += *got;
    ++log.chunks;
    spans_.clear();
    const EvtxChunkDamage damage = collector::find_evtx_records(std::string_view(bytes).substr(offset), spans_);
    if (damage.count() != 0) { tell_damage(damage, log); }
    for (const collector::EvtxSpan span : spans_) {
        add(offset + span.offset, span.size, offset, *got);
    }
    log.records += spans_.size();
    if (spans_.empty()) { bytes.resize(offset); }
    return bytes.size() < event::kBatchBytes || send();
}

void ScanFeed::tell_damage(const EvtxChunkDamage& damage, Log& log) {
    totals_.damage += damage.count();
    if (++log.damaged > kMostTold) { return; }
    note_(name_, fmt::format("chunk {}: {}; {} records read{}", log.chunks, describe(damage), spans_.size(),
                             log.dirty ? " (the log was in use when it was copied)" : ""));
}

void ScanFeed::add(std::size_t offset, std::size_t size, std::size_t meta_offset, std::size_t meta_size) {
    event::Record record;
    record.offset = static_cast<std::uint32_t>(offset);
    record.size = static_cast<std::uint32_t>(size);
    record.meta_offset = static_cast<std::uint32_t>(meta_offset);
    record.meta_size = static_cast<std::uint32_t>(meta_size);
    record.peer = peer_;
    job_.records.records.push_back(record);
}

bool ScanFeed::send() {
    bool more = true;
    if (!job_.records.records.empty()) {
        job_.number = job_number_++;
        job_.file = name_;
        job_.first_event = next_event_;
        job_.records.protocol = protocol_;
        job_.records.received = common::SystemClock().now();
        next_event_ += job_.records.records.size();
        more = take_(std::move(job_));
    }
    job_ = ScanJob();
    job_.records.bytes.reserve(event::kBatchBytes + collector::kEvtxChunkBytes);
    return more;
}

} // namespace canhgac::app
