// Group D of the Sigma checklist: strings.
#include <gtest/gtest.h>

#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture

TEST(SigmaChecklist, SIGMA_D17_WholeValueIgnoringCase) {
    expect_values(item("f: whoami"),
                  {{"whoami", true}, {"WhoAmI", true}, {"whoami ", false}, {"xwhoami", false}, {"", false}});
    expect_values(item("f: WHOAMI"), {{"whoami", true}});
}

TEST(SigmaChecklist, SIGMA_D18_UnicodeCaseFolding) {
    expect_values(item("f: Đường"), {{"đường", true}, {"ĐƯỜNG", true}, {"duong", false}, {"Đương", false}});
    expect_values(item("f|contains: ÄÖ"), {{"xäöx", true}, {"xaox", false}});
    expect_values(item("f: ΣΑΣ"), {{"σας", true}, {"σασ", true}}); // both small sigmas
    expect_values(item("f: kelvin"), {{"\xE2\x84\xAA"
                                       "elvin",
                                       true}}); // U+212A KELVIN SIGN
    expect_values(item("f|endswith: тест"), {{"Это ТЕСТ", true}, {"ТЕСТы", false}});
}

TEST(SigmaChecklist, SIGMA_D19_WildcardsAnyAndOne) {
    expect_values(item("f: 'a*c'"),
                  {{"ac", true}, {"abc", true}, {"ab\nbc", true}, {"a", false}, {"abcd", false}, {"xac", false}});
    expect_values(item("f: 'a?c'"), {{"abc", true}, {"aếc", true}, {"a\nc", true}, {"ac", false}, {"abbc", false}});
    expect_values(item("f: '?"
                       "?'"),
                  {{"ab", true}, {"đế", true}, {"\U0001F600\U0001F600", true}, {"a", false}});
    expect_values(item("f: 'a*b*c'"), {{"axbxc", true}, {"abc", true}, {"acb", false}});
}

TEST(SigmaChecklist, SIGMA_D20_Escapes) {
    expect_values(item(R"(f: 'a\*b')"), {{"a*b", true}, {"axb", false}, {R"(a\*b)", false}});
    expect_values(item(R"(f: 'a\?b')"), {{"a?b", true}, {"axb", false}});
    expect_values(item(R"(f: 'a\\*b')"), {{R"(a\xb)", true}, {R"(a\b)", true}, {"a*b", false}, {"axb", false}});
    expect_values(item(R"(f: 'a\\\*b')"), {{R"(a\*b)", true}, {R"(a\xb)", false}});
    expect_values(item(R"(f: 'a\xb')"), {{R"(a\xb)", true}, {"axb", false}});
    expect_values(item(R"(f: 'a\\b')"), {{R"(a\b)", true}, {R"(a\\b)", false}});
    expect_values(item(R"(f: 'a\\\\b')"), {{R"(a\\b)", true}, {R"(a\b)", false}});
    expect_values(item(R"(f: 'a\\\b')"), {{R"(a\\b)", true}});
    expect_values(item(R"(f: 'ab\')"), {{R"(ab\)", true}, {"ab", false}});
    expect_values(item(R"(f: 'escaped\*\?\\*?')"),
                  {{R"(escaped*?\x)", true}, {R"(escaped*?\anything)", true}, {R"(escaped*?\)", false}});
}

TEST(SigmaChecklist, SIGMA_D21_ModifierWildcardAfterParsing) {
    expect_values(item(R"(f|contains: 'foo\')"),
                  {{R"(xfoo\x)", true}, {R"(foo\)", true}, {"xfoo*x", false}, {"foo", false}});
    expect_values(item(R"(f|contains: '\Temp\')"),
                  {{R"(C:\Temp\a.exe)", true}, {R"(C:\Temp)", false}, {"C:/Temp/", false}});
    expect_values(item(R"(f|startswith: 'C:\')"), {{R"(C:\x)", true}, {"C:*x", false}});
    expect_values(item(R"(f|endswith: '\cmd.exe')"), {{R"(C:\cmd.exe)", true}, {"cmd.exe", false}});
}

TEST(SigmaChecklist, SIGMA_D22_WildcardsAreNotDoubled) {
    expect_values(item("f|contains: '*x*'"), {{"x", true}, {"axb", true}, {"*x*", true}, {"y", false}});
    expect_values(item("f|startswith: 'x*'"), {{"x", true}, {"xy", true}, {"yx", false}});
    expect_values(item("f|endswith: '*x'"), {{"x", true}, {"yx", true}, {"xy", false}});
}

TEST(SigmaChecklist, SIGMA_D23_EmptyText) {
    expect_rows(item("f: ''"), {{{{"f", ""}}, true},
                                {{{"f", " "}}, false},
                                {{{"f", "x"}}, false},
                                {{{"g", ""}}, false},
                                {{null_field("f")}, false}});
    expect_rows(item("f|contains: ''"),
                {{{{"f", ""}}, true}, {{{"f", "x"}}, true}, {{{"g", "x"}}, false}, {{null_field("f")}, false}});
    expect_rows(item_and("f: ''", "not s"), {{{{"f", ""}}, false}, {{{"f", "x"}}, true}, {{{"g", "x"}}, true}});
}

TEST(SigmaChecklist, SIGMA_D24_BlanksAreSignificant) {
    expect_values(item("f|contains: ' -enc '"),
                  {{"powershell -enc x", true}, {"powershell -encode x", false}, {"-enc", false}});
    expect_values(item("f: 'a '"), {{"a ", true}, {"a", false}, {"a  ", false}});
    expect_values(item("f|endswith: ' '"), {{"cmd ", true}, {"cmd", false}});
}

} // namespace
} // namespace canhgac::engine
