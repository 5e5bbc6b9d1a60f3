#include "text/utf8.hpp"

#include <simdjson.h>

namespace canhgac::text {
namespace {

constexpr bool is_continuation(unsigned byte) noexcept {
    return (byte & 0xC0U) == 0x80U;
}

struct Lead {
    unsigned size = 1;   ///< bytes of the sequence; 1 with `valid` false for a byte that starts none
    unsigned low = 0x80; ///< range of the second byte (Unicode 15 table 3-7)
    unsigned high = 0xBF;
    bool valid = false;
};

constexpr Lead lead_of(unsigned byte) noexcept {
    if (byte < 0x80) { return {1, 0, 0, true}; }
    if (byte < 0xC2) { return {}; }
    if (byte < 0xE0) { return {2, 0x80, 0xBF, true}; }
    if (byte == 0xE0) { return {3, 0xA0, 0xBF, true}; }
    if (byte == 0xED) { return {3, 0x80, 0x9F, true}; }
    if (byte < 0xF0) { return {3, 0x80, 0xBF, true}; }
    if (byte == 0xF0) { return {4, 0x90, 0xBF, true}; }
    if (byte < 0xF4) { return {4, 0x80, 0xBF, true}; }
    if (byte == 0xF4) { return {4, 0x80, 0x8F, true}; }
    return {};
}

/// Bytes of the longest well-formed start of a sequence at `at`; `complete` tells whether it is a whole character.
unsigned well_formed_length(std::string_view text, std::size_t at, bool& complete) noexcept {
    const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
    complete = lead.valid && lead.size == 1;
    if (lead.size == 1) { return 1; }
    unsigned length = 1;
    while (length < lead.size && at + length < text.size()) {
        const unsigned byte = static_cast<unsigned char>(text[at + length]);
        const bool fits = length == 1 ? byte >= lead.low && byte <= lead.high : is_continuation(byte);
        if (!fits) { return length; }
        ++length;
    }
    complete = length == lead.size;
    return length;
}

} // namespace

Decoded decode(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size()) { return {}; }
    const unsigned first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) { return {static_cast<char32_t>(first), 1}; }
    bool complete = false;
    const unsigned length = well_formed_length(text, at, complete);
    if (!complete) { return {kInvalidBase + first, 1}; }
    static constexpr unsigned kLeadMask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t code = first & kLeadMask[length];
    for (unsigned i = 1; i < length; ++i) {
        code = code << 6U | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    }
    return {code, static_cast<std::uint8_t>(length)};
}

void encode(char32_t code, std::string& out) {
    const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
    if (code >= kInvalidBase) {
        put(code - kInvalidBase);
    } else if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | code >> 6U);
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | code >> 12U);
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | code >> 18U);
        put(0x80U | (code >> 12U & 0x3FU));
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

bool is_valid_utf8(std::string_view text) noexcept {
    return simdjson::validate_utf8(text.data(), text.size());
}

std::string repair_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 8);
    std::size_t at = 0;
    while (at < text.size()) {
        bool complete = false;
        const unsigned length = well_formed_length(text, at, complete);
        if (complete) {
            out.append(text, at, length);
        } else {
            out.append("\xEF\xBF\xBD");
        }
        at += length;
    }
    return out;
}

std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) noexcept {
    if (text.size() <= max_bytes) { return text; }
    std::size_t end = max_bytes;
    while (end > 0 && is_continuation(static_cast<unsigned char>(text[end]))) {
        --end;
    }
    return text.substr(0, end);
}

} // namespace canhgac::text
