#include "collector/decoders/evtx_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "collector/decoders/utf8_repair.hpp"
#include "text/utf8.hpp"

namespace canhgac::collector {

namespace {

using event::ValueType;

constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::uint64_t kTicksPerSecond = 10'000'000;
constexpr std::uint64_t kTicksPerDay = 86'400 * kTicksPerSecond;
constexpr std::uint64_t kEpochInTicks = 116'444'736'000'000'000; ///< 1970 counted from 1601
constexpr std::uint64_t kLastTicks = 2'650'467'743'999'999'999;  ///< the end of the year 9999

/// Windows-1252 from 0x80 to 0x9F; 0 = undefined there, kept as the control character.
constexpr std::array<char16_t, 32> kCodePage = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

/// Copies the ASCII at the front of UTF-16 `bytes`, sixteen characters a step; moves both ends.
void put_ascii(const char*& in, const char* end, char*& out) noexcept {
#if defined(__SSE2__)
    const __m128i beyond = _mm_set1_epi16(static_cast<short>(0xFF80));
    while (end - in >= 32) {
        const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
        const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 16));
        const __m128i odd = _mm_and_si128(_mm_or_si128(low, high), beyond);
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(odd, _mm_setzero_si128())) != 0xFFFF) { break; }
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(low, high));
        in += 32;
        out += 16;
    }
#endif
    while (end - in >= 2 && in[1] == 0 && static_cast<unsigned char>(in[0]) < 0x80) {
        *out++ = in[0];
        in += 2;
    }
}

template <typename T>
EvtxText number(std::string_view bytes, event::Arena& arena) {
    constexpr std::size_t kRoom = 24;
    char* const text = arena.allocate(kRoom);
    const auto value = load_evtx<T>(bytes.data());
    std::to_chars_result end{};
    if constexpr (sizeof(T) == 1) {
        end = std::to_chars(text, text + kRoom, static_cast<int>(value));
    } else {
        end = std::to_chars(text, text + kRoom, value);
    }
    const auto size = static_cast<std::size_t>(end.ptr - text);
    arena.shrink_last(kRoom, size);
    return {{text, size}, ValueType::integer};
}

template <typename T>
EvtxText real(std::string_view bytes, event::Arena& arena) {
    constexpr std::size_t kRoom = 40;
    char* const text = arena.allocate(kRoom);
    const auto value = load_evtx<T>(bytes.data());
    const auto end = std::to_chars(text, text + kRoom, value);
    const auto size = static_cast<std::size_t>(end.ptr - text);
    arena.shrink_last(kRoom, size);
    const bool finite = value - value == T{0};
    return {{text, size}, finite ? ValueType::real : ValueType::string};
}

template <typename T>
EvtxText hex_number(std::string_view bytes, event::Arena& arena) {
    constexpr std::size_t kRoom = 18;
    char* const text = arena.allocate(kRoom);
    text[0] = '0';
    text[1] = 'x';
    const auto end = std::to_chars(text + 2, text + kRoom, load_evtx<T>(bytes.data()), 16);
    const auto size = static_cast<std::size_t>(end.ptr - text);
    arena.shrink_last(kRoom, size);
    return {{text, size}, ValueType::string};
}

char* put_hex(char* out, std::string_view bytes) noexcept {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        *out++ = kUpperHex[byte >> 4U];
        *out++ = kUpperHex[byte & 15U];
    }
    return out;
}

EvtxText hex_bytes(std::string_view bytes, event::Arena& arena) {
    char* const text = arena.allocate(2 * bytes.size());
    put_hex(text, bytes);
    return {{text, 2 * bytes.size()}, ValueType::string};
}

/// MS-DTYP 2.3.4.1: the first three parts are little endian.
EvtxText guid(std::string_view bytes, event::Arena& arena) {
    constexpr std::array<std::uint8_t, 16> kOrder = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    constexpr std::size_t kSize = 38;
    char* const text = arena.allocate(kSize);
    char* out = text;
    *out++ = '{';
    for (std::size_t i = 0; i < kOrder.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) { *out++ = '-'; }
        out = put_hex(out, bytes.substr(kOrder[i], 1));
    }
    *out = '}';
    return {{text, kSize}, ValueType::string};
}

char* put_digits(char* out, std::uint64_t value, unsigned count) noexcept {
    for (unsigned i = count; i-- > 0; value /= 10) {
        out[i] = static_cast<char>('0' + value % 10);
    }
    return out + count;
}

char* put_date(char* out, const common::CivilTime& civil) noexcept {
    out = put_digits(out, static_cast<std::uint64_t>(civil.year), 4);
    *out++ = '-';
    out = put_digits(out, civil.month, 2);
    *out++ = '-';
    out = put_digits(out, civil.day, 2);
    *out++ = 'T';
    out = put_digits(out, civil.hour, 2);
    *out++ = ':';
    out = put_digits(out, civil.minute, 2);
    *out++ = ':';
    out = put_digits(out, civil.second, 2);
    *out++ = '.';
    return out;
}

/// Year, month and day of a day counted from 1601-01-01, the first of a cycle of 400 years.
common::CivilTime civil_day(std::uint64_t day) noexcept {
    const auto cycle = day / 146'097;
    day %= 146'097;
    const auto century = std::min<std::uint64_t>(day / 36'524, 3);
    day -= century * 36'524;
    const auto leap_cycle = day / 1'461;
    day %= 1'461;
    const auto year = std::min<std::uint64_t>(day / 365, 3);
    day -= year * 365;
    const bool leap = year == 3 && (leap_cycle != 24 || century == 3);
    constexpr std::array<std::uint16_t, 13> kStart = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    unsigned month = 1;
    while (day >= kStart[month] + (leap && month >= 2 ? 1U : 0U)) {
        ++month;
    }
    common::CivilTime civil;
    civil.year = static_cast<int>(1601 + cycle * 400 + century * 100 + leap_cycle * 4 + year);
    civil.month = month;
    civil.day = static_cast<unsigned>(day - kStart[month - 1] - (leap && month >= 3 ? 1U : 0U) + 1);
    return civil;
}

EvtxText file_time(std::string_view bytes, event::Arena& arena) {
    const auto ticks = load_evtx<std::uint64_t>(bytes.data());
    if (ticks > kLastTicks) { return hex_bytes(bytes, arena); }
    constexpr std::size_t kSize = 28;
    char* const text = arena.allocate(kSize);
    common::CivilTime civil = civil_day(ticks / kTicksPerDay);
    const std::uint64_t second = ticks % kTicksPerDay / kTicksPerSecond;
    civil.hour = static_cast<unsigned>(second / 3'600);
    civil.minute = static_cast<unsigned>(second / 60 % 60);
    civil.second = static_cast<unsigned>(second % 60);
    char* const out = put_digits(put_date(text, civil), ticks % kTicksPerSecond, 7);
    *out = 'Z';
    return {{text, kSize}, ValueType::string};
}

EvtxText system_time(std::string_view bytes, event::Arena& arena) {
    const auto part = [bytes](std::size_t i) { return load_evtx<std::uint16_t>(bytes.data() + 2 * i); };
    common::CivilTime civil;
    civil.year = part(0);
    civil.month = part(1);
    civil.day = part(3);
    civil.hour = part(4);
    civil.minute = part(5);
    civil.second = part(6);
    const bool possible = civil.year <= 9'999 && civil.month <= 12 && civil.day <= 31 && civil.hour < 24 &&
                          civil.minute < 60 && civil.second <= 60 && part(7) < 1'000;
    if (!possible) { return hex_bytes(bytes, arena); }
    constexpr std::size_t kSize = 24;
    char* const text = arena.allocate(kSize);
    char* const out = put_digits(put_date(text, civil), part(7), 3);
    *out = 'Z';
    return {{text, kSize}, ValueType::string};
}

std::size_t sid_size(std::string_view bytes) noexcept {
    return bytes.size() < 8 ? 0 : 8 + 4 * std::size_t{static_cast<unsigned char>(bytes[1])};
}

/// MS-DTYP 2.4.2.1; the authority is big endian.
EvtxText sid(std::string_view bytes, event::Arena& arena) {
    const std::size_t parts = static_cast<unsigned char>(bytes[1]);
    const std::size_t room = 24 + 11 * parts;
    char* const text = arena.allocate(room);
    std::uint64_t authority = 0;
    for (const char c : bytes.substr(2, 6)) {
        authority = authority << 8U | static_cast<unsigned char>(c);
    }
    char* out = text;
    *out++ = 'S';
    *out++ = '-';
    out = std::to_chars(out, text + room, static_cast<unsigned>(static_cast<unsigned char>(bytes[0]))).ptr;
    *out++ = '-';
    if (authority >> 32U != 0) {
        *out++ = '0';
        *out++ = 'x';
        out = std::to_chars(out, text + room, authority, 16).ptr;
    } else {
        out = std::to_chars(out, text + room, authority).ptr;
    }
    for (std::size_t i = 0; i < parts; ++i) {
        *out++ = '-';
        out = std::to_chars(out, text + room, load_evtx<std::uint32_t>(bytes.data() + 8 + 4 * i)).ptr;
    }
    const auto size = static_cast<std::size_t>(out - text);
    arena.shrink_last(room, size);
    return {{text, size}, ValueType::string};
}

/// Up to its NUL; UTF-8 as it is, else Windows-1252.
EvtxText ansi(std::string_view bytes, event::Arena& arena) {
    bytes = bytes.substr(0, bytes.find('\0'));
    if (is_utf8(bytes)) { return {arena.copy(bytes), ValueType::string}; }
    char* const text = arena.allocate(3 * bytes.size());
    char* out = text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        const char16_t mapped = byte >= 0x80 && byte < 0xA0 ? kCodePage[byte - 0x80U] : u'\0';
        out = text::put_utf8(out, mapped == 0 ? byte : mapped);
    }
    const auto size = static_cast<std::size_t>(out - text);
    arena.shrink_last(3 * bytes.size(), size);
    return {{text, size}, ValueType::string};
}

/// Bytes of one value of the type; 0 = any number.
std::size_t width_of(EvtxType type, std::string_view bytes) noexcept {
    switch (type) {
    case EvtxType::int8:
    case EvtxType::uint8:
        return 1;
    case EvtxType::int16:
    case EvtxType::uint16:
        return 2;
    case EvtxType::int32:
    case EvtxType::uint32:
    case EvtxType::real32:
    case EvtxType::boolean:
    case EvtxType::hex32:
        return 4;
    case EvtxType::int64:
    case EvtxType::uint64:
    case EvtxType::real64:
    case EvtxType::file_time:
    case EvtxType::hex64:
        return 8;
    case EvtxType::guid:
    case EvtxType::system_time:
        return 16;
    case EvtxType::size:
        return bytes.size() == 4 ? 4 : 8;
    case EvtxType::sid:
        return std::max<std::size_t>(sid_size(bytes), 8);
    default:
        return 0;
    }
}

/// A value of the right size.
EvtxText fitting_text(std::string_view bytes, EvtxType type, event::Arena& arena) {
    switch (type) {
    case EvtxType::int8:
        return number<std::int8_t>(bytes, arena);
    case EvtxType::uint8:
        return number<std::uint8_t>(bytes, arena);
    case EvtxType::int16:
        return number<std::int16_t>(bytes, arena);
    case EvtxType::uint16:
        return number<std::uint16_t>(bytes, arena);
    case EvtxType::int32:
        return number<std::int32_t>(bytes, arena);
    case EvtxType::uint32:
        return number<std::uint32_t>(bytes, arena);
    case EvtxType::int64:
        return number<std::int64_t>(bytes, arena);
    case EvtxType::uint64:
        return number<std::uint64_t>(bytes, arena);
    case EvtxType::real32:
        return real<float>(bytes, arena);
    case EvtxType::real64:
        return real<double>(bytes, arena);
    case EvtxType::boolean:
        return {load_evtx<std::uint32_t>(bytes.data()) != 0 ? "true" : "false", ValueType::boolean};
    case EvtxType::guid:
        return guid(bytes, arena);
    case EvtxType::file_time:
        return file_time(bytes, arena);
    case EvtxType::system_time:
        return system_time(bytes, arena);
    case EvtxType::sid:
        return sid(bytes, arena);
    case EvtxType::hex32:
        return hex_number<std::uint32_t>(bytes, arena);
    case EvtxType::hex64:
        return hex_number<std::uint64_t>(bytes, arena);
    case EvtxType::size:
        return bytes.size() == 4 ? hex_number<std::uint32_t>(bytes, arena) : hex_number<std::uint64_t>(bytes, arena);
    default:
        return hex_bytes(bytes, arena);
    }
}

bool is_printable(unsigned code) noexcept {
    return code >= 0x20 && code != 0x7F && !(code >= 0x80 && code < 0xA0) && !(code >= 0xD800 && code < 0xF900);
}

/// Bytes of the printable run at the front: ASCII (step 1) or UTF-16 below U+2000, where the letters people write in
/// logs are (step 2).
std::size_t run_bytes(std::string_view bytes, std::size_t step) noexcept {
    std::size_t at = 0;
    for (; at + step <= bytes.size(); at += step) {
        const unsigned code = step == 1 ? static_cast<unsigned char>(bytes[at]) : load_evtx<std::uint16_t>(&bytes[at]);
        if (!is_printable(code) || code >= (step == 1 ? 0x80U : 0x2000U)) { break; }
    }
    return at;
}

} // namespace

std::string_view evtx_utf16(std::string_view bytes, event::Arena& arena, bool& repaired) {
    const char* in = bytes.data();
    const char* const end = in + bytes.size() / 2 * 2;
    const std::size_t room = bytes.size() / 2 * 3;
    char* const text = arena.allocate(room);
    char* out = text;
    while (in != end) {
        put_ascii(in, end, out);
        if (in == end) { break; }
        std::uint32_t code = load_evtx<std::uint16_t>(in);
        in += 2;
        if (code >= 0xD800 && code < 0xE000) {
            const std::uint32_t low = in == end ? 0U : load_evtx<std::uint16_t>(in);
            if (code < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                code = 0x1'0000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
                in += 2;
            } else {
                code = 0xFFFD;
                repaired = true;
            }
        }
        out = text::put_utf8(out, code);
    }
    const auto size = static_cast<std::size_t>(out - text);
    arena.shrink_last(room, size);
    return {text, size};
}

EvtxText evtx_text(std::string_view bytes, EvtxType type, event::Arena& arena, bool& repaired) {
    switch (type) {
    case EvtxType::null:
        return {{}, ValueType::null};
    case EvtxType::utf16:
    case EvtxType::xml:
        while (bytes.size() >= 2 && bytes.size() % 2 == 0 &&
               load_evtx<std::uint16_t>(bytes.data() + bytes.size() - 2) == 0) {
            bytes.remove_suffix(2);
        }
        return {evtx_utf16(bytes, arena, repaired), ValueType::string};
    case EvtxType::ansi:
        return ansi(bytes, arena);
    default:
        if (bytes.size() != width_of(type, bytes)) { return hex_bytes(bytes, arena); }
        return fitting_text(bytes, type, arena);
    }
}

std::string_view take_evtx_item(std::string_view& bytes, EvtxType type) noexcept {
    std::size_t size = bytes.size();
    std::size_t step = size;
    if (type == EvtxType::utf16 || type == EvtxType::xml) {
        for (std::size_t i = 0; i + 2 <= bytes.size(); i += 2) {
            if (bytes[i] == 0 && bytes[i + 1] == 0) {
                size = i;
                step = i + 2;
                break;
            }
        }
    } else if (type == EvtxType::ansi) {
        size = std::min(bytes.find('\0'), bytes.size());
        step = std::min(size + 1, bytes.size());
    } else if (const std::size_t width = width_of(type, bytes); width != 0) {
        size = step = std::min(width, bytes.size());
    }
    const std::string_view item = bytes.substr(0, size);
    bytes.remove_prefix(step);
    return item;
}

std::optional<common::Nanos> evtx_time(std::uint64_t file_time) noexcept {
    if (file_time > static_cast<std::uint64_t>(INT64_MAX)) { return std::nullopt; }
    const auto ticks = static_cast<std::int64_t>(file_time) - static_cast<std::int64_t>(kEpochInTicks);
    common::Nanos nanos = 0;
    if (__builtin_mul_overflow(ticks, std::int64_t{100}, &nanos)) { return std::nullopt; }
    return nanos;
}

std::string_view evtx_readable_text(std::string_view bytes, event::Arena& arena) {
    constexpr std::size_t kShortest = 4;
    const std::size_t room = 2 * bytes.size() + 32;
    char* const text = arena.allocate(room);
    char* out = text;
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::size_t step = 2;
        std::size_t run = run_bytes(bytes.substr(at), step);
        if (run < 2 * kShortest) {
            step = 1;
            run = run_bytes(bytes.substr(at), step);
        }
        if (run < step * kShortest) {
            ++at;
            continue;
        }
        if (out != text) { *out++ = ' '; }
        for (const std::size_t end = at + run; at < end; at += step) {
            out = text::put_utf8(out, step == 1 ? static_cast<unsigned char>(bytes[at])
                                                : load_evtx<std::uint16_t>(&bytes[at]));
        }
    }
    const auto size = static_cast<std::size_t>(out - text);
    arena.shrink_last(room, size);
    return {text, size};
}

} // namespace canhgac::collector
