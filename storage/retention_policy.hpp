/// How long events are kept, and what that means for the days of the store. Pure functions.
///
/// A day is forgotten as a whole, so the longest period that any of its events may claim counts for all of it. The
/// period begins when the day is over and the last of its events was stored, whichever is later: events that come late
/// are kept as long as those that came in time. Of a day that began more than 24 hours after the last of its events
/// was stored the clocks of the senders were wrong, and the time of storing alone counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"

namespace canhgac::storage {

struct RetentionPolicy {
    unsigned months = 12; ///< calendar months, 1 to kMostMonths
    std::string rule;     ///< what asks for so many, for people, e.g. "storage.retention.months"

    static constexpr unsigned kMostMonths = 1200;
};

/// Events of days that begin later than this after they were stored have a wrong time.
inline constexpr common::Nanos kMostAhead = common::kDay;

/// The same day of the month and time so many calendar months later; the first of the month after when that month has
/// no such day, so that nothing ends early.
[[nodiscard]] common::Nanos months_later(common::Nanos time, unsigned months) noexcept;

/// One day of the store and when the last of its events was committed; it was received before.
struct DayAge {
    std::uint16_t day = 0;
    common::Nanos last_stored = 0;
};
[[nodiscard]] bool is_ahead(const DayAge& age) noexcept;
/// When the day may be forgotten.
[[nodiscard]] common::Nanos expiry(const DayAge& age, unsigned months) noexcept;

/// Bytes and days, for foretelling when the disk will be full.
struct DayBytes {
    std::uint16_t day = 0;
    std::uint64_t bytes = 0;
};
/// Bytes a day, from the last kForecastDays days before `today` that are over, counted from the first that has events;
/// on the first day, from the hours of it that have passed, at least one. 0: nothing to go by. `days` ascending.
[[nodiscard]] std::uint64_t bytes_per_day(const std::vector<DayBytes>& days, common::Nanos now) noexcept;
inline constexpr unsigned kForecastDays = 7;
/// Days until `free` bytes are used up if as much comes a day as `per_day`, while days expire after `months` (nothing:
/// never); nothing if that does not happen within kFarDays.
[[nodiscard]] std::optional<unsigned> days_until_full(const std::vector<DayBytes>& days, std::uint64_t free,
                                                      std::uint64_t per_day, std::optional<unsigned> months,
                                                      common::Nanos now);
inline constexpr unsigned kFarDays = 3650;

} // namespace canhgac::storage
