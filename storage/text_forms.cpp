#include "storage/text_forms.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "storage/column_codec.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint64_t kSignBit = 1ULL << 63U; ///< makes signed numbers sort as unsigned ones

// ---- timestamps

struct Spelling {
    char separator = 'T';
    std::uint8_t digits = 0; ///< of the fraction; 0: no point either
    bool zulu = false;
    friend bool operator==(const Spelling&, const Spelling&) = default;
};

constexpr std::array<common::Nanos, 10> kUnits = {1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000,
                                                  10'000,        1'000,       100,        10,        1};

constexpr common::Nanos floor_to(common::Nanos time, common::Nanos unit) noexcept {
    return time / unit - (time % unit < 0 ? 1 : 0);
}

[[nodiscard]] bool digits_at(std::string_view text, std::size_t at, std::size_t count, unsigned& value) noexcept {
    value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') { return false; }
        value = value * 10 + static_cast<unsigned>(text[i] - '0');
    }
    return true;
}

constexpr std::size_t kSecondsSize = 19; ///< of "2026-11-22T08:00:00"

/// Only what render() gives back byte for byte.
[[nodiscard]] bool read_stamp(std::string_view text, Spelling& spelling, common::Nanos& time) noexcept {
    if (text.size() < kSecondsSize || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':' ||
        (text[10] != 'T' && text[10] != ' ')) {
        return false;
    }
    common::CivilTime civil;
    unsigned year = 0;
    if (!digits_at(text, 0, 4, year) || !digits_at(text, 5, 2, civil.month) || !digits_at(text, 8, 2, civil.day) ||
        !digits_at(text, 11, 2, civil.hour) || !digits_at(text, 14, 2, civil.minute) ||
        !digits_at(text, 17, 2, civil.second) || civil.second > 59 || year < 1700 || year > 2200) {
        return false;
    }
    civil.year = static_cast<int>(year);
    spelling = {text[10], 0, text.ends_with('Z')};
    const std::string_view rest = text.substr(kSecondsSize, text.size() - kSecondsSize - (spelling.zulu ? 1U : 0U));
    if (!rest.empty()) {
        unsigned fraction = 0;
        if (rest.front() != '.' || rest.size() < 2 || rest.size() > 10 ||
            !digits_at(rest, 1, rest.size() - 1, fraction)) {
            return false;
        }
        spelling.digits = static_cast<std::uint8_t>(rest.size() - 1);
        civil.nanosecond = static_cast<std::uint32_t>(fraction * kUnits[spelling.digits]);
    }
    const auto nanos = common::to_nanos(civil);
    if (nanos) { time = *nanos; }
    return nanos.has_value();
}

void put_digits(char* to, std::uint64_t value, unsigned count) noexcept {
    while (count-- != 0) {
        to[count] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

[[nodiscard]] std::string_view render(const Spelling& spelling, common::Nanos time, std::array<char, 32>& buffer) {
    const common::CivilTime civil = common::to_civil(time);
    char* out = buffer.data();
    constexpr std::string_view kPattern = "0000-00-00T00:00:00.";
    std::copy(kPattern.begin(), kPattern.end(), out);
    put_digits(out, static_cast<std::uint64_t>(civil.year), 4);
    put_digits(out + 5, civil.month, 2);
    put_digits(out + 8, civil.day, 2);
    out[10] = spelling.separator;
    put_digits(out + 11, civil.hour, 2);
    put_digits(out + 14, civil.minute, 2);
    put_digits(out + 17, civil.second, 2);
    std::size_t size = kSecondsSize;
    if (spelling.digits != 0) {
        put_digits(out + 20, static_cast<std::uint64_t>(civil.nanosecond / kUnits[spelling.digits]), spelling.digits);
        size += 1U + spelling.digits;
    }
    if (spelling.zulu) { out[size++] = 'Z'; }
    return {out, size};
}

// ---- hexadecimal digits at fixed places

enum class Digits : std::uint8_t { none, lower, upper };
constexpr std::size_t kLeastVarying = 8;
/// The first texts say which positions vary; the others are checked while they are written.
constexpr std::size_t kHexTrial = 64;

constexpr std::uint8_t kNoDigit = 0xFF;
using DigitValues = std::array<std::uint8_t, 256>;
constexpr DigitValues digit_values(char first_letter) {
    DigitValues values{};
    values.fill(kNoDigit);
    for (unsigned i = 0; i < 16; ++i) {
        values[static_cast<std::size_t>(i < 10 ? '0' : first_letter - 10) + i] = static_cast<std::uint8_t>(i);
    }
    return values;
}
constexpr DigitValues kLowerDigits = digit_values('a');
constexpr DigitValues kUpperDigits = digit_values('A');

struct HexMask {
    std::vector<Digits> digits;         ///< by position
    std::vector<std::uint32_t> places;  ///< positions of digits
    std::vector<std::uint32_t> literal; ///< the others
};

/// Judged by the texts given; nothing if they do not fit.
[[nodiscard]] std::optional<HexMask> hex_mask(std::span<const std::string_view> texts) {
    const std::string_view first = texts.front();
    if (first.size() < kLeastVarying || first.size() > kMaxHexSize) { return std::nullopt; }
    HexMask mask;
    for (std::uint32_t i = 0; i < first.size(); ++i) {
        bool varies = false;
        bool lower = true;
        bool upper = true;
        for (const std::string_view text : texts) {
            if (text.size() != first.size()) { return std::nullopt; }
            const auto c = static_cast<unsigned char>(text[i]);
            varies = varies || text[i] != first[i];
            lower = lower && kLowerDigits[c] != kNoDigit;
            upper = upper && kUpperDigits[c] != kNoDigit;
            if (varies && !lower && !upper) { return std::nullopt; }
        }
        mask.digits.push_back(!varies ? Digits::none : lower ? Digits::lower : Digits::upper);
        (varies ? mask.places : mask.literal).push_back(i);
    }
    if (mask.places.size() < kLeastVarying) { return std::nullopt; }
    return mask;
}

/// Two digits a byte, all rows of the first pair of positions, then of the next; false if a text does not fit.
[[nodiscard]] bool put_digits_of(std::span<const std::string_view> texts, const HexMask& mask, char* planes) noexcept {
    const std::string_view first = texts.front();
    const std::size_t pairs = (mask.places.size() + 1) / 2;
    std::array<const DigitValues*, kMaxHexSize> values{};
    for (std::size_t i = 0; i < mask.places.size(); ++i) {
        values[i] = mask.digits[mask.places[i]] == Digits::lower ? &kLowerDigits : &kUpperDigits;
    }
    const auto digit = [&](std::string_view text, std::size_t i) -> unsigned {
        return (*values[i])[static_cast<unsigned char>(text[mask.places[i]])];
    };
    for (std::size_t row = 0; row < texts.size(); ++row) {
        const std::string_view text = texts[row];
        if (text.size() != first.size()) { return false; }
        unsigned bad = 0;
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            const unsigned high = digit(text, pair * 2);
            const unsigned low = pair * 2 + 1 < mask.places.size() ? digit(text, pair * 2 + 1) : 0;
            bad |= high | low;
            planes[pair * texts.size() + row] = static_cast<char>(high << 4U | low);
        }
        for (const std::uint32_t i : mask.literal) {
            bad |= text[i] == first[i] ? 0U : 0x80U;
        }
        if (bad > 15U) { return false; }
    }
    return true;
}

} // namespace

bool put_integers(std::span<const std::string_view> texts, ByteSink& out) {
    std::vector<std::uint64_t> values;
    values.reserve(texts.size());
    for (const std::string_view text : texts) {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const std::size_t sign = text.starts_with('-') ? 1 : 0;
        const bool canonical =
            error == std::errc{} && end == text.data() + text.size() && (text[sign] != '0' || text.size() == 1);
        if (!canonical) { return false; }
        values.push_back(static_cast<std::uint64_t>(value) ^ kSignBit);
    }
    out.u8(static_cast<std::uint8_t>(TextForm::integer));
    encode_numbers(values, out);
    return true;
}

bool get_integers(ByteSource& in, std::size_t count, event::Arena& arena, std::vector<std::string_view>& texts) {
    std::vector<std::uint64_t> values;
    if (!decode_numbers(in, count, values)) { return false; }
    std::array<char, 24> buffer{};
    for (const std::uint64_t value : values) {
        const auto end =
            std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<std::int64_t>(value ^ kSignBit))
                .ptr;
        texts.push_back(arena.copy({buffer.data(), static_cast<std::size_t>(end - buffer.data())}));
    }
    return true;
}

bool is_timestamp(std::string_view text) noexcept {
    Spelling spelling;
    common::Nanos time = 0;
    return read_stamp(text, spelling, time);
}

bool put_timestamps(std::span<const std::string_view> texts, std::span<const common::Nanos> times, ByteSink& out) {
    if (times.size() != texts.size()) { return false; }
    std::vector<std::uint64_t> steps;
    steps.reserve(texts.size());
    Spelling first;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        Spelling spelling;
        common::Nanos time = 0;
        if (!read_stamp(texts[i], spelling, time)) { return false; }
        if (i == 0) { first = spelling; }
        if (spelling != first) { return false; }
        const common::Nanos unit = kUnits[first.digits];
        steps.push_back(zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(floor_to(time, unit)) -
                                                         static_cast<std::uint64_t>(floor_to(times[i], unit)))));
    }
    out.u8(static_cast<std::uint8_t>(TextForm::timestamp));
    out.u8(static_cast<std::uint8_t>(first.digits | (first.separator == ' ' ? 16U : 0U) | (first.zulu ? 32U : 0U)));
    encode_numbers(steps, out);
    return true;
}

bool get_timestamps(ByteSource& in, std::span<const common::Nanos> times, event::Arena& arena,
                    std::vector<std::string_view>& texts) {
    const std::uint8_t code = in.u8();
    std::vector<std::uint64_t> steps;
    if (!in.ok() || (code & 15U) > 9 || code > 63 || !decode_numbers(in, times.size(), steps)) { return false; }
    const Spelling spelling{(code & 16U) != 0 ? ' ' : 'T', static_cast<std::uint8_t>(code & 15U), (code & 32U) != 0};
    const auto unit = static_cast<std::uint64_t>(kUnits[spelling.digits]);
    std::array<char, 32> buffer{};
    for (std::size_t i = 0; i < times.size(); ++i) {
        const auto base = static_cast<std::uint64_t>(floor_to(times[i], static_cast<common::Nanos>(unit)));
        const std::uint64_t scaled = base + static_cast<std::uint64_t>(unzigzag(steps[i]));
        texts.push_back(arena.copy(render(spelling, static_cast<common::Nanos>(scaled * unit), buffer)));
    }
    return true;
}

bool put_ip4(std::span<const std::string_view> texts, ByteSink& out) {
    std::vector<std::uint64_t> values;
    values.reserve(texts.size());
    for (const std::string_view text : texts) {
        std::uint64_t value = 0;
        const char* at = text.data();
        const char* const end = at + text.size();
        for (int part = 0; part < 4; ++part) {
            std::uint8_t number = 0;
            if (part != 0 && (at == end || *at++ != '.')) { return false; }
            const auto [next, error] = std::from_chars(at, end, number);
            if (error != std::errc{} || (*at == '0' && next - at > 1)) { return false; }
            value = value << 8U | number;
            at = next;
        }
        if (at != end) { return false; }
        values.push_back(value);
    }
    out.u8(static_cast<std::uint8_t>(TextForm::ip4));
    encode_numbers(values, out);
    return true;
}

bool get_ip4(ByteSource& in, std::size_t count, event::Arena& arena, std::vector<std::string_view>& texts) {
    std::vector<std::uint64_t> values;
    if (!decode_numbers(in, count, values)) { return false; }
    std::array<char, 16> buffer{};
    for (const std::uint64_t value : values) {
        char* at = buffer.data();
        for (int shift = 24; shift >= 0; shift -= 8) {
            at = std::to_chars(at, buffer.data() + buffer.size(), value >> static_cast<unsigned>(shift) & 0xFFU).ptr;
            if (shift != 0) { *at++ = '.'; }
        }
        texts.push_back(arena.copy({buffer.data(), static_cast<std::size_t>(at - buffer.data())}));
    }
    return true;
}

bool put_hex(std::span<const std::string_view> texts, ByteSink& out) {
    auto mask = hex_mask(texts.subspan(0, std::min(texts.size(), kHexTrial)));
    const std::size_t start = out.size();
    bool all = false;
    while (mask) {
        out.u8(static_cast<std::uint8_t>(TextForm::hex));
        out.text(texts.front());
        for (const Digits digits : mask->digits) {
            out.u8(static_cast<std::uint8_t>(digits));
        }
        const std::size_t bytes = (mask->places.size() + 1) / 2 * texts.size();
        if (put_digits_of(texts, *mask, out.room(bytes))) {
            out.commit(bytes);
            return true;
        }
        out.truncate(start);
        if (std::exchange(all, true)) { return false; }
        mask = hex_mask(texts); // a position varies late
    }
    return false;
}

bool get_hex(ByteSource& in, std::size_t count, event::Arena& arena, std::vector<std::string_view>& texts) {
    const std::string_view pattern = in.text();
    const std::string_view mask = in.bytes(pattern.size());
    if (!in.ok() || pattern.empty() || pattern.size() > kMaxHexSize) { return false; }
    struct Place {
        std::size_t at = 0;
        const char* digits = nullptr;
    };
    std::vector<Place> places;
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (static_cast<std::uint8_t>(mask[i]) > static_cast<std::uint8_t>(Digits::upper)) { return false; }
        const bool upper = static_cast<Digits>(mask[i]) == Digits::upper;
        if (mask[i] != 0) { places.push_back({i, upper ? "0123456789ABCDEF" : "0123456789abcdef"}); }
    }
    const std::size_t pairs = (places.size() + 1) / 2;
    if (pairs == 0 || count > in.left() / pairs) { return false; }
    const std::string_view bytes = in.bytes(count * pairs);
    char* memory = arena.allocate(count * pattern.size());
    for (std::size_t row = 0; row < count; ++row, memory += pattern.size()) {
        std::memcpy(memory, pattern.data(), pattern.size());
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            const auto byte = static_cast<unsigned char>(bytes[pair * count + row]);
            const Place high = places[pair * 2];
            memory[high.at] = high.digits[byte >> 4U];
            if (pair * 2 + 1 == places.size()) { break; }
            const Place low = places[pair * 2 + 1];
            memory[low.at] = low.digits[byte & 15U];
        }
        texts.emplace_back(memory, pattern.size());
    }
    return true;
}

} // namespace canhgac::storage
