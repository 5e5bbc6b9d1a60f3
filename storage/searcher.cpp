#include "storage/searcher.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include <rocksdb/db.h>

#include "storage/chain.hpp"
#include "storage/coding.hpp"
#include "storage/prepared.hpp"
#include "storage/row_filter.hpp"

namespace canhgac::storage {

namespace {

std::error_code damaged() noexcept {
    return std::make_error_code(std::errc::bad_message);
}
constexpr std::uint32_t kRowsBetweenLooks = 1024; ///< at the cancel flag

/// Numbers of the fields that are looked at by the filter or by who asks.
std::vector<std::uint32_t> fields_needed(const event::QueryPlan& plan, const RowFilter& filter, const FieldDict& dict) {
    std::vector<std::uint32_t> fields = filter.needs_fields();
    for (const std::string& name : plan.fields.value_or(std::vector<std::string>{})) {
        if (const auto number = dict.find(name)) { fields.push_back(*number); }
    }
    std::sort(fields.begin(), fields.end());
    return fields;
}

RowParts parts_needed(const event::QueryPlan& plan, const RowFilter& filter, std::span<const std::uint32_t> fields) {
    if (!plan.fields) { return {}; }
    const auto& names = *plan.fields;
    const bool line = std::find(names.begin(), names.end(), "event.original") != names.end();
    // A word without field may stand in any value.
    return {line || filter.needs_lines(), filter.needs_lines(), fields};
}

} // namespace

/// Field names by number without a lock for each, and rows as visitors see them.
class Searcher::Names {
public:
    explicit Names(const FieldDict& dict) : dict_(&dict) {}
    [[nodiscard]] bool visit(const BlockRow& row, const event::RowVisitor& visitor) {
        fields_.clear();
        for (const BlockField& field : row.fields) {
            fields_.emplace_back(name(field.number), event::Field(event::FieldId{}, field.text, field.type));
        }
        event::StoredEvent event;
        event.id = {row.seq, row.index};
        event.time = row.time;
        event.received = row.received;
        event.source = row.source;
        event.flags = row.flags;
        event.format = row.format;
        event.raw = row.raw;
        event.fields = fields_;
        return visitor(event);
    }

private:
    std::string_view name(std::uint32_t number) {
        if (number >= names_.size()) { names_.resize(number + 64); }
        if (names_[number].empty()) { names_[number] = dict_->name(number); }
        return names_[number];
    }
    const FieldDict* dict_;
    std::vector<std::string_view> names_;
    std::vector<std::pair<std::string_view, event::Field>> fields_;
};

/// Brings rows of overlapping blocks in order, newest first, and gives out no more than wanted.
class Searcher::Order {
public:
    Order(Names& names, const event::RowVisitor& visit, std::uint64_t limit, std::size_t most_bytes)
        : names_(&names), visit_(&visit), limit_(limit), most_bytes_(most_bytes) {}

    /// False: too much to hold.
    [[nodiscard]] bool add(const BlockRow& row) {
        const Key key{row.time, row.seq, row.index};
        if (given_ + held_.size() >= limit_) {
            if (held_.empty() || !(held_.rbegin()->first < key)) { return true; }
            drop_oldest();
        }
        const auto at = held_.try_emplace(key, row).first;
        bytes_ += at->second.size();
        return bytes_ <= most_bytes_;
    }
    /// Gives out what is newer than `time`. False: enough, or the visitor has enough.
    [[nodiscard]] bool give_newer_than(common::Nanos time) {
        while (!held_.empty() && std::get<0>(held_.begin()->first) > time) {
            if (!give()) { return false; }
        }
        return given_ < limit_;
    }
    [[nodiscard]] bool give_rest() {
        while (!held_.empty()) {
            if (!give()) { return false; }
        }
        return given_ < limit_;
    }
    /// Nothing older than this can be among the rows wanted.
    [[nodiscard]] bool wants(common::Nanos time) const noexcept {
        return given_ + held_.size() < limit_ || std::get<0>(held_.rbegin()->first) <= time;
    }

private:
    using Key = std::tuple<common::Nanos, std::uint64_t, std::uint32_t>;
    bool give() {
        const auto first = held_.begin();
        const bool more = names_->visit(first->second.row, *visit_);
        bytes_ -= first->second.size();
        held_.erase(first);
        ++given_;
        return more && given_ < limit_;
    }
    void drop_oldest() {
        const auto last = std::prev(held_.end());
        bytes_ -= last->second.size();
        held_.erase(last);
    }

    Names* names_;
    const event::RowVisitor* visit_;
    std::uint64_t limit_;
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::uint64_t given_ = 0;
    std::map<Key, HeldRow, std::greater<>> held_;
};

std::error_code Searcher::read_days(const SnapshotGuard& snapshot, DayBook& book) const {
    const auto entries = db_->iterate(Family::day, snapshot.get());
    for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
        if (!book.restore(entries->key().ToStringView(), entries->value().ToStringView())) { return damaged(); }
    }
    return to_error(entries->status());
}

bool Searcher::may_have(const ZoneRecord& zone, const Wanted& wanted) {
    const bool outside = zone.max_time < wanted.from || zone.min_time >= wanted.to || zone.gone == zone.rows;
    return !outside && (wanted.filter == nullptr || wanted.filter->may_match(zone));
}

std::error_code Searcher::candidates(std::uint16_t day, const Wanted& wanted, const SnapshotGuard& snapshot,
                                     event::QueryStats& stats, std::vector<Candidate>& out) const {
    const auto entries = db_->iterate(Family::zone, snapshot.get());
    const std::string prefix = DayBook::key(day);
    for (entries->Seek(prefix); entries->Valid() && entries->key().starts_with(prefix); entries->Next()) {
        const auto key = block_key(entries->key().ToStringView());
        const auto zone = decode_zone(entries->value().ToStringView());
        if (!key || !zone) { return damaged(); }
        ++stats.blocks_total;
        if (!may_have(*zone, wanted)) {
            ++stats.blocks_pruned;
            continue;
        }
        out.push_back({zone->max_time, *key, nullptr, 0});
    }
    return to_error(entries->status());
}

std::error_code Searcher::sealed_candidates(std::uint16_t day, const Wanted& wanted, const SnapshotGuard& snapshot,
                                            event::QueryStats& stats, std::vector<Candidate>& out) const {
    const auto segments = sealed_->segments(day, snapshot);
    if (!segments) { return segments.error(); }
    for (const SegmentRecord& record : *segments) {
        stats.blocks_total += record.blocks;
        if (record.max_time < wanted.from || record.min_time >= wanted.to) {
            stats.blocks_pruned += record.blocks;
            continue;
        }
        auto opened = sealed_->open(record);
        if (!opened && opened.error() == std::errc::no_such_device) {
            stats.blocks_unreachable += record.blocks;
            continue;
        }
        if (!opened) { return opened.error(); }
        if (!*opened) { continue; }
        const auto segment = std::make_shared<const OpenSegment>(std::move(**opened));
        for (std::size_t block = 0; block < segment->blocks.size(); ++block) {
            const BlockEntry& entry = segment->blocks[block];
            if (!may_have(entry.zone, wanted)) {
                ++stats.blocks_pruned;
                continue;
            }
            out.push_back({entry.zone.max_time, {day, 0, entry.min_seq}, segment, block});
        }
    }
    return {};
}

SegmentReader::Status Searcher::build_wanted(const Wanted& wanted, SegmentReader& block) {
    RowBits rows(block.size(), false);
    for (std::size_t row = 0; row < block.size(); ++row) {
        if (block.time(row) >= wanted.from && block.time(row) < wanted.to) { rows.set(row); }
    }
    if (wanted.filter != nullptr) {
        if (const auto status = wanted.filter->preselect(block, rows); !status) { return status; }
    }
    if (rows.none()) { return {}; }
    return block.build(rows, wanted.parts);
}

std::error_code Searcher::stored_candidates(const Day& day, const Wanted& wanted, const SnapshotGuard& snapshot,
                                            event::QueryStats& stats, std::vector<Candidate>& out) const {
    const auto& [number, summary] = day;
    if (summary.max_time < wanted.from || summary.min_time >= wanted.to) {
        stats.blocks_total += summary.blocks;
        stats.blocks_pruned += summary.blocks;
        return {};
    }
    const std::error_code error = candidates(number, wanted, snapshot, stats, out);
    return error ? error : sealed_candidates(number, wanted, snapshot, stats, out);
}

std::error_code Searcher::held_candidates(const Wanted& wanted, const DayBook& book, event::QueryStats& stats,
                                          std::map<std::uint16_t, std::vector<Candidate>>& out) const {
    const auto segments = holds_->segments(wanted.from, wanted.to);
    if (!segments) { return segments.error(); }
    const auto any_dropped = [&book](const ZoneRecord& zone) {
        for (std::uint32_t day = day_of(zone.min_time); day <= day_of(zone.max_time); ++day) {
            if (book.dropped(static_cast<std::int32_t>(day))) { return true; }
        }
        return false;
    };
    for (const auto& segment : *segments) {
        for (std::size_t block = 0; block < segment->blocks.size(); ++block) {
            const BlockEntry& entry = segment->blocks[block];
            ++stats.blocks_total;
            if (!may_have(entry.zone, wanted) || !any_dropped(entry.zone)) {
                ++stats.blocks_pruned;
                continue;
            }
            const std::uint16_t day = day_of(entry.zone.max_time);
            out[day].push_back({entry.zone.max_time, {day, 0, entry.min_seq}, segment, block});
        }
    }
    return {};
}

template <typename Take>
common::Result<bool, std::error_code> Searcher::read_sealed(const Candidate& block, const Wanted& wanted,
                                                            SegmentReader& reader, event::QueryStats& stats,
                                                            const Take& take) const {
    if (wanted.filter != nullptr && wanted.filter->has_literals()) {
        const auto bytes = SealedReader::grams(*block.segment, block.block);
        const auto grams = bytes ? GramSet::decode(*bytes) : std::nullopt;
        if (grams && !wanted.filter->may_match(*grams)) {
            ++stats.blocks_pruned;
            return true;
        }
    }
    const auto opened = sealed_->read(*block.segment, block.block, reader,
                                      [&wanted](SegmentReader& begun) { return build_wanted(wanted, begun); });
    if (!opened || !*opened) { return opened; }
    stats.rows_scanned += reader.size() - reader.rows().size();
    if (reader.rows().empty()) { return true; }
    if (wanted.filter != nullptr && !wanted.filter->start_block(reader.texts())) {
        ++stats.blocks_pruned;
        return true;
    }
    const auto rows = reader.rows();
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
        ++stats.rows_scanned;
        if (row->time < wanted.from || row->time >= wanted.to ||
            (wanted.filter != nullptr && !wanted.filter->matches(*row))) {
            continue;
        }
        ++stats.rows_matched;
        if (!take(*row)) { break; }
    }
    return true;
}

template <typename Take>
common::Result<bool, std::error_code> Searcher::read_block(const Candidate& block, const Wanted& wanted,
                                                           const SnapshotGuard& snapshot, Readers& readers,
                                                           event::QueryStats& stats, const Take& take) const {
    if (block.segment != nullptr) { return read_sealed(block, wanted, readers.segment, stats, take); }
    rocksdb::ReadOptions options;
    options.snapshot = snapshot.get();
    options.fill_cache = false;
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->db().Get(options, db_->family(Family::mb), to_key(block.key), &value);
    if (status.IsNotFound()) { return false; }
    if (!status.ok()) { return common::fail(to_error(status)); }
    const auto stored = decode_stored_block(value.ToStringView());
    BlockReader& reader = readers.journal;
    if (!stored || !reader.open(stored->block)) { return common::fail(damaged()); }
    if (wanted.filter != nullptr && !wanted.filter->start_block(reader.texts())) {
        ++stats.blocks_pruned;
        return true;
    }
    BlockRow row;
    row.seq = block.key.seq;
    while (reader.next(row)) {
        ++stats.rows_scanned;
        if (row.time < wanted.from || row.time >= wanted.to || stored->duplicates.contains(row.index) ||
            stored->dropped.contains(row.index) || (wanted.filter != nullptr && !wanted.filter->matches(row))) {
            continue;
        }
        ++stats.rows_matched;
        if (!take(row)) { return true; }
    }
    if (reader.failed()) { return common::fail(damaged()); }
    return true;
}

std::error_code Searcher::read_run(const RunRecord& run, std::uint64_t first, std::uint64_t last, const Wanted& wanted,
                                   const SnapshotGuard& snapshot, Readers& readers, event::QueryStats& stats,
                                   Run& out) const {
    const auto segments = sealed_->segments(run, snapshot);
    if (!segments) { return segments.error(); }
    const auto take = [&](const BlockRow& row) {
        if (row.seq >= first && row.seq <= last) { out.push_back(std::make_unique<HeldRow>(row)); }
        return true;
    };
    for (const SegmentRecord& record : *segments) {
        if (record.max_time < wanted.from || record.min_time >= wanted.to) { continue; }
        auto opened = sealed_->open(record);
        if (!opened) { return opened.error(); }
        if (!*opened) { continue; }
        const auto segment = std::make_shared<const OpenSegment>(std::move(**opened));
        for (std::size_t block = 0; block < segment->blocks.size(); ++block) {
            const BlockEntry& entry = segment->blocks[block];
            if (entry.max_seq < first || entry.min_seq > last || !may_have(entry.zone, wanted)) { continue; }
            const auto read = read_sealed({0, {}, segment, block}, wanted, readers.segment, stats, take);
            if (!read) { return read.error(); }
        }
    }
    std::sort(out.begin(), out.end(), [](const auto& left, const auto& right) {
        return std::tie(left->row.seq, left->row.index) < std::tie(right->row.seq, right->row.index);
    });
    return {};
}

Searcher::Outcome Searcher::query(const event::QueryPlan& plan, const event::RowVisitor& visit,
                                  const std::atomic<bool>* cancelled) const {
    event::QueryStats stats;
    if (plan.limit == 0) { return stats; }
    const SnapshotGuard snapshot(*db_);
    DayBook book;
    std::error_code error = read_days(snapshot, book);
    if (error) { return common::fail(error); }
    auto filter = RowFilter::compile(plan.filter, *dict_, *sources_);
    if (!filter) { return common::fail(filter.error()); }
    const std::vector<std::uint32_t> fields = fields_needed(plan, *filter, *dict_);
    const Wanted wanted{plan.from, plan.to, &*filter, parts_needed(plan, *filter, fields)};
    Names names(*dict_);
    Order order(names, visit, plan.limit, query_bytes_);
    Readers readers;
    const auto stop = [cancelled] { return cancelled != nullptr && cancelled->load(std::memory_order_relaxed); };
    const auto all_days = book.days();
    std::map<std::uint16_t, std::vector<Candidate>> by_day; // what is held, then what is stored too
    error = held_candidates(wanted, book, stats, by_day);
    if (error) { return common::fail(error); }
    for (const auto& [day, summary] : all_days) {
        by_day.try_emplace(day);
    }
    for (auto at = by_day.rbegin(); at != by_day.rend(); ++at) {
        std::vector<Candidate>& blocks = at->second;
        if (const auto day = all_days.find(at->first); day != all_days.end()) {
            error = stored_candidates(*day, wanted, snapshot, stats, blocks);
            if (error) { return common::fail(error); }
        }
        std::sort(blocks.begin(), blocks.end(), [](const Candidate& left, const Candidate& right) {
            return std::tie(left.max_time, left.key.seq) > std::tie(right.max_time, right.key.seq);
        });
        for (const Candidate& block : blocks) {
            stats.stopped_early = stop() || !order.give_newer_than(block.max_time) || !order.wants(block.max_time);
            if (stats.stopped_early) { break; }
            bool fits = true;
            const bool held = block.segment != nullptr && block.segment->held;
            const auto take = [&](const BlockRow& row) {
                if (held && !book.dropped(row.time, row.seq)) { return true; } // it is where it was
                if (plan.any_order) {
                    stats.stopped_early = !names.visit(row, visit);
                } else {
                    fits = order.add(row);
                }
                return fits && !stats.stopped_early && (stats.rows_scanned % kRowsBetweenLooks != 0 || !stop());
            };
            const auto read = read_block(block, wanted, snapshot, readers, stats, take);
            if (!read && read.error() == std::errc::no_such_device) {
                ++stats.blocks_unreachable;
                continue;
            }
            if (!read) { return common::fail(read.error()); }
            if (!fits) { return common::fail(std::make_error_code(std::errc::not_enough_memory)); }
            if (stats.stopped_early) { break; }
        }
        if (stats.stopped_early) { break; }
    }
    if (stop()) {
        stats.stopped_early = true;
        return stats;
    }
    if (!order.give_rest()) { stats.stopped_early = true; }
    return stats;
}

std::error_code Searcher::each(const event::QueryPlan& plan, const std::function<bool(const BlockRow&)>& take) const {
    const SnapshotGuard snapshot(*db_);
    DayBook book;
    if (const std::error_code error = read_days(snapshot, book)) { return error; }
    auto filter = RowFilter::compile(plan.filter, *dict_, *sources_);
    if (!filter) { return filter.error(); }
    const Wanted wanted{plan.from, plan.to, &*filter, {}};
    Readers readers;
    event::QueryStats stats;
    bool more = true;
    for (const Day& day : book.days()) {
        std::vector<Candidate> blocks;
        std::error_code error = stored_candidates(day, wanted, snapshot, stats, blocks);
        if (!error && stats.blocks_unreachable != 0) { error = std::make_error_code(std::errc::no_such_device); }
        if (error) { return error; }
        for (auto block = blocks.begin(); more && block != blocks.end(); ++block) {
            const auto read = read_block(*block, wanted, snapshot, readers, stats,
                                         [&](const BlockRow& row) { return more = take(row); });
            if (!read) { return read.error(); }
        }
        if (!more) { break; }
    }
    return {};
}

Searcher::Outcome Searcher::scan(common::Nanos from, common::Nanos to, const event::RowVisitor& visit) const {
    event::QueryStats stats;
    const SnapshotGuard snapshot(*db_);
    DayBook book;
    if (const std::error_code error = read_days(snapshot, book)) { return common::fail(error); }
    const Wanted wanted{from, to, nullptr, {}};
    std::vector<Candidate> blocks; // of the journal: few, but for those of before a release that seals
    for (const auto& [day, summary] : book.days()) {
        if (summary.max_time < from || summary.min_time >= to) { continue; }
        if (const std::error_code error = candidates(day, wanted, snapshot, stats, blocks)) {
            return common::fail(error);
        }
    }
    std::sort(blocks.begin(), blocks.end(),
              [](const Candidate& left, const Candidate& right) { return left.key.seq < right.key.seq; });
    Names names(*dict_);
    Readers readers;
    auto block = blocks.begin();
    const auto take = [&](const BlockRow& row) {
        stats.stopped_early = !names.visit(row, visit);
        return !stats.stopped_early;
    };
    const auto read_blocks_before = [&](std::uint64_t seq) -> std::error_code {
        for (; block != blocks.end() && block->key.seq < seq && !stats.stopped_early; ++block) {
            const auto read = read_block(*block, wanted, snapshot, readers, stats, take);
            if (!read) { return read.error(); }
        }
        return {};
    };
    std::error_code error;
    for (std::uint64_t seq = 1; !error && !stats.stopped_early;) {
        const auto run = sealed_->run_of(seq, snapshot);
        if (!run) { return common::fail(run.error()); }
        if (!*run) { break; }
        Run rows;
        error = read_run(**run, seq, (*run)->last_seq, wanted, snapshot, readers, stats, rows);
        for (auto row = rows.begin(); row != rows.end() && !error && !stats.stopped_early; ++row) {
            error = read_blocks_before((*row)->row.seq);
            if (!error && !stats.stopped_early) { static_cast<void>(take((*row)->row)); }
        }
        seq = (*run)->last_seq + 1;
    }
    if (!error) { error = read_blocks_before(std::numeric_limits<std::uint64_t>::max()); }
    if (error) { return common::fail(error); }
    return stats;
}

common::Result<std::uint64_t, std::error_code> Searcher::tail(std::uint64_t position, const event::Filter& filter,
                                                              std::uint64_t limit,
                                                              const event::RowVisitor& visit) const {
    const SnapshotGuard snapshot(*db_);
    auto compiled = RowFilter::compile(filter, *dict_, *sources_);
    if (!compiled) { return common::fail(compiled.error()); }
    const Wanted wanted{
        std::numeric_limits<common::Nanos>::min(), std::numeric_limits<common::Nanos>::max(), &*compiled, {}};
    Names names(*dict_);
    Readers readers;
    event::QueryStats stats;
    Run rows; // of the run at hand
    auto next_row = rows.begin();
    std::uint64_t run_end = 0;
    std::string start;
    append_key(start, position + 1);
    const auto records = db_->iterate(Family::chain, snapshot.get());
    for (records->Seek(start); records->Valid() && limit != 0; records->Next(), --limit) {
        const auto seq = key_part<std::uint64_t>(records->key().ToStringView(), 0);
        const auto record = decode_chain(seq, records->value().ToStringView());
        if (!record) { return common::fail(damaged()); }
        bool more = true;
        const auto take = [&](const BlockRow& row) { return more = names.visit(row, visit); };
        const Candidate block{0, {day_of(record->max_time), 0, seq}, nullptr, 0};
        const auto read = read_block(block, wanted, snapshot, readers, stats, take);
        if (!read) { return common::fail(read.error()); }
        if (!*read && seq > run_end) {
            const auto run = sealed_->run_of(seq, snapshot);
            if (!run) { return common::fail(run.error()); }
            rows.clear();
            if (*run) {
                run_end = (*run)->last_seq;
                const std::uint64_t last = limit > run_end - seq ? run_end : seq + limit - 1;
                if (const std::error_code error = read_run(**run, seq, last, wanted, snapshot, readers, stats, rows)) {
                    return common::fail(error);
                }
            }
            next_row = rows.begin();
        }
        for (; more && next_row != rows.end() && (*next_row)->row.seq == seq; ++next_row) {
            static_cast<void>(take((*next_row)->row));
        }
        if (!more) { return position; } // this batch again next time: nothing of it is lost
        position = seq;
    }
    const std::error_code error = to_error(records->status());
    if (error) { return common::fail(error); }
    return position;
}

} // namespace canhgac::storage
