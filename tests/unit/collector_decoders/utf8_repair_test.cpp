#include "collector/decoders/utf8_repair.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace canhgac::collector {
namespace {

const std::string kR = "\xEF\xBF\xBD";

std::string repaired(std::string_view text) {
    event::Arena arena;
    return std::string(repair_utf8(text, arena));
}

TEST(RepairUtf8, ReplacesMaximalSubparts) {
    EXPECT_EQ(repaired("a\xFFz"), "a" + kR + "z");
    EXPECT_EQ(repaired("\xC3("), kR + "(");
    EXPECT_EQ(repaired("\xE1\xBA"), kR);                        // cut inside a character: one mark
    EXPECT_EQ(repaired("\xF0\x9F\x98x"), kR + "x");
    EXPECT_EQ(repaired("\xED\xA0\x80"), kR + kR + kR);          // a surrogate
    EXPECT_EQ(repaired("\xC0\xAF"), kR + kR);                   // overlong
    EXPECT_EQ(repaired("\xF4\x90\x80\x80"), kR + kR + kR + kR); // beyond U+10FFFF
    EXPECT_EQ(repaired("Ti\xE1\xBA\xBFng Vi\xE1\xBB\x87t \xF0\x9F\x98\x80"), "Ti\xE1\xBA\xBFng Vi\xE1\xBB\x87t \xF0\x9F\x98\x80");
    EXPECT_EQ(repaired(std::string("\0x", 2)), std::string("\0x", 2));
}

TEST(RepairUtf8, AnyBytesBecomeValidAndValidStaysAsItIs) {
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 24, '\0');
        for (char& c : text) {
            c = static_cast<char>(random() % 4 == 0 ? random() % 128 : 0x80 + random() % 128);
        }
        const std::string result = repaired(text);
        ASSERT_TRUE(is_utf8(result));
        if (is_utf8(text)) { ASSERT_EQ(result, text); }
    }
}

} // namespace
} // namespace canhgac::collector
