#include "text/regex.hpp"

#include <gtest/gtest.h>

#include "text/pattern_set.hpp"

namespace canhgac::text {
namespace {

bool fast_search(const std::string& pattern, RegexOptions options, std::string_view value) {
    const Pattern one{pattern, true, options.ignore_case, options.multiline, options.dotall};
    const auto set = PatternSet::compile({&one, 1});
    EXPECT_TRUE(set) << pattern;
    if (!set) { return false; }
    PatternScratch scratch;
    scratch.prepare(*set);
    HitSet hits;
    hits.reserve(1);
    set->scan(value, scratch, hits);
    return !hits.indexes().empty();
}

TEST(Regex, KnowsWhetherATextMustBeThere) {
    for (const char* pattern : {"whoami", "(?i)who(ami|is)", "^abc$", "x{2}abc+", "a.*needle"}) {
        EXPECT_TRUE(regex_needs_text(pattern)) << pattern;
    }
    for (const char* pattern : {"", ".*", "[a-z]+=[0-9]+", "ab|whoami", "(abc)?", "\\d{4}", "("}) {
        EXPECT_FALSE(regex_needs_text(pattern)) << pattern;
    }
    EXPECT_TRUE(regex_needs_text("abc$", {.ignore_case = false, .multiline = true, .dotall = false}));
}

TEST(Regex, AgreesWithTheFastMatcher) {
    struct Case {
        const char* pattern;
        const char* value;
        bool want;
        RegexOptions options = {};
    };
    const Case cases[] = {
        {"ab+c", "xxabbcx", true},
        {"ab+c", "ABBC", false},
        {"ab+c", "ABBC", true, {true, false, false}},
        {"^a$", "a\n", true},
        {"^a$", "a\nb", false},
        {"^b$", "a\nb", true, {false, true, false}},
        {"a.b", "a\nb", false},
        {"a.b", "a\nb", true, {false, false, true}},
        {"a.b", "aếb", true},
        {"^.$", "ế", true},
        {"[-/–]x", "–x", true},
        {"[$]x", "$x", true},
        {"\\$x", "$x", true},
        {"(?i)k", "\u212A", true},
        {"đ", "Đ", true, {true, false, false}},
        {"s", "\u017F", true, {true, false, false}},
        {"a|$", "zzz", true},
        {"x{2,3}?y", "xxxy", true},
        {"(?:\\d{1,3}\\.){3}\\d+", "ip 10.0.0.1", true},
        {"\\s-e\\b", "a -e b", true},
        {"", "anything", true},
        {"", "", true},
    };
    for (const Case& c : cases) {
        const auto regex = Regex::compile(c.pattern, c.options);
        ASSERT_TRUE(regex) << c.pattern;
        EXPECT_EQ(regex->search(c.value), c.want) << "RE2 " << c.pattern << " on " << c.value;
        EXPECT_EQ(fast_search(c.pattern, c.options, c.value), c.want) << "fast " << c.pattern << " on " << c.value;
    }
}

TEST(Regex, SaysWhatIsWrong) {
    const auto bad = Regex::compile("a(b");
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().find("missing )"), std::string::npos);
    EXPECT_FALSE(regex_problem("a(b").empty());
    EXPECT_FALSE(regex_problem("a(?=b)").empty());
    EXPECT_FALSE(regex_problem("(a)\\1").empty());
    EXPECT_TRUE(regex_problem("(?i)a+b").empty());
}

} // namespace
} // namespace canhgac::text
