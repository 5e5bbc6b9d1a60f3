#include "rules/modifiers.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "reader_helpers.hpp"

namespace canhgac::rules {
namespace {

std::vector<std::string> windash_texts(std::string_view text) {
    std::vector<std::string> texts;
    const auto patterns = windash(parse_sigma_string(text));
    for (const auto& pattern : patterns.value()) {
        texts.push_back(literal_text(pattern));
    }
    return texts;
}

TEST(Modifiers, SIGMA_E25_Numbers) {
    EXPECT_EQ(item("f: 4624"), "  f = 4624\n");
    EXPECT_EQ(item("f: -1.5"), "  f = -1.5\n");
    EXPECT_EQ(item("f: '4624'"), "  f matches \"4624\"\n");
    EXPECT_EQ(item("f: 00000429"), "  any\n    f matches \"00000429\"\n    f = 429\n");
    EXPECT_EQ(item("f: 9007199254740993"), "  f matches \"9007199254740993\"\n"); // no double is this number
}

TEST(Modifiers, SIGMA_E26_E27_BooleanAndNull) {
    EXPECT_EQ(item("f: true"), "  f is true\n");
    EXPECT_EQ(item("f: 'true'"), "  f matches \"true\"\n");
    EXPECT_EQ(item("f: null"), "  f is null\n");
    EXPECT_EQ(item("f:"), "  f is null\n");
    EXPECT_EQ(item("f: []"), "  f is null\n");
    EXPECT_EQ(item("f: [x, null]"), "  any\n    f matches \"x\"\n    f is null\n");
    EXPECT_EQ(item("f: yes"), "  f matches \"yes\"\n");
}

TEST(Modifiers, SIGMA_E28_NullAndMapAreNoKeywords) {
    EXPECT_EQ(reason("- null"), "null cannot be a keyword; write the text to look for");
    EXPECT_EQ(reason("- true"), "true or false cannot be a keyword; write it in quotes");
    EXPECT_EQ(reason("f: {a: b}"), "a map cannot be the value of 'f'; the parts of a nested field are joined by dots");
    EXPECT_EQ(reason("f: [[a]]"), "a list inside a list; put its values into the outer list");
}

TEST(Modifiers, SIGMA_E29_NumbersWithTextModifiers) {
    for (const char* name : {"contains", "startswith", "endswith", "re", "cidr", "base64", "wide", "windash", "cased",
                             "expand", "fieldref"}) {
        EXPECT_EQ(reason("f|" + std::string(name) + ": 5"),
                  "modifier '" + std::string(name) + "' cannot be used on a number; put it in quotes if text is meant");
    }
    EXPECT_EQ(reason("f|contains: null"),
              "modifier 'contains' cannot be used on null; put it in quotes if text is meant");
}

TEST(Modifiers, SIGMA_G35_All) {
    EXPECT_EQ(item("f|contains|all: [a, b]"), "  all\n    f matches * \"a\" *\n    f matches * \"b\" *\n");
    EXPECT_EQ(item("f|all|contains: [a, b]"), "  all\n    f matches * \"a\" *\n    f matches * \"b\" *\n");
    EXPECT_EQ(item("f|all: a"), "  f matches \"a\"\n");
    EXPECT_EQ(item("f|base64offset|contains|all: [foobar, foobaz]"),
              "  all\n"
              "    any\n      f matches * \"Zm9vYmFy\" *\n      f matches * \"Zvb2Jhc\" *\n"
              "      f matches * \"mb29iYX\" *\n"
              "    any\n      f matches * \"Zm9vYmF6\" *\n      f matches * \"Zvb2Jhe\" *\n"
              "      f matches * \"mb29iYX\" *\n");
}

TEST(Modifiers, SIGMA_G37_Cased) {
    EXPECT_EQ(item("f|cased: aB"), "  f matches \"aB\" cased\n");
    EXPECT_EQ(item("f|cased|contains: aB"), item("f|contains|cased: aB"));
    EXPECT_EQ(item("f|contains|cased: aB"), "  f matches * \"aB\" * cased\n");
    EXPECT_EQ(reason("f|re|cased: a"), "modifier 'cased' cannot be used on a regular expression; it is for text only");
}

TEST(Modifiers, SIGMA_G38_Exists) {
    EXPECT_EQ(item("f|exists: true"), "  f exists\n");
    EXPECT_EQ(item("f|exists: false"), "  f does not exist\n");
    EXPECT_EQ(reason("f|exists: 'true'"),
              "modifier 'exists' cannot be used on text; write true or false, without quotes");
    EXPECT_EQ(reason("f|exists: 1"),
              "modifier 'exists' cannot be used on a number; write true or false, without quotes");
    EXPECT_EQ(reason("f|exists|neq: true"),
              "modifier 'exists' cannot be combined with others; write the other test as an item of its own");
}

TEST(Modifiers, SIGMA_G39_NeqNegatesTheWholeItem) {
    EXPECT_EQ(item("f|neq: x"), "  not\n    f matches \"x\"\n");
    EXPECT_EQ(item("f|neq: [x, y]"), "  not\n    any\n      f matches \"x\"\n      f matches \"y\"\n");
    EXPECT_EQ(item("f|all|neq: [x, y]"), "  not\n    all\n      f matches \"x\"\n      f matches \"y\"\n");
    EXPECT_EQ(item("f|contains|neq: x"), "  not\n    f matches * \"x\" *\n");
    EXPECT_EQ(item("f|fieldref|neq: g"), "  not\n    f equals field g\n");
    EXPECT_EQ(item("f|neq: null"), "  not\n    f is null\n");
    EXPECT_EQ(item("f|neq: 5"), "  not\n    f = 5\n");
}

TEST(Modifiers, SIGMA_G40_Re) {
    EXPECT_EQ(item(R"(f|re: 'a\.b*\\c')"), "  f regex \"a\\\\.b*\\\\\\\\c\"\n");
    EXPECT_EQ(reason("f|contains|re: a"), "modifier 're' must come before every other modifier");
    EXPECT_EQ(reason("f|cased|re: a"), "modifier 're' must come before every other modifier");
    EXPECT_EQ(item("f|all|re: [a, b]"), "  all\n    f regex \"a\"\n    f regex \"b\"\n");
    EXPECT_EQ(reason("f|re: '(?=a)b'"), "modifier 're' has a bad regular expression: lookahead is not supported at "
                                        "byte 1 of '(?=a)b'; write it without");
}

TEST(Modifiers, SIGMA_G36_PlacingARegex) {
    EXPECT_EQ(item("f|re|contains: a"), "  f regex \".*a.*\"\n");
    EXPECT_EQ(item("f|re|startswith: a"), "  f regex \"a.*\"\n");
    EXPECT_EQ(item("f|re|endswith: a"), "  f regex \".*a\"\n");
    EXPECT_EQ(item("f|re|contains: '^a$'"), "  f regex \"^a$\"\n");
}

TEST(Modifiers, SIGMA_G41_RegexFlags) {
    EXPECT_EQ(item("f|re|i: a"), "  f regex \"a\" ignorecase\n");
    EXPECT_EQ(item("f|re|m|s: a"), "  f regex \"a\" multiline dotall\n");
    EXPECT_EQ(item("f|re|ignorecase|multiline|dotall: a"), "  f regex \"a\" ignorecase multiline dotall\n");
    EXPECT_EQ(reason("f|i: a"), "modifier 'i' must follow 're'");
    EXPECT_EQ(reason("f|i|re: a"), "modifier 'i' must follow 're'");
}

TEST(Modifiers, SIGMA_G42_Base64) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("\xFF\xFE\xFD"), "//79");
    EXPECT_EQ(item("f|base64: foobar"), "  f matches \"Zm9vYmFy\"\n");
    EXPECT_EQ(item("f|base64|contains: foobar"), "  f matches * \"Zm9vYmFy\" *\n");
    EXPECT_EQ(item("f|base64: 'đ'"), "  f matches \"xJE=\"\n"); // UTF-8 bytes C4 91
    EXPECT_EQ(reason("f|base64: 'a*'"),
              "modifier 'base64' cannot be used on a value with wildcards; escape * and ? with a backslash");
    EXPECT_EQ(reason("f|contains|base64: a"),
              "modifier 'base64' cannot be used on a value with wildcards; escape * and ? with a backslash");
    EXPECT_EQ(item(R"(f|base64: 'a\*b')"), "  f matches \"YSpi\"\n");
}

TEST(Modifiers, SIGMA_G43_Base64Offset) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(base64_offsets("foobar"), (Texts{"Zm9vYmFy", "Zvb2Jhc", "mb29iYX"}));
    EXPECT_EQ(base64_offsets("http"), (Texts{"aHR0c", "h0dH", "odHRw"}));
    EXPECT_EQ(base64_offsets("f"), std::nullopt); // a variant would be empty and match everything
    EXPECT_EQ(base64_offsets(""), std::nullopt);
    EXPECT_EQ(reason("f|base64offset|contains: f"),
              "modifier 'base64offset' needs a longer value: 'f' leaves nothing to look for; use three bytes or more");
    EXPECT_EQ(base64_offsets("\xC4\x91\xC4\x91")->at(0), "xJHEk"); // bytes, not characters, decide the cut
}

TEST(Modifiers, SIGMA_G43_EveryOffsetIsFoundInRealEncodings) {
    for (const std::string value : {"powershell", "IEX", "đường dẫn", "abcd", "ab\xC4\x91"}) {
        const auto texts = base64_offsets(value).value();
        for (std::size_t before = 0; before < 9; ++before) {
            const std::string whole = base64(std::string(before, '~') + value + "}}");
            EXPECT_NE(whole.find(texts[before % 3]), std::string::npos) << value << " after " << before;
        }
    }
}

TEST(Modifiers, SIGMA_G44_Utf16) {
    EXPECT_EQ(utf16("cmd", Utf16::little_endian), std::string("c\0m\0d\0", 6));
    EXPECT_EQ(utf16("cmd", Utf16::big_endian), std::string("\0c\0m\0d", 6));
    EXPECT_EQ(utf16("c", Utf16::with_mark), std::string("\xFF\xFE"
                                                        "c\0",
                                                        4));
    EXPECT_EQ(utf16("\xF0\x9F\x98\x80", Utf16::big_endian), std::string("\xD8\x3D\xDE\x00", 4));
    EXPECT_EQ(item("f|wide|base64: ping"), "  f matches \"cABpAG4AZwA=\"\n");
    EXPECT_EQ(item("f|utf16le|base64: ping"), item("f|wide|base64: ping"));
    EXPECT_EQ(item("f|utf16be|base64: cmd"), "  f matches \"AGMAbQBk\"\n");
    EXPECT_EQ(item("f|utf16|base64: cmd"), "  f matches \"//5jAG0AZAA=\"\n");
    EXPECT_EQ(item("f|wide|base64offset|contains: ping"),
              "  any\n    f matches * \"cABpAG4AZw\" *\n    f matches * \"AAaQBuAGcA\" *\n"
              "    f matches * \"wAGkAbgBnA\" *\n");
    EXPECT_EQ(item("f|wide: ab"), "  f matches \"a\\x00b\\x00\"\n");
    EXPECT_EQ(reason("f|utf16: ab"),
              "the UTF-16 form of this value is no text; add base64 or base64offset after the modifier");
    EXPECT_EQ(reason("f|wide: 'é'"),
              "the UTF-16 form of this value is no text; add base64 or base64offset after the modifier");
}

TEST(Modifiers, SIGMA_G45_Windash) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(windash_texts("-a"), (Texts{"-a", "/a", "–a", "—a", "―a"}));
    EXPECT_EQ(windash_texts("/a").size(), 5U);
    EXPECT_EQ(windash_texts(" -a ").size(), 5U);
    EXPECT_EQ(windash_texts("a-b"), Texts{"a-b"}); // inside a word
    EXPECT_EQ(windash_texts("- a"), Texts{"- a"}); // no word after it
    EXPECT_EQ(windash_texts("--a").size(), 5U);    // the second dash only
    EXPECT_EQ(windash_texts("–a"), Texts{"–a"});   // only - and / are replaced
    EXPECT_EQ(windash_texts("đ-a"), Texts{"đ-a"}); // letters beyond ASCII are word characters
    EXPECT_EQ(windash_texts("-đ").size(), 5U);
    const auto texts = windash_texts("-param-1 -param2");
    EXPECT_EQ(texts.size(), 25U);
    for (const char* want : {"-param-1 -param2", "/param-1 /param2", "–param-1 —param2", "―param-1 /param2"}) {
        EXPECT_NE(std::find(texts.begin(), texts.end(), want), texts.end()) << want;
    }
    EXPECT_EQ(item("f|contains|windash: ' -x'"), item("f|windash|contains: ' -x'"));
    EXPECT_EQ(reason("f|windash: '-a -b -c -d -e -f -g'"),
              "modifier 'windash' makes more than 20,000 values; write them as a regular expression");
}

TEST(Modifiers, SIGMA_G46_Cidr) {
    EXPECT_EQ(item("f|cidr: 10.0.0.0/8"), "  f in 10.0.0.0/8\n");
    EXPECT_EQ(item("f|cidr: '2001:db8::/32'"), "  f in 2001:db8::/32\n");
    EXPECT_EQ(item("f|cidr: 0.0.0.0/0"), "  f in 0.0.0.0/0\n");
    EXPECT_EQ(reason("f|cidr: 10.0.0.1/8"), "modifier 'cidr' '10.0.0.1/8' has host bits set");
    EXPECT_EQ(reason("f|cidr: 10.0.0.0/33"), "modifier 'cidr' '10.0.0.0/33' has a bad prefix length");
    EXPECT_EQ(reason("f|cidr: host/8"), "modifier 'cidr' 'host/8' is not an address");
    EXPECT_EQ(reason("f|cidr: 'fe80::%eth0/64'"), "modifier 'cidr' 'fe80::%eth0/64' is not an address");
    EXPECT_EQ(reason("f|contains|cidr: 10.0.0.0/8"), "modifier 'cidr' must come before every other modifier");
    EXPECT_EQ(reason("f|cidr|contains: 10.0.0.0/8"),
              "modifier 'contains' cannot be used on a network; it is for text only");
    EXPECT_EQ(reason("'|cidr': 10.0.0.0/8"), "modifier 'cidr' needs a field before it");
}

TEST(Modifiers, SIGMA_G47_Comparisons) {
    EXPECT_EQ(item("f|lt: 5"), "  f < 5\n");
    EXPECT_EQ(item("f|lte: 5.5"), "  f <= 5.5\n");
    EXPECT_EQ(item("f|gt: -5"), "  f > -5\n");
    EXPECT_EQ(item("f|gte: 0"), "  f >= 0\n");
    EXPECT_EQ(reason("f|gte: '5'"), "modifier 'gte' cannot be used on text; write a number, without quotes");
    EXPECT_EQ(reason("f|gte|lt: 5"), "modifier 'lt' cannot be used on a comparison; write a number, without quotes");
}

TEST(Modifiers, SIGMA_G48_TimeParts) {
    for (const std::string name : {"minute", "hour", "day", "week", "month", "year"}) {
        EXPECT_EQ(item("f|" + name + ": 7"), "  f " + name + " = 7\n");
        EXPECT_EQ(item("f|" + name + "|gte: 7"), "  f " + name + " >= 7\n");
        EXPECT_EQ(item("f|" + name + "|lt: [7, 8]"), "  any\n    f " + name + " < 7\n    f " + name + " < 8\n");
        EXPECT_EQ(reason("f|gte|" + name + ": 7"),
                  "modifier '" + name + "' must come before every other modifier, also before gt, gte, lt and lte");
    }
    EXPECT_EQ(reason("f|day: 0"), "modifier 'day' needs a whole number from 1 to 31");
}

TEST(Modifiers, SIGMA_G49_FieldReference) {
    EXPECT_EQ(item("f|fieldref: g"), "  f equals field g\n");
    EXPECT_EQ(item("f|fieldref|contains: g"), "  f contains field g\n");
    EXPECT_EQ(item("f|fieldref|startswith: g"), "  f starts with field g\n");
    EXPECT_EQ(item("f|fieldref|endswith: g"), "  f ends with field g\n");
    EXPECT_EQ(reason("f|fieldref: 'g*'"),
              "modifier 'fieldref' cannot be used on a value with wildcards; escape * and ? with a backslash");
    EXPECT_EQ(reason("f|fieldref: ''"), "modifier 'fieldref' needs the name of a field");
    EXPECT_EQ(reason("'|fieldref': g"), "modifier 'fieldref' needs a field before it");
}

TEST(Modifiers, SIGMA_G50_Expand) {
    ReadOptions options;
    options.placeholders["dc"] = {"DC01", "DC*"};
    options.placeholders["site"] = {"x", "y"};
    EXPECT_EQ(item("f|expand: '%dc%'", options), "  any\n    f matches \"DC01\"\n    f matches \"DC\" *\n");
    EXPECT_EQ(item("f|contains|expand: '%site%'", options),
              "  any\n    f matches * \"x\" *\n    f matches * \"y\" *\n");
    EXPECT_EQ(
        item("f|expand: 'a%site%-%site%'", options),
        "  any\n    f matches \"ax-x\"\n    f matches \"ax-y\"\n    f matches \"ay-x\"\n    f matches \"ay-y\"\n");
    EXPECT_EQ(item(R"(f|expand: '\%dc\%')", options), "  f matches \"%dc%\"\n");
    EXPECT_EQ(item("f|expand: '100%'", options), "  f matches \"100%\"\n");
    EXPECT_EQ(item("f: '%dc%'", options), "  f matches \"%dc%\"\n"); // text without the modifier
    EXPECT_EQ(reason("f|expand: '%none%'", options),
              "unresolved placeholder '%none%'; give it values in the file of placeholders");
    EXPECT_EQ(reason("f|expand: '%dc%'"), "unresolved placeholder '%dc%'; give it values in the file of placeholders");
}

TEST(Modifiers, SIGMA_G51_UnknownModifier) {
    EXPECT_EQ(item("f|foo: x"),
              "6:5 unknown modifier 'foo' in 'f|foo'; the modifiers are listed in docs/reference/sigma.md");
    EXPECT_EQ(item("f|Contains: x"), "6:5 unknown modifier 'Contains' in 'f|Contains'; did you mean 'contains'?");
    EXPECT_EQ(item("f|: x"), "6:5 unknown modifier '' in 'f|'; the modifiers are listed in docs/reference/sigma.md");
    EXPECT_EQ(item("f||contains: x"),
              "6:5 unknown modifier '' in 'f||contains'; the modifiers are listed in docs/reference/sigma.md");
}

} // namespace
} // namespace canhgac::rules
