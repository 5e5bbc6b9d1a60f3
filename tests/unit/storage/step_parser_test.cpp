// The steps that read more than a row, as text: each alternative of their grammar is printed and read again.
#include <gtest/gtest.h>

#include "storage/query/parser.hpp"

namespace canhgac::storage {
namespace {

/// The query as printed, after it was seen that the printed one prints alike; or the error.
std::string printed_twice(std::string_view text) {
    const auto query = parse_query(text);
    if (!query) { return describe(query.error()); }
    std::string printed = print_query(*query);
    const auto again = parse_query(printed);
    EXPECT_TRUE(again) << printed << ": " << (again ? "" : describe(again.error()));
    if (again) { EXPECT_EQ(print_query(*again), printed); }
    return printed;
}

TEST(ParseSteps, Sequence) {
    EXPECT_EQ(
        printed_twice("sequence by host, a maxspan 10m [EventID:4625] with runs 8 [EventID:4624 LogonType:(3 OR 10)]"),
        "* | sequence by host.name, a maxspan 10m [EventID:4625] with runs 8 "
        "[EventID:4624 (LogonType:3 OR LogonType:10)]");
    EXPECT_EQ(printed_twice("sequence\n by a maxspan 90s[x][y|where n > 1 and m[\"q\"] == 2]"),
              "2:41: expected \"]\" at the end of the step");
    EXPECT_EQ(
        printed_twice("x last 5m | where a == 1 | sequence by a maxspan 90s[x][y|where n > 1 and ['q z'] == 2] with "
                      "runs 1 | count"),
        "x last 5m | where a == 1 | sequence by a maxspan 90s [x] [y | where n > 1 and [\"q z\"] == 2] | count");
    EXPECT_EQ(printed_twice("sequence by a maxspan 1h [] [\"b c\"] [/d]/] [n:[1..9]] [f:\"]\"]"),
              "* | sequence by a maxspan 1h [*] [\"b c\"] [/d]/] [n:>=1 n:<=9] [f:\"]\"]");
    EXPECT_EQ(printed_twice("| sequence by a maxspan 5m [sigma \"x\"] with runs 3"),
              "* | sequence by a maxspan 5m [sigma \"x\"] with runs 3");
    EXPECT_EQ(printed_twice("sequence"), "\"sequence\"") << "a word to look for";
    EXPECT_EQ(printed_twice("sequence bytes"), "\"sequence\" bytes");
}

TEST(ParseSteps, RareAndFacetsMayStandFirst) {
    EXPECT_EQ(printed_twice("rare Image"), "* | rare Image hosts <= 3");
    EXPECT_EQ(printed_twice("rare Image , ParentImage hosts <= 2 | take 5"),
              "* | rare Image, ParentImage hosts <= 2 | take 5");
    EXPECT_EQ(printed_twice("facets EventID, Image"), "* | facets EventID, Image");
    EXPECT_EQ(printed_twice("facets host|count"), "* | facets host.name | count");
    EXPECT_EQ(printed_twice("rare"), "\"rare\"") << "a word to look for";
    EXPECT_EQ(printed_twice("rare earth metals"), "\"rare\" earth metals");
    EXPECT_EQ(printed_twice("facets host:a"), "\"facets\" host.name:a");
    EXPECT_EQ(printed_twice("\"rare\" earth"), "\"rare\" earth") << "quoted, it is a word";
    EXPECT_EQ(printed_twice("rare a,"), "\"rare\" a,");
}

TEST(ParseSteps, WhatIsWrongWithASequence) {
    EXPECT_EQ(printed_twice("x | sequence maxspan 5m [x]"), "1:14: expected \"by\"");
    EXPECT_EQ(printed_twice("sequence by a [x]"), "1:15: expected \"maxspan\"");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5 [x]"),
              "1:23: expected a duration above zero such as 90s, 15m, 24h, 7d, 2w");
    EXPECT_EQ(printed_twice("sequence by a maxspan 0s [x]"),
              "1:23: expected a duration above zero such as 90s, 15m, 24h, 7d, 2w");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m"),
              "1:25: expected a step of the sequence, which begins with \"[\"");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m x"),
              "1:26: expected a step of the sequence, which begins with \"[\"");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x"), "1:28: expected \"]\" at the end of the step");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x | count]"), "1:31: expected \"where\"");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x | where n]x"), "1:39: expected \"|\" or the end of the query");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x | where 5]"),
              "1:37: expected a condition, which is true or false");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [(x]"),
              "1:29: expected a word, a \"phrase\", a /regex/, field:value or \"(\"");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [last 5m]"),
              "1:27: \"last\" stands in the head of the query, not in a step of a sequence");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x] with 3"), "1:35: expected \"runs\"");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x] with runs 0"),
              "1:40: expected a whole number from 1 to 1000000");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x] with runs 900 [y] with runs 101"),
              "1:44: a sequence has at most 16 steps and 1000 events");
    std::string many = "sequence by a maxspan 5m";
    for (int i = 0; i < 17; ++i) {
        many += " [x]";
    }
    EXPECT_EQ(printed_twice(many), "1:90: a sequence has at most 16 steps and 1000 events");
    EXPECT_EQ(printed_twice("sequence by first_seen maxspan 5m [x]"),
              "1:1: there is a column of this name already: name it otherwise");
    EXPECT_EQ(printed_twice("x | count | sequence by a maxspan 5m [x]"),
              "1:13: \"sequence\" needs events: it stands before project, distinct, summarize, count, rare, facets and "
              "sequence");
    EXPECT_EQ(printed_twice("sequence by a maxspan 5m [x] | where b == 1"),
              "1:38: no such column after the steps before; did you mean \"a\"?");
}

TEST(ParseSteps, AroundAndProcessTree) {
    EXPECT_EQ(printed_twice("x | around 15m"), "x | around 15m");
    EXPECT_EQ(printed_twice("x | around 90s by host, ['c-uri'] | count"),
              "x | around 90s by host.name, [\"c-uri\"] | count");
    EXPECT_EQ(printed_twice("x | around by host"),
              "1:12: expected a duration above zero such as 90s, 15m, 24h, 7d, 2w");
    EXPECT_EQ(printed_twice("x | count | around 5m"),
              "1:13: \"around\" needs events: it stands before project, distinct, summarize, count, rare, facets and "
              "sequence");
    EXPECT_EQ(printed_twice("x | extend h = tolower(host) | around 5m by h"),
              "1:45: events share fields, not columns that a step before has made");
    EXPECT_EQ(printed_twice("proctree root=\"{9-4}\" id=ProcessGuid parent=ParentProcessGuid depth=6 up=3"),
              "* | proctree root=\"{9-4}\" id=ProcessGuid parent=ParentProcessGuid depth=6 up=3");
    EXPECT_EQ(printed_twice("last 7d | proctree parent=p id=['i d'] root='x' | project level"),
              "last 7d | proctree root=\"x\" id=[\"i d\"] parent=p depth=10 up=0 | project level");
    const std::string usage = "proctree takes root=, id= and parent=, and may take depth= and up=, each once: ";
    EXPECT_EQ(printed_twice("x | proctree root='x' id=a"), "1:27: " + usage + "\"parent\" is missing");
    EXPECT_EQ(printed_twice("x | proctree id=a id=b"), "1:19: " + usage + "\"id\" stands twice");
    EXPECT_EQ(printed_twice("x | proctree tree=a"), "1:14: " + usage + "there is no \"tree\"");
    EXPECT_EQ(printed_twice("x | proctree root=x"), "1:19: expected the id of a process in quotes");
    EXPECT_EQ(printed_twice("x | proctree depth=101"), "1:20: expected a whole number from 0 to 100");
    EXPECT_EQ(printed_twice("x | proctree depth 5"), "1:20: expected \"=\"");
}

TEST(ParseSteps, ExpandAndParse) {
    EXPECT_EQ(printed_twice("x | mv-expand tags | where tags == 'a'"), "x | mv-expand tags | where tags == \"a\"");
    EXPECT_EQ(printed_twice("x | mv-expand"), "1:14: expected the name of a column");
    EXPECT_EQ(printed_twice("x | parse message with * 'user ' u ' port ' p:long *"),
              "x | parse message with * \"user \" u \" port \" p:long *");
    EXPECT_EQ(printed_twice("x | parse m with a *"),
              "1:20: expected a text in quotes between two columns, or between \"*\" "
              "and a column: only a number ends by itself");
    EXPECT_EQ(printed_twice("x | parse message with a"), "x | parse message with a");
    EXPECT_EQ(printed_twice("x | parse m with a:bool 'x' b:double 'x' c:timespan 'x' d:datetime 'x' e:string"),
              "x | parse m with a:bool \"x\" b:double \"x\" c:timespan \"x\" d:datetime \"x\" e");
    EXPECT_EQ(printed_twice("x | parse m 'x'"), "1:13: expected \"with\"");
    EXPECT_EQ(printed_twice("x | parse m with 'x'"), "1:21: the pattern has no column");
    const std::string text =
        "expected a text in quotes between two columns, or between \"*\" and a column: only a number ends by itself";
    EXPECT_EQ(printed_twice("x | parse m with a b"), "1:20: " + text);
    EXPECT_EQ(printed_twice("x | parse m with * a"), "1:20: " + text);
    EXPECT_EQ(printed_twice("x | parse m with a ''"), "1:20: expected one text that is not empty");
    EXPECT_EQ(printed_twice("x | parse m with 'a' 'b' c"), "1:22: expected one text that is not empty");
    EXPECT_EQ(printed_twice("x | parse m with a:int"),
              "1:20: expected bool, long, double, timespan, datetime or string");
    EXPECT_EQ(printed_twice("x | parse m with a ',' a"),
              "1:24: there is a column of this name already: name it otherwise");
}

TEST(ParseSteps, JoinAndLookup) {
    EXPECT_EQ(printed_twice("x | join (y | project a, b) on a"), "x | join kind=inner (y | project a, b) on a");
    EXPECT_EQ(printed_twice("x | join kind=leftanti (y (z OR w) last 5m|summarize by a, host) on a, host | count"),
              "x | join kind=leftanti (y (z OR w) last 5m | summarize by a, host.name) on a, host.name | count");
    EXPECT_EQ(printed_twice("x | join kind=leftouter (|join kind=leftsemi (q | project a) on a|project a,b) on a"),
              "x | join kind=leftouter (* | join kind=leftsemi (q | project a) on a | project a, b) on a");
    EXPECT_EQ(printed_twice("x | join kind=right (y | project a) on a"),
              "1:15: expected inner, leftouter, leftanti or leftsemi");
    EXPECT_EQ(printed_twice("x | join y on a"), "1:10: expected \"(\" and a query");
    EXPECT_EQ(printed_twice("x | join (y) on a"),
              "1:5: the query of a join must end in a table: use \"project\" or \"summarize\"");
    EXPECT_EQ(printed_twice("x | join (y | project a on a"), "1:25: expected \")\"");
    EXPECT_EQ(printed_twice("x | join (y | project a) a"), "1:26: expected \"on\"");
    EXPECT_EQ(printed_twice("x | join (y | project acount) on account"),
              "1:34: no such column after the steps before; did you mean \"acount\"?");
    EXPECT_EQ(printed_twice("x | join (y | where nope( ) on a"), "1:21: unknown function");
    EXPECT_EQ(printed_twice("x | project a, n, n1 | join (y | summarize n = count() by a) on a"),
              "1:24: there is a column of this name already: name it otherwise");
    std::string deep = "x";
    std::string closing;
    for (int i = 0; i < 9; ++i) {
        deep += " | join (y";
        closing += "| project a) on a";
    }
    EXPECT_EQ(printed_twice(deep + closing), "1:90: more than 8 joins in one another");
    EXPECT_EQ(printed_twice("x | lookup ioc_hashes on Hashes, host | where isnotnull(ioc.name)"),
              "x | lookup ioc_hashes on Hashes, host.name | where isnotnull(ioc.name)");
    EXPECT_EQ(printed_twice("x | lookup 5 on a"), "1:12: expected the name of a table");
    EXPECT_EQ(printed_twice("x | lookup t a"), "1:14: expected \"on\"");
}

TEST(ParseSteps, Tail) {
    EXPECT_EQ(printed_twice("host:HOST-0042 | tail"), "host.name:HOST-0042 | tail");
    EXPECT_EQ(printed_twice("|tail"), "* | tail");
    EXPECT_EQ(printed_twice("x last 5m | where a == 1 | extend b = strlen(a) by c | project-away a | mv-expand tags | "
                            "parse m with * 'u ' u | lookup t on u | project u, b | take 5 | tail"),
              "x last 5m | where a == 1 | extend b = strlen(a) by c | project-away a | mv-expand tags | parse m with * "
              "\"u \" u | lookup t on u | project u, b | take 5 | tail");
    EXPECT_EQ(printed_twice("x | tail | count"), "1:9: nothing stands behind \"tail\": it is the last step");
    EXPECT_EQ(printed_twice("x | tail 5"), "1:10: expected \"|\" or the end of the query");
    EXPECT_EQ(printed_twice("x | join (y | project a | tail) on a"),
              "1:27: \"tail\" follows a whole query, not the one inside a join");
    for (const std::string step :
         {"distinct a", "summarize count()", "top 5 by a", "sort by a", "count", "rare a", "facets a",
          "sequence by a maxspan 5m [x] [y]", "around 5m by a", "proctree root='x' id=a parent=b",
          "join (y | project a) on a", "extend g = 1 + prev(a)"}) {
        const std::string name = step.substr(0, step.find(' '));
        EXPECT_EQ(printed_twice("x | where a == 1 | " + step + " | tail"),
                  "1:20: \"" + name +
                      "\" needs more than one row: before \"tail\" stand steps that look at one row: "
                      "where, project, project-away, extend, take, mv-expand, parse, lookup");
    }
}

} // namespace
} // namespace canhgac::storage
