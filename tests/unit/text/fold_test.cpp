#include "text/fold.hpp"

#include <gtest/gtest.h>

#include "text/utf8.hpp"

namespace canhgac::text {
namespace {

TEST(Fold, FollowsCaseFoldingTxt) {
    EXPECT_EQ(fold(U'A'), U'a');
    EXPECT_EQ(fold(U'['), U'[');
    EXPECT_EQ(fold(U'@'), U'@');
    EXPECT_EQ(fold(U'Đ'), U'đ');
    EXPECT_EQ(fold(U'Ế'), U'ế');
    EXPECT_EQ(fold(U'Ư'), U'ư');
    EXPECT_EQ(fold(U'É'), U'é');
    EXPECT_EQ(fold(U'\u212A'), U'k'); // Kelvin sign
    EXPECT_EQ(fold(U'\u017F'), U's'); // long s
    EXPECT_EQ(fold(U'\u1E9E'), U'ß'); // status S
    EXPECT_EQ(fold(U'ß'), U'ß');      // its full folding "ss" is not simple
    EXPECT_EQ(fold(U'\u0130'), U'\u0130');
    EXPECT_EQ(fold(U'Σ'), U'σ');
    EXPECT_EQ(fold(U'ς'), U'σ');
    EXPECT_EQ(fold(U'\u13F8'), U'\u13F0'); // Cherokee folds to upper case
    EXPECT_EQ(fold(U'\u023A'), U'\u2C65');
    EXPECT_EQ(fold(U'\U00010400'), U'\U00010428');
    EXPECT_EQ(fold(U'\U0001F600'), U'\U0001F600');
}

TEST(Fold, IsIdempotentAndKeepsTheNumberOfCharacters) {
    std::size_t changed = 0;
    for (char32_t code = 0; code < 0x110000; ++code) {
        const char32_t once = fold(code);
        ASSERT_EQ(fold(once), once) << std::hex << static_cast<std::uint32_t>(code);
        changed += once != code ? 1U : 0U;
    }
    EXPECT_EQ(changed, 1454U); // entries of status C and S in Unicode 15
}

TEST(Fold, OfTextEqualsFoldingEachCharacter) {
    std::string text;
    std::string want;
    std::uint32_t random = 12345;
    for (int i = 0; i < 20'000; ++i) {
        random = random * 1664525U + 1013904223U;
        char32_t code = (random >> 8U) % 3 != 0 ? 0x20 + (random >> 12U) % 0x60 : (random >> 10U) % 0x2D00;
        if (code >= 0xD800 && code < 0xE000) { code = 'Z'; }
        encode(code, text);
        encode(fold(code), want);
    }
    EXPECT_EQ(fold(text), want);
}

TEST(Fold, CopiesBrokenBytes) {
    EXPECT_EQ(fold("AB\xFF\xC3Z\xE1\xBA"), "ab\xFF\xC3z\xE1\xBA");
}

TEST(Fold, GrowsWithinItsBound) {
    std::string all;
    for (int i = 0; i < 1000; ++i) {
        encode(0x023A, all); // two bytes that fold to three
    }
    EXPECT_EQ(fold(all).size(), 3000U);
}

TEST(Fold, ComparesWithoutCase) {
    EXPECT_TRUE(equals_folded("TRẦN ĐÌNH", "trần đình"));
    EXPECT_FALSE(equals_folded("trần", "trần "));
    EXPECT_TRUE(equals_folded("", ""));
    EXPECT_TRUE(starts_folded("PowerShell", "power"));
    EXPECT_FALSE(starts_folded("Pow", "power"));
    EXPECT_TRUE(ends_folded("C:\\CMD.EXE", "\\cmd.exe"));
    EXPECT_TRUE(ends_folded("x\u212A", "K"));
    EXPECT_TRUE(ends_folded("x", ""));
    EXPECT_FALSE(ends_folded("", "a"));
    EXPECT_TRUE(contains_folded("a-ENC-b", "enc"));
    EXPECT_TRUE(contains_folded("", ""));
    EXPECT_FALSE(contains_folded("abc", "abd"));
}

} // namespace
} // namespace canhgac::text
