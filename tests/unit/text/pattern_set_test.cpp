#include "text/pattern_set.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace canhgac::text {
namespace {

std::vector<std::uint32_t> scan(const PatternSet& set, std::string_view value, std::size_t patterns) {
    PatternScratch scratch;
    scratch.prepare(set);
    HitSet hits;
    hits.reserve(patterns);
    set.scan(value, scratch, hits);
    std::vector<std::uint32_t> found(hits.indexes().begin(), hits.indexes().end());
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<Pattern> some_patterns() {
    return {{escape_pattern("\\cmd.exe") + "\\z"},
            {"^" + escape_pattern("c:\\")},
            {escape_pattern("a.b*c")},
            {"^" + escape_pattern("whole") + "\\z"}};
}

TEST(PatternSet, AnchorsMeanTheWholeValue) {
    const auto set = PatternSet::compile(some_patterns());
    ASSERT_TRUE(set);
    EXPECT_EQ(scan(*set, "c:\\windows\\cmd.exe", 4), (std::vector<std::uint32_t>{0, 1}));
    EXPECT_EQ(scan(*set, "x\\cmd.exe\n", 4), std::vector<std::uint32_t>{}); // \z, unlike $
    EXPECT_EQ(scan(*set, "x\nc:\\", 4), std::vector<std::uint32_t>{});
    EXPECT_EQ(scan(*set, "__a.b*c__a.b*c__", 4), std::vector<std::uint32_t>{2}); // once
    EXPECT_EQ(scan(*set, "axbbc", 4), std::vector<std::uint32_t>{});
    EXPECT_EQ(scan(*set, "whole", 4), std::vector<std::uint32_t>{3});
    EXPECT_EQ(scan(*set, "", 4), std::vector<std::uint32_t>{});
}

TEST(PatternSet, MovesToAPlaceAndMatchesAsBefore) {
    auto set = PatternSet::compile(some_patterns());
    ASSERT_TRUE(set);
    std::vector<std::byte> small(set->size_bytes() / 2);
    EXPECT_FALSE(set->move_to(small));
    EXPECT_EQ(scan(*set, "c:\\windows\\cmd.exe", 4), (std::vector<std::uint32_t>{0, 1}));
    std::vector<std::byte> place(set->size_bytes());
    ASSERT_TRUE(set->move_to(place));
    EXPECT_EQ(set->size_bytes(), place.size());
    EXPECT_EQ(scan(*set, "c:\\windows\\cmd.exe", 4), (std::vector<std::uint32_t>{0, 1}));
    std::vector<std::byte> second(place.size());
    ASSERT_TRUE(set->move_to(second)); // from one place to another
    const PatternSet moved(std::move(*set));
    std::fill(place.begin(), place.end(), std::byte{0});
    EXPECT_EQ(scan(moved, "__a.b*c__", 4), std::vector<std::uint32_t>{2});
}

TEST(PatternSet, EscapesEveryByteButNul) {
    for (unsigned byte = 1; byte < 256; ++byte) {
        const std::string text{'x', static_cast<char>(byte), 'y'};
        const Pattern one{"^" + escape_pattern(text) + "\\z"};
        const auto set = PatternSet::compile({&one, 1});
        ASSERT_TRUE(set) << byte;
        EXPECT_EQ(scan(*set, text, 1).size(), 1U) << byte;
    }
    const Pattern nul{escape_pattern(std::string("a\0b", 3))};
    const auto set = PatternSet::compile({&nul, 1});
    ASSERT_TRUE(set);
    EXPECT_EQ(scan(*set, std::string("xa\0b", 4), 1).size(), 1U);
}

TEST(PatternSet, NamesThePatternItRefuses) {
    const std::vector<Pattern> patterns = {{"fine"}, {"not(fine", true}, {"fine2"}};
    const auto set = PatternSet::compile(patterns);
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().index, 1U);
    EXPECT_FALSE(set.error().message.empty());
}

TEST(PatternSet, ComesBackFromItsBytes) {
    const auto set = PatternSet::compile(some_patterns());
    ASSERT_TRUE(set);
    std::string bytes = set->serialize();
    const auto again = PatternSet::deserialize(bytes);
    ASSERT_TRUE(again);
    EXPECT_EQ(scan(*again, "c:\\windows\\cmd.exe", 4), (std::vector<std::uint32_t>{0, 1}));
    EXPECT_GT(again->size_bytes(), 0U);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    EXPECT_FALSE(PatternSet::deserialize(bytes));
    EXPECT_FALSE(PatternSet::deserialize("not a database"));
}

TEST(HitSet, ClearsWhatItHolds) {
    const auto set = PatternSet::compile(some_patterns());
    ASSERT_TRUE(set);
    PatternScratch scratch;
    scratch.prepare(*set);
    HitSet hits;
    hits.reserve(4);
    for (int round = 0; round < 3; ++round) {
        set->scan("c:\\windows\\cmd.exe", scratch, hits);
        EXPECT_EQ(hits.indexes().size(), 2U);
        hits.clear();
        EXPECT_TRUE(hits.indexes().empty());
    }
}

} // namespace
} // namespace canhgac::text
