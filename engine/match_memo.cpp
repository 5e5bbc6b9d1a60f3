#include "engine/match_memo.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/bytes.hpp"

namespace canhgac::engine {
namespace {

constexpr std::size_t kBytesPerLine = 192; ///< about one entry
constexpr std::size_t kMaxEntryBytes = 16 * common::kKiB;

std::size_t capacity_for(std::size_t bytes) noexcept {
    return std::bit_floor(std::max(bytes, 16 * kMaxEntryBytes));
}

} // namespace

MatchMemo::MatchMemo(std::size_t bytes)
    : capacity_(capacity_for(bytes)),
      ring_(std::make_unique_for_overwrite<std::uint64_t[]>(capacity_ / sizeof(std::uint64_t))),
      lines_(std::bit_ceil(capacity_ / kBytesPerLine)) {}

void MatchMemo::clear() noexcept {
    std::fill(lines_.begin(), lines_.end(), Line{});
    head_ = 0;
    event_start_ = 0;
}

std::uint64_t MatchMemo::hash(std::uint32_t slot, std::string_view value) noexcept {
    return XXH3_64bits_withSeed(value.data(), value.size(), slot * 0x9E3779B97F4A7C15ULL);
}

const ValueMatch* MatchMemo::find(std::uint64_t hash, std::uint32_t slot, std::string_view value) noexcept {
    const Line& line = lines_[hash & (lines_.size() - 1)];
    if (line.hash != hash || line.position == kEmpty) { return nullptr; }
    // An entry is whole until the head has gone once around. This event may still write a quarter, so what is older
    // than three quarters is not used any more: its value is looked at and remembered afresh.
    if (line.position + capacity_ / 4 * 3 < event_start_) { return nullptr; }
    const Header* header = at(line.position);
    if (header->slot != slot || header->value_size != value.size()) { return nullptr; }
    const auto* bytes = reinterpret_cast<const char*>(header->match.rules.data() + header->match.rules.size());
    return std::memcmp(bytes, value.data(), value.size()) == 0 ? &header->match : nullptr;
}

const ValueMatch* MatchMemo::insert(std::uint64_t hash, std::uint32_t slot, std::string_view value,
                                    const ValueMatch& match) {
    const std::size_t numbers = (match.atoms.size() + match.rules.size()) * sizeof(std::uint32_t);
    const std::size_t size = (sizeof(Header) + numbers + value.size() + 7) / 8 * 8;
    if (size > kMaxEntryBytes) { return nullptr; }
    std::uint64_t position = head_;
    const std::size_t left = capacity_ - (position & (capacity_ - 1));
    if (left < size) { position += left; } // entries do not wrap
    if (position + size - event_start_ > capacity_ / 4) { return nullptr; }
    Header* header = at(position);
    auto* atoms = reinterpret_cast<std::uint32_t*>(header + 1);
    auto* rules = atoms + match.atoms.size();
    std::copy(match.atoms.begin(), match.atoms.end(), atoms);
    std::copy(match.rules.begin(), match.rules.end(), rules);
    if (!value.empty()) { std::memcpy(rules + match.rules.size(), value.data(), value.size()); }
    *header = {
        slot, static_cast<std::uint32_t>(value.size()), {{atoms, match.atoms.size()}, {rules, match.rules.size()}}};
    lines_[hash & (lines_.size() - 1)] = {hash, position};
    head_ = position + size;
    return &header->match;
}

} // namespace canhgac::engine
