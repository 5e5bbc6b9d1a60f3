#include "rules/reader.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "reader_helpers.hpp"

namespace canhgac::rules {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

constexpr const char* kDetection = "  s: {f: x}\n  condition: s\n";

/// "line:column reason (id)" of the only rejection of a text.
std::string rejection(std::string_view text) {
    const auto result = read_text("t.yml", text);
    if (result.rejected.size() != 1) { return std::to_string(result.rejected.size()) + " rejections"; }
    return to_string(result.rejected.front());
}

/// A folder that goes away with the test.
class Folder {
public:
    Folder() : path_(fs::temp_directory_path() / ("canhgac_reader_test_" + std::to_string(::getpid()))) {
        fs::remove_all(path_);
        fs::create_directories(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    void put(const std::string& name, const std::string& text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

TEST(Reader, SIGMA_A1_ManyDocumentsInOneFile) {
    const auto result =
        read_text("t.yml", rule_text(kDetection, "r1") + "---\n" + rule_text(kDetection, "r2") + "---\n");
    ASSERT_EQ(result.rules.size(), 2U);
    EXPECT_EQ(result.rules[1].id, "r2");
    EXPECT_EQ(result.rules[1].at.line, 8U);
    EXPECT_EQ(result.rules[1].at.file, "t.yml");
    EXPECT_EQ(result.files, 1U);
    EXPECT_EQ(result.documents, 2U);
}

TEST(Reader, SIGMA_A2_RequiredKeys) {
    EXPECT_EQ(rejection("id: x\nlogsource: {product: p}\ndetection: {s: {a: b}, condition: s}\n"),
              "t.yml:1:1: missing 'title'; say in a few words what the rule finds (rule x)");
    EXPECT_EQ(rejection("title: x\ndetection: {s: {a: b}, condition: s}\n"),
              "t.yml:1:1: missing 'logsource'; it says which product, category or service the rule is for");
    EXPECT_EQ(rejection("title: x\nlogsource: {product: p}\n"),
              "t.yml:1:1: missing 'detection'; it holds the selections and the condition");
    EXPECT_EQ(rejection("title: x\nlogsource: {product: p}\ndetection: {s: {a: b}}\n"),
              "t.yml:3:12: missing 'condition' in 'detection'; it says which selections must hold");
    EXPECT_EQ(rejection("title: x\nlogsource: {definition: p}\ndetection: {s: {a: b}, condition: s}\n"),
              "t.yml:2:12: 'logsource' needs a product, a category or a service");
    EXPECT_EQ(rejection("- a\n"),
              "t.yml:1:1: a document must be a map with keys such as title, logsource and detection");
    EXPECT_EQ(rejection("just text\n"),
              "t.yml:1:1: a document must be a map with keys such as title, logsource and detection");
    EXPECT_EQ(rejection(""), "t.yml:1:1: the file holds no document; remove it or write a rule into it");
}

TEST(Reader, SIGMA_A3_IdsAndNamesAreUnique) {
    EXPECT_EQ(rejection(rule_text(kDetection, "r1") + "---\n" + rule_text(kDetection, "r1")),
              "t.yml:9:5: id 'r1' is already used in t.yml:1; give this one another (rule r1)");
    EXPECT_EQ(rejection(rule_text(kDetection, "r1", "name: n\n") + "---\n" + rule_text(kDetection, "r2", "name: n\n")),
              "t.yml:12:7: name 'n' is already used in t.yml:1; give this one another (rule r2)");
    const auto result = read_text("t.yml", rule_text(kDetection, "r1") + "---\n" + rule_text(kDetection, "r1"));
    EXPECT_EQ(result.rules.size(), 1U);
}

TEST(Reader, SIGMA_A3_WithoutAnIdTheNameOrTheTitleIsTheId) {
    const std::string body = "logsource: {product: p}\ndetection: {s: {a: b}, condition: s}\n";
    EXPECT_EQ(read_text("t", "title: T\nname: n\n" + body).rules.at(0).id, "n");
    EXPECT_EQ(read_text("t", "title: T\n" + body).rules.at(0).id, "T");
}

TEST(Reader, SIGMA_A4_HeadIsCarriedThrough) {
    const auto result = read_text("t.yml", R"(title: T
id: i
name: n
description: d
status: test
author: me
level: critical
tags: [attack.t1059, car.1]
references: https://example.org
falsepositives: [Unknown, 5]
fields: [a]
related: [{id: x, type: derived}]
custom: {any: thing}
canhgac: {entity: [source.ip, user.name], title_vi: 'Tiêu đề', response_vi: Chặn}
logsource: {product: windows, category: c, service: s, definition: prose}
detection: {s: {a: b}, condition: s}
)");
    ASSERT_EQ(result.rules.size(), 1U);
    const Rule& rule = result.rules[0];
    EXPECT_EQ(rule.name, "n");
    EXPECT_EQ(rule.level, event::Severity::critical);
    EXPECT_EQ(rule.status, "test");
    EXPECT_EQ(rule.author, "me");
    EXPECT_THAT(rule.tags, ElementsAre("attack.t1059", "car.1"));
    EXPECT_THAT(rule.references, ElementsAre("https://example.org"));
    EXPECT_THAT(rule.falsepositives, ElementsAre("Unknown", "5"));
    EXPECT_THAT(rule.fields, ElementsAre("a"));
    EXPECT_THAT(rule.entity, ElementsAre("source.ip", "user.name"));
    EXPECT_EQ(rule.title_vi, "Tiêu đề");
    EXPECT_EQ(rule.response_vi, "Chặn");
    EXPECT_EQ(rule.logsource, (LogSource{"windows", "c", "s"}));
}

TEST(Reader, SIGMA_A4_WrongHeadsAreRejected) {
    EXPECT_EQ(rejection(rule_text(kDetection, "r1", "level: urgent\n")),
              "t.yml:4:8: unknown level 'urgent'; one of informational, low, medium, high and critical (rule r1)");
    EXPECT_EQ(rejection(rule_text(kDetection, "r1", "taxonomy: ecs\n")),
              "t.yml:4:11: taxonomy 'ecs' is not known; write the rule with Sigma's field names, or use a pipeline "
              "that translates this taxonomy (rule r1)");
    EXPECT_EQ(rejection(rule_text(kDetection, "r1", "tags: {a: b}\n")),
              "t.yml:4:7: 'tags' must be text or, where several are allowed, a list of texts (rule r1)");
    EXPECT_EQ(
        rejection(rule_text(kDetection, "r1", "canhgac: {entty: a}\n")),
        "t.yml:4:11: unknown key 'entty' in 'canhgac'; entity, title_vi, response_vi and lint are known (rule r1)");
    EXPECT_EQ(read_text("t.yml", rule_text(kDetection, "r1", "taxonomy: sigma\n")).rules.size(), 1U);
}

TEST(Reader, SIGMA_A5_ActionGlobalIsAddedToEveryDocumentAfterIt) {
    const auto result =
        read_text("t.yml", "action: global\ntitle: T\nid: g1\nlevel: high\nlogsource: {product: windows}\n"
                           "detection: {condition: sel}\n"
                           "---\nlogsource: {service: system}\ndetection: {sel: {EventID: 1}}\n"
                           "---\ntitle: Own\nlevel: low\ndetection: {sel: {EventID: 2}}\n");
    ASSERT_TRUE(result.rejected.empty()) << to_string(result.rejected[0]);
    ASSERT_EQ(result.rules.size(), 2U);
    EXPECT_EQ(result.rules[0].id, "g1");
    EXPECT_EQ(result.rules[0].title, "T");
    EXPECT_EQ(result.rules[0].logsource, (LogSource{"windows", "", "system"}));
    EXPECT_EQ(result.rules[0].level, event::Severity::high);
    EXPECT_EQ(result.rules[1].id, "g1-2");
    EXPECT_EQ(result.rules[1].title, "Own");
    EXPECT_EQ(result.rules[1].level, event::Severity::low);
}

TEST(Reader, SIGMA_A5_ActionResetAndRepeat) {
    const auto result = read_text("t.yml", "action: global\nlevel: critical\n---\n" + rule_text(kDetection, "r1") +
                                               "---\naction: repeat\nid: r2\ntitle: Again\n---\naction: repeat\n"
                                               "---\naction: reset\n---\n" +
                                               rule_text(kDetection, "r3"));
    ASSERT_TRUE(result.rejected.empty()) << to_string(result.rejected[0]);
    ASSERT_EQ(result.rules.size(), 4U);
    EXPECT_EQ(result.rules[1].id, "r2");
    EXPECT_EQ(result.rules[1].title, "Again");
    EXPECT_EQ(result.rules[1].predicates, result.rules[0].predicates);
    EXPECT_EQ(result.rules[2].id, "r2-2");
    EXPECT_EQ(result.rules[3].id, "r3");
}

TEST(Reader, SIGMA_A5_AnActionThatCannotBeDoneIsRejected) {
    for (const char* text : {"action: repeat\ntitle: T\n", "action: merge\ntitle: T\n"}) {
        const auto result = read_text("t.yml", text);
        EXPECT_TRUE(result.rules.empty());
        EXPECT_EQ(result.rejected.size(), 1U) << text;
    }
}

TEST(Reader, SIGMA_F30_MapsAndLists) {
    EXPECT_EQ(item("{a: [1, 2], b: x}"), "  all\n    any\n      a = 1\n      a = 2\n    b matches \"x\"\n");
    EXPECT_EQ(item("[{a: 1, b: 2}, {c: 3}]"), "  any\n    all\n      a = 1\n      b = 2\n    c = 3\n");
    EXPECT_EQ(item("[word, {c: 3}]"), "  any\n    <any value> matches * \"word\" *\n    c = 3\n");
    EXPECT_EQ(reason("[[a]]"), "a list inside a list; put its values into the outer list");
}

TEST(Reader, SIGMA_F31_F33_Keywords) {
    EXPECT_EQ(item("[a, 'b*c']"),
              "  any\n    <any value> matches * \"a\" *\n    <any value> matches * \"b\" * \"c\" *\n");
    EXPECT_EQ(item("word"), "  <any value> matches * \"word\" *\n");
    EXPECT_EQ(item("[200]"), "  <any value> matches * \"200\" *\n");
    EXPECT_EQ(item("'|re': 'a.b'"), "  <any value> regex \"a.b\"\n");
}

TEST(Reader, SIGMA_F32_AllKeywords) {
    EXPECT_EQ(item("'|all': [a, 6]"), "  all\n    <any value> matches * \"a\" *\n    <any value> matches * \"6\" *\n");
}

TEST(Reader, SIGMA_F34_EmptyDetections) {
    EXPECT_EQ(reason("{}"), "empty map in the detection; give it an item such as 'field: value'");
    EXPECT_EQ(reason("[]"), "empty selection; give it an item such as 'field: value', or a text to look for");
    EXPECT_EQ(reason("null"), "empty selection; give it an item such as 'field: value', or a text to look for");
    EXPECT_EQ(reason("[{}]"), "empty map in the detection; give it an item such as 'field: value'");
    EXPECT_EQ(rejection("title: x\nlogsource: {product: p}\ndetection: {condition: s}\n"),
              "t.yml:3:12: 'detection' has no selection; add one such as 'selection: {field: value}'");
    EXPECT_EQ(rejection("title: x\nlogsource: {product: p}\ndetection: [a]\n"),
              "t.yml:3:12: 'detection' must be a map of selections and a condition");
}

TEST(Reader, SIGMA_C12_FieldNamesAsWritten) {
    EXPECT_EQ(item("'Threat Name': x"), "  Threat Name matches \"x\"\n");
    EXPECT_EQ(item("a.b-c_d: x"), "  a.b-c_d matches \"x\"\n");
}

TEST(ReaderBadInput, EveryKindOfMistakeHasPlaceIdAndReason) {
    EXPECT_EQ(rejection(rule_text("  s:\n    f|contians: x\n  condition: s\n")),
              "t.yml:6:5: unknown modifier 'contians' in 'f|contians'; did you mean 'contains'? (rule r1)");
    EXPECT_EQ(rejection(rule_text("  s: {f: x}\n  condition: s and t\n")),
              "t.yml:6:14: condition: 't' is not defined in the detection; define it or correct the name (rule r1)");
    EXPECT_EQ(rejection(rule_text("  s:\n    f|re: 'a(b'\n  condition: s\n")),
              "t.yml:6:11: modifier 're' has a bad regular expression: missing ')' at byte 4 of 'a(b' (rule r1)");
    EXPECT_EQ(rejection(rule_text("  s: {f: x}\n  s: {f: y}\n  condition: s\n")),
              "t.yml:6:3: key 's' appears twice; first in line 5");
    EXPECT_EQ(rejection(rule_text("  s:\n\tf: x\n  condition: s\n")),
              "t.yml:6:1: tab used as indentation; YAML wants blanks");
    EXPECT_EQ(rejection(rule_text("  s: &a [x, x]\n  t: [*a, *a]\n  condition: s\n")),
              "t.yml:5:6: anchors (&name) are not allowed");
    EXPECT_EQ(rejection("title: [\n"), "t.yml:2:1: end of sequence flow not found");
    EXPECT_EQ(rejection("title: \xFF\n"), "t.yml:1:8: not valid UTF-8");
}

TEST(ReaderBadInput, ValuesThatMultiplyAreBounded) {
    std::string list;
    for (int i = 0; i < 30; ++i) {
        list += (i == 0 ? "'-a -b -c -d -e -f" : ", '-a -b -c -d -e -f") + std::to_string(i) + "'";
    }
    EXPECT_EQ(reason("f|windash: [" + list + "]"), "the rule has more than 200,000 values; split it");
}

TEST(ReaderPaths, FoldersAreReadSortedAndTestsAreSkipped) {
    const Folder folder;
    folder.put("b/two.yaml", rule_text(kDetection, "r2"));
    folder.put("a/one.yml", rule_text(kDetection, "r1"));
    folder.put("a/one.test.yaml", "rule: r1\n");
    folder.put("a/notes.txt", "no rule\n");
    folder.put("c.yml", "title: [\n");
    const auto result = read_paths({folder.path()});
    EXPECT_EQ(result.files, 3U);
    ASSERT_EQ(result.rules.size(), 2U);
    EXPECT_EQ(result.rules[0].id, "r1");
    EXPECT_EQ(result.rules[1].id, "r2");
    EXPECT_EQ(result.rules[1].at.file, (folder.path() / "b/two.yaml").string());
    ASSERT_EQ(result.rejected.size(), 1U);
    EXPECT_EQ(result.rejected[0].file, (folder.path() / "c.yml").string());
}

TEST(ReaderPaths, WhatCannotBeReadIsARejection) {
    const auto result = read_paths({"/nonexistent/rules.yml"});
    ASSERT_EQ(result.rejected.size(), 1U);
    EXPECT_EQ(to_string(result.rejected[0]), "/nonexistent/rules.yml: cannot open: No such file or directory");
    EXPECT_EQ(result.documents, 1U);
}

TEST(ReaderPaths, ABrokenLinkAndAPipeStopNothing) {
    const Folder folder;
    folder.put("z.yml", rule_text(kDetection, "r1"));
    fs::create_symlink("/nonexistent/target.yml", folder.path() / "a.yml");
    ASSERT_EQ(::mkfifo((folder.path() / "b.yml").c_str(), 0600), 0);
    const auto result = read_paths({folder.path()});
    EXPECT_EQ(result.rules.size(), 1U);
    ASSERT_EQ(result.rejected.size(), 1U);
    EXPECT_EQ(result.rejected[0].file, (folder.path() / "a.yml").string());
}

TEST(ReaderPaths, RejectionsComeByFileAndLine) {
    Reader reader;
    reader.add_text("z.yml", rule_text("  s: {f|x: 1}\n  condition: s\n", "r1"));
    reader.add_text("a.yml", "title: C\nid: c\ncorrelation: {type: event_count, rules: [r9], timespan: 1m, "
                             "condition: {gte: 1}}\n---\n" +
                                 rule_text("  s: {f|x: 1}\n  condition: s\n", "r2"));
    const auto result = reader.finish();
    ASSERT_EQ(result.rejected.size(), 3U);
    EXPECT_EQ(result.rejected[0].file, "z.yml");
    EXPECT_EQ(result.rejected[1].id, "c");
    EXPECT_EQ(result.rejected[2].id, "r2");
}

TEST(ReaderPaths, TheReaderIsEmptyAfterFinish) {
    Reader reader;
    reader.add_text("t.yml", rule_text(kDetection));
    EXPECT_EQ(reader.finish().rules.size(), 1U);
    EXPECT_EQ(reader.finish().documents, 0U);
    reader.add_text("t.yml", rule_text(kDetection));
    EXPECT_EQ(reader.finish().rules.size(), 1U);
}

} // namespace
} // namespace canhgac::rules
