#include "common/page_buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include "common/bytes.hpp"

namespace canhgac::common {
namespace {

TEST(PageBuffer, IsZeroedWritableAndAligned) {
    for (const std::size_t size : {std::size_t{1}, 5 * kKiB, 2 * kMiB, 5 * kMiB + 3}) {
        const PageBuffer buffer(size);
        const auto bytes = buffer.bytes();
        ASSERT_EQ(bytes.size(), size);
        const std::uintptr_t alignment = size >= 2 * kMiB ? 2 * kMiB : 4 * kKiB;
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment, 0U) << size;
        EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; })) << size;
        std::fill(bytes.begin(), bytes.end(), std::byte{0xA5});
        EXPECT_EQ(bytes.back(), std::byte{0xA5});
    }
}

TEST(PageBuffer, NothingOwnsNothing) {
    const PageBuffer none;
    EXPECT_EQ(none.size(), 0U);
    const PageBuffer zero(0);
    EXPECT_TRUE(zero.bytes().empty());
}

TEST(PageBuffer, MovesWithItsBytes) {
    PageBuffer first(3 * kMiB);
    first.bytes()[7] = std::byte{42};
    const std::byte* const place = first.bytes().data();
    PageBuffer second(std::move(first));
    EXPECT_EQ(second.bytes().data(), place);
    PageBuffer third(kKiB);
    third = std::move(second);
    EXPECT_EQ(third.bytes().data(), place);
    EXPECT_EQ(third.bytes()[7], std::byte{42});
}

} // namespace
} // namespace canhgac::common
