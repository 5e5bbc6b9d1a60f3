#include "engine/stated_time.hpp"

#include <cstddef>
#include <cstdint>

#include "common/clock.hpp"

namespace canhgac::engine {
namespace {

using rules::TimePart;

constexpr std::size_t kShortest = 8; ///< "23:10:00"
constexpr std::size_t kLongest = 64;

struct Stamp {
    std::optional<int> year;
    int month = 0; ///< 0: no date
    int day = 0;
    int hour = StatedTime::kUnstated;
    int minute = StatedTime::kUnstated;
};

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr bool is_leap(int year) noexcept {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in(int month, std::optional<int> year) noexcept {
    static constexpr std::array<int, 12> kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && year && !is_leap(*year) ? 28 : kDays[static_cast<std::size_t>(month - 1)];
}

/// 1 = Monday ... 7 = Sunday (Zeller's way of counting, years from 0).
int weekday(int year, int month, int day) noexcept {
    static constexpr std::array<int, 12> kShift = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    const int y = month < 3 ? year + 399 : year + 400; // never negative
    const int sunday_is_zero = (y + y / 4 - y / 100 + y / 400 + kShift[static_cast<std::size_t>(month - 1)] + day) % 7;
    return sunday_is_zero == 0 ? 7 : sunday_is_zero;
}

/// 52 or 53: a year has 53 weeks when it begins or ends on a Thursday.
int weeks_in(int year) noexcept {
    return weekday(year, 1, 1) == 4 || weekday(year, 12, 31) == 4 ? 53 : 52;
}

/// ISO 8601: the week with the year's first Thursday is week 1.
int iso_week(int year, int month, int day) noexcept {
    int day_of_year = day;
    for (int before = 1; before < month; ++before) {
        day_of_year += days_in(before, year);
    }
    const int week = (day_of_year - weekday(year, month, day) + 10) / 7;
    if (week < 1) { return weeks_in(year - 1); }
    return week > weeks_in(year) ? 1 : week;
}

/// Reads a stamp from the front; a function that fails may have read a part.
class StampCursor {
public:
    explicit StampCursor(std::string_view text) noexcept : rest_(text) {}

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    bool character(char c) noexcept {
        if (!rest_.starts_with(c)) { return false; }
        rest_.remove_prefix(1);
        return true;
    }
    /// Exactly `count` digits.
    bool digits(std::size_t count, int& value) noexcept {
        if (rest_.size() < count) { return false; }
        value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (!is_digit(rest_[i])) { return false; }
            value = value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(count);
        return true;
    }
    bool year(Stamp& stamp) noexcept {
        int value = 0;
        if (!digits(4, value) || (!rest_.empty() && is_digit(rest_.front()))) { return false; }
        stamp.year = value;
        return true;
    }
    /// "Jan" ... "Dec" or "Mon" ... "Sun" in any case; their number from 1.
    bool name(std::string_view names, int& number) noexcept {
        if (rest_.size() < 3) { return false; }
        const std::array<char, 3> lower = {static_cast<char>(rest_[0] | 0x20), static_cast<char>(rest_[1] | 0x20),
                                           static_cast<char>(rest_[2] | 0x20)};
        const std::size_t at = names.find(std::string_view(lower.data(), lower.size()));
        if (at == std::string_view::npos || at % 3 != 0) { return false; }
        rest_.remove_prefix(3);
        number = static_cast<int>(at / 3) + 1;
        return true;
    }
    bool month_name(Stamp& stamp) noexcept { return name("janfebmaraprmayjunjulaugsepoctnovdec", stamp.month); }
    bool weekday_name() noexcept {
        int ignored = 0;
        return name("montuewedthufrisatsun", ignored);
    }
    /// "hh:mm", then ":ss" and a fraction, which may be left out unless `with_seconds`.
    bool clock(Stamp& stamp, bool with_seconds) noexcept {
        int seconds = 0;
        if (!digits(2, stamp.hour) || !character(':') || !digits(2, stamp.minute)) { return false; }
        if (!character(':')) { return !with_seconds; }
        if (!digits(2, seconds)) { return false; }
        if (rest_.size() > 1 && (rest_.front() == '.' || rest_.front() == ',') && is_digit(rest_[1])) {
            rest_.remove_prefix(1);
            while (!rest_.empty() && is_digit(rest_.front())) {
                rest_.remove_prefix(1);
            }
        }
        return stamp.hour <= 23 && stamp.minute <= 59 && seconds <= 60;
    }
    /// Nothing, or after at most one blank: "Z", a word of up to five capital letters, "+07", "+0700", "+07:00".
    bool zone() noexcept {
        const std::string_view before = rest_;
        character(' ');
        if (character('z')) { return true; }
        if (character('+') || character('-')) {
            int ignored = 0;
            if (!digits(2, ignored)) { return false; }
            return character(':') ? digits(2, ignored) : digits(2, ignored) || true;
        }
        std::size_t letters = 0;
        while (letters < rest_.size() && rest_[letters] >= 'A' && rest_[letters] <= 'Z') {
            ++letters;
        }
        if (letters > 5) { return false; }
        if (letters == 0) { rest_ = before; }
        rest_.remove_prefix(letters);
        return true;
    }

private:
    std::string_view rest_;
};

/// "2026-11-22[T23:10[:00[.5]][zone]]", also with slashes.
bool read_iso(StampCursor at, Stamp& stamp) noexcept {
    if (!at.year(stamp)) { return false; }
    const char separator = at.character('-') ? '-' : '/';
    if (separator == '/' && !at.character('/')) { return false; }
    if (!at.digits(2, stamp.month) || !at.character(separator) || !at.digits(2, stamp.day)) { return false; }
    if (at.at_end()) { return true; }
    if (!at.character('T') && !at.character('t') && !at.character(' ')) { return false; }
    return at.clock(stamp, false) && at.zone() && at.at_end();
}

/// "22/Nov/2026:23:10:00 +0700"
bool read_access_log(StampCursor at, Stamp& stamp) noexcept {
    return at.digits(2, stamp.day) && at.character('/') && at.month_name(stamp) && at.character('/') &&
           at.year(stamp) && at.character(':') && at.clock(stamp, true) && at.zone() && at.at_end();
}

/// "[Sun ]Nov 22 [2026 ]23:10:00[.5][ 2026]"; a day of one digit may have two blanks before it.
bool read_syslog(StampCursor at, Stamp& stamp) noexcept {
    if (at.weekday_name() && !at.character(' ')) { return false; }
    if (!at.month_name(stamp) || !at.character(' ')) { return false; }
    if (at.character(' ')) {
        if (!at.digits(1, stamp.day)) { return false; }
    } else if (!at.digits(2, stamp.day) && !at.digits(1, stamp.day)) {
        return false;
    }
    if (!at.character(' ')) { return false; }
    if (at.year(stamp)) { return at.character(' ') && at.clock(stamp, true) && at.at_end(); }
    if (!at.clock(stamp, true)) { return false; }
    return at.at_end() || (at.character(' ') && at.year(stamp) && at.at_end());
}

bool read_clock(StampCursor at, Stamp& stamp) noexcept {
    return at.clock(stamp, true) && at.at_end();
}

bool read_epoch(std::string_view value, Stamp& stamp) noexcept {
    static constexpr std::int64_t kMostSeconds = 9'000'000'000;
    std::int64_t count = 0;
    std::size_t digits = 0;
    for (; digits < value.size() && is_digit(value[digits]); ++digits) {
        if (digits >= 19 || count > (INT64_MAX - 9) / 10) { return false; }
        count = count * 10 + (value[digits] - '0');
    }
    if (digits < 9) { return false; }
    std::string_view fraction = value.substr(digits);
    if (!fraction.empty()) {
        if (fraction.front() != '.' || digits > 11 || fraction.find_first_not_of("0123456789", 1) != fraction.npos) {
            return false;
        }
    }
    for (std::size_t more = digits; more > 11; more = more > 14 ? more - 3 : 11) {
        count /= 1000;
    }
    if (count > kMostSeconds) { return false; }
    const common::CivilTime civil = common::to_civil(count * common::kSecond);
    stamp = {civil.year, static_cast<int>(civil.month), static_cast<int>(civil.day), static_cast<int>(civil.hour),
             static_cast<int>(civil.minute)};
    return true;
}

} // namespace

std::optional<StatedTime> stated_time(std::string_view value) noexcept {
    if (value.size() < kShortest || value.size() > kLongest) { return std::nullopt; }
    Stamp stamp;
    bool is_read = false;
    for (const auto read : {read_iso, read_access_log, read_syslog, read_clock}) {
        stamp = {};
        is_read = read(StampCursor(value), stamp);
        if (is_read) { break; }
    }
    if (!is_read && !read_epoch(value, stamp)) { return std::nullopt; }
    StatedTime out;
    const auto set = [&out](TimePart which, int number) { out.parts[static_cast<std::size_t>(which)] = number; };
    set(TimePart::hour, stamp.hour);
    set(TimePart::minute, stamp.minute);
    if (stamp.month == 0 && stamp.day == 0) { return out; }
    if (stamp.month < 1 || stamp.month > 12 || stamp.day < 1 || stamp.day > days_in(stamp.month, stamp.year)) {
        return std::nullopt;
    }
    set(TimePart::day, stamp.day);
    set(TimePart::month, stamp.month);
    if (stamp.year) {
        set(TimePart::year, *stamp.year);
        set(TimePart::week, iso_week(*stamp.year, stamp.month, stamp.day));
    }
    return out;
}

} // namespace canhgac::engine
