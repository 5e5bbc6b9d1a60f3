#include "engine/seen_values.hpp"

#include <gtest/gtest.h>

namespace canhgac::engine {
namespace {

void see(SeenValues& values, std::uint64_t value, common::Nanos time, common::Nanos memory = 1'000'000) {
    EXPECT_EQ(values.make_room(time - memory, 65'536), 0U);
    values.see(value, time);
}

TEST(SeenValues, KnowsWhenAValueWasSeenLast) {
    SeenValues values;
    EXPECT_TRUE(values.empty());
    EXPECT_EQ(values.last_seen(1), std::nullopt);
    see(values, 1, 10);
    see(values, 9, 20); // the same slot as 1 in a table of eight
    see(values, 0, 15);
    see(values, 1, 5); // a late one
    EXPECT_EQ(values.last_seen(1), 10);
    EXPECT_EQ(values.last_seen(9), 20);
    EXPECT_EQ(values.last_seen(0), 15);
    EXPECT_EQ(values.last_seen(17), std::nullopt);
    EXPECT_EQ(values.newest(), 20);
    EXPECT_EQ(values.size(), 3U);
}

TEST(SeenValues, GrowsAndForgetsWhatIsTooOld) {
    SeenValues values;
    for (int i = 0; i < 10'000; ++i) {
        see(values, static_cast<std::uint64_t>(i) * 64, i, 100);
        ASSERT_EQ(values.last_seen(static_cast<std::uint64_t>(std::max(i - 100, 0)) * 64), std::max(i - 100, 0));
        ASSERT_LE(values.size(), 512U);
        ASSERT_LE(values.bytes(), std::size_t{16} * 1024);
    }
    for (int i = 0; i < 10'000; ++i) {
        see(values, static_cast<std::uint64_t>(i), 20'000, 100);
    }
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_EQ(values.last_seen(static_cast<std::uint64_t>(i)), 20'000);
    }
    EXPECT_EQ(values.size(), 10'000U);
}

TEST(SeenValues, AtTheLimitTheOldestGo) {
    SeenValues values;
    std::size_t gone = 0;
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        gone += values.make_room(0, 160);
        values.see(i, static_cast<common::Nanos>(1'000 + i));
        ASSERT_LE(values.size(), 160U);
    }
    EXPECT_EQ(gone + values.size(), 1'000U);
    EXPECT_EQ(values.last_seen(999), 1'999);
    EXPECT_EQ(values.last_seen(900), 1'900);
    EXPECT_EQ(values.last_seen(700), std::nullopt);
    SeenValues one;
    EXPECT_EQ(one.make_room(0, 1), 0U);
    one.see(7, 7);
    EXPECT_EQ(one.make_room(0, 1), 1U);
    one.see(8, 8);
    EXPECT_EQ(one.size(), 1U);
}

TEST(SeenValues, IsRestoredToTheSlot) {
    SeenValues values;
    for (std::uint64_t i = 0; i < 500; ++i) {
        see(values, i * 7'919, static_cast<common::Nanos>(i % 37));
    }
    SeenValues other;
    ASSERT_TRUE(other.restore(values.slots(), values.in_order()));
    EXPECT_EQ(other.bytes(), values.bytes());
    EXPECT_EQ(other.newest(), values.newest());
    EXPECT_EQ(other.last_seen(7'919 * 36), 36);
    const auto order = values.in_order();
    EXPECT_FALSE(other.restore(0, order));
    EXPECT_FALSE(other.restore(values.slots() + 1, order));
    EXPECT_FALSE(other.restore(512, order));                  // more than half full
    EXPECT_FALSE(other.restore(std::size_t{1} << 40, order)); // far too large
    EXPECT_FALSE(other.restore(8, {{1, 1}, {1, 2}}));
    EXPECT_EQ(other.size(), 500U);
}

} // namespace
} // namespace canhgac::engine
