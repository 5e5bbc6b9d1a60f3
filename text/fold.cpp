#include "text/fold.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "text/utf8.hpp"

namespace canhgac::text {
namespace {

/// Every `stride`-th character of first..last folds to itself plus `delta`. Sorted by `first`; ranges may interleave
/// only where strides keep them apart.
struct FoldRange {
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t stride;
    std::int32_t delta;
};

constexpr FoldRange kRanges[] = {
    {0x41, 0x5A, 1, 32},         {0xB5, 0xB5, 1, 775},        {0xC0, 0xD6, 1, 32},         {0xD8, 0xDE, 1, 32},
    {0x100, 0x12E, 2, 1},        {0x132, 0x136, 2, 1},        {0x139, 0x147, 2, 1},        {0x14A, 0x176, 2, 1},
    {0x178, 0x178, 1, -121},     {0x179, 0x17D, 2, 1},        {0x17F, 0x17F, 1, -268},     {0x181, 0x181, 1, 210},
    {0x182, 0x184, 2, 1},        {0x186, 0x186, 1, 206},      {0x187, 0x187, 1, 1},        {0x189, 0x18A, 1, 205},
    {0x18B, 0x18B, 1, 1},        {0x18E, 0x18E, 1, 79},       {0x18F, 0x18F, 1, 202},      {0x190, 0x190, 1, 203},
    {0x191, 0x191, 1, 1},        {0x193, 0x193, 1, 205},      {0x194, 0x194, 1, 207},      {0x196, 0x196, 1, 211},
    {0x197, 0x197, 1, 209},      {0x198, 0x198, 1, 1},        {0x19C, 0x19C, 1, 211},      {0x19D, 0x19D, 1, 213},
    {0x19F, 0x19F, 1, 214},      {0x1A0, 0x1A4, 2, 1},        {0x1A6, 0x1A6, 1, 218},      {0x1A7, 0x1A7, 1, 1},
    {0x1A9, 0x1A9, 1, 218},      {0x1AC, 0x1AC, 1, 1},        {0x1AE, 0x1AE, 1, 218},      {0x1AF, 0x1AF, 1, 1},
    {0x1B1, 0x1B2, 1, 217},      {0x1B3, 0x1B5, 2, 1},        {0x1B7, 0x1B7, 1, 219},      {0x1B8, 0x1B8, 1, 1},
    {0x1BC, 0x1BC, 1, 1},        {0x1C4, 0x1C4, 1, 2},        {0x1C5, 0x1C5, 1, 1},        {0x1C7, 0x1C7, 1, 2},
    {0x1C8, 0x1C8, 1, 1},        {0x1CA, 0x1CA, 1, 2},        {0x1CB, 0x1DB, 2, 1},        {0x1DE, 0x1EE, 2, 1},
    {0x1F1, 0x1F1, 1, 2},        {0x1F2, 0x1F4, 2, 1},        {0x1F6, 0x1F6, 1, -97},      {0x1F7, 0x1F7, 1, -56},
    {0x1F8, 0x21E, 2, 1},        {0x220, 0x220, 1, -130},     {0x222, 0x232, 2, 1},        {0x23A, 0x23A, 1, 10795},
    {0x23B, 0x23B, 1, 1},        {0x23D, 0x23D, 1, -163},     {0x23E, 0x23E, 1, 10792},    {0x241, 0x241, 1, 1},
    {0x243, 0x243, 1, -195},     {0x244, 0x244, 1, 69},       {0x245, 0x245, 1, 71},       {0x246, 0x24E, 2, 1},
    {0x345, 0x345, 1, 116},      {0x370, 0x372, 2, 1},        {0x376, 0x376, 1, 1},        {0x37F, 0x37F, 1, 116},
    {0x386, 0x386, 1, 38},       {0x388, 0x38A, 1, 37},       {0x38C, 0x38C, 1, 64},       {0x38E, 0x38F, 1, 63},
    {0x391, 0x3A1, 1, 32},       {0x3A3, 0x3AB, 1, 32},       {0x3C2, 0x3C2, 1, 1},        {0x3CF, 0x3CF, 1, 8},
    {0x3D0, 0x3D0, 1, -30},      {0x3D1, 0x3D1, 1, -25},      {0x3D5, 0x3D5, 1, -15},      {0x3D6, 0x3D6, 1, -22},
    {0x3D8, 0x3EE, 2, 1},        {0x3F0, 0x3F0, 1, -54},      {0x3F1, 0x3F1, 1, -48},      {0x3F4, 0x3F4, 1, -60},
    {0x3F5, 0x3F5, 1, -64},      {0x3F7, 0x3F7, 1, 1},        {0x3F9, 0x3F9, 1, -7},       {0x3FA, 0x3FA, 1, 1},
    {0x3FD, 0x3FF, 1, -130},     {0x400, 0x40F, 1, 80},       {0x410, 0x42F, 1, 32},       {0x460, 0x480, 2, 1},
    {0x48A, 0x4BE, 2, 1},        {0x4C0, 0x4C0, 1, 15},       {0x4C1, 0x4CD, 2, 1},        {0x4D0, 0x52E, 2, 1},
    {0x531, 0x556, 1, 48},       {0x10A0, 0x10C5, 1, 7264},   {0x10C7, 0x10C7, 1, 7264},   {0x10CD, 0x10CD, 1, 7264},
    {0x13F8, 0x13FD, 1, -8},     {0x1C80, 0x1C80, 1, -6222},  {0x1C81, 0x1C81, 1, -6221},  {0x1C82, 0x1C82, 1, -6212},
    {0x1C83, 0x1C84, 1, -6210},  {0x1C85, 0x1C85, 1, -6211},  {0x1C86, 0x1C86, 1, -6204},  {0x1C87, 0x1C87, 1, -6180},
    {0x1C88, 0x1C88, 1, 35267},  {0x1C90, 0x1CBA, 1, -3008},  {0x1CBD, 0x1CBF, 1, -3008},  {0x1E00, 0x1E94, 2, 1},
    {0x1E9B, 0x1E9B, 1, -58},    {0x1E9E, 0x1E9E, 1, -7615},  {0x1EA0, 0x1EFE, 2, 1},      {0x1F08, 0x1F0F, 1, -8},
    {0x1F18, 0x1F1D, 1, -8},     {0x1F28, 0x1F2F, 1, -8},     {0x1F38, 0x1F3F, 1, -8},     {0x1F48, 0x1F4D, 1, -8},
    {0x1F59, 0x1F5F, 2, -8},     {0x1F68, 0x1F6F, 1, -8},     {0x1F88, 0x1F8F, 1, -8},     {0x1F98, 0x1F9F, 1, -8},
    {0x1FA8, 0x1FAF, 1, -8},     {0x1FB8, 0x1FB9, 1, -8},     {0x1FBA, 0x1FBB, 1, -74},    {0x1FBC, 0x1FBC, 1, -9},
    {0x1FBE, 0x1FBE, 1, -7173},  {0x1FC8, 0x1FCB, 1, -86},    {0x1FCC, 0x1FCC, 1, -9},     {0x1FD8, 0x1FD9, 1, -8},
    {0x1FDA, 0x1FDB, 1, -100},   {0x1FE8, 0x1FE9, 1, -8},     {0x1FEA, 0x1FEB, 1, -112},   {0x1FEC, 0x1FEC, 1, -7},
    {0x1FF8, 0x1FF9, 1, -128},   {0x1FFA, 0x1FFB, 1, -126},   {0x1FFC, 0x1FFC, 1, -9},     {0x2126, 0x2126, 1, -7517},
    {0x212A, 0x212A, 1, -8383},  {0x212B, 0x212B, 1, -8262},  {0x2132, 0x2132, 1, 28},     {0x2160, 0x216F, 1, 16},
    {0x2183, 0x2183, 1, 1},      {0x24B6, 0x24CF, 1, 26},     {0x2C00, 0x2C2F, 1, 48},     {0x2C60, 0x2C60, 1, 1},
    {0x2C62, 0x2C62, 1, -10743}, {0x2C63, 0x2C63, 1, -3814},  {0x2C64, 0x2C64, 1, -10727}, {0x2C67, 0x2C6B, 2, 1},
    {0x2C6D, 0x2C6D, 1, -10780}, {0x2C6E, 0x2C6E, 1, -10749}, {0x2C6F, 0x2C6F, 1, -10783}, {0x2C70, 0x2C70, 1, -10782},
    {0x2C72, 0x2C72, 1, 1},      {0x2C75, 0x2C75, 1, 1},      {0x2C7E, 0x2C7F, 1, -10815}, {0x2C80, 0x2CE2, 2, 1},
    {0x2CEB, 0x2CED, 2, 1},      {0x2CF2, 0x2CF2, 1, 1},      {0xA640, 0xA66C, 2, 1},      {0xA680, 0xA69A, 2, 1},
    {0xA722, 0xA72E, 2, 1},      {0xA732, 0xA76E, 2, 1},      {0xA779, 0xA77B, 2, 1},      {0xA77D, 0xA77D, 1, -35332},
    {0xA77E, 0xA786, 2, 1},      {0xA78B, 0xA78B, 1, 1},      {0xA78D, 0xA78D, 1, -42280}, {0xA790, 0xA792, 2, 1},
    {0xA796, 0xA7A8, 2, 1},      {0xA7AA, 0xA7AA, 1, -42308}, {0xA7AB, 0xA7AB, 1, -42319}, {0xA7AC, 0xA7AC, 1, -42315},
    {0xA7AD, 0xA7AD, 1, -42305}, {0xA7AE, 0xA7AE, 1, -42308}, {0xA7B0, 0xA7B0, 1, -42258}, {0xA7B1, 0xA7B1, 1, -42282},
    {0xA7B2, 0xA7B2, 1, -42261}, {0xA7B3, 0xA7B3, 1, 928},    {0xA7B4, 0xA7C2, 2, 1},      {0xA7C4, 0xA7C4, 1, -48},
    {0xA7C5, 0xA7C5, 1, -42307}, {0xA7C6, 0xA7C6, 1, -35384}, {0xA7C7, 0xA7C9, 2, 1},      {0xA7D0, 0xA7D0, 1, 1},
    {0xA7D6, 0xA7D8, 2, 1},      {0xA7F5, 0xA7F5, 1, 1},      {0xAB70, 0xABBF, 1, -38864}, {0xFF21, 0xFF3A, 1, 32},
    {0x10400, 0x10427, 1, 40},   {0x104B0, 0x104D3, 1, 40},   {0x10570, 0x1057A, 1, 39},   {0x1057C, 0x1058A, 1, 39},
    {0x1058C, 0x10592, 1, 39},   {0x10594, 0x10595, 1, 39},   {0x10C80, 0x10CB2, 1, 64},   {0x118A0, 0x118BF, 1, 32},
    {0x16E40, 0x16E5F, 1, 32},   {0x1E900, 0x1E921, 1, 34}};

constexpr char32_t fold_by_range(char32_t code) noexcept {
    // The last range that starts at or before the code is the only candidate: ranges do not overlap.
    const auto* end = std::upper_bound(std::begin(kRanges), std::end(kRanges), code,
                                       [](char32_t c, const FoldRange& r) { return c < r.first; });
    if (end == std::begin(kRanges)) { return code; }
    const FoldRange& range = *(end - 1);
    if (code > range.last || (code - range.first) % range.stride != 0) { return code; }
    return static_cast<char32_t>(static_cast<std::int32_t>(code) + range.delta);
}

/// Latin, Greek, Cyrillic and, with Vietnamese, Latin Extended Additional are looked up directly.
constexpr char32_t kLowEnd = 0x590;
constexpr char32_t kExtendedFirst = 0x1E00;
constexpr char32_t kExtendedEnd = 0x2000;

template <char32_t first, char32_t end>
constexpr auto make_direct() noexcept {
    std::array<std::uint16_t, end - first> direct{};
    for (char32_t code = first; code < end; ++code) {
        direct[code - first] = static_cast<std::uint16_t>(fold_by_range(code));
    }
    return direct;
}
constexpr auto kLow = make_direct<0, kLowEnd>();
constexpr auto kExtended = make_direct<kExtendedFirst, kExtendedEnd>();

struct Cursor {
    std::string_view text;
    std::size_t at = 0;
    [[nodiscard]] bool done() const noexcept { return at >= text.size(); }
    char32_t next() noexcept {
        const Decoded decoded = decode(text, at);
        at += decoded.size;
        return fold(decoded.code);
    }
};

/// Bytes of `text` that fold to `prefix`, or npos.
std::size_t folded_prefix_length(std::string_view text, std::string_view prefix) noexcept {
    Cursor left{text};
    Cursor right{prefix};
    while (!right.done()) {
        if (left.done() || left.next() != right.next()) { return std::string_view::npos; }
    }
    return left.at;
}

} // namespace

char32_t fold(char32_t code) noexcept {
    if (code < kLowEnd) { return kLow[code]; }
    if (code >= kExtendedFirst && code < kExtendedEnd) { return kExtended[code - kExtendedFirst]; }
    if (code < 0x10A0) { return code; } // no case between Armenian and Georgian
    return fold_by_range(code);
}

namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHigh = 0x8080808080808080ULL;

/// A fixed number of bytes in a register, folded if all are ASCII.
struct Word {
    std::uint64_t bits = 0;
    static constexpr std::size_t kSize = 8;
    explicit Word(const char* from) noexcept { std::memcpy(&bits, from, kSize); }
    [[nodiscard]] bool ascii() const noexcept { return (bits & kHigh) == 0; }
    void store_folded(char* to) const noexcept {
        const std::uint64_t at_least_a = bits + kOnes * (0x80 - 'A');
        const std::uint64_t beyond_z = bits + kOnes * (0x80 - 'Z' - 1);
        const std::uint64_t folded = bits | (at_least_a & ~beyond_z & kHigh) >> 2U;
        std::memcpy(to, &folded, kSize);
    }
};

#ifdef __SSE2__
struct Block {
    __m128i bytes;
    static constexpr std::size_t kSize = 16;
    explicit Block(const char* from) noexcept : bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))) {}
    [[nodiscard]] bool ascii() const noexcept { return _mm_movemask_epi8(bytes) == 0; }
    void store_folded(char* to) const noexcept {
        // Signed comparison is right for ASCII.
        const __m128i upper =
            _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('A' - 1)), _mm_cmpgt_epi8(_mm_set1_epi8('Z' + 1), bytes));
        const __m128i folded = _mm_or_si128(bytes, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), folded);
    }
};
#else
using Block = Word;
#endif

/// Folds ASCII at the start of `text`; returns the bytes done. A last incomplete unit is done once more together with
/// bytes before it, so that no byte is handled alone in texts of at least 8.
std::size_t fold_ascii(std::string_view text, char* target) noexcept {
    const char* from = text.data();
    const std::size_t size = text.size();
    std::size_t at = 0;
    for (; at + Block::kSize <= size; at += Block::kSize) {
        const Block block(from + at);
        if (!block.ascii()) { return at; }
        block.store_folded(target + at);
    }
    if (at == size) { return at; }
    if (size >= Block::kSize) {
        const Block last(from + size - Block::kSize);
        if (!last.ascii()) { return at; }
        last.store_folded(target + size - Block::kSize);
        return size;
    }
    if (size >= Word::kSize) {
        const Word first(from);
        const Word last(from + size - Word::kSize);
        if (!first.ascii() || !last.ascii()) { return at; }
        first.store_folded(target);
        last.store_folded(target + size - Word::kSize);
        return size;
    }
    for (; at < size && static_cast<unsigned char>(from[at]) < 0x80; ++at) {
        target[at] = static_cast<char>(kLow[static_cast<unsigned char>(from[at])]);
    }
    return at;
}

/// Folds all of `text` to `target`, which has room for 1.5 times its size; returns the end.
char* fold_to(std::string_view text, char* target) {
    constexpr std::size_t kStretch = 16; ///< characters handled singly before the fast loop is tried again
    std::string character;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t done = fold_ascii(text.substr(at), target);
        at += done;
        target += done;
        const std::size_t stop = std::min(text.size(), at + kStretch);
        while (at < stop) {
            const Decoded decoded = decode(text, at);
            const char32_t folded = fold(decoded.code);
            if (folded < 0x80) {
                *target++ = static_cast<char>(folded);
            } else if (folded == decoded.code) {
                std::memcpy(target, text.data() + at, decoded.size);
                target += decoded.size;
            } else {
                character.clear(); // at most 4 bytes: stays in the string object
                encode(folded, character);
                target = std::copy(character.begin(), character.end(), target);
            }
            at += decoded.size;
        }
    }
    return target;
}

} // namespace

void FoldBuffer::append(std::string_view text) {
    // Two bytes can become three (U+023A), never more.
    reserve(text.size() + text.size() / 2);
    char* end = fold_to(text, bytes_.get() + size_);
    size_ = static_cast<std::size_t>(end - bytes_.get());
}

void FoldBuffer::grow(std::size_t more) {
    const std::size_t wanted = std::max(size_ + more, 2 * capacity_);
    auto bytes = std::make_unique_for_overwrite<char[]>(wanted);
    if (size_ != 0) { std::memcpy(bytes.get(), bytes_.get(), size_); }
    bytes_ = std::move(bytes);
    capacity_ = wanted;
}

std::string fold(std::string_view text) {
    FoldBuffer buffer;
    buffer.append(text);
    return std::string(buffer.view());
}

bool equals_folded(std::string_view left, std::string_view right) noexcept {
    return folded_prefix_length(left, right) == left.size();
}

bool starts_folded(std::string_view text, std::string_view prefix) noexcept {
    return folded_prefix_length(text, prefix) != std::string_view::npos;
}

bool ends_folded(std::string_view text, std::string_view suffix) noexcept {
    // Every character boundary is a candidate start; the folded suffix may be longer or shorter in bytes.
    for (std::size_t at = 0; at <= text.size();) {
        if (equals_folded(text.substr(at), suffix)) { return true; }
        const Decoded decoded = decode(text, at);
        at += decoded.size == 0 ? 1U : decoded.size;
    }
    return false;
}

bool contains_folded(std::string_view text, std::string_view part) noexcept {
    for (std::size_t at = 0; at <= text.size();) {
        if (starts_folded(text.substr(at), part)) { return true; }
        const Decoded decoded = decode(text, at);
        at += decoded.size == 0 ? 1U : decoded.size;
    }
    return false;
}

} // namespace canhgac::text
