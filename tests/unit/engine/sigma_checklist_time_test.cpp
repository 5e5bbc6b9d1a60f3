// Item 48 of the Sigma checklist: the time modifiers, and which texts state a time.
#include <gtest/gtest.h>

#include "engine/stated_time.hpp"
#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture
using rules::TimePart;

/// "minute hour day week month year", -1 = not stated; "none" when the value is no time.
std::string parts(std::string_view value) {
    const auto time = stated_time(value);
    if (!time) { return "none"; }
    std::string out;
    for (const auto part :
         {TimePart::minute, TimePart::hour, TimePart::day, TimePart::week, TimePart::month, TimePart::year}) {
        out += (out.empty() ? "" : " ") + std::to_string(time->part(part));
    }
    return out;
}

TEST(SigmaChecklist, SIGMA_G48_TimeModifiers) {
    const std::string_view night = "2026-11-22T23:10:05.25+07:00"; // a Sunday
    const std::string_view day = "2026-11-22T01:10:05Z";
    expect_values(item("f|hour: 23"), {{night, true}, {day, false}, {"23", false}, {"x", false}, {"", false}});
    expect_values(item("f|hour|gte: 22"), {{night, true}, {day, false}});
    expect_values(item("f|hour|lt: 6"), {{night, false}, {day, true}});
    expect_values(item("f|hour|lte: 1"), {{day, true}, {night, false}});
    expect_values(item("f|minute|gt: 9"), {{night, true}, {"2026-11-22T23:09:59Z", false}});
    expect_values(item("f|minute: [10, 11]"), {{night, true}, {"2026-11-22 23:12", false}});
    expect_values(item("f|day: 22"), {{night, true}, {"2026-11-21", false}});
    expect_values(item("f|week: 47"), {{night, true}, {"2026-11-23", false}}); // Monday begins week 48
    expect_values(item("f|month|gte: 11"), {{night, true}, {"2026-10-22", false}});
    expect_values(item("f|year|lt: 2027"), {{night, true}, {"2027-01-01", false}});
    expect_values(item("f|hour|neq: 23"), {{night, false}, {day, true}, {"x", true}});
    expect_rows(item("f|hour: 23"), {{{{"g", night}}, false}, {{null_field("f")}, false}});
    expect_rows(item_and("f|hour: 23", "not s"), {{{{"g", night}}, true}, {{{"f", night}}, false}});
    // No zone is converted: the wall clock of the value itself.
    expect_values(item("f|hour: 1"), {{"2026-11-22T01:10:05+07:00", true},
                                      {"2026-11-22T01:10:05Z", true},
                                      {"22/Nov/2026:01:10:05 -0300", true},
                                      {"2026-11-21T18:10:05Z", false}});
    for (const char* name : {"minute", "hour", "day", "week", "month", "year"}) {
        const std::string part = name;
        expect_rejected(item("f|gte|" + part + ": 5"), "must come before every other modifier, also before gt");
        expect_rejected(item("f|" + part + ": '5'"), "cannot be used on text; write a number, without quotes");
        expect_rejected(item("f|" + part + ": 1.5"), "needs a whole number from");
        expect_rejected(item("f|" + part + ": 10000"), "needs a whole number from");
        expect_rejected(item("f|" + part + ": null"), "cannot be used on null");
        expect_rejected(item("f|" + part + "|contains: 5"), "cannot be used on a part of a time");
        expect_rejected(item("'|" + part + "': 5"), "needs a field");
    }
    expect_rejected(item("f|hour: 24"), "modifier 'hour' needs a whole number from 0 to 23");
    expect_rejected(item("f|hour|minute: 5"), "must come before every other modifier");
}

TEST(StatedTime, FormsThatAreRead) {
    EXPECT_EQ(parts("2026-11-22"), "-1 -1 22 47 11 2026");
    EXPECT_EQ(parts("2026/11/22"), "-1 -1 22 47 11 2026");
    for (const char* text :
         {"2026-11-22T23:10:05.123456789+07:00", "2026-11-22t23:10:05z", "2026-11-22 23:10:05,5 +0700",
          "2026/11/22 23:10:05", "2026-11-22T23:10", "2026-11-22 23:10:60 UTC", "2026-11-22T23:10:05-03",
          "22/Nov/2026:23:10:05 +0700", "22/nov/2026:23:10:05", "Nov 22 2026 23:10:05", "Nov 22 23:10:05 2026",
          "Sun Nov 22 23:10:05.123 2026"}) {
        EXPECT_EQ(parts(text), "10 23 22 47 11 2026") << text;
    }
    EXPECT_EQ(parts("Nov  2 23:10:05"), "10 23 2 -1 11 -1");
    EXPECT_EQ(parts("Nov 2 23:10:05"), "10 23 2 -1 11 -1");
    EXPECT_EQ(parts("Feb 29 23:10:05"), "10 23 29 -1 2 -1"); // some year has it
    EXPECT_EQ(parts("23:10:05"), "10 23 -1 -1 -1 -1");
    EXPECT_EQ(parts("1795309200"), "0 1 22 47 11 2026"); // UTC
    EXPECT_EQ(parts("1795309200.5"), "0 1 22 47 11 2026");
    EXPECT_EQ(parts("1795309200123"), "0 1 22 47 11 2026");
    EXPECT_EQ(parts("1795309200123456"), "0 1 22 47 11 2026");
    EXPECT_EQ(parts("1795309200123456789"), "0 1 22 47 11 2026");
}

TEST(StatedTime, WhatIsNoTime) {
    for (const char* text : {"",
                             "22",
                             "2026",
                             "12345678",
                             "2026-11",
                             "2026-13-01",
                             "2026-02-29",
                             "2026-11-31",
                             "2026-11-22T24:00:00",
                             "2026-11-22T23:60:00",
                             "2026-11-22T23:10:61",
                             "2026-11-22T23",
                             "2026-11-22T",
                             "2026-11-22 ",
                             "2026-1-2",
                             "x2026-11-22",
                             "2026-11-22x",
                             "2026-11/22",
                             "22-11-2026",
                             "22/11/2026",
                             "11/22/2026 8:00:00 AM",
                             "23:10",
                             "2026-11-22T23:10:05 zulu",
                             "2026-11-22T23:10:05+7",
                             "2026-11-22T23:10:05  Z",
                             "Nov 22",
                             "Nov 32 23:10:05",
                             "Foo 22 23:10:05",
                             "Nov  22 23:10:05",
                             "22/Foo/2026:23:10:05 +0700",
                             "12345678901234567890",
                             "99999999999",
                             "1795309200x",
                             "-1795309200",
                             "0x6B02A1D0"}) {
        EXPECT_EQ(parts(text), "none") << text;
    }
}

TEST(StatedTime, IsoWeeksAtTheTurnOfTheYear) { // ISO 8601 examples
    EXPECT_EQ(parts("2005-01-01"), "-1 -1 1 53 1 2005");
    EXPECT_EQ(parts("2005-12-31"), "-1 -1 31 52 12 2005");
    EXPECT_EQ(parts("2007-01-01"), "-1 -1 1 1 1 2007");
    EXPECT_EQ(parts("2008-12-29"), "-1 -1 29 1 12 2008");
    EXPECT_EQ(parts("2009-12-31"), "-1 -1 31 53 12 2009");
    EXPECT_EQ(parts("2010-01-03"), "-1 -1 3 53 1 2010");
    EXPECT_EQ(parts("2010-01-04"), "-1 -1 4 1 1 2010");
    EXPECT_EQ(parts("2026-12-31"), "-1 -1 31 53 12 2026");
}

} // namespace
} // namespace canhgac::engine
