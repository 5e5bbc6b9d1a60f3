/// Values found in lines: that they stand there, whatever the rows before looked like.
#include "storage/value_finder.hpp"

#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "storage/segment_format.hpp"

namespace canhgac::storage {
namespace {

/// A row with copies of the values given: no view of the line.
class FinderTest : public testing::Test {
protected:
    std::span<const ValueSpan> find(const std::string& raw, const std::vector<std::string>& values,
                                    std::uint32_t shape = 0) {
        raw_ = raw;
        values_ = values;
        fields_.clear();
        for (const std::string& value : kept_.emplace_back(values)) {
            fields_.push_back({1, event::ValueType::string, value});
        }
        row_.raw = raw_;
        row_.fields = fields_;
        const auto found = finder_.find(row_, shape);
        check(found);
        return found;
    }
    void check(std::span<const ValueSpan> found) {
        for (std::size_t i = 0; i < found.size(); ++i) {
            const ValueSpan& span = found[i];
            if (i != 0) { ASSERT_LT(found[i - 1].slot, span.slot); }
            std::string wanted = values_[span.slot];
            if (span.escaped) {
                std::string escaped(json_escaped_size(wanted), ' ');
                put_json_escaped(wanted, escaped.data());
                wanted = escaped;
            }
            ASSERT_EQ(raw_.substr(span.offset, span.size), wanted);
        }
    }

    ValueFinder finder_;
    BlockRow row_;
    std::string raw_;
    std::vector<std::string> values_;
    std::deque<std::vector<std::string>> kept_; ///< texts live until the finder is reset
    std::vector<BlockField> fields_;
};

TEST_F(FinderTest, WhereTheRowBeforeHadItOrElsewhere) {
    auto found = find(R"({"a":"one","b":"C:\\two"})", {"one", R"(C:\two)"});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].offset, 6U);
    EXPECT_FALSE(found[0].escaped);
    EXPECT_TRUE(found[1].escaped);
    found = find(R"({"a":"other","b":"plain"})", {"other", "plain"});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_FALSE(found[1].escaped);
    found = find(R"({"moved": 1, "a":"other","b":"C:\\x"})", {"other", R"(C:\x)"});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].offset, 18U);
    EXPECT_TRUE(found[1].escaped);
}

TEST_F(FinderTest, PartsOfWordsAreNotTheValue) {
    EXPECT_TRUE(find("pid=1234", {"12"}).empty());
    const auto found = find("pid=12 x=1234", {"12"});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].offset, 4U);
    EXPECT_TRUE(find("pid=1234 ", {"12"}).empty()) << "the habit of the row before does not make it a word";
}

TEST_F(FinderTest, WhatNeverStandsThereIsHardlySearchedAndStillFoundWhenItComes) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(find("nothing of it", {"absent-value"}).empty());
    }
    int rows = 1;
    while (find("an absent-value now", {"absent-value"}).empty()) {
        ASSERT_LT(++rows, 20);
    }
    EXPECT_EQ(find("an absent-value now", {"absent-value"}).size(), 1U) << "found again, it is looked for again";
}

TEST_F(FinderTest, RandomLines) {
    std::mt19937 random(7);
    const std::vector<std::string> words = {"a", "bb", "C:\\x", "\"q\"", "10", "1010", "", "long value with blanks",
                                            "\n"};
    std::size_t found = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string raw;
        std::vector<std::string> values;
        for (unsigned part = static_cast<unsigned>(random()) % 6; part != 0; --part) {
            const std::string& word = words[random() % words.size()];
            if (random() % 4 != 0) { values.push_back(word); }
            if (random() % 5 == 0) { continue; }
            std::string escaped(json_escaped_size(word), ' ');
            put_json_escaped(word, escaped.data());
            raw += (random() % 2 == 0 ? word : escaped) + (random() % 2 == 0 ? "," : " ");
        }
        found += find(raw, values, static_cast<std::uint32_t>(random() % 3)).size();
    }
    EXPECT_GT(found, 10'000U);
}

} // namespace
} // namespace canhgac::storage
