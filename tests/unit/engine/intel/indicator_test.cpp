#include "engine/intel/indicator.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace canhgac::engine {
namespace {

std::string read(std::string_view text, IndicatorKind kind = IndicatorKind::any) {
    const auto made = parse_indicator(text, kind);
    if (!made) { return std::string("error: ") + std::string(to_string(made.error())); }
    return std::string(to_string(made->type)) + " " + made->text;
}

TEST(Indicator, KindsAreToldByTheText) {
    EXPECT_EQ(read("203.0.113.7"), "ipv4 203.0.113.7");
    EXPECT_EQ(read("2001:DB8:0:0::1"), "ipv6 2001:db8::1");
    EXPECT_EQ(read("::ffff:203.0.113.7"), "ipv4 203.0.113.7");
    EXPECT_EQ(read("203.0.113.0/24"), "network 203.0.113.0/24");
    EXPECT_EQ(read("203.0.113.9/32"), "ipv4 203.0.113.9");
    EXPECT_EQ(read("2001:db8::/32"), "network 2001:db8::/32");
    EXPECT_EQ(read("Evil.Example."), "domain evil.example");
    EXPECT_EQ(read("*.evil.example"), "domain evil.example");
    EXPECT_EQ(read("http://Evil.example/A?b=C#frag"), "url evil.example/A?b=C");
    EXPECT_EQ(read("https://user:pw@evil.example:443/x"), "url evil.example/x");
    EXPECT_EQ(read("https://evil.example:8443"), "url evil.example:8443/");
    EXPECT_EQ(read("evil.example/gate.php"), "url evil.example/gate.php");
    EXPECT_EQ(read("http://[2001:db8::1]:8080/a"), "url [2001:db8::1]:8080/a");
    EXPECT_EQ(read("D41D8CD98F00B204E9800998ECF8427E"), "md5 d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(read("da39a3ee5e6b4b0d3255bfef95601890afd80709"), "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(read(std::string(64, 'A')), "sha256 " + std::string(64, 'a'));
    EXPECT_EQ(read("203.0.113.7:443"), "ipv4 203.0.113.7");
    EXPECT_EQ(read("[2001:db8::1]:443"), "ipv6 2001:db8::1");
    EXPECT_EQ(read("evil.example:8080"), "domain evil.example");
}

TEST(Indicator, DefangedTextIsUnderstood) {
    EXPECT_EQ(read("hxxps://evil[.]example/x"), "url evil.example/x");
    EXPECT_EQ(read("hXXp[://]evil(dot)example"), "url evil.example/");
    EXPECT_EQ(read("203[.]0[.]113[.]7"), "ipv4 203.0.113.7");
    EXPECT_EQ(read(" \"evil{.}example\" "), "domain evil.example");
    EXPECT_EQ(read("<http://evil.example>"), "url evil.example/");
}

TEST(Indicator, WhatWouldHitEverybodyIsRefused) {
    EXPECT_EQ(read("0.0.0.0"), "error: unspecified, loopback or broadcast address");
    EXPECT_EQ(read("127.1.2.3"), "error: unspecified, loopback or broadcast address");
    EXPECT_EQ(read("::1"), "error: unspecified, loopback or broadcast address");
    EXPECT_EQ(read("0.0.0.0/0"), "error: network too wide (shorter than /8, IPv6 /16)");
    EXPECT_EQ(read("2000::/3"), "error: network too wide (shorter than /8, IPv6 /16)");
    EXPECT_EQ(read("com"), "error: a domain needs at least two labels");
    EXPECT_EQ(read("10.0.0.1/8"), "error: not a network: the prefix is out of range or host bits are set");
    EXPECT_EQ(read("10.0.0.0/33"), "error: not a network: the prefix is out of range or host bits are set");
}

TEST(Indicator, WhatIsNoIndicatorSaysWhy) {
    EXPECT_EQ(read("  "), "error: empty value");
    EXPECT_EQ(read("a@b.example"), "error: neither an address, a network, a domain, a URL nor a hash");
    EXPECT_EQ(read("1.2.3"), "error: not a domain name");
    EXPECT_EQ(read("a..b"), "error: not a domain name");
    EXPECT_EQ(read("exa mple.com"), "error: neither an address, a network, a domain, a URL nor a hash");
    EXPECT_EQ(read("http:///x"), "error: not a URL with a host");
    EXPECT_EQ(read(fmt::format("{:a>300}.example", "")), "error: too long");
    EXPECT_EQ(read(fmt::format("http://a.b/{:x>3000}", "")), "error: too long");
    EXPECT_EQ(read("203.0.113.7", IndicatorKind::domain), "error: not of the kind this list declares");
    EXPECT_EQ(read("evil.example", IndicatorKind::address), "error: not of the kind this list declares");
    EXPECT_EQ(read("xyz", IndicatorKind::hash), "error: not an MD5, SHA-1 or SHA-256 in hexadecimal");
}

TEST(Indicator, TheCanonicalTextIsItsOwnCanonicalText) {
    for (const char* text :
         {"203.0.113.7", "2001:db8::1", "Evil.Example", "hxxps://Evil.example:444/a/b?c#d", "evil.example?x=1",
          "http://[::ffff:1.2.3.4]/x", "d41d8cd98f00b204e9800998ecf8427e", "evil.example\\..\\x/"}) {
        const auto made = parse_indicator(text);
        ASSERT_TRUE(made) << text;
        IndicatorKey key;
        ASSERT_TRUE(canonical_key(made->type, made->text, key)) << text;
        EXPECT_EQ(key.type, made->type);
        const auto again =
            parse_indicator(made->text, made->type == IndicatorType::url ? IndicatorKind::url : IndicatorKind::any);
        ASSERT_TRUE(again) << made->text;
        EXPECT_EQ(*again, *made);
    }
}

TEST(Indicator, HostAndPathMakeTheSameKeyAsTheWholeUrl) {
    IndicatorKey parts;
    IndicatorKey whole;
    ASSERT_TRUE(url_key("Evil.example:80", "/a?b#c", parts));
    ASSERT_TRUE(url_key("", "http://evil.example/a?b", whole));
    EXPECT_EQ(parts.view(), whole.view());
    EXPECT_FALSE(url_key("", "/a?b", parts));
    EXPECT_FALSE(url_key("evil.example", fmt::format("/{:x>2048}", ""), parts));
    EXPECT_EQ(url_host("https://u@[2001:db8::1]:80/x"), "2001:db8::1");
    EXPECT_EQ(url_host("evil.example/x"), "evil.example");
    EXPECT_EQ(url_host("/only/path"), "");
}

} // namespace
} // namespace canhgac::engine
