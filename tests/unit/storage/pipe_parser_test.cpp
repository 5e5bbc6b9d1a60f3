#include "storage/query/pipe_parser.hpp"

#include <random>

#include <gtest/gtest.h>

#include "storage/query/parser.hpp"

namespace canhgac::storage {
namespace {

/// The query as printed, after it was seen that the printed one is the same query; or the error.
std::string piped(std::string_view text) {
    const auto query = parse_query(text);
    if (!query) { return describe(query.error()); }
    std::string printed = print_query(*query);
    const auto again = parse_query(printed);
    EXPECT_TRUE(again) << printed << ": " << (again ? "" : describe(again.error()));
    if (again) {
        EXPECT_EQ(print_query(*again), printed);
        EXPECT_EQ(again->pipes.size(), query->pipes.size()) << printed;
    }
    return printed;
}
/// Of one condition.
std::string condition(std::string_view text) {
    const std::string printed = piped("* | where " + std::string(text));
    constexpr std::string_view kBefore = "* | where ";
    return printed.starts_with(kBefore) ? printed.substr(kBefore.size()) : printed;
}

TEST(ParsePipes, EveryStepOfTheGrammar) {
    EXPECT_EQ(piped("x | where a == 1"), "x | where a == 1");
    EXPECT_EQ(piped("| count"), "* | count");
    EXPECT_EQ(piped("x|count"), "x | count");
    EXPECT_EQ(piped("last 5m | project _time, Computer, n = a+1"), "last 5m | project @timestamp, Computer, n = a + 1");
    EXPECT_EQ(piped("x | project-away a, b.c, ['c-uri']"), "x | project-away a, b.c, [\"c-uri\"]");
    EXPECT_EQ(piped("x | extend p = tolower(a), q = 2"), "x | extend p = tolower(a), q = 2");
    EXPECT_EQ(piped("x | sort by _time | extend gap = _time - prev(_time) by host, a"),
              "x | sort by @timestamp asc | extend gap = @timestamp - prev(@timestamp) by host.name, a");
    EXPECT_EQ(piped("x | take 5 | limit 7"), "x | take 5 | take 7");
    EXPECT_EQ(piped("x | distinct host, a"), "x | distinct host.name, a");
    EXPECT_EQ(piped("x | project a, b | distinct *"), "x | project a, b | distinct *");
    EXPECT_EQ(piped("x | summarize count()"), "x | summarize count()");
    EXPECT_EQ(piped("x | summarize by a"), "x | summarize by a");
    EXPECT_EQ(piped("x | summarize n=count(), dcount(u) by host, w=bin(_time, 10m), bin(_time,1h)"),
              "x | summarize n = count(), dcount(u) by host.name, w = bin(@timestamp, 10m), bin(@timestamp, 1h)");
    EXPECT_EQ(piped("x | top 5 by n"), "x | top 5 by n desc");
    EXPECT_EQ(piped("x | top 5 by n asc nulls last"), "x | top 5 by n asc nulls last");
    EXPECT_EQ(piped("x | sort by a desc, b, c desc nulls first"), "x | sort by a desc, b asc, c desc nulls first");
    EXPECT_EQ(piped("x | order by a"), "x | sort by a asc");
    EXPECT_EQ(piped("x | rare a, b"), "x | rare a, b hosts <= 3");
    EXPECT_EQ(piped("x | rare a hosts <= 2 | take 1"), "x | rare a hosts <= 2 | take 1");
    EXPECT_EQ(piped("x | facets a, host"), "x | facets a, host.name");
}

TEST(ParsePipes, EveryAggregate) {
    for (const char* text : {"count()", "countif(a == 1)", "dcount(a)", "sum(a)", "avg(a)", "min(a)", "max(a)",
                             "stdev(a)", "percentile(a, 95)", "percentile(a, 99.9)", "make_set(a)", "make_set(a, 5)",
                             "arg_max(a, b, c)", "arg_min(a)", "take_any(a)", "l = avg(strlen(a))"}) {
        EXPECT_EQ(piped("x | summarize " + std::string(text)), "x | summarize " + std::string(text));
    }
    EXPECT_EQ(piped("x | project a, b | summarize arg_max(a, *)"), "x | project a, b | summarize arg_max(a, *)");
    EXPECT_EQ(piped("x | summarize percentile(a, 95) | where percentile_a_95 > 1 | project set = percentile_a_95"),
              "x | summarize percentile(a, 95) | where percentile_a_95 > 1 | project set = percentile_a_95");
}

TEST(ParsePipes, EveryOperatorBindsAsInKusto) {
    EXPECT_EQ(condition("a == 1 or b != 2 and not c =~ 'x'"), "a == 1 or b != 2 and not c =~ \"x\"");
    EXPECT_EQ(condition("(a == 1 or b == 2) and c == 3"), "(a == 1 or b == 2) and c == 3");
    EXPECT_EQ(condition("not(a == 1)"), "not a == 1");
    EXPECT_EQ(condition("not (a == 1 or b == 2)"), "not (a == 1 or b == 2)");
    EXPECT_EQ(condition("not not a"), "not not a");
    EXPECT_EQ(condition("a !~ 'x' and b < 1 and c <= 2 and d > 3 and e >= 4"),
              "a !~ \"x\" and b < 1 and c <= 2 and d > 3 and e >= 4");
    EXPECT_EQ(condition("a has 'x' or a !has 'y'"), "a has \"x\" or a !has \"y\"");
    EXPECT_EQ(condition("a contains 'x' or a !contains b"), "a contains \"x\" or a !contains b");
    EXPECT_EQ(condition("a startswith 'x' or a !startswith 'y'"), "a startswith \"x\" or a !startswith \"y\"");
    EXPECT_EQ(condition("a endswith 'x' or a !endswith 'y'"), "a endswith \"x\" or a !endswith \"y\"");
    EXPECT_EQ(condition("a matches regex @'^\\d+$'"), "a matches regex \"^\\\\d+$\"");
    EXPECT_EQ(condition("a in (1, 2) or a !in ('x')"), "a in (1, 2) or a !in (\"x\")");
    EXPECT_EQ(condition("a in~ ('x') or a !in~ ('x', 'y')"), "a in~ (\"x\") or a !in~ (\"x\", \"y\")");
    EXPECT_EQ(condition("a has_any ('x', 'y') and a has_all ('x', 'y')"),
              "a has_any (\"x\", \"y\") and a has_all (\"x\", \"y\")");
    EXPECT_EQ(condition("a between (1..5) or a !between (1.5 .. 2)"), "a between (1 .. 5) or a !between (1.5 .. 2)");
    EXPECT_EQ(condition("1 + 2 * 3 - -4 == (1 + 2) * 3"), "1 + 2 * 3 - -4 == (1 + 2) * 3");
    EXPECT_EQ(condition("a - (b - c) > a - b - c"), "a - (b - c) > a - b - c");
    EXPECT_EQ(condition("a / b % c * 2 > -(a + b)"), "a / b % c * 2 > -(a + b)");
    EXPECT_EQ(condition("-a < - -b"), "-a < --b");
}

TEST(ParsePipes, EveryLiteral) {
    EXPECT_EQ(condition("a == 1.5 or a == 1e3 or a == 2.0"), "a == 1.5 or a == 1000.0 or a == 2.0");
    EXPECT_EQ(condition("a == 1e300"), "a == 1e+300");
    EXPECT_EQ(condition("a > 90s or a > 1.5h or a > 100ms or a > 2w or a > 5us or a > 7ns"),
              "a > 90s or a > 90m or a > 100ms or a > 14d or a > 5us or a > 7ns");
    EXPECT_EQ(condition("_time > datetime(2026-11-22)"), "@timestamp > datetime(2026-11-21T17:00:00Z)");
    EXPECT_EQ(condition("_time > datetime(\"2026-11-22T01:02:03.5Z\")"),
              "@timestamp > datetime(2026-11-22T01:02:03.500Z)");
    EXPECT_EQ(condition("a == true or a == false or a == null"), "a == true or a == false or a == null");
    EXPECT_EQ(condition(R"(a == "q\"\\\n\t\u0041đ")"), "a == \"q\\\"\\\\\\n\\u0009Ađ\"");
    EXPECT_EQ(condition(R"(a == @"C:\t""x")"), R"(a == "C:\\t\"x")");
    EXPECT_EQ(condition("['in'] == [\"a b\"] and @timestamp > ago(1h) and a.b.c == 1"),
              "[\"in\"] == [\"a b\"] and @timestamp > ago(1h) and a.b.c == 1");
    EXPECT_EQ(condition("nhập == 1"), "nhập == 1");
}

TEST(ParsePipes, EveryFunction) {
    for (const char* text : {"tolower(a)",
                             "toupper(a)",
                             "strlen(a)",
                             "substring(a, 1)",
                             "substring(a, 1, 2)",
                             "split(a, \",\")",
                             "split(a, \",\", 0)",
                             "basename(a)",
                             "dirname(a)",
                             "isnull(a)",
                             "isnotnull(a)",
                             "isempty(a)",
                             "isnotempty(a)",
                             "iff(a > 1, 1, 2)",
                             "case(a > 1, 1, a > 2, 2, 3)",
                             "coalesce(a, b)",
                             "tostring(a)",
                             "tolong(a)",
                             "todouble(a)",
                             "tobool(a)",
                             "todatetime(a)",
                             "totimespan(a)",
                             "now()",
                             "ago(1h)",
                             "bin(a, 5)",
                             "strcat(a, \"-\", b)",
                             "array_length(a)",
                             "registered_domain(a)",
                             "ipv4_is_in_range(a, \"10.0.0.0/8\")"}) {
        EXPECT_EQ(piped("x | extend y = " + std::string(text)), "x | extend y = " + std::string(text));
    }
    EXPECT_EQ(piped("x | extend y = iif(a, 1, 2)"), "x | extend y = iff(a, 1, 2)");
}

TEST(ParsePipes, SaysWhereAndWhat) {
    EXPECT_EQ(piped("x |"), "1:4: " + std::string(to_string(QueryErrc::expected_pipe)));
    EXPECT_EQ(piped("x | sumarize count()"), "1:5: unknown step; did you mean \"summarize\"?");
    EXPECT_EQ(piped("x | zzz"), "1:5: unknown step");
    EXPECT_EQ(piped("x | take 0"), "1:10: expected a whole number from 1 to 1000000");
    EXPECT_EQ(piped("x | take many"), "1:10: expected a whole number from 1 to 1000000");
    EXPECT_EQ(piped("x | take 5 6"), "1:12: expected \"|\" or the end of the query");
    EXPECT_EQ(piped("x | where"), "1:10: expected a value, a column or a function");
    EXPECT_EQ(piped("x | where a ="), "1:13: expected \"==\" to compare");
    EXPECT_EQ(piped("x | where a = 1"), "1:13: expected \"==\" to compare");
    EXPECT_EQ(piped("x | where tolowr(a) == 'b'"), "1:11: unknown function; did you mean \"tolower\"?");
    EXPECT_EQ(piped("x | where strlen() == 1"), "1:11: wrong number of arguments: strlen(text)");
    EXPECT_EQ(piped("x | where case(a, 1) == 1"), "1:11: wrong number of arguments: case(condition, then, ..., else)");
    EXPECT_EQ(piped("x | where count() > 1"), "1:11: an aggregate stands in \"summarize\" only");
    EXPECT_EQ(piped("x | summarize strlen(a)"), "1:15: " + std::string(to_string(QueryErrc::scalar_here)));
    EXPECT_EQ(piped("x | summarize cuont()"), "1:15: unknown aggregate; did you mean \"count\"?");
    EXPECT_EQ(piped("x | extend tolower(a)"), "1:12: give it a name: name = ...");
    EXPECT_EQ(piped("x | top 5 n"), "1:11: expected \"by\"");
    EXPECT_EQ(piped("x | where a matches 'b'"), "1:21: expected \"regex\" after \"matches\"");
    EXPECT_EQ(piped("x | where a matches regex b"), "1:27: \"matches regex\" takes a text written in the query");
    EXPECT_EQ(piped("x | where a matches regex '('"), "1:27: not a regular expression (RE2 syntax)");
    EXPECT_EQ(piped("x | where a == 'b"), "1:16: the phrase has no closing quote");
    EXPECT_EQ(piped("x | where a == 'C:\\d'"), "1:19: unknown escape: write \\\\ for a backslash, or @\"...\"");
    EXPECT_EQ(piped("x | where a == 99999999999999999999"), "1:16: not a number, time or duration that exists");
    EXPECT_EQ(piped("x | where a == 5x"), "1:16: not a number, time or duration that exists");
    EXPECT_EQ(piped("x | where (a == 1"), "1:18: expected \")\"");
    EXPECT_EQ(piped("x | where a in ()"), "1:17: expected a value, a column or a function");
    EXPECT_EQ(piped("x | where a !== 1"), "1:15: expected a value, a column or a function");
    EXPECT_EQ(piped("x | where a ! 1"),
              "1:15: expected has, contains, startswith, endswith, in or between after \"!\"");
    EXPECT_EQ(piped("đ\n| where a == datetime(x)"), "2:23: " + std::string(to_string(QueryErrc::expected_time)));
    EXPECT_EQ(piped("x | where " + std::string(100, '(') + "a"), "1:75: too many groups in one another");
    std::string many = "x";
    for (int i = 0; i < 33; ++i) {
        many += "|count";
    }
    EXPECT_NE(piped(many).find("more than 32 steps"), std::string::npos);
    std::string sum = "x | where 1";
    for (int i = 0; i < 1'100; ++i) {
        sum += "+1";
    }
    EXPECT_NE(piped(sum).find("more than 2048 values"), std::string::npos);
}

TEST(PlanPipes, KnowsNamesAndTypes) {
    EXPECT_EQ(piped("x | summarize users = count() by a | where usrs > 1"),
              "1:44: no such column after the steps before; did you mean \"users\"?");
    EXPECT_EQ(piped("x | project a | project-away b"),
              "1:30: no such column after the steps before; did you mean \"a\"?");
    EXPECT_EQ(piped("x | project-away a | where a == 1"), "1:28: no such column after the steps before");
    EXPECT_EQ(piped("x | project-away a | extend a = 1 | where a == 1"),
              "x | project-away a | extend a = 1 | where a == 1");
    EXPECT_EQ(piped("x | summarize count(), count()"),
              "1:24: there is a column of this name already: name it otherwise");
    EXPECT_EQ(piped("x | where strlen(a)"), "1:11: expected a condition, which is true or false");
    EXPECT_EQ(piped("x | where 5"), "1:11: expected a condition, which is true or false");
    EXPECT_EQ(piped("x | where _time == 5"), "1:20: values of these types are never equal, less or greater");
    EXPECT_EQ(piped("x | where _time + _time > now()"),
              "1:17: expected a value of type that \"+\" can take on both sides");
    EXPECT_EQ(piped("x | where strlen(5) > 1"), "1:18: expected a value of type string");
    EXPECT_EQ(piped("x | where ago(5) > now()"), "1:15: expected a value of type timespan");
    EXPECT_EQ(piped("x | extend y = bin(_time, 5)"), "1:27: expected a value of type timespan");
    EXPECT_EQ(piped("x | summarize percentile(a, 101)"),
              "1:29: expected a value of type double, from 0 to 100, written in the query");
    EXPECT_EQ(piped("x | summarize make_set(a, 0)"),
              "1:27: expected a value of type long, from 1 to 100000, written in the query");
    EXPECT_EQ(piped("x | summarize avg(_time)"), "1:19: expected a value of type long, double or timespan");
    EXPECT_EQ(piped("x | summarize arg_max(a, *)"), "1:15: " + std::string(to_string(QueryErrc::star_of_events)));
    EXPECT_EQ(piped("x | where prev(a) == 1"), "1:11: " + std::string(to_string(QueryErrc::window_place)));
}

TEST(PlanPipes, WhatIsNotBuiltIsRefusedByName) {
    for (const char* name : {"union"}) {
        EXPECT_EQ(piped("x | " + std::string(name) + " y"), "1:5: \"" + std::string(name) + "\" is not supported yet");
    }
}

TEST(ParsePipes, RandomTextGivesAQueryThatPrintsOrAnErrorInside) {
    std::mt19937 random(12);
    const std::vector<std::string> pieces = {"| ",
                                             "where ",
                                             "extend ",
                                             "summarize ",
                                             "by ",
                                             "a ",
                                             "b.c ",
                                             "== ",
                                             "1 ",
                                             "2.5 ",
                                             "'x' ",
                                             "( ",
                                             ") ",
                                             ", ",
                                             "count()",
                                             "avg(a) ",
                                             "= ",
                                             "and ",
                                             "or ",
                                             "not ",
                                             "in ",
                                             "between ",
                                             ".. ",
                                             "+ ",
                                             "- ",
                                             "10m ",
                                             "now() ",
                                             "tolower(",
                                             "sort by ",
                                             "top 3 by ",
                                             "take 2 ",
                                             "project ",
                                             "distinct ",
                                             "has ",
                                             "true ",
                                             "null ",
                                             "[\"q\"] ",
                                             "desc ",
                                             "*",
                                             "!",
                                             "prev(a) ",
                                             "rare a ",
                                             "facets a ",
                                             "sequence by a maxspan ",
                                             "[x] ",
                                             "[a:1 | where ",
                                             "] ",
                                             "with runs 2 ",
                                             "around ",
                                             "proctree ",
                                             "root='x' ",
                                             "id=a ",
                                             "parent=b ",
                                             "depth=2 ",
                                             "mv-expand a ",
                                             "parse a with ",
                                             ":long ",
                                             "join ",
                                             "kind=inner ",
                                             "(x | count) ",
                                             "on a ",
                                             "lookup t "};
    int parsed = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string text = "x | ";
        for (std::size_t n = 1 + random() % 9; n > 0; --n) {
            text += pieces[random() % pieces.size()];
        }
        const std::string printed = piped(text);
        parsed += printed.starts_with("x | ") ? 1 : 0;
        ASSERT_FALSE(testing::Test::HasFailure()) << text;
    }
    EXPECT_GT(parsed, 100);
}

} // namespace
} // namespace canhgac::storage
