#include "storage/retention.hpp"

#include <array>
#include <map>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "storage/block_reader.hpp"
#include "storage/prepared.hpp"
#include "storage/seal_catalogue.hpp"

namespace canhgac::storage {

namespace {

/// One drop under way; everything is written at once at the end.
class Drop {
public:
    Drop(JournalDb& db, const DayBook& days, std::int32_t day) : db_(&db), days_(&days), day_(day) {}

    [[nodiscard]] std::error_code run() {
        const common::Nanos from = day_ * common::kDay;
        for (const auto& [day, summary] : days_->days()) {
            if (summary.max_time < from || summary.min_time >= from + common::kDay) { continue; }
            if (const std::error_code error = visit_day(day)) { return error; }
        }
        return forget_segments();
    }
    [[nodiscard]] std::error_code write(DayBook& days, OrderBook& orders, Order order) {
        DayDrop drop = days.dropped(day_).value_or(DayDrop{});
        drop.at = order.at;
        drop.last_seq = order.last_seq;
        drop.rows += rows_;
        order.rows = rows_;
        orders.add(order, writes_);
        rocksdb::ColumnFamilyHandle* family = db_->family(Family::day);
        for (const auto& [day, summary] : changed_) {
            if (summary.blocks == 0) {
                writes_.Delete(family, DayBook::key(day));
            } else {
                writes_.Put(family, DayBook::key(day), DayBook::encode(summary));
            }
        }
        writes_.Put(family, DayBook::drop_key(static_cast<std::uint16_t>(day_)), DayBook::encode(drop));
        if (const std::error_code error = db_->write(writes_)) { return error; }
        for (const auto& [day, summary] : changed_) {
            days.set(day, summary);
        }
        days.set_drop(day_, drop);
        orders.confirm(order);
        return {};
    }

private:
    [[nodiscard]] std::error_code visit_day(std::uint16_t day) {
        const common::Nanos from = day_ * common::kDay;
        const auto entries = db_->iterate(Family::zone);
        const std::string prefix = DayBook::key(day);
        for (entries->Seek(prefix); entries->Valid() && entries->key().starts_with(prefix); entries->Next()) {
            const auto zone = decode_zone(entries->value().ToStringView());
            if (!zone) { return std::make_error_code(std::errc::bad_message); }
            if (zone->max_time < from || zone->min_time >= from + common::kDay) { continue; }
            const std::string key = entries->key().ToString();
            std::error_code error;
            if (zone->min_time >= from && zone->max_time < from + common::kDay) {
                remove(day, key, *zone, zone->rows - zone->gone);
            } else {
                error = mark(day, key, *zone);
            }
            if (error) { return error; }
        }
        return to_error(entries->status());
    }
    /// Their rows go with the day's folder, once this is written.
    [[nodiscard]] std::error_code forget_segments() {
        const auto day = static_cast<std::uint16_t>(day_);
        const std::string prefix = segment_prefix(day);
        const auto entries = db_->iterate(Family::seg);
        for (entries->Seek(prefix); entries->Valid() && entries->key().starts_with(prefix); entries->Next()) {
            const auto segment = decode_segment(entries->key().ToStringView(), entries->value().ToStringView());
            if (!segment) { return std::make_error_code(std::errc::bad_message); }
            writes_.Delete(db_->family(Family::seg), entries->key());
            DaySummary& sum = summary(day);
            sum.blocks -= segment->blocks;
            sum.rows -= segment->rows;
            sum.bytes -= segment->bytes;
            rows_ += segment->rows;
        }
        return to_error(entries->status());
    }
    [[nodiscard]] DaySummary& summary(std::uint16_t day) {
        return changed_.try_emplace(day, days_->summary(day)).first->second;
    }
    void remove(std::uint16_t day, const std::string& key, const ZoneRecord& zone, std::uint64_t live_rows) {
        writes_.Delete(db_->family(Family::mb), key);
        writes_.Delete(db_->family(Family::zone), key);
        DaySummary& sum = summary(day);
        sum.blocks -= 1;
        sum.rows -= live_rows;
        sum.bytes -= zone.bytes;
        rows_ += live_rows;
    }
    /// Marks the rows of the day in a block that has others too; removes it when none is left.
    [[nodiscard]] std::error_code mark(std::uint16_t day, const std::string& key, ZoneRecord zone) {
        const auto value = db_->get(Family::mb, key);
        if (!value) { return value.error(); }
        const auto damaged = std::make_error_code(std::errc::bad_message);
        if (!*value) { return damaged; }
        const auto stored = decode_stored_block(**value);
        if (!stored || !reader_.open(stored->block)) { return damaged; }
        RowSet dropped = stored->dropped;
        const common::Nanos from = day_ * common::kDay;
        std::uint32_t marked = 0;
        BlockRow row;
        while (reader_.next(row)) {
            const bool gone = stored->duplicates.contains(row.index) || dropped.contains(row.index);
            if (gone || row.time < from || row.time >= from + common::kDay) { continue; }
            dropped.add(row.index);
            ++marked;
        }
        if (reader_.failed()) { return damaged; }
        if (marked == 0) { return {}; }
        zone.gone += marked;
        if (zone.gone == zone.rows) {
            remove(day, key, zone, marked);
            return {};
        }
        const std::string head = stored_block_head(stored->duplicates, dropped);
        const rocksdb::Slice key_slice = key;
        const std::array<rocksdb::Slice, 2> parts = {rocksdb::Slice(head),
                                                     rocksdb::Slice(stored->block.data(), stored->block.size())};
        writes_.Put(db_->family(Family::mb), rocksdb::SliceParts(&key_slice, 1),
                    rocksdb::SliceParts(parts.data(), parts.size()));
        std::string encoded;
        encode(zone, encoded);
        writes_.Put(db_->family(Family::zone), key, encoded);
        summary(day).rows -= marked;
        rows_ += marked;
        return {};
    }

    JournalDb* db_;
    const DayBook* days_;
    std::int32_t day_;
    rocksdb::WriteBatch writes_;
    std::map<std::uint16_t, DaySummary> changed_;
    std::uint64_t rows_ = 0;
    BlockReader reader_;
};

} // namespace

std::error_code drop_day(const DropParts& parts, std::int32_t day, const event::DropOrder& order, common::Nanos now) {
    if (day < 0 || day > 0xFFFF) { return std::make_error_code(std::errc::invalid_argument); }
    const std::lock_guard sealing(parts.sealer.mutex());
    if (const std::error_code error = parts.sealer.settle()) { return error; }
    {
        const std::lock_guard lock(parts.committer.write_mutex());
        Drop drop(parts.db, parts.days, day);
        if (const std::error_code error = drop.run()) { return error; }
        Order written;
        written.kind = OrderKind::drop_day;
        written.at = now;
        written.subject = day_name(static_cast<std::uint16_t>(day));
        written.actor = order.actor;
        written.reason = order.reason;
        written.last_seq = parts.committer.committed();
        if (const std::error_code error = drop.write(parts.days, parts.orders, std::move(written))) { return error; }
    }
    return parts.stores.drop(static_cast<std::uint16_t>(day)); // a folder that stays goes at the next start
}

} // namespace canhgac::storage
