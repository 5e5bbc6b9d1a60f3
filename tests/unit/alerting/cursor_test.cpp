#include "alerting/cursor.hpp"

#include <gtest/gtest.h>

namespace canhgac::alerting {
namespace {

TEST(Cursor, ReadsWhatItWrites) {
    Cursor cursor{.seq = 77, .received = 12'345, .marks = {{0, 0}, {9, 900}}, .ticks = {{70, 5}, {77, 9}}};
    const auto got = decode_cursor(encode_cursor(cursor));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->seq, 77U);
    EXPECT_EQ(got->received, 12'345);
    EXPECT_EQ(got->marks, cursor.marks);
    EXPECT_EQ(got->ticks, cursor.ticks);
    EXPECT_TRUE(decode_cursor(R"({"v":1,"seq":1,"received":1,"marks":[]})")); // of 0.1
    for (const auto* const bad :
         {"", "7", "{}", R"({"v":2,"seq":1,"received":1,"marks":[]})", R"({"v":1,"seq":-1,"received":1,"marks":[]})",
          R"({"v":1,"seq":1,"received":1,"marks":[[1]]})", R"({"v":1,"seq":1,"received":1})",
          R"({"v":1,"seq":1,"received":1,"marks":[],"ticks":[7]})"}) {
        EXPECT_FALSE(decode_cursor(bad)) << bad;
    }
}

TEST(Cursor, MarksReachBackOverTheHorizonAndStayFew) {
    constexpr common::Nanos kHorizon = 2 * common::kDay;
    Cursor cursor;
    for (std::uint64_t seq = 1; seq <= 20'000; ++seq) {
        cursor = advanced(cursor, seq, static_cast<common::Nanos>(seq) * common::kMinute, kHorizon);
        ASSERT_LE(cursor.marks.size(), kMaxMarks);
        const std::uint64_t start = start_of_horizon(cursor, kHorizon);
        const auto needed = static_cast<std::int64_t>(seq) - kHorizon / common::kMinute;
        ASSERT_LE(static_cast<std::int64_t>(start), std::max<std::int64_t>(needed, 0)) << "misses part of the horizon";
        ASSERT_GE(static_cast<std::int64_t>(start), needed - 200) << "reads far more than needed";
    }
}

TEST(Cursor, ALongerHorizonFindsADay) {
    Cursor cursor;
    for (std::uint64_t seq = 1; seq <= 10'000; ++seq) {
        cursor = advanced(cursor, seq, static_cast<common::Nanos>(seq) * common::kMinute, common::kMinute);
    }
    EXPECT_GE(start_of_horizon(cursor, common::kMinute), 9'900U);
    EXPECT_LE(start_of_horizon(cursor, common::kDay), 10'000U - 24 * 60);
}

TEST(Cursor, EverythingIsReadWhenNothingIsKnown) {
    EXPECT_EQ(start_of_horizon(Cursor{}, common::kHour), 0U);
}

} // namespace
} // namespace canhgac::alerting
