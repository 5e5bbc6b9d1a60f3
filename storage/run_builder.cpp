#include "storage/run_builder.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <set>
#include <unordered_map>

#include <rocksdb/db.h>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

/// Groups with fewer rows share blocks.
constexpr std::size_t kRareRows = 256;
/// Most raw bytes of one sealed block, unless a single event has more.
constexpr std::size_t kMaxSealedRaw = 16U << 20U;

/// Rows of one day, format, names and types fill the same columns.
std::uint64_t group_hash(const BlockRow& row) noexcept {
    std::uint64_t hash = static_cast<std::uint64_t>(day_of(row.time)) << 8U | static_cast<std::uint64_t>(row.format);
    for (const BlockField& field : row.fields) {
        hash = (hash ^ (field.number << 3U | static_cast<std::uint32_t>(field.type))) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 32U;
    }
    return hash;
}

bool same_group(const BlockRow& left, const BlockRow& right) noexcept {
    return day_of(left.time) == day_of(right.time) && left.format == right.format &&
           std::equal(left.fields.begin(), left.fields.end(), right.fields.begin(), right.fields.end(),
                      [](const BlockField& one, const BlockField& other) {
                          return one.number == other.number && one.type == other.type;
                      });
}

bool same(const BlockRow& left, const BlockRow& right) {
    return left.seq == right.seq && left.index == right.index && left.time == right.time &&
           left.received == right.received && left.source == right.source && left.flags == right.flags &&
           left.format == right.format && left.raw == right.raw &&
           std::equal(left.fields.begin(), left.fields.end(), right.fields.begin(), right.fields.end(),
                      [](const BlockField& one, const BlockField& other) {
                          return one.number == other.number && one.type == other.type && one.text == other.text;
                      });
}

} // namespace

common::Nanos thread_cpu() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * common::kSecond + now.tv_nsec;
}

common::Result<SealRun, std::error_code> RunBuilder::build(std::uint32_t number, std::uint64_t sealed,
                                                           std::uint64_t newest, const SealLimits& limits,
                                                           const std::function<bool(common::Nanos)>& rest) {
    SealRun run;
    before_ = thread_cpu();
    run.record.run = number;
    run.record.first_seq = run.record.last_seq = sealed + 1;
    std::error_code error = gather(sealed, newest, limits, run);
    if (!error) {
        keep_late_batches(run, limits);
        group_rows();
        join_rare_groups();
        error = encode_groups(run, rest);
    }
    for (Batch& batch : batches_) {
        run.sources.push_back(std::move(batch.source));
    }
    batches_.clear();
    groups_.clear();
    if (error) { return common::fail(error); }
    return run;
}

std::error_code RunBuilder::gather(std::uint64_t sealed, std::uint64_t newest, const SealLimits& limits, SealRun& run) {
    std::string start;
    append_key(start, sealed + 1);
    std::size_t rows = 0;
    std::size_t bytes = 0;
    const auto records = db_->iterate(Family::chain);
    for (records->Seek(start); records->Valid() && rows < limits.rows && bytes < limits.bytes; records->Next()) {
        const auto seq = key_part<std::uint64_t>(records->key().ToStringView(), 0);
        if (seq > newest) { break; }
        const auto record = decode_chain(seq, records->value().ToStringView());
        run.record.last_seq = seq;
        if (!record) { // verify() names it; its micro-block stays
            ++run.kept_batches;
            continue;
        }
        Batch batch;
        batch.source.key = {day_of(record->max_time), 0, seq};
        const auto value = db_->get(Family::mb, to_key(batch.source.key));
        if (!value && value.error() != std::errc::bad_message) { return value.error(); }
        if (value && !*value) { continue; } // dropped
        const auto zone = db_->get(Family::zone, to_key(batch.source.key));
        const auto decoded = zone && *zone ? decode_zone(**zone) : std::nullopt;
        if (!value || !decoded || !unpack(**value, batch)) {
            ++run.kept_batches;
            continue;
        }
        batch.source.zone = *decoded;
        rows += batch.rows.size();
        bytes += batch.memory.size() + batch.fields.size() * sizeof(BlockField) + batch.rows.size() * sizeof(BlockRow);
        run.bytes_in += (*value)->size();
        batches_.push_back(std::move(batch));
    }
    return to_error(records->status());
}

bool RunBuilder::unpack(std::string_view value, Batch& batch) {
    const auto stored = decode_stored_block(value);
    if (!stored || !reader_.open(stored->block)) { return false; }
    batch.source.sealed.rows = reader_.rows();
    batch.source.sealed.duplicates = stored->duplicates;
    batch.source.sealed.dropped = stored->dropped;
    std::vector<std::size_t> counts;
    BlockRow row;
    while (reader_.next(row)) {
        counts.push_back(row.fields.size());
        batch.fields.insert(batch.fields.end(), row.fields.begin(), row.fields.end());
        row.seq = batch.source.key.seq;
        batch.rows.push_back(row);
    }
    if (reader_.failed()) { return false; }
    std::size_t first = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) { // only now the fields stay where they are
        batch.rows[i].fields = std::span(batch.fields).subspan(first, counts[i]);
        first += counts[i];
    }
    batch.memory = reader_.take_memory();
    return true;
}

/// Leaves batches that have rows of other days than the most frequent ones, or of days that cannot be reached, in the
/// journal.
void RunBuilder::keep_late_batches(SealRun& run, const SealLimits& limits) {
    std::map<std::uint16_t, std::uint64_t> rows_of;
    for (Batch& batch : batches_) {
        describe(batch);
        auto last = rows_of.end();
        for (const BlockRow& row : batch.rows) {
            const std::uint16_t day = day_of(row.time);
            if (last == rows_of.end() || last->first != day) { last = rows_of.try_emplace(day, 0).first; }
            ++last->second;
        }
    }
    const std::size_t found = rows_of.size();
    if (limits.reachable) {
        std::erase_if(rows_of, [&limits](const auto& each) { return !limits.reachable(each.first); });
    }
    if (found <= kMaxRunDays && rows_of.size() == found) { return; }
    std::vector<std::pair<std::uint64_t, std::uint16_t>> order;
    for (const auto& [day, rows] : rows_of) {
        order.emplace_back(rows, day);
    }
    std::sort(order.rbegin(), order.rend());
    order.resize(std::min(order.size(), kMaxRunDays));
    std::set<std::uint16_t> days;
    for (const auto& [rows, day] : order) {
        days.insert(day);
    }
    const auto late = [&days](const Batch& batch) {
        return std::any_of(batch.rows.begin(), batch.rows.end(),
                           [&days](const BlockRow& row) { return days.count(day_of(row.time)) == 0; });
    };
    run.kept_batches += std::erase_if(batches_, late);
}

/// What the chain binds of the batch beyond the rows that go into segments.
void RunBuilder::describe(Batch& batch) {
    SealedBatch& sealed = batch.source.sealed;
    std::set<std::uint16_t> days;
    std::optional<std::uint16_t> last;
    for (const BlockRow& row : batch.rows) {
        const std::uint16_t day = day_of(row.time);
        if (day == last || sealed.duplicates.contains(row.index)) { continue; }
        days.insert(day);
        last = day;
    }
    sealed.days.assign(days.begin(), days.end());
    const bool full = days.size() > 1 || !sealed.dropped.empty();
    for (const BlockRow& row : batch.rows) {
        const bool duplicate = sealed.duplicates.contains(row.index);
        if (full) {
            const auto day = std::lower_bound(sealed.days.begin(), sealed.days.end(), day_of(row.time));
            sealed.day_index.push_back(duplicate ? 0 : static_cast<std::uint32_t>(day - sealed.days.begin()));
        }
        if (full || duplicate) {
            sealed.leaves.push_back(
                leaf_hash(hash_, row.index, row.received, static_cast<std::uint32_t>(row.source), row.raw));
        }
    }
}

void RunBuilder::group_rows() {
    std::unordered_multimap<std::uint64_t, std::size_t> known;
    const auto group_of = [this, &known](const BlockRow& row) {
        const std::uint64_t hash = group_hash(row);
        const auto [first, last] = known.equal_range(hash);
        for (auto at = first; at != last; ++at) {
            if (same_group(groups_[at->second].rows.front(), row)) { return at->second; }
        }
        groups_.push_back({day_of(row.time), {}});
        known.emplace(hash, groups_.size() - 1);
        return groups_.size() - 1;
    };
    for (const Batch& batch : batches_) {
        const SealedBatch& sealed = batch.source.sealed;
        for (const BlockRow& row : batch.rows) {
            if (sealed.duplicates.contains(row.index) || sealed.dropped.contains(row.index)) { continue; }
            groups_[group_of(row)].rows.push_back(row);
        }
    }
}

void RunBuilder::join_rare_groups() {
    std::map<std::uint16_t, Group> rare;
    const auto is_rare = [](const Group& group) { return group.rows.size() < kRareRows; };
    for (Group& group : groups_) {
        if (!is_rare(group)) { continue; }
        Group& joined = rare[group.day];
        joined.day = group.day;
        joined.rows.insert(joined.rows.end(), group.rows.begin(), group.rows.end());
    }
    std::erase_if(groups_, is_rare);
    for (auto& [day, group] : rare) {
        groups_.push_back(std::move(group));
    }
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const Group& left, const Group& right) { return left.day < right.day; });
}

std::error_code RunBuilder::encode_groups(SealRun& run, const std::function<bool(common::Nanos)>& rest) {
    for (Group& group : groups_) {
        const auto earlier = [](const BlockRow& left, const BlockRow& right) {
            return std::tie(left.time, left.seq, left.index) < std::tie(right.time, right.seq, right.index);
        };
        if (!std::is_sorted(group.rows.begin(), group.rows.end(), earlier)) {
            std::sort(group.rows.begin(), group.rows.end(), earlier);
        }
        if (run.segments.empty() || run.segments.back().record.day != group.day) {
            SealRun::Segment& segment = run.segments.emplace_back();
            segment.record.day = group.day;
            run.record.days.push_back(group.day);
        }
        SealRun::Segment& segment = run.segments.back();
        for (std::size_t first = 0; first < group.rows.size();) {
            std::size_t last = first;
            std::size_t raw = 0;
            std::uint64_t values = 0;
            while (last < group.rows.size() && last - first < kMaxSealedRows) {
                raw += group.rows[last].raw.size();
                values += group.rows[last].fields.size();
                if (last != first && (raw > kMaxSealedRaw || values > kMaxSealedValues)) { break; }
                ++last;
            }
            const auto rows = std::span(group.rows).subspan(first, last - first);
            if (const std::error_code error = encode_block(rows, segment, run.record.run)) { return error; }
            run.rows += rows.size();
            first = last;
            if (!rest(thread_cpu() - before_)) { return std::make_error_code(std::errc::operation_canceled); }
            before_ = thread_cpu();
        }
    }
    for (SealRun::Segment& segment : run.segments) {
        segment.record.blocks = segment.blocks.size();
        segment.chunks.emplace_back(chunk_key(run.record.run, chunk::kDirectory, 0), encode_directory(segment.blocks));
        std::sort(segment.chunks.begin(), segment.chunks.end());
        for (const BlockEntry& block : segment.blocks) {
            segment.record.bytes += block.zone.bytes;
        }
        for (const auto& [key, bytes] : segment.chunks) {
            run.bytes_out += key.size() + bytes.size();
        }
    }
    return {};
}

std::error_code RunBuilder::encode_block(std::span<const BlockRow> rows, SealRun::Segment& segment, std::uint32_t run) {
    const auto number = static_cast<std::uint16_t>(segment.blocks.size());
    SealedBlock block = encoder_.encode(rows);
    // The micro-blocks go once the run is recorded: what replaces them is read back first.
    if (!gives_back(block, rows, check_)) { return std::make_error_code(std::errc::state_not_recoverable); }
    SegmentRecord& record = segment.record;
    record.run = run;
    record.rows += rows.size();
    record.min_time = number == 0 ? block.zone.min_time : std::min(record.min_time, block.zone.min_time);
    record.max_time = number == 0 ? block.zone.max_time : std::max(record.max_time, block.zone.max_time);
    segment.blocks.push_back({std::move(block.zone), block.min_seq, block.max_seq});
    segment.chunks.emplace_back(chunk_key(run, chunk::kHead, number), std::move(block.head));
    for (auto& [column, bytes] : block.columns) {
        segment.chunks.emplace_back(chunk_key(run, column, number), std::move(bytes));
    }
    return {};
}

bool gives_back(const SealedBlock& block, std::span<const BlockRow> rows, SegmentReader& reader) {
    const auto fetch = [&block](std::uint32_t number) -> std::optional<std::string> {
        const auto found =
            std::lower_bound(block.columns.begin(), block.columns.end(), number,
                             [](const auto& column, std::uint32_t wanted) { return column.first < wanted; });
        if (found == block.columns.end() || found->first != number) { return std::nullopt; }
        return found->second;
    };
    return reader.open(block.head, fetch) &&
           std::equal(rows.begin(), rows.end(), reader.rows().begin(), reader.rows().end(), same);
}

} // namespace canhgac::storage
