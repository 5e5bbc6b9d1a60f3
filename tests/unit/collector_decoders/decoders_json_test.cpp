#include <gtest/gtest.h>

#include "decoder_harness.hpp"

namespace canhgac::collector {
namespace {

using event::Format;
using event::Protocol;
namespace flag = event::flag;

TEST(JsonEvent, NestedNamesAreDottedArraysRepeatTypesAreKept) {
    DecoderHarness h;
    const auto& event = h.decode(Protocol::file, R"({"a":{"b":[1,"two",{"c":true}],"d":null},"e":1.50,"f":[],"g":{}})");
    EXPECT_EQ(event.format, Format::json);
    EXPECT_EQ(h.text("a.b"), "1|two");
    EXPECT_EQ(h.text("a.b.c"), "true");
    EXPECT_EQ(h.text("a.d"), "");
    EXPECT_EQ(h.text("e"), "1.50");
    EXPECT_NE(h.print().find("a.d null = \n"), std::string::npos);
    EXPECT_NE(h.print().find("e real = 1.50\n"), std::string::npos);
    EXPECT_NE(h.print().find("a.b integer = 1\n"), std::string::npos);
}

TEST(JsonEvent, BrokenJsonIsAnUnparsedEventThatSaysWhere) {
    DecoderHarness h;
    const auto& event = h.decode(Protocol::elastic_bulk, R"({"a":1,"b":})", R"({"index":{}})");
    EXPECT_EQ(event.format, Format::unparsed);
    EXPECT_TRUE(event.flags & flag::kUnparsed);
    EXPECT_EQ(h.text("event.parse_error"), "JSON: not a value at byte 11");
    EXPECT_EQ(h.text("message"), R"({"a":1,"b":})");
    EXPECT_EQ(h.text("a"), "(absent)");
}

TEST(JsonEvent, EveryKindOfBreakIsReported) {
    const std::pair<std::string, std::string> cases[] = {
        {R"({"a")", "JSON: the text ends inside a value at byte 4"},
        {R"({"a" 1})", "JSON: a colon is missing at byte 5"},
        {R"({a:1})", "JSON: a quoted name is missing at byte 1"},
        {R"({"a":1 "b":2})", "JSON: a comma or closing bracket is missing at byte 7"},
        {R"({"a":[1}})", "JSON: a comma or closing bracket is missing at byte 7"},
        {R"({"a":01})", "JSON: not a value at byte 5"},
        {R"({"a":1} x)", "JSON: something follows the object at byte 8"},
        {R"([1])", "JSON: not an object at byte 0"},
        {"", "JSON: not an object at byte 0"},
    };
    DecoderHarness h;
    for (const auto& [text, error] : cases) {
        h.decode(Protocol::elastic_bulk, text, R"({"index":{}})");
        EXPECT_EQ(h.text("event.parse_error"), error) << text;
    }
}

TEST(JsonEvent, NestingBeyondTheLimitIsUnparsed) {
    DecoderHarness h;
    const auto nested = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i) {
            text += R"({"a":)";
        }
        return text + "1" + std::string(depth, '}');
    };
    EXPECT_EQ(h.decode(Protocol::file, nested(64)).format, Format::json);
    EXPECT_EQ(h.decode(Protocol::file, nested(65)).format, Format::unparsed);
    EXPECT_EQ(h.text("event.parse_error"), "JSON: nested too deeply at byte 320");
    EXPECT_EQ(h.decode(Protocol::file, nested(100'000)).format, Format::unparsed);
}

TEST(JsonEvent, BrokenCharactersAreReplacedAndTheRawLineKept) {
    DecoderHarness h;
    const std::string record = "{\"a\":\"x\xFFy\",\"b\":\"\\ud800z\",\"c\":\"C:\\Windows\"}";
    const auto& event = h.decode(Protocol::elastic_bulk, record, R"({"create":{"_id":"1"}})");
    EXPECT_EQ(event.raw, record);
    EXPECT_TRUE(event.flags & flag::kRepaired);
    EXPECT_FALSE(event.flags & flag::kUnparsed);
    EXPECT_EQ(h.text("a"), "x\xEF\xBF\xBDy");
    EXPECT_EQ(h.text("b"), "\xEF\xBF\xBDz");
    EXPECT_EQ(h.text("c"), "C:\\Windows");
}

TEST(JsonEvent, EscapesAreDecoded) {
    DecoderHarness h;
    h.decode(Protocol::file,
             R"({"a":"\"\\\/\b\f\n\r\t\u00e9\u1EA1\ud83d\ude00 and a tail that is longer than a block"})");
    EXPECT_EQ(h.text("a"),
              "\"\\/\b\f\n\r\t\xC3\xA9\xE1\xBA\xA1\xF0\x9F\x98\x80 and a tail that is longer than a block");
    h.decode(Protocol::file, R"({"k\u0065y":"v"})");
    EXPECT_EQ(h.text("key"), "v");
}

TEST(JsonEvent, ReceiverOnlyNamesAreKeptAside) {
    DecoderHarness h;
    const auto& event = h.decode(
        Protocol::elastic_bulk,
        R"({"organization":{"name":"evil"},"tags":["drill"],"logsource":{"product":"windows"},"event":{"original":"x"}})",
        R"({"index":{}})");
    EXPECT_EQ(h.text("organization.name"), "So Y te");
    EXPECT_EQ(h.text("sender.organization.name"), "evil");
    EXPECT_EQ(h.text("tags"), "(absent)");
    EXPECT_EQ(h.text("sender.tags"), "drill");
    EXPECT_EQ(h.text("logsource.product"), "(absent)");
    EXPECT_EQ(h.text("sender.logsource.product"), "windows");
    EXPECT_EQ(h.text("sender.event.original"), "x");
    EXPECT_FALSE(event.flags & flag::kTrustedSource);
}

TEST(JsonEvent, LogsourceCountsFromTrustedPeersOnly) {
    SourceRule rule;
    rule.trusted_logsource = true;
    DecoderHarness h(rule);
    const auto& event =
        h.decode(Protocol::elastic_bulk, R"({"logsource":{"product":"zeek","service":"dns"}})", R"({"index":{}})");
    EXPECT_EQ(h.text("logsource.product"), "zeek");
    EXPECT_EQ(h.text("logsource.service"), "dns");
    EXPECT_TRUE(event.flags & flag::kTrustedSource);
}

TEST(JsonEvent, KeysTellResentItemsFromOthers) {
    DecoderHarness h;
    const auto key = [&h](std::string_view record, std::string_view meta) {
        h.decode(Protocol::elastic_bulk, record, meta);
        return h.key();
    };
    const std::uint64_t first = key(R"({"a":1})", R"({"index":{"_index":"x","_id":"7"}})");
    EXPECT_NE(first, 0U);
    EXPECT_EQ(key(R"({"a":1})", R"({"index":{"_index":"x","_id":"7"}})"), first);
    EXPECT_NE(key(R"({"a":2})", R"({"index":{"_index":"x","_id":"7"}})"), first);
    EXPECT_NE(key(R"({"a":1})", R"({"index":{"_index":"y","_id":"7"}})"), first);
    EXPECT_EQ(key(R"({"a":1})", R"({"index":{"_index":"x"}})"), 0U);
    EXPECT_NE(key(R"({"agent":{"id":"q"},"winlog":{"record_id":5}})", R"({"create":{}})"), 0U);
    EXPECT_NE(key(R"({"agent":{"id":"q"},"log":{"offset":5,"file":{"path":"/x"}}})", R"({"create":{}})"), 0U);
    EXPECT_EQ(key(R"({"agent":{"id":"q"},"log":{"offset":5}})", R"({"create":{}})"), 0U);
}

TEST(JsonEvent, UpdateIsTheEventOfItsDocument) {
    DecoderHarness h;
    h.decode(Protocol::elastic_bulk, R"({"doc":{"winlog":{"channel":"Security","event_id":1102}}})",
             R"({"update":{"_id":"1"}})");
    EXPECT_EQ(h.text("EventID"), "1102");
    h.decode(Protocol::elastic_bulk, R"({"delete":{"_index":"x","_id":"1"}})",
             R"({"delete":{"_index":"x","_id":"1"}})");
    EXPECT_EQ(h.text("event.action"), "delete");
    EXPECT_EQ(h.text("delete._id"), "1");
}

TEST(JsonEvent, ARecordTheProtocolCouldNotReadStaysUnparsed) {
    DecoderHarness h;
    const auto& event = h.decode(Protocol::elastic_bulk, R"({"a":1})", "", flag::kUnparsed);
    EXPECT_EQ(event.format, Format::unparsed);
    EXPECT_EQ(h.text("message"), R"({"a":1})");
    EXPECT_NE(h.text("event.parse_error"), "(absent)");
}

TEST(JsonEvent, NamesBeyondTheTableGoToTheOverflowField) {
    event::FieldTable small(64);
    PeerTable peers;
    RecordDecoder decoder(small, peers, nullptr);
    event::RecordBatch in;
    std::string text = "{";
    for (int i = 0; i < 100; ++i) {
        text += "\"key" + std::to_string(i) + "\":{\"deep\":[" + std::to_string(i) + ",{\"x\":1}]},";
    }
    text.back() = '}';
    in.bytes = text;
    in.records = {event::Record{.size = static_cast<std::uint32_t>(text.size()), .peer = peers.intern_local("t")}};
    event::EventBatch out;
    std::vector<std::uint64_t> keys;
    decoder.decode(in, out, keys);
    std::size_t overflow = 0;
    std::string last;
    for (const auto& field : out.fields(out.events().front())) {
        if (field.name() == event::field::kOverflow) {
            ++overflow;
            last = field.text();
        }
    }
    EXPECT_GT(overflow, 150U);
    EXPECT_EQ(last, "key99.deep.x=1");
}

TEST(JsonEvent, TimeComesFromTheEventThenTheShipper) {
    DecoderHarness h;
    EXPECT_EQ(common::format_rfc3339(h.decode(Protocol::file, R"({"@timestamp":"2026-01-02T03:04:05.5Z"})").time),
              "2026-01-02T03:04:05.500Z");
    // NXLog writes local time of the host without zone
    EXPECT_EQ(common::format_rfc3339(h.decode(Protocol::file, R"({"EventTime":"2026-01-02 10:04:05"})").time),
              "2026-01-02T03:04:05Z");
    EXPECT_EQ(common::format_rfc3339(h.decode(Protocol::file, R"({"TimeCreated":"2026-01-02 10:04:05 +0700"})").time),
              "2026-01-02T03:04:05Z");
    EXPECT_EQ(common::format_rfc3339(h.decode(Protocol::file, R"({"ts":1767323045.5})").time),
              "2026-01-02T03:04:05.500Z");
    const auto& guessed = h.decode(Protocol::file, R"({"@timestamp":"yesterday"})");
    EXPECT_EQ(guessed.time, kReceived);
    EXPECT_TRUE(guessed.flags & flag::kTimeGuessed);
    EXPECT_EQ(h.text("sender.@timestamp"), "yesterday");
}

} // namespace
} // namespace canhgac::collector
