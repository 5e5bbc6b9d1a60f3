#include "net/gzip.hpp"

#include <gtest/gtest.h>

namespace canhgac::net {
namespace {

TEST(Gzip, GivesBackWhatWasPacked) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) {
        text += std::to_string(i * 7919);
    }
    EXPECT_EQ(*gunzip(gzip(text)), text);
    EXPECT_EQ(*gunzip(gzip("")), "");
    EXPECT_EQ(*gunzip(gzip("one ") + gzip("two")), "one two"); // two members
}

TEST(Gzip, SaysWhatIsWrong) {
    const std::string packed = gzip("hello hello hello");
    EXPECT_EQ(gunzip("").error(), GzipError::broken);
    EXPECT_EQ(gunzip("plain text").error(), GzipError::broken);
    EXPECT_EQ(gunzip(packed.substr(0, packed.size() - 3)).error(), GzipError::broken);
    EXPECT_EQ(gunzip(packed + "trailing").error(), GzipError::broken);
    std::string damaged = packed;
    damaged[packed.size() - 6] = static_cast<char>(damaged[packed.size() - 6] ^ 1);
    EXPECT_EQ(gunzip(damaged).error(), GzipError::broken);
}

TEST(Gzip, StopsAtItsLimits) {
    const std::string bomb = gzip(std::string(8 * 1024 * 1024, '\0'));
    EXPECT_EQ(gunzip(bomb).error(), GzipError::bomb);
    GzipLimits small;
    small.max_bytes = 1'000;
    EXPECT_EQ(gunzip(gzip(std::string(1'001, 'x')), small).error(), GzipError::too_large);
    EXPECT_EQ(gunzip(gzip(std::string(1'000, 'x')), small)->size(), 1'000U);
    GzipLimits generous;
    generous.max_ratio = 2'000;
    EXPECT_EQ(gunzip(bomb, generous)->size(), 8U * 1024 * 1024);
}

} // namespace
} // namespace canhgac::net
