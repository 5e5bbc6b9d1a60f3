#include "app/search_output.hpp"

#include <gtest/gtest.h>

#include "app/api_client.hpp"

namespace canhgac::app {
namespace {

TEST(CsvCell, IsQuotedByRfc4180AndNeverAFormula) {
    EXPECT_EQ(csv_cell("plain đăng"), "plain đăng");
    EXPECT_EQ(csv_cell(""), "");
    EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_cell("say \"x\""), "\"say \"\"x\"\"\"");
    EXPECT_EQ(csv_cell("two\r\nlines"), "\"two\r\nlines\"");
    EXPECT_EQ(csv_cell("-5"), "-5");
    EXPECT_EQ(csv_cell("-1.5e3"), "-1.5e3");
    for (const char* text : {"=1+1", "+1+1", "-1-1", "-cmd", "@SUM(A1)", "\tx", "-"}) {
        EXPECT_EQ(csv_cell(text), "'" + std::string(text));
    }
    EXPECT_EQ(csv_cell("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
}

TEST(UrlValue, EscapesAllButUnreservedCharacters) {
    EXPECT_EQ(url_value("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(url_value("a b&c=d+e%|/"), "a%20b%26c%3Dd%2Be%25%7C%2F");
    EXPECT_EQ(url_value("đ"), "%C4%91");
}

} // namespace
} // namespace canhgac::app
