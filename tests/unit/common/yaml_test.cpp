#include "common/yaml.hpp"

#include <string>

#include <gtest/gtest.h>

namespace yaml = canhgac::common::yaml;
using yaml::Kind;

namespace {

yaml::Node one(std::string_view text) {
    auto documents = yaml::parse(text);
    if (!documents) {
        ADD_FAILURE() << documents.error().at.line << ":" << documents.error().message;
        return {};
    }
    EXPECT_EQ(documents->size(), 1U);
    return documents->empty() ? yaml::Node{} : documents->front();
}

/// "line:column message" of the error, or "no error".
std::string error_of(std::string_view text) {
    const auto documents = yaml::parse(text);
    if (documents) { return "no error"; }
    return std::to_string(documents.error().at.line) + ":" + std::to_string(documents.error().at.column) + " " +
           documents.error().message;
}

} // namespace

TEST(Yaml, ReadsATreeWithPlaces) {
    const auto root = one("a: 1\nb:\n  - x\n  - {c: 'd'}\n");
    ASSERT_TRUE(root.is_map());
    ASSERT_EQ(root.entries.size(), 2U);
    EXPECT_EQ(root.entries[0].first, "a");
    EXPECT_EQ(root.key_positions[1].line, 2U);
    const auto* list = root.find("b");
    ASSERT_NE(list, nullptr);
    ASSERT_EQ(list->items.size(), 2U);
    EXPECT_EQ(list->items[0].at.line, 3U);
    EXPECT_EQ(list->items[0].at.column, 5U);
    EXPECT_EQ(list->items[1].find("c")->text, "d");
    EXPECT_TRUE(list->items[1].find("c")->quoted);
    EXPECT_EQ(root.find("missing"), nullptr);
}

TEST(Yaml, TypesFollowTheCoreSchemaAndNotYaml11) {
    const std::vector<std::pair<const char*, Kind>> cases = {
        {"true", Kind::boolean}, {"False", Kind::boolean},    {"yes", Kind::string},      {"on", Kind::string},
        {"tRue", Kind::string},  {"12", Kind::integer},       {"-7", Kind::integer},      {"+7", Kind::integer},
        {"0", Kind::integer},    {"017", Kind::string},       {"00429", Kind::string},    {"0x17", Kind::string},
        {"0o17", Kind::string},  {"1:20", Kind::string},      {"1_000", Kind::string},    {"1.5", Kind::real},
        {"1e3", Kind::real},     {".5", Kind::real},          {"0.5", Kind::real},        {"5.", Kind::real},
        {"1.2.3", Kind::string}, {".", Kind::string},         {"-x", Kind::string},       {".inf", Kind::string},
        {".nan", Kind::string},  {"1e999", Kind::string},     {"~", Kind::null},          {"null", Kind::null},
        {"''", Kind::string},    {"'12'", Kind::string},      {"\"true\"", Kind::string}, {"!!str 5", Kind::string},
        {"! 5", Kind::string},   {"2026-01-01", Kind::string}};
    for (const auto& [text, kind] : cases) {
        const auto root = one(std::string("[") + text + "]");
        ASSERT_EQ(root.items.size(), 1U) << text;
        EXPECT_EQ(root.items[0].kind, kind) << text;
    }
    const auto root = one("[true, -7, 1e3, 99999999999999999999, 017]");
    EXPECT_TRUE(root.items[0].boolean);
    EXPECT_EQ(root.items[1].integer, -7);
    EXPECT_DOUBLE_EQ(root.items[1].real, -7.0);
    EXPECT_DOUBLE_EQ(root.items[2].real, 1000.0);
    EXPECT_EQ(root.items[3].kind, Kind::real);
    EXPECT_EQ(root.items[3].text, "99999999999999999999");
    EXPECT_EQ(root.items[4].text, "017");
}

TEST(Yaml, KeepsBackslashesAndBlanksOfEveryScalarStyle) {
    const auto root = one("a: C:\\Temp\\\nb: 'it''s \\n '\nc: \"x\\ty\\\\\"\nd: |\n  l1\n   l2\ne: >-\n  f\n  g\n");
    EXPECT_EQ(root.find("a")->text, "C:\\Temp\\");
    EXPECT_EQ(root.find("b")->text, "it's \\n ");
    EXPECT_EQ(root.find("c")->text, "x\ty\\");
    EXPECT_EQ(root.find("d")->text, "l1\n l2\n");
    EXPECT_EQ(root.find("e")->text, "f g");
    EXPECT_TRUE(root.find("d")->quoted);
}

TEST(Yaml, SeveralDocumentsAndNone) {
    EXPECT_EQ(yaml::parse("a: 1\n---\nb: 2\n---\n- c\n")->size(), 3U);
    EXPECT_EQ(yaml::parse("--- \na: 1\n...\n---\nb: 2\n")->size(), 2U);
    EXPECT_EQ(yaml::parse("")->size(), 0U);
    EXPECT_EQ(yaml::parse("# only a comment\n")->size(), 0U);
    EXPECT_EQ(one("\xEF\xBB\xBF"
                  "a: 1\n")
                  .find("a")
                  ->integer,
              1);
    EXPECT_EQ(error_of("- a\nb: 1\n"), "2:1 text after the end of the document; another one starts with '---'");
}

TEST(Yaml, RefusesDuplicateKeys) {
    EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "3:1 key 'a' appears twice; first in line 1");
    EXPECT_EQ(error_of("x:\n  - {b: 1, b: 2}\n"), "2:12 key 'b' appears twice; first in line 2");
    EXPECT_EQ(error_of("\"a\": 1\na: 3\n"), "2:1 key 'a' appears twice; first in line 1");
}

TEST(Yaml, RefusesAnchorsAndAliases) {
    EXPECT_EQ(error_of("a: &x [1]\nb: *x\n"), "1:4 anchors (&name) are not allowed");
    EXPECT_EQ(error_of("a: &x 1\n"), "1:4 anchors (&name) are not allowed");
    EXPECT_NE(error_of("b: *x\n"), "no error");
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
    }
    EXPECT_EQ(error_of(bomb), "1:5 anchors (&name) are not allowed");
}

TEST(Yaml, RefusesTabsAsIndentationWithTheirPlace) {
    const std::string want = " tab used as indentation; YAML wants blanks";
    EXPECT_EQ(error_of("a:\n\tb: 1\n"), "2:1" + want);
    EXPECT_EQ(error_of("a:\n  b: 1\n\tc: 2\n"), "3:1" + want);
    EXPECT_EQ(error_of("a: x\n\tb: 1\n"), "2:1" + want);
    EXPECT_EQ(error_of("a:\n\t- b\n"), "2:1" + want);
    EXPECT_EQ(error_of("\ta: b\n"), "1:1" + want);
    EXPECT_EQ(error_of("a:\tb\nc: |\n  x\n  \ty\n"), "no error");
}

TEST(Yaml, RefusesOtherTrickyInput) {
    EXPECT_EQ(error_of("? [a, b]\n: c\n"), "1:3 a key must be plain text");
    EXPECT_EQ(error_of("a: !foo 1\n"), "1:4 tag '!foo' is not known here");
    EXPECT_EQ(error_of("a: b\nc: \xFF\n"), "2:4 not valid UTF-8");
    EXPECT_EQ(error_of("a: \xED\xA0\x80\n"), "1:4 not valid UTF-8");
    EXPECT_EQ(error_of("a: \xC0\xAF\n"), "1:4 not valid UTF-8");
    EXPECT_EQ(error_of(std::string_view("a: \x04 b\n")), "1:4 control character, which YAML does not allow");
    EXPECT_EQ(error_of(std::string_view("a\0: b\n", 6)), "1:2 control character, which YAML does not allow");
    EXPECT_EQ(error_of(std::string(65, '[') + std::string(65, ']')), "1:65 nested too deep");
    EXPECT_NE(error_of(std::string(100000, '[')), "no error");
    EXPECT_EQ(error_of(std::string((std::size_t{16} << 20U) + 1, 'a')), "1:1 larger than 16 MiB");
    EXPECT_EQ(error_of("a: 'it''s open\n"), "1:4 quote is never closed");
    EXPECT_EQ(error_of("a: \"open\\\"\n"), "1:4 quote is never closed");
    EXPECT_NE(error_of("a: [1, 2\n"), "no error");
    EXPECT_NE(error_of("a: b: c\n"), "no error");
}

TEST(Yaml, DepthOf64IsAllowed) {
    EXPECT_EQ(error_of(std::string(64, '[') + std::string(64, ']')), "no error");
}
