#include "storage/day_ages.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include <rocksdb/db.h>

#include "storage/block_reader.hpp"
#include "storage/chain.hpp"
#include "storage/coding.hpp"
#include "storage/prepared.hpp"
#include "storage/seal_catalogue.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

namespace {

std::error_code bad_journal() noexcept {
    return std::make_error_code(std::errc::bad_message);
}

class Ages {
public:
    Ages(const JournalDb& db, common::Nanos old, common::Nanos ahead)
        : db_(&db), old_(old), ahead_(ahead), snapshot_(db) {}

    [[nodiscard]] common::Result<std::vector<DayAge>, std::error_code> run() {
        std::error_code error = look_at_micro_blocks();
        if (!error) { error = look_at_segments(); }
        if (error) { return common::fail(error); }
        std::vector<DayAge> result;
        for (const auto& [day, stored] : stored_) {
            result.push_back({day, stored});
        }
        return result;
    }

private:
    [[nodiscard]] bool wanted(std::uint16_t day) const noexcept {
        return (day + 1) * common::kDay <= old_ || day * common::kDay > ahead_;
    }
    void note(std::uint16_t day, common::Nanos stored) {
        common::Nanos& last = stored_.try_emplace(day, stored).first->second;
        last = std::max(last, stored);
    }
    [[nodiscard]] std::error_code look_at_micro_blocks() {
        const auto entries = db_->iterate(Family::zone, snapshot_.get());
        for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
            const auto key = block_key(entries->key().ToStringView());
            const auto zone = decode_zone_numbers(entries->value().ToStringView());
            if (!key || !zone) { return bad_journal(); }
            const std::uint16_t first = day_of(zone->min_time);
            const std::uint16_t last = day_of(zone->max_time);
            if (zone->gone == zone->rows || (!wanted(first) && !wanted(last))) { continue; }
            const auto stored = commit_time(key->seq);
            if (!stored) { return stored.error(); }
            if (first == last) {
                note(first, *stored);
            } else if (const std::error_code error = look_at_rows(*key, first, *stored)) {
                return error;
            }
        }
        return to_error(entries->status());
    }
    /// A block that cannot be read may have events of each of its days.
    [[nodiscard]] std::error_code look_at_rows(const BlockKey& key, std::uint16_t first, common::Nanos committed) {
        const auto value = db_->get(Family::mb, to_key(key), snapshot_.get());
        if (!value && value.error() != bad_journal()) { return value.error(); }
        const auto stored = value && *value ? decode_stored_block(**value) : std::nullopt;
        if (!stored || !reader_.open(stored->block)) {
            for (std::uint32_t day = first; day <= key.day; ++day) {
                if (wanted(static_cast<std::uint16_t>(day))) { note(static_cast<std::uint16_t>(day), committed); }
            }
            return {};
        }
        BlockRow row;
        while (reader_.next(row)) {
            const std::uint16_t day = day_of(row.time);
            const bool gone = stored->duplicates.contains(row.index) || stored->dropped.contains(row.index);
            if (!gone && wanted(day)) { note(day, committed); }
        }
        return reader_.failed() ? bad_journal() : std::error_code{};
    }
    /// The newest segment of each day tells: runs are numbered in commit order.
    [[nodiscard]] std::error_code look_at_segments() {
        const auto entries = db_->iterate(Family::seg, snapshot_.get());
        const rocksdb::Slice mark(&kSegmentMark, 1);
        entries->Seek(mark);
        while (entries->Valid() && entries->key().starts_with(mark)) {
            const auto day = key_part<std::uint16_t>(entries->key().ToStringView(), 1);
            entries->SeekForPrev(segment_key(day, std::numeric_limits<std::uint32_t>::max()));
            if (!entries->Valid()) { break; }
            const auto segment = decode_segment(entries->key().ToStringView(), entries->value().ToStringView());
            if (!segment) { return bad_journal(); }
            if (wanted(day)) {
                const auto last = last_of_run(segment->run);
                const auto stored = last ? commit_time(*last) : common::fail(last.error());
                if (!stored) { return stored.error(); }
                note(day, *stored);
            }
            entries->Next(); // the first segment of the next day
        }
        return to_error(entries->status());
    }
    /// The last batch of a run. Runs are found by batch, so it is searched for by halves.
    [[nodiscard]] common::Result<std::uint64_t, std::error_code> last_of_run(std::uint32_t wanted_run) {
        const auto entries = db_->iterate(Family::seg, snapshot_.get());
        std::uint64_t low = 1;
        std::uint64_t high = std::numeric_limits<std::uint64_t>::max();
        while (low <= high) {
            const std::uint64_t middle = low + (high - low) / 2;
            entries->Seek(run_key(middle));
            if (!entries->Valid()) { // no run ends at or after it
                if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
                high = middle - 1;
                continue;
            }
            const auto run = decode_run(entries->key().ToStringView(), entries->value().ToStringView());
            if (!run) { break; }
            if (run->run == wanted_run) { return run->last_seq; }
            if (run->run < wanted_run) {
                low = run->last_seq + 1;
            } else {
                high = middle - 1;
            }
        }
        return common::fail(bad_journal());
    }
    [[nodiscard]] common::Result<common::Nanos, std::error_code> commit_time(std::uint64_t seq) {
        std::string key;
        append_key(key, seq);
        const auto value = db_->get(Family::chain, key, snapshot_.get());
        if (!value) { return common::fail(value.error()); }
        const auto record = *value ? decode_chain(seq, **value) : std::nullopt;
        if (!record) { return common::fail(bad_journal()); }
        return record->time;
    }

    const JournalDb* db_;
    common::Nanos old_;
    common::Nanos ahead_;
    SnapshotGuard snapshot_;
    BlockReader reader_;
    std::map<std::uint16_t, common::Nanos> stored_; ///< by day
};

} // namespace

common::Result<std::vector<DayAge>, std::error_code> day_ages(const JournalDb& db, common::Nanos old,
                                                              common::Nanos ahead) {
    return Ages(db, old, ahead).run();
}

} // namespace canhgac::storage
