#include "rules/sigma_string.hpp"

#include <gtest/gtest.h>

#include "reader_helpers.hpp"

namespace canhgac::rules {
namespace {

/// Literals in brackets, wildcards as they are.
std::string shown(std::string_view text) {
    std::string out;
    for (const auto& part : parse_sigma_string(text)) {
        out += part.kind == PatternPart::Kind::any   ? "*"
               : part.kind == PatternPart::Kind::one ? "?"
                                                     : "[" + part.text + "]";
    }
    return out;
}

TEST(SigmaString, SIGMA_D20_Escapes) {
    const std::vector<std::pair<const char*, const char*>> table = {
        {R"(abc)", "[abc]"},
        {R"(a*b)", "[a]*[b]"},
        {R"(a?b)", "[a]?[b]"},
        {R"(\*)", "[*]"},
        {R"(\?)", "[?]"},
        {R"(\\*)", R"([\]*)"},
        {R"(\\\*)", R"([\*])"},
        {R"(\\\\*)", R"([\\]*)"},
        {R"(\x)", R"([\x])"},
        {R"(\\)", R"([\])"},
        {R"(\\\\)", R"([\\])"},
        {R"(\\\)", R"([\\])"},
        {R"(\)", R"([\])"},
        {R"(foo\)", R"([foo\])"},
        {R"(C:\Windows\Temp\)", R"([C:\Windows\Temp\])"},
        {R"(\\server\share)", R"([\server\share])"},
        {R"(escaped*\?\\*?)", R"([escaped]*[?\]*?)"},
        {R"(escaped\*\?\\*?)", R"([escaped*?\]*?)"},
        {R"(**)", "*"},
        {R"(*?*)", "*?*"},
        {R"(??)", "??"},
        {R"()", ""},
        {R"(\"\')", R"([\"\'])"},
    };
    for (const auto& [text, want] : table) {
        EXPECT_EQ(shown(text), want) << text;
    }
}

TEST(SigmaString, SIGMA_D17_D19_WholeValueWithWildcards) {
    EXPECT_EQ(item("f: 'Ab*c?d'"), "  f matches \"Ab\" * \"c\" ? \"d\"\n");
}

TEST(SigmaString, SIGMA_D21_FinalBackslashIsNeverAnEscape) {
    EXPECT_EQ(item(R"(f|contains: '\Temp\')"), "  f matches * \"\\\\Temp\\\\\" *\n");
    EXPECT_EQ(item(R"(f|startswith: 'foo\')"), "  f matches \"foo\\\\\" *\n");
    EXPECT_EQ(item(R"(f|endswith: '\')"), "  f matches * \"\\\\\"\n");
}

TEST(SigmaString, SIGMA_D22_WildcardsAreNotDoubled) {
    EXPECT_EQ(item("f|contains: '*x*'"), "  f matches * \"x\" *\n");
    EXPECT_EQ(item("f|startswith: 'x*'"), "  f matches \"x\" *\n");
    EXPECT_EQ(item("f|contains: '?x'"), "  f matches * ? \"x\" *\n");
}

TEST(SigmaString, SIGMA_D23_EmptyText) {
    EXPECT_EQ(item("f: ''"), "  f matches \"\"\n");
    EXPECT_EQ(item("f|contains: ''"), "  f matches *\n");
    EXPECT_EQ(item("f|startswith: ''"), "  f matches *\n");
}

TEST(SigmaString, SIGMA_D24_BlanksAreSignificant) {
    EXPECT_EQ(item("f|contains: ' /c '"), "  f matches * \" /c \" *\n");
    EXPECT_EQ(item("f: \" x\\t\""), "  f matches \" x\\x09\"\n");
}

TEST(SigmaString, Utf8) {
    EXPECT_TRUE(is_utf8("a\xC4\x91\xE2\x80\x93\xF0\x9F\x98\x80"));
    EXPECT_FALSE(is_utf8("\xC0\xAF"));
    EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
    EXPECT_FALSE(is_utf8("\xF5\x80\x80\x80"));
    EXPECT_FALSE(is_utf8("abc\xE2\x80"));
    EXPECT_EQ(character_length("\xE2\x80\x93x"), 3U);
    EXPECT_EQ(character_length("\xFFx"), 1U);
    EXPECT_EQ(character_length(""), 0U);
}

} // namespace
} // namespace canhgac::rules
