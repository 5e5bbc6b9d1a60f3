#include "collector/decoders/time_stamps.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "text/ascii.hpp"

namespace canhgac::collector {

namespace {

using common::CivilTime;
using common::Nanos;

/// 1 to `most` digits from the front.
bool take_digits(std::string_view& text, std::size_t most, unsigned& value) noexcept {
    std::size_t count = 0;
    value = 0;
    while (count < most && count < text.size() && text::is_digit(text[count])) {
        value = value * 10 + static_cast<unsigned>(text[count] - '0');
        ++count;
    }
    text.remove_prefix(count);
    return count > 0;
}

bool take_char(std::string_view& text, char c) noexcept {
    if (!text.starts_with(c)) { return false; }
    text.remove_prefix(1);
    return true;
}

/// "Jan".."Dec" in any case; 1..12, 0 = none.
unsigned take_month(std::string_view& text) noexcept {
    static constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (text.size() < 3) { return 0; }
    const std::array<char, 3> lower = {static_cast<char>(text[0] | 0x20), static_cast<char>(text[1] | 0x20),
                                       static_cast<char>(text[2] | 0x20)};
    const std::size_t at = kMonths.find(std::string_view(lower.data(), lower.size()));
    if (at == std::string_view::npos || at % 3 != 0) { return 0; }
    text.remove_prefix(3);
    return static_cast<unsigned>(at / 3) + 1;
}

/// "hh:mm:ss[.fraction]".
bool take_time_of_day(std::string_view& text, CivilTime& civil) noexcept {
    if (!take_digits(text, 2, civil.hour) || !take_char(text, ':') || !take_digits(text, 2, civil.minute) ||
        !take_char(text, ':') || !take_digits(text, 2, civil.second)) {
        return false;
    }
    if (text.size() > 1 && (text.front() == '.' || text.front() == ',') && text::is_digit(text[1])) {
        text.remove_prefix(1);
        std::uint32_t value = 0;
        std::size_t count = 0;
        while (!text.empty() && text::is_digit(text.front())) {
            if (count < 9) { value = value * 10 + static_cast<std::uint32_t>(text.front() - '0'); }
            ++count;
            text.remove_prefix(1);
        }
        for (; count < 9; ++count) {
            value *= 10;
        }
        civil.nanosecond = value;
    }
    return true;
}

/// The civil time in the year, of the three around `received`, that is nearest to it. Feb 29 exists only in some.
std::optional<Nanos> nearest_year(CivilTime civil, Nanos received, int offset) noexcept {
    const int around = common::to_civil(received + offset * common::kSecond).year;
    std::optional<Nanos> best;
    for (int year = around - 1; year <= around + 1; ++year) {
        civil.year = year;
        const auto utc = common::to_nanos(civil);
        if (!utc) { continue; }
        const Nanos time = *utc - offset * common::kSecond;
        const auto distance = [received](Nanos t) { return t > received ? t - received : received - t; };
        if (!best || distance(time) < distance(*best)) { best = time; }
    }
    return best;
}

} // namespace

std::optional<int> parse_zone(std::string_view text) noexcept {
    if (text == "Z" || text == "z" || text == "UTC" || text == "GMT") { return 0; }
    if (text.empty() || (text.front() != '+' && text.front() != '-')) { return std::nullopt; }
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!take_digits(text, 2, hours)) { return std::nullopt; }
    if (!text.empty()) {
        if (text.front() == ':') { text.remove_prefix(1); }
        if (text.size() != 2 || !take_digits(text, 2, minutes) || !text.empty()) { return std::nullopt; }
    }
    if (hours > 15 || minutes > 59) { return std::nullopt; }
    return sign * static_cast<int>(hours * 3600 + minutes * 60);
}

std::size_t iso_stamp_length(std::string_view text) noexcept {
    static constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < kShape.size()) { return 0; }
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        const char c = text[i];
        const bool fits = kShape[i] == 'd'   ? text::is_digit(c)
                          : kShape[i] == 'T' ? c == 'T' || c == 't' || c == ' '
                          : kShape[i] == '-' ? c == '-' || c == '/'
                                             : c == kShape[i];
        if (!fits) { return 0; }
    }
    std::size_t length = kShape.size();
    if (length + 1 < text.size() && (text[length] == '.' || text[length] == ',') && text::is_digit(text[length + 1])) {
        ++length;
        while (length < text.size() && text::is_digit(text[length])) {
            ++length;
        }
    }
    if (length < text.size() && (text[length] == 'Z' || text[length] == 'z')) { return length + 1; }
    const std::string_view rest = text.substr(length);
    if (rest.starts_with('+') || rest.starts_with('-')) {
        if (rest.size() >= 6 && parse_zone(rest.substr(0, 6))) { return length + 6; }
        if (rest.size() >= 5 && parse_zone(rest.substr(0, 5))) { return length + 5; }
        if (rest.size() >= 3 && parse_zone(rest.substr(0, 3))) { return length + 3; }
    }
    return length;
}

std::optional<Nanos> parse_iso_stamp(std::string_view text, int zone_offset_seconds) noexcept {
    if (const auto plain = common::parse_rfc3339(text, zone_offset_seconds)) { return plain; }
    const std::size_t length = iso_stamp_length(text);
    if (length == 0 || text.size() > 64) { return std::nullopt; }
    std::array<char, 64> copy{};
    for (std::size_t i = 0; i < length; ++i) {
        copy[i] = text[i] == '/' ? '-' : text[i];
    }
    std::string_view zone = text.substr(length);
    while (take_char(zone, ' ')) {}
    if (!zone.empty()) {
        const auto offset = parse_zone(zone);
        if (!offset) { return std::nullopt; }
        zone_offset_seconds = *offset;
    }
    return common::parse_rfc3339({copy.data(), length}, zone_offset_seconds);
}

std::optional<Nanos> parse_epoch(std::string_view text) noexcept {
    std::int64_t whole = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, whole);
    const auto digits = static_cast<std::size_t>(stop - text.data());
    if (error != std::errc{} || whole < 0 || digits < 9 || digits > 19) { return std::nullopt; }
    if (stop != end) {
        std::string_view rest(stop, static_cast<std::size_t>(end - stop));
        if (*stop != '.' || digits > 11) { return std::nullopt; }
        rest.remove_prefix(1);
        Nanos unit = common::kSecond;
        Nanos nanos = 0;
        for (const char c : rest) {
            if (!text::is_digit(c)) { return std::nullopt; }
            unit /= 10;
            nanos += unit * (c - '0');
        }
        if (whole > 9'000'000'000) { return std::nullopt; }
        return whole * common::kSecond + nanos;
    }
    if (digits <= 11) { return whole > 9'000'000'000 ? std::nullopt : std::optional<Nanos>(whole * common::kSecond); }
    if (digits <= 14) { return whole > 9'000'000'000'000 ? std::nullopt : std::optional<Nanos>(whole * 1'000'000); }
    if (digits <= 17) { return whole > 9'000'000'000'000'000 ? std::nullopt : std::optional<Nanos>(whole * 1'000); }
    return whole;
}

std::optional<Nanos> parse_any_stamp(std::string_view text, int zone_offset_seconds) noexcept {
    if (const auto iso = parse_iso_stamp(text, zone_offset_seconds)) { return iso; }
    return parse_epoch(text);
}

std::optional<Nanos> take_bsd_stamp(std::string_view& text, Nanos received, int zone_offset_seconds) noexcept {
    std::string_view rest = text;
    CivilTime civil;
    civil.month = take_month(rest);
    if (civil.month == 0 || !take_char(rest, ' ')) { return std::nullopt; }
    while (take_char(rest, ' ')) {}
    if (!take_digits(rest, 2, civil.day) || !take_char(rest, ' ')) { return std::nullopt; }
    while (take_char(rest, ' ')) {}
    unsigned year = 0;
    const auto take_year = [&rest, &year]() noexcept {
        if (rest.size() > 4 && text::is_digit(rest[0]) && text::is_digit(rest[1]) && text::is_digit(rest[2]) &&
            text::is_digit(rest[3]) &&
            (rest[4] == ' ' || rest[4] == ']' || rest.substr(4).starts_with(": "))) { // "2001:db8::1" is a host
            return take_digits(rest, 4, year);
        }
        return false;
    };
    if (take_year()) { rest.remove_prefix(1); }
    if (!take_time_of_day(rest, civil)) { return std::nullopt; }
    int offset = zone_offset_seconds;
    if (rest.starts_with(' ')) {
        const std::string_view before = rest;
        rest.remove_prefix(1);
        const std::size_t word = std::min(rest.find_first_of(" :"), rest.size());
        if (year == 0 && take_year()) {
            // "Nov 22 08:00:00 2026 host": the year is behind
        } else if (const auto zone = parse_zone(rest.substr(0, word)); zone && word > 1) {
            offset = *zone;
            rest.remove_prefix(word);
        } else {
            rest = before;
        }
    }
    if (!rest.empty() && rest.front() != ' ' && rest.front() != ':' && rest.front() != ']') { return std::nullopt; }
    std::optional<Nanos> time;
    if (year == 0) {
        time = nearest_year(civil, received, offset);
    } else {
        civil.year = static_cast<int>(year);
        time = common::to_nanos(civil);
        if (time) { *time -= offset * common::kSecond; }
    }
    if (time) { text = rest; }
    return time;
}

std::optional<Nanos> parse_access_log_stamp(std::string_view text) noexcept {
    CivilTime civil;
    unsigned year = 0;
    if (!take_digits(text, 2, civil.day) || !take_char(text, '/')) { return std::nullopt; }
    civil.month = take_month(text);
    if (civil.month == 0 || !take_char(text, '/') || !take_digits(text, 4, year) || !take_char(text, ':') ||
        !take_time_of_day(text, civil) || !take_char(text, ' ')) {
        return std::nullopt;
    }
    civil.year = static_cast<int>(year);
    const auto zone = parse_zone(text);
    const auto utc = common::to_nanos(civil);
    if (!zone || !utc) { return std::nullopt; }
    return *utc - *zone * common::kSecond;
}

} // namespace canhgac::collector
