#include "storage/retention_policy.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "storage/zone_record.hpp"

namespace canhgac::storage {

common::Nanos months_later(common::Nanos time, unsigned months) noexcept {
    common::CivilTime civil = common::to_civil(time);
    const unsigned month = civil.month - 1 + months;
    civil.year += static_cast<int>(month / 12);
    civil.month = month % 12 + 1;
    if (const auto exact = common::to_nanos(civil)) { return *exact; }
    civil.day = 1; // there is no 31st, or no 29th of February; December has all
    civil.month += 1;
    // Beyond what can be told in nanoseconds is for ever.
    return common::to_nanos(civil).value_or(std::numeric_limits<common::Nanos>::max());
}

bool is_ahead(const DayAge& age) noexcept {
    return age.day * common::kDay > age.last_stored + kMostAhead;
}

common::Nanos expiry(const DayAge& age, unsigned months) noexcept {
    const common::Nanos over = (age.day + 1) * common::kDay;
    return months_later(is_ahead(age) ? age.last_stored : std::max(over, age.last_stored), months);
}

std::uint64_t bytes_per_day(const std::vector<DayBytes>& days, common::Nanos now) noexcept {
    const std::uint16_t today = day_of(now);
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
    std::uint64_t of_today = 0;
    for (const DayBytes& day : days) {
        if (day.day == today) { of_today = day.bytes; }
        if (day.day >= today || day.day + kForecastDays < today) { continue; }
        bytes += day.bytes;
        count = std::max<std::uint64_t>(count, static_cast<std::uint64_t>(today - day.day)); // the first one decides
    }
    if (count != 0) { return bytes / count; }
    const common::Nanos passed = now - today * common::kDay;
    if (of_today == 0 || passed < common::kHour) { return 0; }
    return of_today / static_cast<std::uint64_t>(passed / common::kHour) * 24;
}

std::optional<unsigned> days_until_full(const std::vector<DayBytes>& days, std::uint64_t free, std::uint64_t per_day,
                                        std::optional<unsigned> months, common::Nanos now) {
    if (per_day == 0) { return std::nullopt; }
    std::map<std::int64_t, std::uint64_t> freed; // by day from now
    unsigned kept_days = kFarDays + 1;           // of what is still to come
    if (months) {
        for (const DayBytes& day : days) {
            const common::Nanos end = months_later((day.day + 1) * common::kDay, *months);
            freed[std::max<common::Nanos>(0, (end - now) / common::kDay)] += day.bytes;
        }
        kept_days = static_cast<unsigned>((months_later(now, *months) - now) / common::kDay) + 1;
    }
    auto expired = freed.begin();
    for (unsigned day = 0; day < std::min(kept_days, kFarDays); ++day) {
        for (; expired != freed.end() && expired->first <= day; ++expired) {
            free += expired->second;
        }
        if (free < per_day) { return day; }
        free -= per_day;
    }
    return std::nullopt; // from then on as much goes as comes
}

} // namespace canhgac::storage
