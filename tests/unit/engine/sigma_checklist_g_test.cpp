// Group G of the Sigma checklist: modifiers but those of time, which have a file of their own.
#include <gtest/gtest.h>

#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture
using event::ValueType;

TEST(SigmaChecklist, SIGMA_G35_AllJoinsTheValues) {
    expect_values(item("f|contains|all: [ab, cd]"), {{"ab cd", true}, {"cdab", true}, {"ab", false}, {"cd", false}});
    expect_values(item("f|all|contains: [ab, cd]"), {{"ab cd", true}, {"ab", false}});
    // What one value is expanded to stays an alternative.
    expect_values(item("f|windash|contains|all: [' -a', ' -b']"),
                  {{"x -a /b", true}, {"x /a -b", true}, {"x -a", false}, {"x /a /a", false}});
    // "foobar" and "secret" in Base64, at any offset
    expect_values(item("f|base64offset|contains|all: [foobar, secret]"),
                  {{"xx Zm9vYmFy yy c2VjcmV0", true}, {"mb29iYX NlY3JldA", true}, {"Zm9vYmFy", false}});
    expect_values(item("f|contains|all: [ab]"), {{"xabx", true}, {"xb", false}}); // of one value: tolerated
    expect_values(item("f|contains|all: ab"), {{"xabx", true}, {"xb", false}});
}

TEST(SigmaChecklist, SIGMA_G36_ContainsStartswithEndswith) {
    expect_values(item("f|contains: b"), {{"abc", true}, {"b", true}, {"ac", false}});
    expect_values(item("f|startswith: ab"), {{"abc", true}, {"ab", true}, {"xab", false}});
    expect_values(item("f|endswith: bc"), {{"abc", true}, {"bc", true}, {"bcx", false}});
    const std::vector<Value> dashes = {
        {"x -p y", true}, {"x /p y", true}, {"x \xE2\x80\x93p y", true}, {"x p y", false}};
    expect_values(item("f|contains|windash: ' -p'"), dashes);
    expect_values(item("f|windash|contains: ' -p'"), dashes);
    const std::vector<Value> cased = {{"xABx", true}, {"xabx", false}};
    expect_values(item("f|contains|cased: AB"), cased);
    expect_values(item("f|cased|contains: AB"), cased);
    rules::ReadOptions options;
    options.placeholders["site"] = {"x", "y"};
    expect_values(item("f|contains|expand: '%site%'"), {{"axb", true}, {"ayb", true}, {"azb", false}}, options);
    expect_values(item("f|expand|contains: '%site%'"), {{"axb", true}, {"azb", false}}, options);
    expect_values(item("f|re|contains: 'a.c'"), {{"xabcx", true}, {"ac", false}});
    expect_values(item("f|re|startswith: '^a.c'"), {{"abcx", true}, {"xabc", false}});
    expect_values(item("f|re|endswith: 'a.c$'"), {{"xabc", true}, {"abcx", false}});
    expect_rows(item("f|fieldref|endswith: g"),
                {{{{"f", "xab"}, {"g", "AB"}}, true}, {{{"f", "abx"}, {"g", "ab"}}, false}});
    expect_rejected(item("f|contains: true"),
                    "modifier 'contains' cannot be used on true or false; put it in quotes if text is meant");
    expect_rejected(item("f|cidr|contains: 10.0.0.0/8"), "cannot be used on a network");
}

TEST(SigmaChecklist, SIGMA_G37_Cased) {
    expect_values(item("f|cased: Abc"), {{"Abc", true}, {"abc", false}, {"ABC", false}});
    expect_values(item("f|endswith|cased: Đ"), {{"xĐ", true}, {"xđ", false}});
    expect_values(item("f|cased: 'A*c'"), {{"Abc", true}, {"ABc", true}, {"abc", false}});
    expect_rows(item("'|cased': Evil"), {{{{"g", "so Evil"}}, true}, {{{"g", "so evil"}}, false}});
    expect_rejected(item("f|re|cased: a"), "modifier 'cased' cannot be used on a regular expression");
    expect_rejected(item("f|cased: 5"), "modifier 'cased' cannot be used on a number");
}

TEST(SigmaChecklist, SIGMA_G38_Exists) {
    expect_rows(item("f|exists: true"),
                {{{{"f", "x"}}, true}, {{{"f", ""}}, true}, {{null_field("f")}, true}, {{{"g", "x"}}, false}});
    expect_rows(item("f|exists: false"), {{{{"g", "x"}}, true}, {{{"f", ""}}, false}, {{null_field("f")}, false}});
    expect_rejected(item("f|exists: 'true'"),
                    "modifier 'exists' cannot be used on text; write true or false, without quotes");
    expect_rejected(item("f|exists: 1"), "cannot be used on a number");
    expect_rejected(item("f|exists|contains: true"), "cannot be combined with others");
    expect_rejected(item("f|neq|exists: true"), "cannot be combined with others");
    expect_rejected(item("'|exists': true"), "needs a field");
}

TEST(SigmaChecklist, SIGMA_G39_NeqNegatesTheItem) {
    expect_rows(item("f|neq: x"), {{{{"f", "y"}}, true}, {{{"f", "X"}}, false}, {{{"g", "x"}}, true}});
    expect_values(item("f|neq: [x, y]"), {{"x", false}, {"y", false}, {"z", true}}); // neither
    expect_values(item("f|contains|all|neq: [a, b]"), {{"ab", false}, {"a", true}, {"b", true}, {"c", true}});
    expect_values(item("f|all|neq: [x, '*']"), {{"x", false}, {"y", true}});
    expect_values(item("f|contains|neq: x"), {{"axb", false}, {"ab", true}});
    expect_values(item("f|neq|contains: x"), {{"axb", false}, {"ab", true}});
    expect_values(item("f|neq: 5"), {{"5", false}, {"6", true}, {"a", true}});
    expect_rows(item("f|fieldref|neq: g"), {{{{"f", "a"}, {"g", "A"}}, false}, {{{"f", "a"}, {"g", "b"}}, true}});
    expect_rows(item("f|neq: null"), {{{{"f", "x"}}, true}, {{{"g", "x"}}, false}, {{null_field("f")}, false}});
    expect_values(item("f|re|neq: 'a.c'"), {{"abc", false}, {"xyz", true}});
}

TEST(SigmaChecklist, SIGMA_G40_Regex) {
    expect_values(item("f|re: 'b.d'"), {{"abcde", true}, {"bcd", true}, {"BCD", false}, {"bd", false}}); // unanchored
    expect_values(item("f|re: '^ab$'"), {{"ab", true}, {"xab", false}, {"AB", false}});
    expect_values(item(R"(f|re: '\\cmd\.exe')"), {{R"(C:\cmd.exe)", true}, {R"(C:\cmdxexe)", false}}); // not unescaped
    expect_values(item("f|re: '(?i)ab'"), {{"xABx", true}});
    expect_values(item("f|re: 'a.c'"), {{"aếc", true}, {"a\nc", false}}); // one character, no newline
    expect_rows(item("'|re': 'ev[i1]l'"), {{{{"g", "so ev1l"}}, true}, {{{"g", "good"}}, false}});
    expect_rejected(item("f|contains|re: a"), "modifier 're' must come before every other modifier");
    expect_rejected(item("f|windash|re: a"), "must come before every other modifier");
    expect_rejected(item("f|re: '(?<=a)b'"), "lookbehind is not supported at byte 1 of '(?<=a)b'; write it without");
    expect_rejected(item("f|re: 'a(b'"), "missing ')' at byte 4");
    expect_rejected(item(R"(f|re: '(a)\1')"), "backreference is not supported");
}

TEST(SigmaChecklist, SIGMA_G41_RegexFlags) {
    for (const char* name : {"i", "ignorecase"}) {
        expect_values(item("f|re|" + std::string(name) + ": ab"), {{"AB", true}, {"xaBx", true}, {"ba", false}});
    }
    for (const char* name : {"m", "multiline"}) {
        expect_values(item("f|re|" + std::string(name) + ": '^b$'"), {{"a\nb\nc", true}, {"ab", false}});
    }
    for (const char* name : {"s", "dotall"}) {
        expect_values(item("f|re|" + std::string(name) + ": 'a.c'"), {{"a\nc", true}, {"ac", false}});
    }
    expect_values(item("f|re|i|m|s: '^B.c'"), {{"a\nb\nc", true}, {"abc", false}});
    expect_values(item("f|re: '^b$'"), {{"a\nb\nc", false}});
    for (const char* name : {"i", "m", "s"}) {
        expect_rejected(item("f|" + std::string(name) + ": a"), "must follow 're'");
        expect_rejected(item("f|contains|" + std::string(name) + ": a"), "must follow 're'");
    }
}

TEST(SigmaChecklist, SIGMA_G42_Base64) {
    expect_values(item("f|base64: foobar"),
                  {{"Zm9vYmFy", true}, {"zM9VyMfY", true}, {"foobar", false}}); // case ignored
    expect_values(item("f|base64|contains: 'a'"), {{"x YQ== y", true}, {"x YQ y", false}});
    expect_values(item("f|base64: 'đ'"), {{"xJE=", true}, {"ZA==", false}}); // bytes of UTF-8
    expect_rejected(item("f|base64: 'a*'"), "cannot be used on a value with wildcards");
    expect_rejected(item("f|base64: 5"), "cannot be used on a number");
}

TEST(SigmaChecklist, SIGMA_G43_Base64Offset) {
    expect_values(item("f|base64offset|contains: foobar"),
                  {{"xxZm9vYmFyxx", true}, {"xxZvb2Jhcxx", true}, {"xxmb29iYXxx", true}, {"xxfoobarxx", false}});
    expect_values(item("f|base64offset|contains: 'đường'"), {{"xJHGsOG7nW5n", true}, {"duong", false}});
    expect_rejected(item("f|base64offset|contains: a"), "needs a longer value: 'a' leaves nothing to look for");
    expect_rejected(item("f|base64offset|contains: 'a*bcdef'"), "cannot be used on a value with wildcards");
}

TEST(SigmaChecklist, SIGMA_G44_Utf16) {
    expect_values(item("f|wide|base64: ping"), {{"cABpAG4AZwA=", true}, {"cGluZw==", false}});
    expect_values(item("f|utf16le|base64: ping"), {{"cABpAG4AZwA=", true}});
    expect_values(item("f|utf16be|base64: cmd"), {{"AGMAbQBk", true}, {"YwBtAGQA", false}});
    expect_values(item("f|utf16|base64: cmd"), {{"//5jAG0AZAA=", true}, {"77u/YwBtAGQA", false}}); // FF FE 63 00 ...
    expect_values(item("f|wide|base64offset|contains: ping"),
                  {{"x cABpAG4AZw x", true}, {"x AAaQBuAGcA x", true}, {"x wAGkAbgBnA x", true}, {"ping", false}});
    expect_rows(item("f|wide: ab"), {{{{"f", std::string_view("a\0b\0", 4)}}, true}, {{{"f", "ab"}}, false}});
    expect_rejected(item("f|utf16: ab"), "add base64 or base64offset after the modifier");
}

TEST(SigmaChecklist, SIGMA_G45_Windash) {
    expect_values(item("f|windash: '-param-1 -param2'"), {{"-param-1 -param2", true},
                                                          {"/param-1 /param2", true},
                                                          {"/param-1 -param2", true},
                                                          {"\xE2\x80\x93param-1 \xE2\x80\x94param2", true},
                                                          {"\xE2\x80\x95param-1 /param2", true},
                                                          {"-param/1 -param2", false},
                                                          {"param-1 param2", false}});
    expect_values(item("f|windash: '/a'"), {{"/a", true}, {"-a", true}});
    expect_values(item("f|windash: a-b"), {{"a-b", true}, {"a/b", false}});
    expect_values(item("f|windash: '- a'"), {{"- a", true}, {"/ a", false}});
    expect_values(item("f|windash: '\xE2\x80\x93"
                       "a'"),
                  {{"\xE2\x80\x93"
                    "a",
                    true},
                   {"-a", false}});
    expect_rejected(item("f|windash: '-a -b -c -d -e -f -g'"), "makes more than 20,000 values");
}

TEST(SigmaChecklist, SIGMA_G46_Cidr) {
    expect_values(item("f|cidr: 10.0.0.0/8"), {{"10.1.2.3", true},
                                               {"10.255.255.255", true},
                                               {"11.0.0.0", false},
                                               {"::ffff:10.1.2.3", false},
                                               {"10.1.2", false},
                                               {"host", false}});
    expect_values(item("f|cidr: '2001:db8::/32'"),
                  {{"2001:db8::1", true}, {"2001:DB8:0:0::1", true}, {"2001:db9::1", false}, {"10.0.0.1", false}});
    expect_values(item("f|cidr: [10.0.0.0/8, 192.168.1.1/32]"), {{"192.168.1.1", true}, {"192.168.1.2", false}});
    expect_values(item("f|cidr: 0.0.0.0/0"), {{"1.2.3.4", true}, {"::1", false}});
    expect_rejected(item("f|cidr: 10.0.0.1/8"), "has host bits set");
    expect_rejected(item("f|cidr: 10.0.0.0/33"), "has a bad prefix length");
    expect_rejected(item("f|cidr: host"), "is not an address");
    expect_rejected(item("f|contains|cidr: 10.0.0.0/8"), "must come before every other modifier");
}

TEST(SigmaChecklist, SIGMA_G47_Comparisons) {
    expect_values(item("f|lt: 5"), {{"4", true}, {"5", false}, {"-1", true}, {"a", false}, {"", false}});
    expect_values(item("f|lte: 5"), {{"5", true}, {"5.1", false}});
    expect_values(item("f|gt: 5"), {{"5.5", true}, {"5", false}, {"10", true}});
    expect_values(item("f|gte: 1.5"), {{"1.5", true}, {"1.4", false}, {"2e0", true}});
    expect_rows(item("f|gt: 5"),
                {{{{"f", "6", ValueType::integer}}, true}, {{{"g", "6"}}, false}, {{null_field("f")}, false}});
    for (const char* name : {"lt", "lte", "gt", "gte"}) {
        expect_rejected(item("f|" + std::string(name) + ": '5'"),
                        "cannot be used on text; write a number, without quotes");
        expect_rejected(item("f|" + std::string(name) + ": null"), "cannot be used on null");
    }
    expect_rejected(item("f|gte|lt: 5"), "cannot be used on a comparison");
}

TEST(SigmaChecklist, SIGMA_G49_FieldReference) {
    expect_rows(item("f|fieldref: g"), {{{{"f", "a"}, {"g", "a"}}, true},
                                        {{{"f", "a"}, {"g", "A"}}, true},
                                        {{{"f", "a"}, {"g", "b"}}, false},
                                        {{{"f", "a"}}, false},
                                        {{{"g", "a"}}, false},
                                        {{null_field("f"), null_field("g")}, false}});
    expect_rows(item("f|fieldref|contains: g"),
                {{{{"f", "xax"}, {"g", "A"}}, true}, {{{"f", "x"}, {"g", "a"}}, false}});
    expect_rows(item("f|fieldref|startswith: g"),
                {{{{"f", "ax"}, {"g", "a"}}, true}, {{{"f", "xa"}, {"g", "a"}}, false}});
    expect_rows(item("f|fieldref|endswith: g"),
                {{{{"f", "xa"}, {"g", "a"}}, true}, {{{"f", "ax"}, {"g", "a"}}, false}});
    expect_rows(item("f|fieldref|contains|neq: g"),
                {{{{"f", "xax"}, {"g", "a"}}, false}, {{{"f", "x"}, {"g", "a"}}, true}, {{{"f", "x"}}, true}});
    expect_rows(item("f|fieldref: [g, h]"),
                {{{{"f", "a"}, {"g", "b"}, {"h", "a"}}, true}, {{{"f", "a"}, {"g", "b"}}, false}});
    expect_rows(item("f|fieldref|all: [g, h]"),
                {{{{"f", "a"}, {"g", "a"}, {"h", "a"}}, true}, {{{"f", "a"}, {"g", "a"}, {"h", "b"}}, false}});
    expect_rows(item_and("f|fieldref: g", "not s"), {{{{"f", "a"}}, true}, {{{"f", "a"}, {"g", "a"}}, false}});
    expect_rejected(item("f|fieldref: 'g*'"), "cannot be used on a value with wildcards");
    expect_rejected(item("f|fieldref: 5"), "cannot be used on a number");
    expect_rejected(item("f|fieldref: ''"), "needs the name of a field");
}

TEST(SigmaChecklist, SIGMA_G50_Expand) {
    rules::ReadOptions options;
    options.placeholders["admins"] = {"root", "adm*"};
    expect_values(item("f|expand: '%admins%'"), {{"root", true}, {"admin7", true}, {"%admins%", false}}, options);
    expect_values(item("f|expand: 'x-%admins%'"), {{"x-root", true}, {"root", false}}, options);
    expect_values(item("f|expand: 'x-%admins%-%admins%'"), {{"x-root-admx", true}, {"x-root", false}}, options);
    expect_values(item(R"(f|expand: '\%admins\%')"), {{"%admins%", true}, {"root", false}}, options);
    expect_values(item("f: '%admins%'"), {{"%admins%", true}, {"root", false}}, options); // text without the modifier
    expect_values(item("f|expand: '100%'"), {{"100%", true}}, options);
    expect_rejected(item("f|expand: '%none%'"), "unresolved placeholder '%none%'; give it values", options);
}

TEST(SigmaChecklist, SIGMA_G51_UnknownModifier) {
    expect_rejected(item("f|contians: x"), "unknown modifier 'contians' in 'f|contians'; did you mean 'contains'?");
    expect_rejected(item("f|Contains: x"), "unknown modifier 'Contains'");
    expect_rejected(item("f|whatever: x"), "the modifiers are listed in docs/reference/sigma.md");
    expect_rejected(item("'f|': x"), "unknown modifier ''");
    expect_rejected(item("f||contains: x"), "unknown modifier ''");
    expect_rejected(item("f|contains|foo: x"), "unknown modifier 'foo'");
}

} // namespace
} // namespace canhgac::engine
