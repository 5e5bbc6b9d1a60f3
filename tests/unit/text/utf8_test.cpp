#include "text/utf8.hpp"

#include <gtest/gtest.h>

namespace canhgac::text {
namespace {

TEST(Utf8, DecodesWhatItEncodes) {
    for (char32_t code = 0; code < 0x110000; code += code < 0x3000 ? 1 : 37) {
        if (code >= 0xD800 && code < 0xE000) { continue; }
        std::string text;
        encode(code, text);
        const Decoded decoded = decode(text, 0);
        ASSERT_EQ(decoded.code, code);
        ASSERT_EQ(decoded.size, text.size());
        ASSERT_TRUE(is_valid_utf8(text));
    }
}

TEST(Utf8, GivesBrokenBytesTheirOwnCodes) {
    for (const std::string_view bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE1\xBA", "\x80"}) {
        const Decoded decoded = decode(bad, 0);
        EXPECT_EQ(decoded.code, kInvalidBase + static_cast<unsigned char>(bad[0]));
        EXPECT_EQ(decoded.size, 1U);
        EXPECT_FALSE(is_valid_utf8(bad));
    }
    EXPECT_EQ(decode("a", 1).size, 0U);
}

TEST(Utf8, RepairsMaximalSubparts) {
    EXPECT_EQ(repair_utf8("a\xFFz"), "a\uFFFDz");
    EXPECT_EQ(repair_utf8("\xE1\xBAx"), "\uFFFDx");               // truncated three-byte sequence: one mark
    EXPECT_EQ(repair_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD"); // surrogate: one mark a byte
    EXPECT_EQ(repair_utf8("\xF1\x80\x80\xE1\x80\xC2"), "\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(repair_utf8("Cảnh giác"), "Cảnh giác");
}

TEST(Utf8, CutsBetweenCharacters) {
    EXPECT_EQ(cut_utf8("ăâ", 3), "ă");
    EXPECT_EQ(cut_utf8("ăâ", 4), "ăâ");
    EXPECT_EQ(cut_utf8("\U0001F600", 3), "");
}

} // namespace
} // namespace canhgac::text
