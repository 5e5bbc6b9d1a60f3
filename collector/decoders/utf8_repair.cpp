#include "collector/decoders/utf8_repair.hpp"

#include <cstdint>
#include <cstring>
#include <simdjson.h>

namespace canhgac::collector {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What a lead byte promises: how many continuation bytes, and the range of the first of them (Unicode table 3-7).
struct Lead {
    unsigned continuation = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
};

Lead lead_of(unsigned char byte) noexcept {
    if (byte >= 0xC2 && byte <= 0xDF) { return {1, 0x80, 0xBF}; }
    if (byte == 0xE0) { return {2, 0xA0, 0xBF}; }
    if (byte == 0xED) { return {2, 0x80, 0x9F}; }
    if (byte >= 0xE1 && byte <= 0xEF) { return {2, 0x80, 0xBF}; }
    if (byte == 0xF0) { return {3, 0x90, 0xBF}; }
    if (byte >= 0xF1 && byte <= 0xF3) { return {3, 0x80, 0xBF}; }
    if (byte == 0xF4) { return {3, 0x80, 0x8F}; }
    return {};
}

/// Length of the character at the front of `rest`, `valid` false when it is a broken part of that length.
std::size_t character_length(std::string_view rest, bool& valid) noexcept {
    const auto first = static_cast<unsigned char>(rest.front());
    valid = true;
    if (first < 0x80) { return 1; }
    const Lead lead = lead_of(first);
    valid = false;
    if (lead.continuation == 0) { return 1; }
    for (unsigned i = 1; i <= lead.continuation; ++i) {
        if (i >= rest.size()) { return i; }
        const auto next = static_cast<unsigned char>(rest[i]);
        const bool fits = i == 1 ? next >= lead.low && next <= lead.high : next >= 0x80 && next <= 0xBF;
        if (!fits) { return i; }
    }
    valid = true;
    return lead.continuation + 1U;
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
    return simdjson::validate_utf8(text.data(), text.size());
}

std::string_view repair_utf8(std::string_view text, event::Arena& arena) {
    const std::size_t reserved = text.size() * kReplacement.size();
    char* const begin = arena.allocate(reserved);
    char* out = begin;
    while (!text.empty()) {
        bool valid = false;
        const std::size_t length = character_length(text, valid);
        const std::string_view piece = valid ? text.substr(0, length) : kReplacement;
        std::memcpy(out, piece.data(), piece.size());
        out += piece.size();
        text.remove_prefix(length);
    }
    const auto used = static_cast<std::size_t>(out - begin);
    arena.shrink_last(reserved, used);
    return {begin, used};
}

std::string_view valid_utf8(std::string_view text, event::Arena& arena, bool& repaired) {
    if (is_utf8(text)) { return text; }
    repaired = true;
    return repair_utf8(text, arena);
}

} // namespace canhgac::collector
