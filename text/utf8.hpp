/// UTF-8 (RFC 3629): decode, check, repair. Pure functions, no allocation unless said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace canhgac::text {

/// Code given for a byte that starts no valid sequence: kInvalidBase + byte, outside Unicode, so broken bytes stay
/// different from all characters and from each other.
inline constexpr char32_t kInvalidBase = 0x110000;

struct Decoded {
    char32_t code = 0;
    std::uint8_t size = 0; ///< bytes consumed, 1..4; 0 only at the end of the text
};

/// The character at byte `at`. Overlong forms, surrogates and codes above U+10FFFF are invalid: one byte is consumed.
[[nodiscard]] Decoded decode(std::string_view text, std::size_t at) noexcept;
/// Appends a character (or, for codes from kInvalidBase, the byte it stands for).
void encode(char32_t code, std::string& out);
/// Writes a Unicode character to `out`, which has room for 4 bytes, and returns the end.
inline char* put_utf8(char* out, std::uint32_t code) noexcept {
    if (code < 0x80) {
        *out++ = static_cast<char>(code);
    } else if (code < 0x800) {
        *out++ = static_cast<char>(0xC0U | code >> 6U);
        *out++ = static_cast<char>(0x80U | (code & 0x3FU));
    } else if (code < 0x1'0000) {
        *out++ = static_cast<char>(0xE0U | code >> 12U);
        *out++ = static_cast<char>(0x80U | (code >> 6U & 0x3FU));
        *out++ = static_cast<char>(0x80U | (code & 0x3FU));
    } else {
        *out++ = static_cast<char>(0xF0U | code >> 18U);
        *out++ = static_cast<char>(0x80U | (code >> 12U & 0x3FU));
        *out++ = static_cast<char>(0x80U | (code >> 6U & 0x3FU));
        *out++ = static_cast<char>(0x80U | (code & 0x3FU));
    }
    return out;
}

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;
/// Each maximal broken subpart becomes U+FFFD (Unicode 15 section 3.9, as WHATWG decoders do). Allocates.
[[nodiscard]] std::string repair_utf8(std::string_view text);
/// The longest prefix of at most `max_bytes` that does not cut a character.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) noexcept;

} // namespace canhgac::text
