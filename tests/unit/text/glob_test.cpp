#include "text/glob.hpp"

#include <gtest/gtest.h>

namespace canhgac::text {
namespace {

bool match(std::string_view pattern, std::string_view value, bool cased = false) {
    std::string storage;
    return glob_match(parse_glob(pattern, storage), value, cased);
}

TEST(Glob, MatchesTheWholeValue) {
    EXPECT_TRUE(match("", ""));
    EXPECT_FALSE(match("", "a"));
    EXPECT_TRUE(match("*", ""));
    EXPECT_TRUE(match("*", "a\nb"));
    EXPECT_TRUE(match("abc", "ABC"));
    EXPECT_FALSE(match("abc", "ABC", true));
    EXPECT_FALSE(match("abc", "abcd"));
    EXPECT_TRUE(match("a*c", "abbbc"));
    EXPECT_TRUE(match("a*c", "ac"));
    EXPECT_FALSE(match("a*c", "acb"));
    EXPECT_TRUE(match("*aab*", "aaaab"));
    EXPECT_TRUE(match("*a*b*c", "xaybzc"));
    EXPECT_FALSE(match("*a*b*c", "xaybz"));
}

TEST(Glob, AQuestionMarkIsOneCharacterNotOneByte) {
    EXPECT_TRUE(match("?", "ế"));
    EXPECT_FALSE(match("?", ""));
    EXPECT_FALSE(match("??", "ế"));
    EXPECT_TRUE(match("a?\\?", "a\n?"));
    EXPECT_FALSE(match("a?\\?", "a\nx"));
}

TEST(Glob, FoldsCharactersOfDifferentLength) {
    EXPECT_TRUE(match("*k", "x\u212A"));
    EXPECT_TRUE(match("\u212A*", "kx"));
    EXPECT_FALSE(match("\u212A*", "kx", true));
}

TEST(Glob, ReadsEscapes) {
    EXPECT_TRUE(match("C:\\x\\*", "C:\\x*"));
    EXPECT_FALSE(match("C:\\x\\*", "C:\\xy"));
    EXPECT_TRUE(match("C:\\x\\\\*", "C:\\x\\y"));
    EXPECT_TRUE(match("end\\", "end\\"));
}

TEST(Glob, IsNotExponential) {
    std::string pattern;
    for (int i = 0; i < 30; ++i) {
        pattern += "*a";
    }
    EXPECT_FALSE(match(pattern + "b", std::string(2000, 'a')));
}

} // namespace
} // namespace canhgac::text
