#include "common/clock.hpp"

#include <gtest/gtest.h>

namespace canhgac::common {
namespace {

TEST(Clock, Rfc3339RoundTrip) {
    for (const char* text : {"1970-01-01T00:00:00Z", "2026-11-22T08:00:00.123Z", "2024-02-29T23:59:59.000001Z",
                             "1969-12-31T23:59:59.999999999Z"}) {
        const auto time = parse_rfc3339(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(format_rfc3339(*time), text);
    }
}

TEST(Clock, ZonesFractionsAndBlanks) {
    const auto utc = parse_rfc3339("2026-11-22T01:00:00Z");
    ASSERT_TRUE(utc);
    EXPECT_EQ(parse_rfc3339("2026-11-22T08:00:00+07:00"), utc);
    EXPECT_EQ(parse_rfc3339("2026-11-22 08:00:00+0700"), utc);
    EXPECT_EQ(parse_rfc3339("2026-11-22T08:00:00", 7 * 3600), utc);
    EXPECT_EQ(parse_rfc3339("2026-11-21T18:00:00-07"), utc);
    EXPECT_EQ(parse_rfc3339("2026-11-22T01:00:00,5Z"), *utc + 500 * kMillisecond);
    EXPECT_EQ(parse_rfc3339("2026-11-22T01:00:00.1234567891Z"), *utc + 123'456'789);
}

TEST(Clock, RefusesWhatIsNotAStamp) {
    for (const char* text : {"", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22", "2026-11-22T25:00:00Z",
                             "2026-11-22T01:00:00.Z", "2026-11-22T01:00:00Zx", "2026-11-22T01:00:00+99:00"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(Clock, PeopleInVietnamReadLocalTime) {
    EXPECT_EQ(format_vietnam(*parse_rfc3339("2026-11-22T17:30:05Z")), "23/11/2026 00:30:05");
}

TEST(Clock, Durations) {
    EXPECT_EQ(parse_duration("15m"), 15 * kMinute);
    EXPECT_EQ(parse_duration("500ms"), 500 * kMillisecond);
    EXPECT_EQ(parse_duration("2w"), 14 * kDay);
    for (const char* text : {"", "m", "5", "-1s", "1y", "9999999999999d", "1.5h"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

} // namespace
} // namespace canhgac::common
