#include "storage/day_book.hpp"

#include <algorithm>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {
constexpr std::uint8_t kDayVersion = 1;
}

std::map<std::uint16_t, DaySummary> DayBook::days() const {
    const std::lock_guard lock(mutex_);
    return days_;
}

std::optional<DayDrop> DayBook::dropped(std::int32_t day) const {
    const std::lock_guard lock(mutex_);
    if (day < 0 || day > 0xFFFF) { return std::nullopt; }
    const auto found = drops_.find(static_cast<std::uint16_t>(day));
    if (found == drops_.end()) { return std::nullopt; }
    return found->second;
}

bool DayBook::dropped(common::Nanos time, std::uint64_t seq) const {
    const auto drop = dropped(static_cast<std::int32_t>(day_of(time)));
    return drop && seq <= drop->last_seq;
}

DaySummary DayBook::summary(std::uint16_t day) const {
    const std::lock_guard lock(mutex_);
    const auto found = days_.find(day);
    return found == days_.end() ? DaySummary{} : found->second;
}

DaySummary with_block(const DaySummary& so_far, const ZoneRecord& zone) {
    DaySummary result = so_far;
    result.min_time = so_far.blocks == 0 ? zone.min_time : std::min(so_far.min_time, zone.min_time);
    result.max_time = so_far.blocks == 0 ? zone.max_time : std::max(so_far.max_time, zone.max_time);
    result.blocks += 1;
    result.rows += zone.rows - zone.gone;
    result.bytes += zone.bytes;
    return result;
}

void DayBook::set(std::uint16_t day, const DaySummary& summary) {
    const std::lock_guard lock(mutex_);
    if (summary.blocks == 0) {
        days_.erase(day);
    } else {
        days_[day] = summary;
    }
}

void DayBook::set_drop(std::int32_t day, const DayDrop& drop) {
    const std::lock_guard lock(mutex_);
    drops_[static_cast<std::uint16_t>(day)] = drop;
}

std::string DayBook::key(std::uint16_t day) {
    std::string key;
    append_key(key, day);
    return key;
}

std::string DayBook::drop_key(std::uint16_t day) {
    return key(day) + 'd';
}

std::string DayBook::encode(const DaySummary& summary) {
    ByteSink sink;
    sink.u8(kDayVersion);
    sink.varint(summary.blocks);
    sink.varint(summary.rows);
    sink.varint(summary.bytes);
    sink.fixed64(static_cast<std::uint64_t>(summary.min_time));
    sink.fixed64(static_cast<std::uint64_t>(summary.max_time));
    return std::string(sink.view());
}

std::string DayBook::encode(const DayDrop& drop) {
    ByteSink sink;
    sink.u8(kDayVersion);
    sink.fixed64(static_cast<std::uint64_t>(drop.at));
    sink.varint(drop.last_seq);
    sink.varint(drop.rows);
    return std::string(sink.view());
}

bool DayBook::restore(std::string_view key, std::string_view value) {
    ByteSource in(value);
    if (key.size() < 2 || in.u8() != kDayVersion) { return false; }
    const auto day = key_part<std::uint16_t>(key, 0);
    if (key.size() == 2) {
        DaySummary summary;
        summary.blocks = in.varint();
        summary.rows = in.varint();
        summary.bytes = in.varint();
        summary.min_time = in.signed64();
        summary.max_time = in.signed64();
        set(day, summary);
    } else {
        DayDrop drop;
        drop.at = in.signed64();
        drop.last_seq = in.varint();
        drop.rows = in.varint();
        set_drop(day, drop);
    }
    return in.ok() && in.left() == 0;
}

} // namespace canhgac::storage
