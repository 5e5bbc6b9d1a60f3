#include "collector/decoders/json_splitter.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace canhgac::collector {
namespace {

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> records;
    RecordSplitter splitter(text, detect_file_shape(text));
    while (const auto record = splitter.next()) {
        records.emplace_back(*record);
    }
    return records;
}

using Records = std::vector<std::string>;

TEST(RecordSplitter, JsonLines) {
    EXPECT_EQ(split("{\"a\":1}\n{\"b\":\"}{\"}\r\n\n{\"c\":\"\\\"}\"}"),
              (Records{R"({"a":1})", R"({"b":"}{"})", R"({"c":"\"}"})"}));
}

TEST(RecordSplitter, ConcatenatedPrettyPrintedObjects) {
    EXPECT_EQ(split("\xEF\xBB\xBF{\n  \"a\": {\n \"b\": 1\n  }\n}\n{\n\"c\": [\n{\"d\":1},\n{\"e\":2}]}"),
              (Records{"{\n  \"a\": {\n \"b\": 1\n  }\n}", "{\n\"c\": [\n{\"d\":1},\n{\"e\":2}]}"}));
    EXPECT_EQ(split("{\"a\":1}{\"b\":2} {\"c\":3}"), (Records{R"({"a":1})", R"({"b":2})", R"({"c":3})"}));
}

TEST(RecordSplitter, AnArrayOfObjects) {
    EXPECT_EQ(split("[\n{\"a\":1},\n{\"b\":2}\n]\n"), (Records{R"({"a":1})", R"({"b":2})"}));
}

TEST(RecordSplitter, ABrokenLineDoesNotTakeItsNeighboursAlong) {
    EXPECT_EQ(split("{\"a\":1}\n{\"b\":{\"c\":1\n{\"d\":4,\n{\"e\":5}\nnonsense\n{\"f\":\"x\n{\"g\":7}"),
              (Records{R"({"a":1})", R"({"b":{"c":1)", R"({"d":4,)", R"({"e":5})", "nonsense", R"({"f":"x)", R"({"g":7})"}));
    // the first one broken: it ends where no value can stand
    EXPECT_EQ(split("{\"b\":{\"c\":1\n{\"e\":5}\n"), (Records{R"({"b":{"c":1)", R"({"e":5})"}));
}

TEST(RecordSplitter, Lines) {
    EXPECT_EQ(split("one\r\n\ntwo\nthree"), (Records{"one", "two", "three"}));
    EXPECT_EQ(detect_file_shape("[Sun Dec 04 04:47:44 2005] [notice]"), FileShape::lines);
    EXPECT_EQ(split(""), Records{});
}

TEST(RecordSplitter, EveryByteOfJsonIsInARecordOrIsASeparator) {
    const std::string text = "{\"a\":1},\n{\"b\" nonsense } x\n}{\"c\":2}";
    std::string joined;
    for (const std::string& record : split(text)) {
        joined += record;
    }
    EXPECT_EQ(joined, "{\"a\":1}{\"b\" nonsense }x}{\"c\":2}");
}

} // namespace
} // namespace canhgac::collector
