#include "storage/sealed_proof.hpp"

#include <algorithm>

namespace canhgac::storage {

common::Result<std::string, std::error_code> SealedProof::check(const ChainRecord& record, const SealedBatch& batch,
                                                                VerifyReport& report) {
    auto problem = gather(record, batch, report);
    if (!problem || !problem->empty() || leaves_.empty()) { return problem; }
    return merkle_root(hash_, leaves_) == record.root ? std::string() : std::string("an event was changed");
}

common::Result<std::string, std::error_code> SealedProof::gather(const ChainRecord& record, const SealedBatch& batch,
                                                                 VerifyReport& report) {
    if (record.seq > run_end_) {
        if (const std::error_code error = load_run(record.seq)) { return common::fail(error); }
    }
    if (hash_.of(batch.duplicates.bits()) != record.duplicates) {
        return std::string("its list of duplicates was changed");
    }
    if (batch.rows != record.rows) { return std::string("it has another number of events"); }
    for (const std::uint16_t day : batch.days) {
        if (day < day_of(record.min_time) || day > day_of(record.max_time)) {
            return std::string("its record of sealing names a day it has no events of");
        }
    }
    const Rows stored = std::exchange(found_[record.seq], {});
    std::string problem = check_rows(record, batch, stored);
    if (!problem.empty()) { return problem; }
    report.events += stored.size();
    if (stored.empty()) { ++report.expired; }
    // Without leaves of dropped rows there is nothing to compute: everything of the batch went with its one day.
    if (stored.empty() && batch.day_index.empty()) { leaves_.clear(); }
    return std::string();
}

std::error_code SealedProof::expect_none(std::uint64_t seq) {
    return seq > run_end_ ? load_run(seq) : std::error_code();
}

std::optional<std::uint64_t> SealedProof::finish() {
    end_run();
    return stray();
}

void SealedProof::end_run() {
    for (const auto& [seq, rows] : found_) {
        if (!rows.empty()) { stray_ = std::min(stray_.value_or(seq), seq); }
    }
    found_.clear();
}

std::error_code SealedProof::load_run(std::uint64_t seq) {
    end_run();
    unreadable_ = false;
    run_end_ = seq; // without a run: looked for again with the next batch
    const auto run = sealed_->run_of(seq, *snapshot_);
    if (!run) { return run.error(); }
    if (!*run) { return {}; }
    run_end_ = (*run)->last_seq;
    const auto segments = sealed_->segments(**run, *snapshot_);
    if (!segments) { return segments.error(); }
    for (const SegmentRecord& record : *segments) {
        const auto segment = sealed_->open(record);
        if (segment && *segment) { load_segment(**segment); }
        unreadable_ = unreadable_ || !segment;
    }
    for (std::uint64_t skipped = (*run)->first_seq; skipped < seq; ++skipped) {
        found_.erase(skipped);
    }
    return {};
}

void SealedProof::load_segment(const OpenSegment& segment) {
    SegmentReader reader;
    for (std::size_t block = 0; block < segment.blocks.size(); ++block) {
        const auto opened = sealed_->open(segment, block, reader);
        unreadable_ = unreadable_ || !opened;
        if (!opened || !*opened) { continue; }
        for (const BlockRow& row : reader.rows()) {
            found_[row.seq].emplace_back(
                row.index, leaf_hash(hash_, row.index, row.received, static_cast<std::uint32_t>(row.source), row.raw));
        }
    }
}

/// Puts the leaves of stored rows in their places, and the kept ones where rows were left out or dropped.
std::string SealedProof::check_rows(const ChainRecord& record, const SealedBatch& batch, const Rows& stored) {
    leaves_.assign(batch.rows, {});
    std::vector<bool> present(batch.rows, false);
    for (const auto& [row, leaf] : stored) {
        if (row >= batch.rows || batch.duplicates.contains(row) || batch.dropped.contains(row)) {
            return "it has an event too many";
        }
        if (present[row]) { return "an event is stored twice"; }
        present[row] = true;
        leaves_[row] = leaf;
    }
    std::size_t kept = 0;
    for (std::uint32_t row = 0; row < batch.rows; ++row) {
        const bool duplicate = batch.duplicates.contains(row);
        if (!batch.day_index.empty()) {
            if (!present[row]) { leaves_[row] = batch.leaves[row]; }
        } else if (duplicate) {
            leaves_[row] = batch.leaves[kept++];
        }
        present[row] = present[row] || duplicate;
    }
    return check_missing(record, batch, present);
}

/// Rows that are neither stored nor duplicates must be of days that were dropped later, by an order that holds.
std::string SealedProof::check_missing(const ChainRecord& record, const SealedBatch& batch,
                                       const std::vector<bool>& present) {
    for (std::uint32_t row = 0; row < batch.rows; ++row) {
        if (present[row]) { continue; }
        const std::size_t index = batch.day_index.empty() ? 0 : batch.day_index[row];
        if (index < batch.days.size() && orders_->dropped(batch.days[index], record.seq)) { continue; }
        if (batch.dropped.contains(row)) { return "an event is marked as dropped but its day is not"; }
        return unreadable_ ? "its events cannot be read" : "its events are missing";
    }
    return {};
}

} // namespace canhgac::storage
