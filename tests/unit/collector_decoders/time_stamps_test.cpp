#include "collector/decoders/time_stamps.hpp"

#include <gtest/gtest.h>

namespace canhgac::collector {
namespace {

constexpr int kVietnam = 7 * 3600;

std::string iso(std::optional<common::Nanos> time) {
    return time ? common::format_rfc3339(*time) : "nothing";
}

std::string bsd(std::string_view text, std::string_view received) {
    const auto time = take_bsd_stamp(text, *common::parse_rfc3339(received), kVietnam);
    return iso(time) + (time ? "|" + std::string(text) : "");
}

TEST(BsdStamp, TakesTheYearNearestToReceipt) {
    EXPECT_EQ(bsd("Nov 22 08:00:00 host", "2026-11-22T01:00:10Z"), "2026-11-22T01:00:00Z| host");
    EXPECT_EQ(bsd("Dec 31 23:59:58 h", "2027-01-01T00:00:03+07:00"), "2026-12-31T16:59:58Z| h");
    EXPECT_EQ(bsd("Jan  1 00:00:02 h", "2026-12-31T23:59:59+07:00"), "2026-12-31T17:00:02Z| h");
    EXPECT_EQ(bsd("Jun 14 15:16:01 h", "2026-11-22T01:00:00Z"), "2026-06-14T08:16:01Z| h");
    EXPECT_EQ(bsd("Feb 29 00:00:00 h", "2028-03-01T00:00:00Z"), "2028-02-28T17:00:00Z| h");
}

TEST(BsdStamp, KnowsItsRelatives) {
    constexpr std::string_view kNow = "2026-11-22T01:00:00Z";
    EXPECT_EQ(bsd("Nov  2 8:00:00.250 h", kNow), "2026-11-02T01:00:00.250Z| h");
    EXPECT_EQ(bsd("nov 22 2025 08:00:00: h", kNow), "2025-11-22T01:00:00Z|: h");
    EXPECT_EQ(bsd("Nov 22 08:00:00 2025 h", kNow), "2025-11-22T01:00:00Z| h");
    EXPECT_EQ(bsd("Nov 22 08:00:00 UTC h", kNow), "2026-11-22T08:00:00Z| h");
    EXPECT_EQ(bsd("Nov 22 08:00:00 +0800: h", kNow), "2026-11-22T00:00:00Z|: h");
    EXPECT_EQ(bsd("Nov 31 08:00:00 h", kNow), "nothing");
    EXPECT_EQ(bsd("Nox 22 08:00:00 h", kNow), "nothing");
    EXPECT_EQ(bsd("Nov 22 25:00:00 h", kNow), "nothing");
    EXPECT_EQ(bsd("Nov 22 08:00:00x", kNow), "nothing");
}

TEST(IsoStamp, KnowsTheSpellingsOfShippers) {
    EXPECT_EQ(iso(parse_iso_stamp("2026-11-22 08:00:00 +0700", 0)), "2026-11-22T01:00:00Z");
    EXPECT_EQ(iso(parse_iso_stamp("2026/11/22 08:00:00", kVietnam)), "2026-11-22T01:00:00Z");
    EXPECT_EQ(iso(parse_iso_stamp("2026-11-22T08:00:00,5 UTC", kVietnam)), "2026-11-22T08:00:00.500Z");
    EXPECT_EQ(iso(parse_iso_stamp("2026-11-22", 0)), "nothing");
    EXPECT_EQ(iso_stamp_length("2026-11-22T08:00:00.123+07:00 host"), 29U);
    EXPECT_EQ(iso_stamp_length("2016-09-28 04:30:30, Info"), 19U);
    EXPECT_EQ(iso_stamp_length("hello"), 0U);
}

TEST(Epoch, UnitFollowsFromTheDigits) {
    for (const std::string_view text :
         {"1795309200", "1795309200.000", "1795309200000", "1795309200000000", "1795309200000000000"}) {
        EXPECT_EQ(iso(parse_epoch(text)), "2026-11-22T01:00:00Z") << text;
    }
    for (const std::string_view text : {"", "-1", "12", "17953092000000000000", "1795309200x", "1795309200000.5"}) {
        EXPECT_EQ(iso(parse_epoch(text)), "nothing") << text;
    }
}

TEST(AccessLogStamp, HasItsZone) {
    EXPECT_EQ(iso(parse_access_log_stamp("22/Nov/2026:08:00:00 +0700")), "2026-11-22T01:00:00Z");
    EXPECT_EQ(iso(parse_access_log_stamp("22/Nov/2026:08:00:00")), "nothing");
}

} // namespace
} // namespace canhgac::collector
