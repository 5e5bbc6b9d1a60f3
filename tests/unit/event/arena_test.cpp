#include "event/arena.hpp"

#include <string>

#include <gtest/gtest.h>

namespace canhgac::event {
namespace {

TEST(Arena, KeepsWhatItCopied) {
    Arena arena(64);
    std::string source = "whoami /all";
    const std::string_view copy = arena.copy(source);
    source.assign("x");
    EXPECT_EQ(copy, "whoami /all");
    EXPECT_TRUE(arena.copy("").empty());
}

TEST(Arena, GrowsForLargeRequestsAndReusesAfterReset) {
    Arena arena(64);
    const std::string large(1000, 'a');
    const std::string_view first = arena.copy(large);
    const std::string_view second = arena.copy("b");
    EXPECT_EQ(first, large);
    EXPECT_EQ(second, "b");
    const std::size_t held = arena.capacity_bytes();
    for (int round = 0; round < 10; ++round) {
        arena.reset();
        EXPECT_EQ(arena.copy(large), large);
        EXPECT_EQ(arena.copy("b"), "b");
    }
    EXPECT_EQ(arena.capacity_bytes(), held);
}

TEST(Arena, ShrinkGivesBackTheTail) {
    Arena arena(64);
    char* text = arena.allocate(40);
    arena.shrink_last(40, 10);
    EXPECT_EQ(arena.allocate(1), text + 10);
}

} // namespace
} // namespace canhgac::event
