/// What is known about a micro-block without opening it: its key and its zone map (column family `zone`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"

namespace canhgac::storage {

/// A block belongs to the UTC day of its newest event; days outside 1970..2149 are kept under the nearest of those.
struct BlockKey {
    std::uint16_t day = 0;
    std::uint8_t shard = 0;
    std::uint64_t seq = 0;
    friend auto operator<=>(const BlockKey&, const BlockKey&) = default;
};
[[nodiscard]] std::uint16_t day_of(common::Nanos time) noexcept;
/// day u16, shard u8, seq u64, big-endian: sorts by day, then by commit.
[[nodiscard]] std::string to_key(const BlockKey& key);
[[nodiscard]] std::optional<BlockKey> block_key(std::string_view key) noexcept;

struct ZoneRecord {
    std::uint32_t rows = 0; ///< encoded, those left out as duplicates and dropped ones included
    std::uint32_t gone = 0; ///< of them duplicates or dropped
    common::Nanos min_time = 0;
    common::Nanos max_time = 0;
    common::Nanos min_received = 0;
    common::Nanos max_received = 0;
    std::uint64_t bytes = 0;            ///< of the encoded block
    std::vector<std::uint32_t> sources; ///< ascending; empty when more than kMaxListed
    std::vector<std::uint32_t> fields;  ///< store field numbers, ascending; empty when more than kMaxListed
    bool all_sources = false;           ///< too many to list
    bool all_fields = false;

    static constexpr std::size_t kMaxListed = 512;
};
inline constexpr std::uint8_t kZoneVersion = 1;
void encode(const ZoneRecord& zone, std::string& out);
[[nodiscard]] std::optional<ZoneRecord> decode_zone(std::string_view value);
/// Only the numbers, not the lists: for walking many records.
[[nodiscard]] std::optional<ZoneRecord> decode_zone_numbers(std::string_view value) noexcept;

} // namespace canhgac::storage
