#include "storage/sealed_reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <rocksdb/db.h>

namespace canhgac::storage {

namespace {

std::error_code bad_segment() noexcept {
    return std::make_error_code(std::errc::bad_message);
}

} // namespace

common::Result<std::optional<RunRecord>, std::error_code> SealedReader::run_of(std::uint64_t seq,
                                                                               const SnapshotGuard& snapshot) const {
    const auto entries = db_->iterate(Family::seg, snapshot.get());
    entries->Seek(run_key(seq));
    if (!entries->Valid()) {
        if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
        return std::optional<RunRecord>{};
    }
    auto run = decode_run(entries->key().ToStringView(), entries->value().ToStringView());
    if (!run) { return common::fail(bad_segment()); }
    if (run->first_seq > seq) { return std::optional<RunRecord>{}; }
    return run;
}

common::Result<std::vector<SegmentRecord>, std::error_code>
SealedReader::segments(std::uint16_t day, const SnapshotGuard& snapshot) const {
    std::vector<SegmentRecord> result;
    const std::string prefix = segment_prefix(day);
    const auto entries = db_->iterate(Family::seg, snapshot.get());
    for (entries->Seek(prefix); entries->Valid() && entries->key().starts_with(prefix); entries->Next()) {
        const auto segment = decode_segment(entries->key().ToStringView(), entries->value().ToStringView());
        if (!segment) { return common::fail(bad_segment()); }
        result.push_back(*segment);
    }
    if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
    return result;
}

common::Result<std::vector<SegmentRecord>, std::error_code>
SealedReader::segments(const RunRecord& run, const SnapshotGuard& snapshot) const {
    std::vector<SegmentRecord> result;
    const auto entries = db_->iterate(Family::seg, snapshot.get());
    for (const std::uint16_t day : run.days) {
        const std::string key = segment_key(day, run.run);
        entries->Seek(key);
        if (!entries->Valid() || entries->key() != key) {
            if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
            continue;
        }
        const auto segment = decode_segment(key, entries->value().ToStringView());
        if (!segment) { return common::fail(bad_segment()); }
        result.push_back(*segment);
    }
    return result;
}

common::Result<std::uint64_t, std::error_code> SealedReader::stray_segment(const SnapshotGuard& snapshot) const {
    std::set<std::pair<std::uint16_t, std::uint32_t>> known; // day and run
    std::vector<SegmentRecord> found;
    const auto entries = db_->iterate(Family::seg, snapshot.get());
    for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
        const std::string_view key = entries->key().ToStringView();
        if (key.starts_with(kRunMark)) {
            const auto run = decode_run(key, entries->value().ToStringView());
            if (!run) { return common::fail(bad_segment()); }
            for (const std::uint16_t day : run->days) {
                known.emplace(day, run->run);
            }
        } else if (key.starts_with(kSegmentMark)) {
            const auto segment = decode_segment(key, entries->value().ToStringView());
            if (!segment) { return common::fail(bad_segment()); }
            found.push_back(*segment);
        }
    }
    if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
    for (const SegmentRecord& segment : found) {
        if (known.contains({segment.day, segment.run})) { continue; }
        const auto opened = open(segment);
        const bool readable = opened && *opened && !(*opened)->blocks.empty();
        return readable ? std::max<std::uint64_t>((*opened)->blocks.front().min_seq, 1) : 1;
    }
    return 0;
}

common::Result<std::optional<OpenSegment>, std::error_code> SealedReader::open(const SegmentRecord& segment) const {
    const auto gone_or =
        [this, &segment](std::error_code error) -> common::Result<std::optional<OpenSegment>, std::error_code> {
        if (dropped(segment.day)) { return std::optional<OpenSegment>{}; }
        return common::fail(or_unreachable(segment.day, error));
    };
    auto db = stores_->open(segment.day, false);
    if (!db) { return gone_or(db.error()); }
    if (*db == nullptr) { return gone_or(bad_segment()); }
    const auto directory = (*db)->get(chunk_key(segment.run, chunk::kDirectory, 0));
    if (!directory) { return gone_or(directory.error()); }
    if (!*directory) { return gone_or(bad_segment()); }
    auto blocks = decode_directory(**directory);
    if (!blocks || blocks->size() != segment.blocks) { return common::fail(bad_segment()); }
    return std::optional(OpenSegment{segment, std::move(*db), std::move(*blocks)});
}

common::Result<bool, std::error_code> SealedReader::open(const OpenSegment& segment, std::size_t block,
                                                         SegmentReader& reader) const {
    return read(segment, block, reader, [](SegmentReader& all) { return all.build(RowBits(all.size(), true), {}); });
}

common::Result<bool, std::error_code> SealedReader::read(const OpenSegment& segment, std::size_t block,
                                                         SegmentReader& reader, const Steps& steps) const {
    std::error_code error;
    const auto fetch = [&](std::uint32_t column) -> std::optional<std::string> {
        auto bytes = segment.db->get(chunk_key(segment.record.run, column, static_cast<std::uint16_t>(block)));
        if (!bytes) { error = bytes.error(); }
        return bytes ? std::move(*bytes) : std::nullopt;
    };
    const auto head = fetch(chunk::kHead);
    if (head && reader.begin(*head, fetch) && reader.size() == segment.blocks[block].zone.rows && steps(reader)) {
        return true;
    }
    if (!segment.held && dropped(segment.record.day) && error && error != bad_segment()) {
        return false;
    } // they went away
    return common::fail(error ? or_unreachable(segment.record.day, error) : bad_segment());
}

std::error_code SealedReader::or_unreachable(std::uint16_t day, std::error_code error) const {
    return stores_->reachable(day) ? error : std::make_error_code(std::errc::no_such_device);
}

std::optional<std::string> SealedReader::grams(const OpenSegment& segment, std::size_t block) {
    auto bytes = segment.db->get(chunk_key(segment.record.run, chunk::kGrams, static_cast<std::uint16_t>(block)));
    return bytes ? std::move(*bytes) : std::nullopt;
}

} // namespace canhgac::storage
