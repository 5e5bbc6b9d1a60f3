#include "app/scan_splitter.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace canhgac::app {
namespace {

/// Hands a text out in steps of a given size.
class TextStream final : public InputStream {
public:
    TextStream(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
    common::Result<std::size_t, std::string> read(char* target, std::size_t size) override {
        const std::size_t count = std::min({size, step_, text_.size() - at_});
        std::memcpy(target, text_.data() + at_, count);
        at_ += count;
        return count;
    }

private:
    std::string text_;
    std::size_t step_;
    std::size_t at_ = 0;
};

std::vector<std::string> split(const std::string& text, std::size_t step, const std::string& format = "auto") {
    TextStream stream(text, step);
    ScanSplitter splitter(format);
    splitter.start();
    std::vector<std::string> records;
    for (;;) {
        const auto got = splitter.fill(stream);
        EXPECT_TRUE(got);
        while (const auto record = splitter.next()) {
            records.emplace_back(*record);
        }
        if (*got == 0) { return records; }
    }
}

using Records = std::vector<std::string>;

class ScanSplitterTest : public testing::TestWithParam<std::size_t> {};

TEST(ScanSplitterLimits, ALineLongerThanTheWindowIsCut) {
    const std::string line(2 * ScanSplitter::kWindowBytes + 10, 'x');
    for (const char* format : {"lines", "json"}) {
        const auto records = split(line + "\nshort", ScanSplitter::kWindowBytes, format);
        ASSERT_GE(records.size(), 3U);
        EXPECT_EQ(records.back(), "short");
        std::string whole;
        for (std::size_t i = 0; i + 1 < records.size(); ++i) {
            EXPECT_LE(records[i].size(), 2 * ScanSplitter::kWindowBytes);
            whole += records[i];
        }
        EXPECT_TRUE(whole == line);
    }
}

TEST(ScanSplitterLimits, BlanksAreNotKept) {
    std::string text(3 * ScanSplitter::kWindowBytes, ' ');
    text += "{}";
    EXPECT_EQ(split(text, ScanSplitter::kWindowBytes), (Records{"{}"}));
}

TEST_P(ScanSplitterTest, JsonLines) {
    EXPECT_EQ(split("{\"a\":1}\n{\"a\":\"}{\"}\r\n\n{\"a\":3}", GetParam()),
              (Records{"{\"a\":1}", "{\"a\":\"}{\"}", "{\"a\":3}"}));
}

TEST_P(ScanSplitterTest, PrettyPrintedAndConcatenated) {
    EXPECT_EQ(split("{\n \"a\": {\n  \"b\": \"x}\\\"\"\n }\n}\n{\n \"c\": []\n}{\"d\":1}", GetParam()),
              (Records{"{\n \"a\": {\n  \"b\": \"x}\\\"\"\n }\n}", "{\n \"c\": []\n}", "{\"d\":1}"}));
}

TEST_P(ScanSplitterTest, AnArrayOfValues) {
    EXPECT_EQ(split("[\n {\"a\":1},\n {\"b\":2}\n]\n", GetParam()), (Records{"{\"a\":1}", "{\"b\":2}"}));
}

TEST_P(ScanSplitterTest, ABrokenLineDoesNotSwallowTheNext) {
    EXPECT_EQ(split("{\"a\":1}\n{\"a\":\n{\"a\":3}\n", GetParam()), (Records{"{\"a\":1}", "{\"a\":", "{\"a\":3}"}));
    EXPECT_EQ(split("{\"a\":\"open\n{\"a\":3}\nnot json\n{\"b\":1}\n", GetParam()),
              (Records{"{\"a\":\"open", "{\"a\":3}", "not json", "{\"b\":1}"}));
}

TEST_P(ScanSplitterTest, PlainLines) {
    EXPECT_EQ(split("Nov 22 sshd[1]: x\r\n\n  two\n{\"json\":1}\nlast", GetParam()),
              (Records{"Nov 22 sshd[1]: x", "  two", "{\"json\":1}", "last"}));
    EXPECT_EQ(split("{\"a\":1}\nx", GetParam(), "lines"), (Records{"{\"a\":1}", "x"}));
}

TEST_P(ScanSplitterTest, NothingGivesNothing) {
    EXPECT_TRUE(split("", GetParam()).empty());
    EXPECT_TRUE(split("\n \n", GetParam()).empty());
}

INSTANTIATE_TEST_SUITE_P(Steps, ScanSplitterTest, testing::Values(1, 2, 3, 7, 1'000'000));

} // namespace
} // namespace canhgac::app
