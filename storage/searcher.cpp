#include "storage/searcher.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include <rocksdb/db.h>

#include "storage/chain.hpp"
#include "storage/prepared.hpp"
#include "storage/row_filter.hpp"

namespace canhgac::storage {

namespace {

std::error_code damaged() noexcept {
    return std::make_error_code(std::errc::bad_message);
}
constexpr std::uint32_t kRowsBetweenLooks = 1024; ///< at the cancel flag

/// An owned copy of a row, waiting for its place in the order.
struct HeldRow {
    BlockRow row; ///< raw and fields view `bytes` and `fields`
    std::string bytes;
    std::vector<BlockField> fields;

    explicit HeldRow(const BlockRow& source) : row(source), fields(source.fields.begin(), source.fields.end()) {
        bytes.reserve(source.raw.size());
        bytes = source.raw;
        std::size_t more = 0;
        for (const BlockField& field : fields) {
            more += field.text.size();
        }
        bytes.reserve(bytes.size() + more);
        for (BlockField& field : fields) {
            const std::size_t offset = bytes.size();
            bytes += field.text;
            field.text = {bytes.data() + offset, field.text.size()};
        }
        row.raw = {bytes.data(), source.raw.size()};
        row.fields = fields;
    }
    HeldRow(const HeldRow&) = delete;
    HeldRow& operator=(const HeldRow&) = delete;
    [[nodiscard]] std::size_t size() const noexcept {
        return sizeof *this + bytes.capacity() + fields.capacity() * sizeof(BlockField) + 64;
    }
};

} // namespace

/// Field names by number without a lock for each, and rows as visitors see them.
class Searcher::Names {
public:
    explicit Names(const FieldDict& dict) : dict_(&dict) {}
    [[nodiscard]] bool visit(const BlockRow& row, std::uint64_t seq, const event::RowVisitor& visitor) {
        fields_.clear();
        for (const BlockField& field : row.fields) {
            fields_.emplace_back(name(field.number), event::Field(event::FieldId{}, field.text, field.type));
        }
        event::StoredEvent event;
        event.id = {seq, row.index};
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
    [[nodiscard]] bool add(const BlockRow& row, std::uint64_t seq) {
        const Key key{row.time, seq, row.index};
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
        const bool more = names_->visit(first->second.row, std::get<1>(first->first), *visit_);
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

std::error_code Searcher::candidates(std::uint16_t day, common::Nanos from, common::Nanos to, const RowFilter* filter,
                                     const SnapshotGuard& snapshot, event::QueryStats& stats,
                                     std::vector<Candidate>& out) const {
    const auto entries = db_->iterate(Family::zone, snapshot.get());
    const std::string prefix = DayBook::key(day);
    for (entries->Seek(prefix); entries->Valid() && entries->key().starts_with(prefix); entries->Next()) {
        const auto key = block_key(entries->key().ToStringView());
        const auto zone = decode_zone(entries->value().ToStringView());
        if (!key || !zone) { return damaged(); }
        ++stats.blocks_total;
        const bool outside = zone->max_time < from || zone->min_time >= to || zone->gone == zone->rows;
        if (outside || (filter != nullptr && !filter->may_match(*zone))) {
            ++stats.blocks_pruned;
            continue;
        }
        out.push_back({*key, zone->max_time});
    }
    return to_error(entries->status());
}

template <typename Take>
std::error_code Searcher::read_block(const BlockKey& key, common::Nanos from, common::Nanos to, RowFilter* filter,
                                     const SnapshotGuard& snapshot, BlockReader& reader, event::QueryStats& stats,
                                     const Take& take) const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot.get();
    options.fill_cache = false;
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->db().Get(options, db_->family(Family::mb), to_key(key), &value);
    if (status.IsNotFound()) { return {}; }
    if (!status.ok()) { return to_error(status); }
    const auto stored = decode_stored_block(value.ToStringView());
    if (!stored || !reader.open(stored->block)) { return damaged(); }
    if (filter != nullptr && !filter->start_block(reader, key.seq)) {
        ++stats.blocks_pruned;
        return {};
    }
    BlockRow row;
    while (reader.next(row)) {
        ++stats.rows_scanned;
        if (row.time < from || row.time >= to || stored->duplicates.contains(row.index) ||
            stored->dropped.contains(row.index) || (filter != nullptr && !filter->matches(row))) {
            continue;
        }
        ++stats.rows_matched;
        if (!take(row)) { return {}; }
    }
    return reader.failed() ? damaged() : std::error_code{};
}

Searcher::Outcome Searcher::query(const event::QueryPlan& plan, const event::RowVisitor& visit,
                                  const std::atomic<bool>* cancelled) const {
    event::QueryStats stats;
    if (plan.limit == 0) { return stats; }
    const auto days = days_->days(); // before the snapshot: a later day is only missed, an earlier one only pruned
    const SnapshotGuard snapshot(*db_);
    auto filter = RowFilter::compile(plan.filter, *dict_, *sources_);
    if (!filter) { return common::fail(filter.error()); }
    Names names(*dict_);
    Order order(names, visit, plan.limit, query_bytes_);
    BlockReader reader;
    const auto stop = [cancelled] { return cancelled != nullptr && cancelled->load(std::memory_order_relaxed); };
    for (auto day = days.rbegin(); day != days.rend(); ++day) {
        if (day->second.max_time < plan.from || day->second.min_time >= plan.to) {
            stats.blocks_total += day->second.blocks;
            stats.blocks_pruned += day->second.blocks;
            continue;
        }
        std::vector<Candidate> blocks;
        const std::error_code error = candidates(day->first, plan.from, plan.to, &*filter, snapshot, stats, blocks);
        if (error) { return common::fail(error); }
        std::sort(blocks.begin(), blocks.end(), [](const Candidate& left, const Candidate& right) {
            return std::tie(left.max_time, left.key.seq) > std::tie(right.max_time, right.key.seq);
        });
        for (const Candidate& block : blocks) {
            stats.stopped_early = stop() || !order.give_newer_than(block.max_time) || !order.wants(block.max_time);
            if (stats.stopped_early) { break; }
            bool fits = true;
            const auto take = [&](const BlockRow& row) {
                fits = order.add(row, block.key.seq);
                return fits && (stats.rows_scanned % kRowsBetweenLooks != 0 || !stop());
            };
            const std::error_code failed =
                read_block(block.key, plan.from, plan.to, &*filter, snapshot, reader, stats, take);
            if (failed) { return common::fail(failed); }
            if (!fits) { return common::fail(std::make_error_code(std::errc::not_enough_memory)); }
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

Searcher::Outcome Searcher::scan(common::Nanos from, common::Nanos to, const event::RowVisitor& visit) const {
    event::QueryStats stats;
    const auto days = days_->days();
    const SnapshotGuard snapshot(*db_);
    std::vector<Candidate> blocks;
    for (const auto& [day, summary] : days) {
        if (summary.max_time < from || summary.min_time >= to) { continue; }
        if (const std::error_code error = candidates(day, from, to, nullptr, snapshot, stats, blocks)) {
            return common::fail(error);
        }
    }
    std::sort(blocks.begin(), blocks.end(),
              [](const Candidate& left, const Candidate& right) { return left.key.seq < right.key.seq; });
    Names names(*dict_);
    BlockReader reader;
    for (const Candidate& block : blocks) {
        const auto take = [&](const BlockRow& row) {
            stats.stopped_early = !names.visit(row, block.key.seq, visit);
            return !stats.stopped_early;
        };
        const std::error_code error = read_block(block.key, from, to, nullptr, snapshot, reader, stats, take);
        if (error) { return common::fail(error); }
        if (stats.stopped_early) { break; }
    }
    return stats;
}

common::Result<std::uint64_t, std::error_code> Searcher::tail(std::uint64_t position, const event::Filter& filter,
                                                              std::uint64_t limit,
                                                              const event::RowVisitor& visit) const {
    const SnapshotGuard snapshot(*db_);
    auto compiled = RowFilter::compile(filter, *dict_, *sources_);
    if (!compiled) { return common::fail(compiled.error()); }
    Names names(*dict_);
    BlockReader reader;
    event::QueryStats stats;
    std::string start;
    append_key(start, position + 1);
    const auto records = db_->iterate(Family::chain, snapshot.get());
    for (records->Seek(start); records->Valid() && limit != 0; records->Next(), --limit) {
        const auto seq = key_part<std::uint64_t>(records->key().ToStringView(), 0);
        const auto record = decode_chain(seq, records->value().ToStringView());
        if (!record) { return common::fail(damaged()); }
        bool more = true;
        const auto take = [&](const BlockRow& row) { return more = names.visit(row, seq, visit); };
        const std::error_code error =
            read_block({day_of(record->max_time), 0, seq}, std::numeric_limits<common::Nanos>::min(),
                       std::numeric_limits<common::Nanos>::max(), &*compiled, snapshot, reader, stats, take);
        if (error) { return common::fail(error); }
        if (!more) { return position; } // this batch again next time: nothing of it is lost
        position = seq;
    }
    const std::error_code error = to_error(records->status());
    if (error) { return common::fail(error); }
    return position;
}

} // namespace canhgac::storage
