#include "common/clock.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace canhgac::common {

namespace {

constexpr int kVietnamOffsetSeconds = 7 * 3600;

/// Reads exactly `digits` decimal digits at the front of `text` and removes them.
bool take_number(std::string_view& text, std::size_t digits, unsigned& value) noexcept {
    if (text.size() < digits) { return false; }
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const auto digit = static_cast<unsigned>(text[i]) - '0';
        if (digit > 9) { return false; }
        value = value * 10 + digit;
    }
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char expected) noexcept {
    if (text.empty() || text.front() != expected) { return false; }
    text.remove_prefix(1);
    return true;
}

/// Fraction of a second, 1 to 9 digits kept, further digits skipped.
bool take_fraction(std::string_view& text, std::uint32_t& nanosecond) noexcept {
    std::uint32_t value = 0;
    std::size_t count = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        if (count < 9) { value = value * 10 + static_cast<std::uint32_t>(text.front() - '0'); }
        ++count;
        text.remove_prefix(1);
    }
    for (std::size_t i = count; i < 9; ++i) {
        value *= 10;
    }
    nanosecond = value;
    return count > 0;
}

/// "Z", "+07:00", "+0700", "+07" or nothing; the offset east of UTC in seconds.
bool take_zone(std::string_view& text, int& offset) noexcept {
    if (text.empty()) { return true; }
    if (take(text, 'Z') || take(text, 'z')) {
        offset = 0;
        return true;
    }
    const int sign = text.front() == '-' ? -1 : 1;
    if (!take(text, '+') && !take(text, '-')) { return false; }
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!take_number(text, 2, hours)) { return false; }
    if (!text.empty()) {
        if (text.front() == ':') { text.remove_prefix(1); }
        if (!take_number(text, 2, minutes)) { return false; }
    }
    if (hours > 23 || minutes > 59) { return false; }
    offset = sign * static_cast<int>(hours * 3600 + minutes * 60);
    return true;
}

} // namespace

Nanos SystemClock::now() const noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::optional<Nanos> to_nanos(const CivilTime& civil) noexcept {
    const std::chrono::year_month_day date{std::chrono::year{civil.year}, std::chrono::month{civil.month},
                                           std::chrono::day{civil.day}};
    if (!date.ok() || civil.year < 1678 || civil.year > 2261 || civil.hour > 23 || civil.minute > 59 ||
        civil.second > 60 || civil.nanosecond >= 1'000'000'000U) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds = days * 86'400 + civil.hour * 3'600 + civil.minute * 60 + civil.second;
    return seconds * kSecond + civil.nanosecond;
}

CivilTime to_civil(Nanos time) noexcept {
    std::int64_t seconds = time / kSecond;
    std::int64_t nanos = time % kSecond;
    if (nanos < 0) {
        nanos += kSecond;
        --seconds;
    }
    std::int64_t days = seconds / 86'400;
    std::int64_t rest = seconds % 86'400;
    if (rest < 0) {
        rest += 86'400;
        --days;
    }
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    CivilTime civil;
    civil.year = static_cast<int>(date.year());
    civil.month = static_cast<unsigned>(date.month());
    civil.day = static_cast<unsigned>(date.day());
    civil.hour = static_cast<unsigned>(rest / 3'600);
    civil.minute = static_cast<unsigned>(rest % 3'600 / 60);
    civil.second = static_cast<unsigned>(rest % 60);
    civil.nanosecond = static_cast<std::uint32_t>(nanos);
    return civil;
}

std::optional<Nanos> parse_rfc3339(std::string_view text, int zone_offset_seconds) noexcept {
    CivilTime civil;
    unsigned year = 0;
    if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, civil.month) || !take(text, '-') ||
        !take_number(text, 2, civil.day)) {
        return std::nullopt;
    }
    civil.year = static_cast<int>(year);
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) { return std::nullopt; }
    if (!take_number(text, 2, civil.hour) || !take(text, ':') || !take_number(text, 2, civil.minute) ||
        !take(text, ':') || !take_number(text, 2, civil.second)) {
        return std::nullopt;
    }
    if (take(text, '.') || take(text, ',')) {
        if (!take_fraction(text, civil.nanosecond)) { return std::nullopt; }
    }
    int offset = zone_offset_seconds;
    if (!take_zone(text, offset) || !text.empty()) { return std::nullopt; }
    const auto utc = to_nanos(civil);
    if (!utc) { return std::nullopt; }
    return *utc - offset * kSecond;
}

std::string format_rfc3339(Nanos time) {
    const CivilTime civil = to_civil(time);
    char text[48];
    const int head = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u", civil.year, civil.month,
                                   civil.day, civil.hour, civil.minute, civil.second);
    std::string result(text, static_cast<std::size_t>(head));
    if (civil.nanosecond != 0) {
        const int size = std::snprintf(text, sizeof text, ".%09u", civil.nanosecond);
        std::string_view fraction(text, static_cast<std::size_t>(size));
        while (fraction.ends_with("000")) {
            fraction.remove_suffix(3);
        }
        result += fraction;
    }
    result += 'Z';
    return result;
}

std::string format_vietnam(Nanos time) {
    const CivilTime civil = to_civil(time + kVietnamOffsetSeconds * kSecond);
    char text[48];
    const int size = std::snprintf(text, sizeof text, "%02u/%02u/%04d %02u:%02u:%02u", civil.day, civil.month,
                                   civil.year, civil.hour, civil.minute, civil.second);
    return {text, static_cast<std::size_t>(size)};
}

std::optional<Nanos> parse_duration(std::string_view text) noexcept {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) { return std::nullopt; }
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    Nanos scale = 0;
    if (unit == "ms") {
        scale = kMillisecond;
    } else if (unit == "s") {
        scale = kSecond;
    } else if (unit == "m") {
        scale = kMinute;
    } else if (unit == "h") {
        scale = kHour;
    } else if (unit == "d") {
        scale = kDay;
    } else if (unit == "w") {
        scale = 7 * kDay;
    }
    Nanos product = 0;
    if (scale == 0 || __builtin_mul_overflow(count, scale, &product)) { return std::nullopt; }
    return product;
}

} // namespace canhgac::common
