#include "engine/match_memo.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace canhgac::engine {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kBytesPerLine = 128; ///< about one entry
constexpr std::size_t kMaxEntryWords = 2048;

std::size_t words_for(std::size_t bytes) noexcept {
    return std::bit_floor(std::max(bytes / kWord, 16 * kMaxEntryWords));
}

} // namespace

MatchMemo::MatchMemo(std::size_t bytes)
    : capacity_mask_(words_for(bytes) - 1), line_mask_(words_for(bytes) * kWord / kBytesPerLine - 1),
      memory_((capacity_mask_ + 1 + line_mask_ + 1) * kWord),
      ring_(reinterpret_cast<std::uint64_t*>(memory_.bytes().data())), lines_(ring_ + capacity_mask_ + 1) {}

void MatchMemo::clear() noexcept {
    std::fill_n(lines_, line_mask_ + 1, 0);
    head_ = 1;
    event_start_ = 1;
}

void MatchMemo::begin_event() noexcept {
    if (head_ > kPositionMask / 2) [[unlikely]] { clear(); } // after terabytes
    event_start_ = head_;
}

std::uint64_t MatchMemo::hash(std::uint32_t slot, std::string_view value) noexcept {
    return XXH3_64bits_withSeed(value.data(), value.size(), slot * 0x9E3779B97F4A7C15ULL);
}

bool MatchMemo::find(std::uint64_t hash, std::uint32_t slot, std::string_view value, ValueMatch& match) const noexcept {
    const std::uint64_t line = lines_[hash & line_mask_];
    const std::uint64_t position = line & kPositionMask;
    if (line >> kPositionBits != hash >> kPositionBits || position == 0) { return false; }
    // An entry is whole until the head has gone once around. This event may still write a quarter, so what is older
    // than three quarters is not used any more: its value is looked at and remembered afresh.
    if (position + (capacity_mask_ + 1) / 4 * 3 < event_start_) { return false; }
    const std::uint64_t* at = entry(position);
    Header header{};
    std::memcpy(&header, at, sizeof(header));
    if (header.slot != slot || header.value_size != value.size()) { return false; }
    const auto* numbers = reinterpret_cast<const std::uint32_t*>(at + sizeof(Header) / kWord);
    const std::size_t count = std::size_t{header.atoms} + header.rules;
    if (!value.empty() && std::memcmp(numbers + count, value.data(), value.size()) != 0) { return false; }
    match = {{numbers, header.atoms}, {numbers + header.atoms, header.rules}};
    return true;
}

bool MatchMemo::insert(std::uint64_t hash, std::uint32_t slot, std::string_view value, ValueMatch& match) {
    const std::size_t count = match.atoms.size() + match.rules.size();
    const std::size_t words = (sizeof(Header) + count * sizeof(std::uint32_t) + value.size() + kWord - 1) / kWord;
    if (words > kMaxEntryWords) { return false; }
    std::uint64_t position = head_;
    const std::size_t left = capacity_mask_ + 1 - (position & capacity_mask_);
    if (left < words) { position += left; } // entries do not wrap
    if (position + words - event_start_ > (capacity_mask_ + 1) / 4) { return false; }
    std::uint64_t* at = ring_ + (position & capacity_mask_);
    const Header header{slot, static_cast<std::uint32_t>(value.size()), static_cast<std::uint32_t>(match.atoms.size()),
                        static_cast<std::uint32_t>(match.rules.size())};
    std::memcpy(at, &header, sizeof(header));
    auto* numbers = reinterpret_cast<std::uint32_t*>(at + sizeof(Header) / kWord);
    std::copy(match.atoms.begin(), match.atoms.end(), numbers);
    std::copy(match.rules.begin(), match.rules.end(), numbers + match.atoms.size());
    if (!value.empty()) { std::memcpy(numbers + count, value.data(), value.size()); }
    lines_[hash & line_mask_] = (hash >> kPositionBits << kPositionBits) | position;
    head_ = position + words;
    match = {{numbers, match.atoms.size()}, {numbers + match.atoms.size(), match.rules.size()}};
    return true;
}

} // namespace canhgac::engine
