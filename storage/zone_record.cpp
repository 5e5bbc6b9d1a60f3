#include "storage/zone_record.hpp"

#include <algorithm>
#include <limits>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::size_t kKeySize = 2 + 1 + 8;

void put_list(ByteSink& out, const std::vector<std::uint32_t>& list, bool too_many) {
    if (too_many || list.size() > ZoneRecord::kMaxListed) {
        out.varint(0);
        return;
    }
    out.varint(list.size() + 1);
    std::uint32_t last = 0;
    for (const std::uint32_t number : list) {
        out.varint(number - last);
        last = number;
    }
}

void get_list(ByteSource& in, std::vector<std::uint32_t>& list, bool& too_many) {
    const std::uint64_t count = in.varint(ZoneRecord::kMaxListed + 1);
    too_many = count == 0;
    std::uint64_t last = 0;
    for (std::uint64_t i = 1; i < count && in.ok(); ++i) {
        last += in.varint(std::numeric_limits<std::uint32_t>::max());
        list.push_back(static_cast<std::uint32_t>(last));
    }
}

ZoneRecord get_numbers(ByteSource& in) noexcept {
    ZoneRecord zone;
    if (in.u8() != kZoneVersion) { in.fail(); }
    zone.rows = static_cast<std::uint32_t>(in.varint(std::numeric_limits<std::uint32_t>::max()));
    zone.gone = static_cast<std::uint32_t>(in.varint(zone.rows));
    zone.min_time = in.signed64();
    zone.max_time = in.signed64();
    zone.min_received = in.signed64();
    zone.max_received = in.signed64();
    zone.bytes = in.varint();
    return zone;
}

} // namespace

std::uint16_t day_of(common::Nanos time) noexcept {
    return static_cast<std::uint16_t>(std::clamp<common::Nanos>(time / common::kDay, 0, 0xFFFF));
}

std::string to_key(const BlockKey& key) {
    std::string result;
    append_key(result, key.day);
    append_key(result, key.shard);
    append_key(result, key.seq);
    return result;
}

std::optional<BlockKey> block_key(std::string_view key) noexcept {
    if (key.size() != kKeySize) { return std::nullopt; }
    BlockKey result;
    result.day = key_part<std::uint16_t>(key, 0);
    result.shard = key_part<std::uint8_t>(key, 2);
    result.seq = key_part<std::uint64_t>(key, 3);
    return result;
}

void encode(const ZoneRecord& zone, std::string& out) {
    ByteSink sink;
    sink.u8(kZoneVersion);
    sink.varint(zone.rows);
    sink.varint(zone.gone);
    for (const common::Nanos time : {zone.min_time, zone.max_time, zone.min_received, zone.max_received}) {
        sink.fixed64(static_cast<std::uint64_t>(time));
    }
    sink.varint(zone.bytes);
    put_list(sink, zone.sources, zone.all_sources);
    put_list(sink, zone.fields, zone.all_fields);
    out.assign(sink.view());
}

std::optional<ZoneRecord> decode_zone(std::string_view value) {
    ByteSource in(value);
    ZoneRecord zone = get_numbers(in);
    get_list(in, zone.sources, zone.all_sources);
    get_list(in, zone.fields, zone.all_fields);
    if (!in.ok() || in.left() != 0) { return std::nullopt; }
    return zone;
}

std::optional<ZoneRecord> decode_zone_numbers(std::string_view value) noexcept {
    ByteSource in(value);
    const ZoneRecord zone = get_numbers(in);
    if (!in.ok()) { return std::nullopt; }
    return zone;
}

} // namespace canhgac::storage
