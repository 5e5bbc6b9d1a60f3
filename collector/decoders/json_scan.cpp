#include "collector/decoders/json_scan.hpp"

#include <array>

#include "collector/decoders/utf8_repair.hpp"
#include "text/utf8.hpp"

namespace canhgac::collector {

namespace {

constexpr std::array<char, 256> make_simple_escapes() {
    std::array<char, 256> table{};
    table['"'] = '"';
    table['\\'] = '\\';
    table['/'] = '/';
    table['b'] = '\b';
    table['f'] = '\f';
    table['n'] = '\n';
    table['r'] = '\r';
    table['t'] = '\t';
    return table;
}
constexpr std::array<char, 256> kSimpleEscapes = make_simple_escapes();

constexpr std::uint32_t kReplacementCharacter = 0xFFFD;

/// Four hex digits at `p`, or -1.
std::int32_t read_hex4(const char* p, const char* end) noexcept {
    if (end - p < 4) { return -1; }
    std::int32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const char c = p[i];
        std::int32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        } else {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/// `p` is behind "\u"; leaves it behind the escape (a pair of surrogates is one).
char* put_unicode_escape(const char*& p, const char* end, char* out, bool& repaired) noexcept {
    const std::int32_t first = read_hex4(p, end);
    if (first < 0) { // not an escape after all: keep what was written
        repaired = true;
        *out++ = '\\';
        *out++ = 'u';
        return out;
    }
    p += 4;
    if (first < 0xD800 || first > 0xDFFF) { return text::put_utf8(out, static_cast<std::uint32_t>(first)); }
    if (first <= 0xDBFF && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        const std::int32_t second = read_hex4(p + 2, end);
        if (second >= 0xDC00 && second <= 0xDFFF) {
            p += 6;
            return text::put_utf8(out, 0x10000U + (static_cast<std::uint32_t>(first - 0xD800) << 10U) +
                                           static_cast<std::uint32_t>(second - 0xDC00));
        }
    }
    repaired = true;
    return text::put_utf8(out, kReplacementCharacter);
}

#if defined(__SSE2__)
/// Bit i set: byte i of the block is a quote or a backslash.
unsigned quotes_and_backslashes(__m128i block) noexcept {
    const __m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    const __m128i backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(quotes, backslashes)));
}
#endif

/// Copies up to the next quote or backslash (or the end). May write up to 15 bytes more than it keeps.
char* copy_plain(const char*& p, const char* end, char* out, unsigned& high) noexcept {
#if defined(__SSE2__)
    while (end - p >= 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), block);
        const unsigned hits = quotes_and_backslashes(block);
        high |= static_cast<unsigned>(_mm_movemask_epi8(block)); // bytes behind the hit cost a needless check at worst
        if (hits != 0) {
            const int count = __builtin_ctz(hits);
            p += count;
            return out + count;
        }
        p += 16;
        out += 16;
    }
#endif
    while (p != end && *p != '"' && *p != '\\') {
        high |= static_cast<unsigned char>(*p) & 0x80U;
        *out++ = *p++;
    }
    return out;
}

const char* skip_digits(const char* p, const char* end) noexcept {
    while (p != end && *p >= '0' && *p <= '9') {
        ++p;
    }
    return p;
}

/// The end of the number at `p` (RFC 8259 section 6), or nullptr.
const char* number_end(const char* p, const char* end, event::ValueType& type) noexcept {
    type = event::ValueType::integer;
    if (p != end && *p == '-') { ++p; }
    const char* const digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p - digits > 1)) { return nullptr; }
    if (p != end && *p == '.') {
        type = event::ValueType::real;
        const char* const fraction = ++p;
        p = skip_digits(p, end);
        if (p == fraction) { return nullptr; }
    }
    if (p != end && (*p == 'e' || *p == 'E')) {
        type = event::ValueType::real;
        ++p;
        if (p != end && (*p == '+' || *p == '-')) { ++p; }
        const char* const exponent = p;
        p = skip_digits(p, end);
        if (p == exponent) { return nullptr; }
    }
    return p;
}

bool ends_scalar(const char* p, const char* end) noexcept {
    return p == end || *p == ',' || *p == '}' || *p == ']' || *p == ' ' || *p == '\n' || *p == '\r' || *p == '\t';
}

} // namespace

std::string_view to_string(JsonErrc code) noexcept {
    switch (code) {
    case JsonErrc::none:
        return "no error";
    case JsonErrc::truncated:
        return "the text ends inside a value";
    case JsonErrc::bad_value:
        return "not a value";
    case JsonErrc::expected_key:
        return "a quoted name is missing";
    case JsonErrc::expected_colon:
        return "a colon is missing";
    case JsonErrc::expected_comma:
        return "a comma or closing bracket is missing";
    case JsonErrc::not_an_object:
        return "not an object";
    case JsonErrc::too_deep:
        return "nested too deeply";
    case JsonErrc::trailing_content:
        return "something follows the object";
    case JsonErrc::broken_utf8:
        return "not valid UTF-8";
    }
    return "unknown error";
}

bool read_escaped_json_string(const char* start, const char*& p, const char* end, std::string_view& out,
                              event::Arena& arena, StringState& state, unsigned high) {
    // Unescaping never lengthens; 32 more because whole blocks are stored.
    const std::size_t reserved = static_cast<std::size_t>(end - start) + 32;
    char* const begin = arena.allocate(reserved);
    const auto head = static_cast<std::size_t>(p - start);
    std::memcpy(begin, start, head);
    char* write = begin + head;
    for (;;) {
        while (p != end && *p == '\\') {
            if (++p == end) { break; }
            const char letter = *p++;
            const char simple = kSimpleEscapes[static_cast<unsigned char>(letter)];
            if (simple != 0) [[likely]] {
                *write++ = simple;
            } else if (letter == 'u') {
                write = put_unicode_escape(p, end, write, state.repaired);
            } else { // e.g. a Windows path that nobody escaped: keep both characters
                state.repaired = true;
                high |= static_cast<unsigned char>(letter) & 0x80U;
                *write++ = '\\';
                *write++ = letter;
            }
        }
        write = copy_plain(p, end, write, high);
        if (p == end) {
            arena.shrink_last(reserved, 0);
            return false;
        }
        if (*p == '"') { break; }
    }
    ++p;
    const auto used = static_cast<std::size_t>(write - begin);
    arena.shrink_last(reserved, used);
    out = {begin, used};
    if (high != 0) { check_json_string(out, state); }
    return true;
}

void check_json_string(std::string_view text, StringState& state) noexcept {
    if (!is_utf8(text)) { state.broken = true; }
}

bool read_json_scalar(const char*& p, const char* end, std::string_view& out, event::ValueType& type) noexcept {
    const std::string_view rest(p, static_cast<std::size_t>(end - p));
    const char* stop = nullptr;
    if (rest.starts_with("true")) {
        type = event::ValueType::boolean;
        stop = p + 4;
    } else if (rest.starts_with("false")) {
        type = event::ValueType::boolean;
        stop = p + 5;
    } else if (rest.starts_with("null")) {
        type = event::ValueType::null;
        stop = p + 4;
    } else {
        stop = number_end(p, end, type);
    }
    if (stop == nullptr || !ends_scalar(stop, end)) { return false; }
    out = type == event::ValueType::null ? std::string_view{} : std::string_view(p, static_cast<std::size_t>(stop - p));
    p = stop;
    return true;
}

} // namespace canhgac::collector
