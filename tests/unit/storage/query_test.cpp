#include <random>

#include <gtest/gtest.h>

#include "storage/query/parser.hpp"

namespace canhgac::storage {
namespace {

using event::Filter;

/// The tree in one line, e.g. "and(glob f=x, not(phrase =y))".
std::string shape(const Filter& filter) {
    static constexpr const char* kNames[] = {"all",     "and",  "or",    "not",  "glob", "phrase",
                                             "compare", "cidr", "regex", "rule", "alert"};
    std::string result = kNames[static_cast<std::size_t>(filter.kind)];
    if (filter.kind == Filter::Kind::compare) {
        static constexpr const char* kOps[] = {"<", "<=", ">", ">="};
        return "compare " + filter.field + kOps[static_cast<std::size_t>(filter.op)] +
               std::to_string(static_cast<long long>(filter.number));
    }
    if (filter.kind >= Filter::Kind::glob) { return result + " " + filter.field + "=" + filter.pattern; }
    if (filter.children.empty()) { return result; }
    result += "(";
    for (const Filter& child : filter.children) {
        result += (&child == &filter.children.front() ? "" : ", ") + shape(child);
    }
    return result + ")";
}

/// A word without field means the same as a phrase, and some words can only be printed as one.
std::string meaning(const Filter& filter) {
    std::string result = shape(filter);
    for (std::size_t at = 0; (at = result.find("phrase =", at)) != std::string::npos;) {
        result.replace(at, 8, "glob =");
    }
    return result;
}

std::string parsed(std::string_view text) {
    const auto query = parse_query(text);
    if (!query) { return describe(query.error()); }
    std::string result =
        shape(query->filter) + (query->last ? " last " + std::to_string(*query->last / common::kSecond) + "s" : "");
    // Printed and read again it is the same.
    const std::string printed = print_query(*query);
    const auto again = parse_query(printed);
    EXPECT_TRUE(again) << printed << ": " << describe(again.error());
    if (again) {
        EXPECT_EQ(meaning(again->filter), meaning(query->filter)) << printed;
        EXPECT_EQ(again->last, query->last) << printed;
        EXPECT_EQ(print_query(*again), printed);
    }
    return result;
}

TEST(ParseQuery, EveryAlternativeOfTheGrammar) {
    EXPECT_EQ(parsed(""), "all");
    EXPECT_EQ(parsed("  \n "), "all");
    EXPECT_EQ(parsed("*"), "all");
    EXPECT_EQ(parsed("mimikatz"), "glob =mimikatz");
    EXPECT_EQ(parsed("mimi*z?"), "glob =mimi*z?");
    EXPECT_EQ(parsed(R"(a\*b\\c\d)"), R"(glob =a\*b\\c\d)");
    EXPECT_EQ(parsed(R"("two words")"), "phrase =two words");
    EXPECT_EQ(parsed(R"("say \"hi\" C:\\x\y")"), R"(phrase =say "hi" C:\x\y)");
    EXPECT_EQ(parsed(R"(/a\/b\d+/)"), R"(regex =a/b\d+)");
    EXPECT_EQ(parsed("EventID:4625"), "glob EventID=4625");
    EXPECT_EQ(parsed(R"(Image:*\\lsass.exe)"), R"(glob Image=*\\lsass.exe)");
    EXPECT_EQ(parsed(R"(msg:"a b")"), "phrase msg=a b");
    EXPECT_EQ(parsed(R"("odd name":x)"), "glob odd name=x");
    EXPECT_EQ(parsed(R"(CommandLine:/-e(nc)?\s+[A-Za-z0-9+\/=]{60,}/)"),
              R"(regex CommandLine=-e(nc)?\s+[A-Za-z0-9+/=]{60,})");
    EXPECT_EQ(parsed("n:>5"), "compare n>5");
    EXPECT_EQ(parsed("n:>=-5"), "compare n>=-5");
    EXPECT_EQ(parsed("n:<1e3"), "compare n<1000");
    EXPECT_EQ(parsed("n:<=7"), "compare n<=7");
    EXPECT_EQ(parsed("n:[1..9]"), "and(compare n>=1, compare n<=9)");
    EXPECT_EQ(parsed("n:[ 1 .. 9 ] x"), "and(compare n>=1, compare n<=9, glob =x)");
    EXPECT_EQ(parsed("source.ip:10.0.0.0/8"), "cidr source.ip=10.0.0.0/8");
    EXPECT_EQ(parsed("source.ip:2001:db8::/32"), "cidr source.ip=2001:db8::/32");
    EXPECT_EQ(parsed("10.0.0.0/8"), "cidr =10.0.0.0/8");
    EXPECT_EQ(parsed("source.ip:10.1.2.3"), "glob source.ip=10.1.2.3");
    EXPECT_EQ(parsed("LogonType:(3 OR 10)"), "or(glob LogonType=3, glob LogonType=10)");
    EXPECT_EQ(parsed(R"(f:(a OR "b c" OR /d/ OR >4))"), "or(glob f=a, phrase f=b c, regex f=d, compare f>4)");
    EXPECT_EQ(parsed("a b"), "and(glob =a, glob =b)");
    EXPECT_EQ(parsed("a AND b"), "and(glob =a, glob =b)");
    EXPECT_EQ(parsed("a b OR c d"), "or(and(glob =a, glob =b), and(glob =c, glob =d))");
    EXPECT_EQ(parsed("a (b OR c)"), "and(glob =a, or(glob =b, glob =c))");
    EXPECT_EQ(parsed("(a OR (b OR c))"), "or(glob =a, glob =b, glob =c)");
    EXPECT_EQ(parsed("-a NOT b"), "and(not(glob =a), not(glob =b))");
    EXPECT_EQ(parsed("-(a b)"), "not(and(glob =a, glob =b))");
    EXPECT_EQ(parsed("NOT f:x*"), "not(glob f=x*)");
    EXPECT_EQ(parsed("last 24h"), "all last 86400s");
    EXPECT_EQ(parsed("a last 15m b"), "and(glob =a, glob =b) last 900s");
    EXPECT_EQ(parsed("last 2h last 90s"), "all last 90s");
    EXPECT_EQ(parsed("last chance"), "and(glob =last, glob =chance)");
    EXPECT_EQ(parsed("đăng nhập:THẤT*"), "and(glob =đăng, glob nhập=THẤT*)");
    EXPECT_EQ(parsed("sigma AND alert"), "and(glob =sigma, glob =alert)");
    EXPECT_EQ(parsed("ORACLE NOTE ANDROID"), "and(glob =ORACLE, glob =NOTE, glob =ANDROID)");
    EXPECT_EQ(parsed("a-b x:-y"), "and(glob =a-b, glob x=-y)");
}

TEST(ParseQuery, RulesAndAlertsByName) {
    EXPECT_EQ(parsed("sigma \"Dò mật khẩu\""), "rule =Dò mật khẩu");
    EXPECT_EQ(parsed("a -(alert \"17\" OR sigma\"x\")"), "and(glob =a, not(or(alert =17, rule =x)))");
    const auto query =
        parse_query("x OR sigma \"r\" | sequence by a maxspan 1m [alert \"b\"] [y] | join (sigma \"c\" | "
                    "project a) on a");
    ASSERT_TRUE(query) << describe(query.error());
    ASSERT_EQ(query->references.size(), 3U);
    EXPECT_EQ(query->references[0].name, "r");
    EXPECT_EQ(query->references[0].at, 11U);
    EXPECT_EQ(query->references[1].kind, Filter::Kind::alert);
    EXPECT_EQ(query->references[2].name, "c");
}

TEST(ParseQuery, AliasesAndTimes) {
    EXPECT_EQ(parsed("host:DC01*"), "glob host.name=DC01*");
    EXPECT_EQ(parsed("user:root"), "glob user.name=root");
    EXPECT_EQ(parsed("_raw:*x*"), "glob event.original=*x*");
    EXPECT_EQ(parsed("_time:>=2026-11-22T00:00:00Z"), "compare @timestamp>=1795305600000000000");
    EXPECT_EQ(parsed("_time:>=2026-11-22"), "compare @timestamp>=1795280400000000000") << "midnight in Vietnam";
    EXPECT_EQ(parsed("_received:[2026-11-22T07:00:00 .. 2026-11-22T08:00:00]"),
              "and(compare event.ingested>=1795305600000000000, compare event.ingested<=1795309200000000000)");
}

TEST(ParseQuery, SaysWhereAndWhat) {
    EXPECT_EQ(parsed("(a | b)"), "1:4: \"|\" inside a group: close it with \")\" before, or quote the text");
    EXPECT_EQ(parsed("sigma \"\""), "1:7: expected the id or title of a rule, or the id of an alert, in quotes");
    EXPECT_EQ(parsed("a OR alert \"x"), "1:12: the phrase has no closing quote");
    EXPECT_EQ(parsed("a\nđđ f: x"), "2:6: expected a value directly after \":\"");
    EXPECT_EQ(parsed("f:"), "1:3: expected a value directly after \":\"");
    EXPECT_EQ(parsed("f:()"), "1:4: expected a value directly after \":\"");
    EXPECT_EQ(parsed("(a"), "1:3: expected \")\"");
    EXPECT_EQ(parsed("f:(a b)"), "1:6: expected \")\"");
    EXPECT_EQ(parsed("a)"), "1:2: \")\" closes nothing");
    EXPECT_EQ(parsed("()"), "1:2: expected a word, a \"phrase\", a /regex/, field:value or \"(\"");
    EXPECT_EQ(parsed("a OR"), "1:5: expected a word, a \"phrase\", a /regex/, field:value or \"(\"");
    EXPECT_EQ(parsed("a AND"), "1:6: expected a word, a \"phrase\", a /regex/, field:value or \"(\"");
    EXPECT_EQ(parsed("AND a"), "1:1: expected a word, a \"phrase\", a /regex/, field:value or \"(\"");
    EXPECT_EQ(parsed("NOT"), "1:4: expected a word, a \"phrase\", a /regex/, field:value or \"(\"");
    EXPECT_EQ(parsed("x \"abc"), "1:3: the phrase has no closing quote");
    EXPECT_EQ(parsed("/abc"), "1:1: the regular expression has no closing \"/\"");
    EXPECT_EQ(parsed("f:/(/"), "1:3: not a regular expression (RE2 syntax)");
    EXPECT_EQ(parsed("n:>x"), "1:4: expected a number");
    EXPECT_EQ(parsed("_time:>5"), "1:8: expected a time such as 2026-11-22 or 2026-11-22T08:30:00+07:00");
    EXPECT_EQ(parsed("n:[1 2]"), "1:4: expected a range such as [1..9]");
    EXPECT_EQ(parsed("ip:10.0.0.1/8"), "1:4: not a network: prefix too long or host bits set");
    EXPECT_EQ(parsed("last 5y"), "1:6: expected a duration such as 90s, 15m, 24h, 7d, 2w");
    EXPECT_EQ(parsed("a OR last 5m"), "1:6: \"last\" stands outside of groups, OR and NOT");
    EXPECT_EQ(parsed("-last 5m"), "1:2: \"last\" stands outside of groups, OR and NOT");
    EXPECT_EQ(parsed("(last 5m)"), "1:2: \"last\" stands outside of groups, OR and NOT");
    EXPECT_EQ(parsed("\xff"), "1:1: the query is not valid UTF-8");
    EXPECT_EQ(parsed(std::string(70'000, 'a')), "1:1: the query is longer than 64 KiB");
    EXPECT_EQ(parsed(std::string(65, '(')), "1:65: too many groups in one another");
}

TEST(ParseQuery, HeadsOfTheExamples) {
    for (
        const char* text :
        {"EventID:4625 last 24h", "EventID:4625 last 6h", "Channel:*Sysmon* EventID:1 last 30d",
         R"(EventID:(1 OR 4688) ParentImage:/(winword|excel|outlook)\.exe$/ Image:/(cmd|powershell|wscript|mshta)\.exe$/)",
         R"(powershell CommandLine:/-e(nc|ncodedcommand)?\s+[A-Za-z0-9+\/=]{60,}/)",
         R"(EventID:10 TargetImage:*\\lsass.exe -SourceImage:*\\MsMpEng.exe)",
         "EventID:4624 LogonType:3 last 1h -TargetUserName:*$", "EventID:3 last 24h", "last 90d",
         "EventID:(1102 OR 104)", "dns last 24h", "mimikatz host:DC01* EventID:4625"}) {
        EXPECT_EQ(parsed(text).find("1:"), std::string::npos) << text;
    }
}

TEST(PrintQuery, FiltersFromElsewhereKeepTheirMeaning) {
    Filter filter;
    filter.kind = Filter::Kind::glob;
    for (const auto& [field, pattern, text] :
         std::vector<std::tuple<std::string, std::string, std::string>>{{"", "two words", "\"two words\""},
                                                                        {"", "AND", "\"AND\""},
                                                                        {"", "-x", "\"-x\""},
                                                                        {"", "a:b", "\"a:b\""},
                                                                        {"", "a b*", "/(?s)a b.*/"},
                                                                        {"f", "a b", "f:/(?s)^a b\\z/"},
                                                                        {"f", "a (b)*", "f:/(?s)^a \\(b\\).*\\z/"},
                                                                        {"f", ">5", "f:/(?s)^>5\\z/"},
                                                                        {"f", "", "f:/(?s)^\\z/"},
                                                                        {"f", "AND", "f:AND"}}) {
        filter.field = field;
        filter.pattern = pattern;
        EXPECT_EQ(print_query(filter), text);
        EXPECT_TRUE(parse_query(text)) << text;
    }
}

TEST(PlanOf, LastAndTheGivenTimesIntersect) {
    const auto query = parse_query("x last 1h");
    ASSERT_TRUE(query);
    const common::Nanos now = 100 * common::kHour;
    EXPECT_EQ(plan_of(*query, now, 0, now, 5).from, 99 * common::kHour);
    EXPECT_EQ(plan_of(*query, now, now - common::kMinute, now, 5).from, now - common::kMinute);
    EXPECT_EQ(plan_of(*query, now, 0, 50, 5).to, 50);
    EXPECT_EQ(plan_of(*query, now, 0, 50, 5).limit, 5U);
}

TEST(ParseQuery, RandomTextGivesAQueryThatPrintsOrAnErrorInside) {
    std::mt19937 random(11);
    const std::vector<std::string> pieces = {"a",       "f:", "(",          ")", " ",  "OR ",    "AND ", "NOT ", "-",
                                             "\"",      "/",  "*",          "?", "\\", "[1..2]", ">",    "=",    "5",
                                             "last 5m", "|",  "10.0.0.0/8", "đ", "\n", ":",      "..",   "]"};
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (std::size_t n = random() % 9; n > 0; --n) {
            text += pieces[random() % pieces.size()];
        }
        static_cast<void>(parsed(text));
        ASSERT_FALSE(testing::Test::HasFailure()) << text;
    }
}

} // namespace
} // namespace canhgac::storage
