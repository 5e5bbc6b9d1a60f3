#include "text/public_suffix.hpp"

#include <gtest/gtest.h>

namespace canhgac::text {
namespace {

constexpr std::string_view kList = R"(// a comment
com
vn
gov.vn
*.ck
!www.ck
*.kawasaki.jp
jp
!city.kawasaki.jp
公司.cn
cn rest is not read
)";

std::string registered(std::string_view name) {
    static const PublicSuffixes suffixes = PublicSuffixes::read(kList);
    return suffixes.registered_domain(name).value_or("-");
}

TEST(PublicSuffix, TakesTheLongestRuleAndOneLabelMore) {
    EXPECT_EQ(registered("example.com"), "example.com");
    EXPECT_EQ(registered("a.b.example.COM."), "example.com");
    EXPECT_EQ(registered("mail.stttt.tinh.gov.vn"), "tinh.gov.vn");
    EXPECT_EQ(registered("tinh.vn"), "tinh.vn");
    EXPECT_EQ(registered("x.rest.cn"), "rest.cn") << "what follows a blank is no part of a rule";
}

TEST(PublicSuffix, WildcardsAndTheirExceptions) {
    EXPECT_EQ(registered("a.b.c.ck"), "b.c.ck");
    EXPECT_EQ(registered("c.ck"), "-");
    EXPECT_EQ(registered("ck"), "-");
    EXPECT_EQ(registered("a.www.ck"), "www.ck");
    EXPECT_EQ(registered("x.y.kawasaki.jp"), "x.y.kawasaki.jp");
    EXPECT_EQ(registered("x.city.kawasaki.jp"), "city.kawasaki.jp");
}

TEST(PublicSuffix, WhatHasNoRegisteredDomain) {
    for (const char* name : {"", ".", "com", "gov.vn", "localhost", "10.1.2.3", "2001:db8::1", ".a.com", "a..com"}) {
        EXPECT_EQ(registered(name), "-") << name;
    }
    EXPECT_EQ(registered("host.lan"), "host.lan") << "under no rule the last label is the suffix";
    EXPECT_EQ(registered("a.host.lan"), "host.lan");
}

TEST(PublicSuffix, NamesBeyondAsciiInBothSpellings) {
    EXPECT_EQ(registered("www.食狮.公司.cn"), "食狮.公司.cn");
    EXPECT_EQ(registered("www.xn--85x722f.xn--55qx5d.cn"), "xn--85x722f.xn--55qx5d.cn");
    EXPECT_EQ(registered("公司.cn"), "-");
}

/// The samples of RFC 3492 section 7.1 that are lower case, and others checked with Python's codec.
TEST(PublicSuffix, LabelsAsPunycode) {
    EXPECT_EQ(to_ascii_labels("bücher.example"), "xn--bcher-kva.example");
    EXPECT_EQ(to_ascii_labels("他们为什么不说中文"), "xn--ihqwcrb4cv8a8dqg056pqjye");
    EXPECT_EQ(to_ascii_labels("tạisaohọkhôngthểchỉnóitiếngviệt"), "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g");
    EXPECT_EQ(to_ascii_labels("plain.vn"), "plain.vn");
    EXPECT_EQ(to_ascii_labels(""), "");
    EXPECT_EQ(to_ascii_labels("\xFF.vn"), "\xFF.vn");
}

TEST(PublicSuffix, AFileThatIsNotThereGivesNothing) {
    EXPECT_FALSE(PublicSuffixes::load("/nonexistent/list"));
    EXPECT_FALSE(PublicSuffixes::load("/dev/null"));
    const auto debian = PublicSuffixes::load(PublicSuffixes::kDebianFile);
    if (!debian) { GTEST_SKIP() << "the package publicsuffix is not installed"; }
    EXPECT_GT(debian->size(), 5'000U);
    EXPECT_EQ(debian->registered_domain("a.b.gov.vn"), "b.gov.vn");
    EXPECT_EQ(debian->registered_domain("a.b.co.uk"), "b.co.uk");
}

} // namespace
} // namespace canhgac::text
