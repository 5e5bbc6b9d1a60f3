/// Calendar months, the age of days, and when a disk is full: numbers alone.
#include "storage/retention_policy.hpp"

#include <gtest/gtest.h>

#include "storage/disk_state.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {
namespace {

common::Nanos at(std::string_view stamp) {
    return common::parse_rfc3339(stamp).value();
}
std::string later(std::string_view stamp, unsigned months) {
    return common::format_rfc3339(months_later(at(stamp), months));
}

TEST(RetentionPolicy, MonthsAreThoseOfTheCalendarAndNeverShort) {
    EXPECT_EQ(later("2026-11-22T08:00:00Z", 12), "2027-11-22T08:00:00Z");
    EXPECT_EQ(later("2026-12-31T00:00:00Z", 1), "2027-01-31T00:00:00Z");
    EXPECT_EQ(later("2027-01-31T10:00:00Z", 1), "2027-03-01T10:00:00Z") << "there is no 31st of February";
    EXPECT_EQ(later("2028-02-29T00:00:00Z", 12), "2029-03-01T00:00:00Z");
    EXPECT_EQ(later("2027-05-31T00:00:00Z", 6), "2027-12-01T00:00:00Z");
    EXPECT_EQ(later("2026-11-22T00:00:00Z", 0), "2026-11-22T00:00:00Z");
    EXPECT_EQ(months_later(at("2261-06-01T00:00:00Z"), 12), std::numeric_limits<common::Nanos>::max());
}

TEST(RetentionPolicy, ADayIsKeptFromItsEndOrFromItsLastEventThatCame) {
    const std::uint16_t day = day_of(at("2026-11-22T12:00:00Z"));
    EXPECT_EQ(expiry({day, at("2026-11-22T23:59:59Z")}, 12), at("2027-11-23T00:00:00Z"));
    EXPECT_EQ(expiry({day, at("2026-11-23T00:10:00Z")}, 12), at("2027-11-23T00:10:00Z"));
    EXPECT_EQ(expiry({day, at("2027-05-01T00:00:00Z")}, 3), at("2027-08-01T00:00:00Z")) << "it came late";
    EXPECT_FALSE(is_ahead({day, at("2026-11-21T00:00:00Z")}));
    EXPECT_EQ(expiry({day, at("2026-11-21T00:00:00Z")}, 1), at("2026-12-23T00:00:00Z"));
    EXPECT_TRUE(is_ahead({day, at("2026-11-20T23:59:59Z")}));
    EXPECT_EQ(expiry({day, at("2026-11-20T00:00:00Z")}, 1), at("2026-12-20T00:00:00Z")) << "its time is wrong";
}

TEST(RetentionForecast, TheLastDaysSayWhatComesInADay) {
    const common::Nanos now = at("2026-11-22T06:00:00Z");
    const std::uint16_t today = day_of(now);
    const auto day = [today](int back, std::uint64_t bytes) {
        return DayBytes{static_cast<std::uint16_t>(today - back), bytes};
    };
    EXPECT_EQ(bytes_per_day({}, now), 0U);
    EXPECT_EQ(bytes_per_day({day(0, 600)}, now), 2400U) << "a quarter of the day has passed";
    EXPECT_EQ(bytes_per_day({day(0, 600)}, at("2026-11-22T00:30:00Z")), 0U) << "too early to say";
    EXPECT_EQ(bytes_per_day({day(2, 300), day(1, 100), day(0, 9)}, now), 200U);
    EXPECT_EQ(bytes_per_day({day(4, 400), day(0, 9)}, now), 100U) << "quiet days count";
    EXPECT_EQ(bytes_per_day({day(400, 1'000'000), day(7, 700), day(0, 9), {60'000, 50}}, now), 100U);
}

TEST(RetentionForecast, DaysThatExpireMakeRoom) {
    const common::Nanos now = at("2026-11-22T06:00:00Z");
    const std::uint16_t today = day_of(now);
    EXPECT_EQ(days_until_full({}, 1000, 0, 12, now), std::nullopt);
    EXPECT_EQ(days_until_full({}, 1000, 100, 12, now), 10U);
    EXPECT_EQ(days_until_full({}, 99, 100, 12, now), 0U);
    EXPECT_EQ(days_until_full({}, 100'000, 100, std::nullopt, now), 1000U);
    EXPECT_EQ(days_until_full({}, 100'000, 100, 12, now), std::nullopt) << "after a year as much goes as comes";
    EXPECT_EQ(days_until_full({}, 100'000, 100, 36, now), 1000U);
    std::vector<DayBytes> year;
    for (int back = 365; back > 0; --back) {
        year.push_back({static_cast<std::uint16_t>(today - back), 100});
    }
    EXPECT_EQ(days_until_full(year, 150, 100, 12, now), std::nullopt) << "each day one goes and one comes";
    EXPECT_EQ(days_until_full(year, 1000, 200, 12, now), 9U + 1U) << "the loss is a hundred a day";
}

TEST(DiskAlarm, LevelsRiseAtTheirMarksAndFallALittleBelow) {
    EXPECT_EQ(disk_level(0, DiskLevel::fine), DiskLevel::fine);
    EXPECT_EQ(disk_level(69, DiskLevel::fine), DiskLevel::fine);
    EXPECT_EQ(disk_level(70, DiskLevel::fine), DiskLevel::filling);
    EXPECT_EQ(disk_level(85, DiskLevel::fine), DiskLevel::nearly_full);
    EXPECT_EQ(disk_level(95, DiskLevel::filling), DiskLevel::critical);
    EXPECT_EQ(disk_level(94, DiskLevel::critical), DiskLevel::critical);
    EXPECT_EQ(disk_level(92, DiskLevel::critical), DiskLevel::nearly_full);
    EXPECT_EQ(disk_level(68, DiskLevel::filling), DiskLevel::filling);
    EXPECT_EQ(disk_level(67, DiskLevel::critical), DiskLevel::fine);
    EXPECT_EQ(to_text({.capacity = 100, .available = 9, .used_percent = 91}), "91 % used, 0.0 MiB free");
    EXPECT_EQ(to_text({.capacity = 1,
                       .available = 12ULL << 30U,
                       .used_percent = 91,
                       .bytes_per_day = 3ULL << 29U,
                       .days_left = 8}),
              "91 % used, 12.0 GiB free, 1.5 GiB a day, full in 8 days");
}

} // namespace
} // namespace canhgac::storage
