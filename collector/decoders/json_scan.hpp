/// The lowest level of reading JSON (RFC 8259): strings, numbers, literals, in one pass over the record's own bytes.
/// A string without escapes is a view of the record; others are unescaped into the arena. Lenient where senders err
/// and the meaning is plain: raw control characters, unknown escapes (kept as written), lone surrogates (U+FFFD).
/// No padding is needed behind the text. It need not be valid UTF-8: whether a string has bytes beyond ASCII is found
/// out in passing, and only then are its bytes checked.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "event/arena.hpp"
#include "event/value.hpp"

namespace canhgac::collector {

enum class JsonErrc : std::uint8_t {
    none,
    truncated,    ///< the text ends inside a value
    bad_value,    ///< neither a string, number, literal, object nor array
    expected_key, ///< an object member without a quoted name
    expected_colon,
    expected_comma,   ///< neither "," nor the closing bracket
    not_an_object,    ///< the record is not an object
    too_deep,         ///< nested beyond kMaxJsonDepth
    trailing_content, ///< something follows the object
    broken_utf8,      ///< a string is not valid UTF-8: repair the text and read it again
};
struct JsonError {
    JsonErrc code = JsonErrc::none;
    std::uint32_t offset = 0; ///< bytes from the start of the record
};
/// "text ends inside a value" and so on, for people.
[[nodiscard]] std::string_view to_string(JsonErrc code) noexcept;

inline constexpr std::size_t kMaxJsonDepth = 64;

/// First '"' or '\' at or after `p`, or `end`. `high` gets a bit set when a byte before it is not ASCII.
[[nodiscard]] inline const char* find_quote_or_backslash(const char* p, const char* end, unsigned& high) noexcept {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    while (end - p >= 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const auto hits = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash))));
        const auto beyond_ascii = static_cast<unsigned>(_mm_movemask_epi8(block));
        if (hits != 0) {
            high |= beyond_ascii & (hits ^ (hits - 1U)); // only the bytes up to the first hit
            return p + __builtin_ctz(hits);
        }
        high |= beyond_ascii;
        p += 16;
    }
#endif
    while (p != end && *p != '"' && *p != '\\') {
        high |= static_cast<unsigned char>(*p) & 0x80U;
        ++p;
    }
    return p;
}

[[nodiscard]] inline const char* skip_json_space(const char* p, const char* end) noexcept {
    while (p != end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        ++p;
    }
    return p;
}

/// What was met in the strings of a record.
struct StringState {
    bool repaired = false; ///< an escape meant nothing and was kept or replaced
    bool broken = false;   ///< bytes that are not UTF-8
};

/// The slow half of read_json_string: `start` is the first character, `p` the first backslash, `high` not 0 when there
/// are bytes beyond ASCII between them.
[[nodiscard]] bool read_escaped_json_string(const char* start, const char*& p, const char* end, std::string_view& out,
                                            event::Arena& arena, StringState& state, unsigned high);
/// Sets `broken` if `text` is not valid UTF-8.
void check_json_string(std::string_view text, StringState& state) noexcept;

/// Reads a string whose opening quote is just before `p`; leaves `p` behind the closing one. False: no closing quote.
[[nodiscard]] inline bool read_json_string(const char*& p, const char* end, std::string_view& out, event::Arena& arena,
                                           StringState& state) {
    const char* const start = p;
    unsigned high = 0;
    p = find_quote_or_backslash(p, end, high);
    if (p == end) { return false; }
    if (*p == '"') [[likely]] {
        out = {start, static_cast<std::size_t>(p - start)};
        if (high != 0) [[unlikely]] { check_json_string(out, state); }
        ++p;
        return true;
    }
    return read_escaped_json_string(start, p, end, out, arena, state, high);
}

/// Reads a number, true, false or null at `p`; `out` is the source token (empty for null). False: none of them.
[[nodiscard]] bool read_json_scalar(const char*& p, const char* end, std::string_view& out,
                                    event::ValueType& type) noexcept;

} // namespace canhgac::collector
