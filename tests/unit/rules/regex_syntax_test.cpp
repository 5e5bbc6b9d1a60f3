#include "rules/regex_syntax.hpp"

#include <gtest/gtest.h>

namespace canhgac::rules {
namespace {

std::string fault(std::string_view regex) {
    const auto found = find_regex_fault(regex);
    return found ? std::to_string(found->offset) + " " + found->reason : "none";
}

TEST(RegexSyntax, TakesWhatRulesUse) {
    for (const char* regex : {"",
                              "a",
                              "a|b",
                              "(a|b)*c+?",
                              "^\\d{3,}$",
                              "a{2}",
                              "a{2,5}?",
                              "{",
                              "a{,3}",
                              "a{x}",
                              "[]a]",
                              "[^]a]",
                              "[[:alpha:]_]",
                              "[\\]]",
                              "(?i)abc",
                              "(?i:abc)",
                              "(?-s)a",
                              "(?:a)",
                              "(?<name>a)",
                              "(?P<name>a)",
                              "\\bfoo\\b",
                              "(?#note)a",
                              "\\x{41}",
                              "\\p{L}",
                              "a*?b",
                              "(a)+",
                              "\\\\",
                              "\\.",
                              "\xC4\x91+",
                              "[-/–]",
                              "(?:[a-z]{1,3}\\s){5}",
                              "\\0"}) {
        EXPECT_EQ(fault(regex), "none") << regex;
    }
    EXPECT_EQ(fault("\\Q(\\E"), "none");
}

TEST(RegexSyntax, NamesWhatEnginesCannotDo) {
    EXPECT_EQ(fault("a(?=b)"), "1 lookahead is not supported");
    EXPECT_EQ(fault("(?!b)"), "0 lookahead is not supported");
    EXPECT_EQ(fault("(?<=b)"), "0 lookbehind is not supported");
    EXPECT_EQ(fault("(?<!b)"), "0 lookbehind is not supported");
    EXPECT_EQ(fault("(?>b)"), "0 atomic group is not supported");
    EXPECT_EQ(fault("(a)\\1"), "3 backreference is not supported");
    EXPECT_EQ(fault("(?P<n>a)(?P=n)"), "8 backreference is not supported");
    EXPECT_EQ(fault("(?<n>a)\\k<n>"), "7 backreference is not supported");
    EXPECT_EQ(fault("a++"), "1 possessive quantifier is not supported");
    EXPECT_EQ(fault("a{2}+"), "1 possessive quantifier is not supported");
    EXPECT_EQ(fault("(?(1)a|b)"), "0 conditional is not supported");
    EXPECT_EQ(fault("(?R)"), "0 recursion is not supported");
    EXPECT_EQ(fault("(?1)"), "0 recursion is not supported");
    EXPECT_EQ(fault("(?-1)"), "0 recursion is not supported");
    EXPECT_EQ(fault("(*FAIL)"), "0 verb is not supported");
    EXPECT_EQ(fault("a\\Kb"), "1 this escape is not supported");
}

TEST(RegexSyntax, NamesWhatIsBroken) {
    EXPECT_EQ(fault("(a"), "2 missing ')'");
    EXPECT_EQ(fault("a)"), "1 ')' without '('");
    EXPECT_EQ(fault("[a"), "0 missing ']'");
    EXPECT_EQ(fault("[]"), "0 missing ']'");
    EXPECT_EQ(fault("*a"), "0 nothing to repeat");
    EXPECT_EQ(fault("(|+)"), "2 nothing to repeat");
    EXPECT_EQ(fault("a**"), "2 nothing to repeat");
    EXPECT_EQ(fault("a\\"), "1 '\\' at the end");
    EXPECT_EQ(fault("a{3,2}"), "1 repeat counts are out of order");
    EXPECT_EQ(fault("a{99999}"), "1 repeat count is too large");
    EXPECT_EQ(fault("(?z)a"), "0 unknown group '(?'");
    EXPECT_EQ(fault(std::string(300, '(') + std::string(300, ')')), "250 too many open groups");
}

} // namespace
} // namespace canhgac::rules
