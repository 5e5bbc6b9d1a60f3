#include "engine/intel/list_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace canhgac::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class KeepingSink final : public IndicatorSink {
public:
    bool add(const Indicator& indicator) override {
        if (texts.size() == most) { return false; }
        texts.push_back(indicator.text);
        return true;
    }
    std::vector<std::string> texts;
    std::size_t most = 1'000;
};

struct Outcome {
    std::vector<std::string> texts;
    ListReport report;
    [[nodiscard]] std::vector<std::string> bad() const {
        std::vector<std::string> out;
        for (const BadEntry& entry : report.bad_entries) {
            out.push_back(std::to_string(entry.line) + ":" + std::to_string(entry.column) + ": " + entry.reason);
        }
        return out;
    }
};

Outcome read(std::string_view text, const ListOptions& options = {}, std::string_view name = "list.txt") {
    KeepingSink sink;
    Outcome out;
    read_list(text, name, options, sink, out.report);
    out.texts = std::move(sink.texts);
    std::uint64_t skipped = 0;
    for (const auto& [reason, count] : out.report.skipped) {
        skipped += count;
    }
    EXPECT_EQ(out.report.read, out.report.added + out.report.bad + skipped) << "everything read is accounted for";
    return out;
}

TEST(ListReader, PlainLines) {
    const auto got =
        read("\xEF\xBB\xBF# a comment\r\n203.0.113.7\r\n\n  evil[.]example  # why\nhxxp://a.example/#top\nbad one\n");
    EXPECT_THAT(got.texts, ElementsAre("203.0.113.7", "evil.example", "a.example/"));
    EXPECT_THAT(got.bad(), ElementsAre("6:1: neither an address, a network, a domain, a URL nor a hash"));
}

TEST(ListReader, CsvByHeaderNumberAndDefault) {
    const std::string text = "date;Indicator;note\n2026-01-01;203.0.113.7;\"a \"\"b\"\"\n "
                             "c\"\n2026-01-02;nonsense;x\n2026-01-03;evil.example;y\nshort\n";
    const auto got = read(text, {}, "x.csv");
    EXPECT_THAT(got.texts, ElementsAre("203.0.113.7", "evil.example"));
    EXPECT_THAT(got.bad(),
                ElementsAre("4:12: a domain needs at least two labels", "6:1: the row ends before column 2"));

    ListOptions second;
    second.columns = {"2"};
    EXPECT_THAT(read("x,198.51.100.1\ny,198.51.100.2\n", second, "x.csv").texts,
                ElementsAre("198.51.100.1", "198.51.100.2"));
    EXPECT_THAT(read("198.51.100.1,x\n", {}, "x.csv").texts, ElementsAre("198.51.100.1"));
    second.columns = {"sha256", "MD5"};
    EXPECT_THAT(read("md5,sha256\nd41d8cd98f00b204e9800998ecf8427e,\n", second, "x.csv").texts,
                ElementsAre("d41d8cd98f00b204e9800998ecf8427e"));
    second.columns = {"nowhere"};
    EXPECT_THAT(read("a,b\n1,2\n", second, "x.csv").bad(),
                ElementsAre("1:1: no column has the name the list is configured with"));
}

TEST(ListReader, CsvWhoseHeaderIsAComment) {
    const auto got = read("# feed\n# \"first_seen\",\"ioc_value\",\"x\"\n\"2026-01-01\",\"203.0.113.9:443\",\"y\"\n",
                          {}, "feed.csv");
    EXPECT_THAT(got.texts, ElementsAre("203.0.113.9"));
}

TEST(ListReader, StixBundle) {
    const std::string text = R"({"type":"bundle","id":"bundle--1","objects":[
{"type":"identity","name":"x"},
{"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value = '203.0.113.7']"},
{"type":"indicator","pattern":"[domain-name:value='evil.example' OR url:value = 'http://a.example/\\'x']","pattern_type":"stix"},
{"type":"indicator","pattern":"[domain-name:value='evil.example'] OR [file:hashes.'SHA-256' = ')" +
                             std::string(64, 'A') + R"(' ]"},
{"type":"indicator","pattern":"[ipv4-addr:value IN ('198.51.100.1', '198.51.100.2')]"},
{"type":"indicator","pattern":"[ipv4-addr:value ISSUBSET '198.51.100.0/24']"},
{"type":"indicator","pattern":"[ipv4-addr:value = '1.1.1.1' AND domain-name:value = 'b.example']"},
{"type":"indicator","pattern":"[ipv4-addr:value = '1.1.1.1'] WITHIN 5 SECONDS"},
{"type":"indicator","pattern":"[process:name = 'x']"},
{"type":"indicator","pattern":"[ipv4-addr:value = '1.1.1.2']","revoked":true},
{"type":"indicator","pattern":"[ipv4-addr:value = '1.1.1.3']","valid_until":"2020-01-01T00:00:00Z"},
{"type":"indicator","pattern":"rule x {}","pattern_type":"yara"},
{"type":"indicator","pattern":"[ipv4-addr:value = '1.1.1.999']"}
]})";
    ListOptions options;
    options.now = common::kDay * 20'000;
    const auto got = read(text, options, "b.json");
    EXPECT_THAT(got.texts, ElementsAre("203.0.113.7", "evil.example", "a.example/'x", "evil.example",
                                       std::string(64, 'a'), "198.51.100.1", "198.51.100.2", "198.51.100.0/24"));
    EXPECT_THAT(got.bad(), ElementsAre("14:1: not a domain name"));
    EXPECT_EQ(got.report.skipped.at("pattern that is not simple comparisons"), 2U);
    EXPECT_EQ(got.report.skipped.at("comparison of another object"), 1U);
    EXPECT_EQ(got.report.skipped.at("revoked"), 1U);
    EXPECT_EQ(got.report.skipped.at("expired"), 1U);
    EXPECT_EQ(got.report.skipped.at("pattern in another language"), 1U);
}

TEST(ListReader, BrokenJsonKeepsWhatCameBefore) {
    const auto got =
        read("[{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value = '203.0.113.7']\"},\n{\"type\": tru",
             {ListFormat::stix, IndicatorKind::any, {}, 0});
    EXPECT_EQ(got.report.bad, 1U);
    ASSERT_EQ(got.report.bad_entries.size(), 1U);
    EXPECT_THAT(got.report.bad_entries[0].reason, testing::StartsWith("not JSON: "));
    EXPECT_EQ(read("", {ListFormat::misp, IndicatorKind::any, {}, 0}).report.bad, 1U);
    EXPECT_EQ(read("\"text\"", {ListFormat::misp, IndicatorKind::any, {}, 0}).report.bad, 1U);
}

TEST(ListReader, MispExports) {
    const std::string event = R"({"Event":{"info":"x","Attribute":[
{"type":"ip-dst","value":"203.0.113.7","to_ids":true},
{"type":"ip-dst|port","value":"203.0.113.8|443","to_ids":true},
{"type":"domain|ip","value":"evil.example|203.0.113.9","to_ids":true},
{"type":"filename|sha256","value":"a.exe|)" +
                              std::string(64, 'B') + R"(","to_ids":true},
{"type":"url","value":"hxxp://b.example/x","to_ids":true},
{"type":"ip-src","value":"198.51.100.1","to_ids":false},
{"type":"comment","value":"hello","to_ids":true},
{"type":"md5","value":"zz","to_ids":true},
{"type":"md5","value":"d41d8cd98f00b204e9800998ecf8427e","to_ids":true,"deleted":true}],
"Object":[{"name":"file","Attribute":[{"value":"d41d8cd98f00b204e9800998ecf8427e","type":"md5","to_ids":true}]}]}})";
    const auto expected = ElementsAre("203.0.113.7", "203.0.113.8", "evil.example", std::string(64, 'b'), "b.example/x",
                                      "d41d8cd98f00b204e9800998ecf8427e");
    const auto got = read(event, {}, "misp.json");
    EXPECT_THAT(got.texts, expected);
    EXPECT_THAT(got.bad(), ElementsAre("9:1: not an MD5, SHA-1 or SHA-256 in hexadecimal"));
    EXPECT_EQ(got.report.skipped.at("not marked to_ids"), 1U);
    EXPECT_EQ(got.report.skipped.at("attribute of another type"), 1U);
    EXPECT_EQ(got.report.skipped.at("deleted"), 1U);
    EXPECT_THAT(read("{\"response\":[" + event + "]}", {}, "misp.json").texts, expected);
    EXPECT_THAT(read("[" + event + "]", {}, "misp.json").texts, expected);
    EXPECT_THAT(
        read(R"({"response":{"Attribute":[{"type":"domain","value":"c.example","to_ids":"1"}]}})", {}, "a.json").texts,
        ElementsAre("c.example"));
}

TEST(ListReader, AFullSinkIsCounted) {
    KeepingSink sink;
    sink.most = 1;
    ListReport report;
    read_list("a.example\nb.example\nc.example\n", "x", {}, sink, report);
    EXPECT_EQ(report.added, 1U);
    EXPECT_EQ(report.skipped.at("the limit of indicators is reached"), 2U);
}

TEST(ListReader, BadEntriesAreKeptUpToALimitAndAllCounted) {
    std::string text;
    for (int i = 0; i < 500; ++i) {
        text += "no indicator\n";
    }
    const auto got = read(text);
    EXPECT_EQ(got.report.bad, 500U);
    EXPECT_EQ(got.report.bad_entries.size(), ListReport::kMaxBadKept);
}

TEST(StixPattern, WhatIsNotAListOfValuesIsRefused) {
    std::vector<StixComparison> out;
    for (const char* text : {"", "[", "[]", "[a:b]", "[a:b = 'x'", "[a:b = 'x']x", "[a:b != 'x']", "[NOT a:b = 'x']",
                             "[a:b = 5]", "[a:b LIKE 'x']", "[a:b = 'x'] FOLLOWEDBY [a:b = 'y']", "[a:b = 'x\\",
                             "([a:b = 'x']", "[a:b IN ()]", "[a:b ISSUBSET 'x']"}) {
        EXPECT_FALSE(read_stix_pattern(text, out)) << text;
    }
    for (const char* text :
         {"[a:b='x']", " [ a:b = 'x' ] ", "([a:b = 'x'] OR [a:b = 'y'])", "[(a:b = 'x' OR a:c = 'y') OR a:d = 'z']"}) {
        EXPECT_TRUE(read_stix_pattern(text, out)) << text;
    }
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(out[2].path, "a:d");
    EXPECT_EQ(out[2].value, "z");
}

} // namespace
} // namespace canhgac::engine
