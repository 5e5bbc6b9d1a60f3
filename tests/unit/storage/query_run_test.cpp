// Single steps and functions on small examples; sketches, limits, cancellation.
#include <atomic>
#include <chrono>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "storage/query/exec/hyperloglog.hpp"
#include "storage/query/exec/quantile_sketch.hpp"
#include "tests/unit/storage/query_samples.hpp"

namespace canhgac::storage {
namespace {

using common::kMinute;
using common::kSecond;
using event::ValueType;

constexpr common::Nanos kStart = 1'795'305'600'000'000'000; // 2026-11-22T00:00:00Z

std::string run_over(std::string_view text, const std::vector<SampleEvent>& events, std::uint64_t limit = UINT64_MAX) {
    const auto query = parse_query(text);
    if (!query) { return describe(query.error()); }
    const auto program = plan_pipes(query->pipes);
    KeepingSink sink;
    QueryRunOptions options;
    options.now = kStart;
    options.limit = limit;
    QueryRun run(*program, sink, options);
    std::uint32_t index = 0;
    for (const SampleEvent& event : events) {
        if (!with_event(event, index++, [&](const event::StoredEvent& each) { return run.feed(each); })) { break; }
    }
    if (!run.finish()) { return "failed"; }
    std::string result;
    for (const KeptRow& row : sink.rows) {
        result += (result.empty() ? "" : "\n") + row_text(row);
    }
    return result;
}
/// An expression over one event.
std::string value_of_expression(const std::string& expression, std::vector<SampleField> fields = {}) {
    return run_over("* | project x = " + expression, {{kStart, std::move(fields)}});
}

TEST(QueryFunctions, EachByExample) {
    EXPECT_EQ(value_of_expression("tolower('ĐĂNG Nhập')"), "đăng nhập");
    EXPECT_EQ(value_of_expression("toupper('đăng nhập ksμ')"), "ĐĂNG NHẬP KSΜ");
    EXPECT_EQ(value_of_expression("strlen('đăng')"), "4");
    EXPECT_EQ(value_of_expression("substring('đăng nhập', 1, 3)"), "ăng");
    EXPECT_EQ(value_of_expression("substring('đăng', -2)"), "ng");
    EXPECT_EQ(value_of_expression("substring('abc', 5)"), "");
    EXPECT_EQ(value_of_expression("split('a,b,,c', ',')"), R"(["a","b","","c"])");
    EXPECT_EQ(value_of_expression("split('a,b', ',', 1)"), "b");
    EXPECT_EQ(value_of_expression("isnull(split('a,b', ',', 2))"), "true");
    EXPECT_EQ(value_of_expression(R"(basename(@"C:\Windows\cmd.exe"))"), "cmd.exe");
    EXPECT_EQ(value_of_expression(R"(dirname(@"C:\Windows\cmd.exe"))"), "C:\\Windows");
    EXPECT_EQ(value_of_expression("basename('/usr/bin/ls')"), "ls");
    EXPECT_EQ(value_of_expression("dirname('ls')"), "");
    EXPECT_EQ(value_of_expression("coalesce(a, b, 'c')"), "c");
    EXPECT_EQ(value_of_expression("isempty('') and isempty(a) and isnotempty('x') and isnull(a) and isnotnull('')"),
              "true");
    EXPECT_EQ(value_of_expression("strcat('a', 1, true, 1.5, a)"), "a1true1.5");
    EXPECT_EQ(value_of_expression("tolong('42') + tolong(1.9) + tolong(true)"), "44");
    EXPECT_EQ(value_of_expression("todouble('1e3')"), "1000");
    EXPECT_EQ(value_of_expression("tobool('false')"), "false");
    EXPECT_EQ(value_of_expression("todatetime('2026-11-22') - datetime(2026-11-21)"), "1.00:00:00");
    EXPECT_EQ(value_of_expression("totimespan('1.02:03:04.5') + totimespan('1h')"), "1.03:03:04.5");
    EXPECT_EQ(value_of_expression("now() - ago(90m)"), "01:30:00");
    EXPECT_EQ(value_of_expression("bin(datetime(2026-11-22T08:37:12Z), 10m)"), "2026-11-22T08:30:00Z");
    EXPECT_EQ(value_of_expression("strcat(bin(-7, 5), ' ', bin(7.5, 2), ' ', bin(-90s, 1m))"), "-10 6 -00:02:00");
    EXPECT_EQ(value_of_expression("array_length(split('a b', ' '))"), "2");
    EXPECT_EQ(value_of_expression("ipv4_is_in_range('10.1.2.3', '10.0.0.0/8')"), "true");
    EXPECT_EQ(value_of_expression("isnull(ipv4_is_in_range('x', '10.0.0.0/8'))"), "true");
    EXPECT_EQ(value_of_expression("case(false, 1, true, 2, 3)"), "2");
    EXPECT_EQ(value_of_expression("tostring(5m)"), "00:05:00");
}

TEST(QueryFunctions, ArithmeticGivesNullRatherThanNonsense) {
    for (const char* text : {"1 / 0", "1.0 / 0", "1 % 0", "9223372036854775807 + 1", "-9223372036854775807 - 2",
                             "1e308 * 10", "5m / 0s", "a + 1", "'x' * 2", "'x' - 1"}) {
        EXPECT_EQ(value_of_expression("isnull(" + std::string(text) + ")"), "true") << text;
    }
    EXPECT_EQ(value_of_expression("strcat(7 / 2, ' ', -7 / 2, ' ', 7 / 2.0, ' ', -7 % 3, ' ', 2.5m / 30s)"),
              "3 -3 3.5 -1 5");
    EXPECT_EQ(value_of_expression("2 * 90s + 1m / 2"), "00:03:30");
    EXPECT_EQ(value_of_expression("n + 1", {{"n", "41"}}), "42") << "a text that spells a number";
    EXPECT_EQ(value_of_expression("n", {{"n", "99999999999999999999", ValueType::integer}}), "99999999999999999999");
}

TEST(QueryNulls, CompareAsInKusto) {
    const auto is = [](const char* text) {
        return value_of_expression("iff(isnull(" + std::string(text) + "), 'null', tostring(" + text + "))");
    };
    EXPECT_EQ(is("a == null"), "null");
    EXPECT_EQ(is("a != null"), "null");
    EXPECT_EQ(is("a == 5"), "false");
    EXPECT_EQ(is("a != 5"), "true");
    EXPECT_EQ(is("a > 5"), "null");
    EXPECT_EQ(is("a > 5 or true"), "true");
    EXPECT_EQ(is("a > 5 and false"), "false");
    EXPECT_EQ(is("a > 5 or false"), "null");
    EXPECT_EQ(is("not (a > 5)"), "null");
    EXPECT_EQ(is("a has 'x'"), "false");
    EXPECT_EQ(is("a !has 'x'"), "true");
    EXPECT_EQ(is("a in (1)"), "false");
    EXPECT_EQ(is("a between (1 .. 2)"), "null");
    EXPECT_EQ(run_over("* | where a > 5 | count", {{kStart, {}}}), "0");
}

TEST(QueryTexts, TermsCaseAndLists) {
    const std::vector<SampleField> tags = {{"tags", "Alpha"}, {"tags", "beta"}};
    EXPECT_EQ(value_of_expression("tags == 'beta'", tags), "true");
    EXPECT_EQ(value_of_expression("tags != 'beta'", tags), "false");
    EXPECT_EQ(value_of_expression("tags contains 'LPH'", tags), "true");
    EXPECT_EQ(value_of_expression("'net user admin' has 'USER'"), "true");
    EXPECT_EQ(value_of_expression("'netuser admin' has 'user'"), "false");
    EXPECT_EQ(value_of_expression("'a_user' has 'user'"), "true");
    EXPECT_EQ(value_of_expression("'xuser, user' has 'user'"), "true");
    EXPECT_EQ(value_of_expression("'đăng nhập' has 'NHẬP'"), "true");
    EXPECT_EQ(value_of_expression("'đăngnhập' has 'nhập'"), "false");
    EXPECT_EQ(value_of_expression("'ab12' matches regex '^[a-z]+[0-9]+$'"), "true");
    EXPECT_EQ(value_of_expression("'AB' matches regex 'ab'"), "false");
    EXPECT_EQ(value_of_expression("'AB' matches regex '(?i)ab'"), "true");
    EXPECT_EQ(value_of_expression("EventID == 4625 and EventID == '4625'", {{"EventID", "4625", ValueType::integer}}),
              "true");
    EXPECT_EQ(value_of_expression("EventID == 4625 and EventID in (1, 4625)", {{"EventID", "4625"}}), "true");
}

std::vector<SampleEvent> logons() {
    std::vector<SampleEvent> events;
    for (int i = 0; i < 6; ++i) {
        events.push_back({kStart + i * kMinute,
                          {{"Computer", i % 2 == 0 ? "DC01" : "WS1"},
                           {"host.name", i % 2 == 0 ? "DC01" : "WS1"},
                           {"account", "u" + std::to_string(i % 3)},
                           {"bytes", std::to_string(i * 10), ValueType::integer}}});
    }
    return events;
}

TEST(QuerySteps, EachByExample) {
    EXPECT_EQ(run_over("* | where bytes >= 20 and Computer == 'DC01' | project bytes", logons()), "20\n40");
    EXPECT_EQ(run_over("* | summarize n = count(), users = dcount(account), s = sum(bytes), a = avg(bytes), "
                       "make_set(account, 2) by Computer",
                       logons()),
              "DC01|3|3|60|20|[\"u0\",\"u2\"]\nWS1|3|3|90|30|[\"u1\",\"u0\"]");
    EXPECT_EQ(run_over("* | summarize count() by bin(_time, 3m)", logons()),
              "2026-11-22T00:00:00Z|3\n2026-11-22T00:03:00Z|3");
    EXPECT_EQ(run_over("* | top 2 by bytes | project bytes", logons()), "50\n40");
    EXPECT_EQ(run_over("* | sort by Computer desc, bytes | project Computer, bytes | take 4", logons()),
              "WS1|10\nWS1|30\nWS1|50\nDC01|0");
    EXPECT_EQ(run_over("* | distinct Computer", logons()), "DC01\nWS1");
    EXPECT_EQ(run_over("* | project Computer, bytes | project-away bytes | distinct * | count", logons()), "2");
    EXPECT_EQ(run_over("nothing | where false | count", logons()), "0");
    EXPECT_EQ(run_over("* | where false | summarize count(), sum(bytes), max(bytes)", logons()), "0||");
    EXPECT_EQ(run_over("* | where false | summarize count() by Computer", logons()), "");
    EXPECT_EQ(run_over("* | summarize arg_max(_time, account, bytes) by Computer", logons()),
              "DC01|2026-11-22T00:04:00Z|u1|40\nWS1|2026-11-22T00:05:00Z|u2|50");
    EXPECT_EQ(run_over("* | project bytes, account | summarize arg_min(bytes, *), countif(bytes > 20), "
                       "percentile(bytes, 50), stdev(bytes), t = take_any(account)",
                       {logons()})
                  .substr(0, 12),
              "0|u0|3|20|18");
    EXPECT_EQ(run_over("* | sort by _time desc | extend gap = prev(_time) - _time by Computer | project Computer, gap",
                       logons()),
              "WS1|\nDC01|\nWS1|00:02:00\nDC01|00:02:00\nWS1|00:02:00\nDC01|00:02:00");
    EXPECT_EQ(run_over("* | extend after = next(bytes) | project after | take 2", logons()), "10\n20");
    EXPECT_EQ(run_over("* | rare account hosts <= 1", logons()), "");
    EXPECT_EQ(run_over("* | where bytes < 30 | rare account hosts <= 1 | project account, hosts, count_", logons()),
              "u0|1|1\nu1|1|1\nu2|1|1");
    EXPECT_EQ(run_over("* | facets Computer, nope, account", logons()),
              "Computer|DC01|3\nComputer|WS1|3\naccount|u0|2\naccount|u1|2\naccount|u2|2");
    EXPECT_EQ(run_over("* | take 3 | take 2 | count", logons()), "2");
}

TEST(QuerySteps, EventsStayEventsUntilTheyAreATable) {
    const auto program =
        plan_pipes(parse_query("* | extend x = 1 | where x == 1 | sort by bytes desc | project-away account")->pipes);
    ASSERT_TRUE(program);
    EXPECT_TRUE(program->events);
    KeepingSink sink;
    QueryRun run(*program, sink, {});
    for (const SampleEvent& event : logons()) {
        EXPECT_TRUE(with_event(event, 3, [&](const event::StoredEvent& each) { return run.feed(each); }));
    }
    ASSERT_TRUE(run.finish());
    ASSERT_EQ(sink.rows.size(), 6U);
    const event::StoredEvent* const first = sink.rows[0].event();
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->raw, "line");
    EXPECT_EQ(first->time, kStart + 5 * kMinute);
    EXPECT_EQ(first->id.index, 3U);
    ASSERT_EQ(first->fields.size(), 4U);
    EXPECT_EQ(first->fields[0].first, "Computer");
    EXPECT_EQ(first->fields[0].second.text(), "WS1");
    EXPECT_EQ(program->removed, std::vector<std::string>{"account"});
}

TEST(QueryLimits, RowsMemoryAndCancellation) {
    EXPECT_EQ(run_over("* | project bytes", logons(), 2), "0\n10");
    const auto program = plan_pipes(parse_query("* | summarize count() by s")->pipes);
    KeepingSink sink;
    QueryRunOptions options;
    options.memory_bytes = 100'000;
    QueryRun run(*program, sink, options);
    int fed = 0;
    while (fed < 10'000 && with_event({kStart, {{"s", "value " + std::to_string(fed)}}}, 0,
                                      [&](const event::StoredEvent& each) { return run.feed(each); })) {
        ++fed;
    }
    EXPECT_GT(fed, 100);
    EXPECT_LT(fed, 1'000);
    const auto end = run.finish();
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error(), QueryRunErrc::memory);
    EXPECT_TRUE(sink.rows.empty());
    EXPECT_LE(run.progress().memory_peak, 101'000U);
}

TEST(QueryLimits, TopKeepsOnlyWhatIsWanted) {
    const auto program = plan_pipes(parse_query("* | top 10 by n | project n")->pipes);
    KeepingSink sink;
    QueryRunOptions options;
    options.memory_bytes = 20'000;
    QueryRun run(*program, sink, options);
    for (int i = 0; i < 20'000; ++i) {
        ASSERT_TRUE(with_event({kStart, {{"n", std::to_string(i), ValueType::integer}}}, 0,
                               [&](const event::StoredEvent& each) { return run.feed(each); }));
    }
    ASSERT_TRUE(run.finish());
    ASSERT_EQ(sink.rows.size(), 10U);
    EXPECT_EQ(row_text(sink.rows[0]), "19999");
}

TEST(QueryLimits, ACancelledSortEndsSoon) {
    const auto program = plan_pipes(parse_query("* | sort by n, m desc | project n")->pipes);
    std::atomic<bool> cancelled{false};
    struct Sink final : QueryResultSink {
        std::atomic<bool>* cancelled = nullptr;
        std::chrono::steady_clock::time_point at;
        bool row(std::span<const QueryValue> /*values*/, const event::StoredEvent* /*event*/) override {
            if (!cancelled->exchange(true)) { at = std::chrono::steady_clock::now(); }
            return true;
        }
    } sink;
    sink.cancelled = &cancelled;
    QueryRunOptions options;
    options.cancelled = &cancelled;
    QueryRun run(*program, sink, options);
    std::mt19937 random(5);
    for (int i = 0; i < 100'000; ++i) {
        ASSERT_TRUE(with_event({kStart, {{"n", std::to_string(random() % 1'000), ValueType::integer}}}, 0,
                               [&](const event::StoredEvent& each) { return run.feed(each); }));
    }
    const auto end = run.finish();
    EXPECT_LT(std::chrono::steady_clock::now() - sink.at, std::chrono::milliseconds(100));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error(), QueryRunErrc::cancelled);
    EXPECT_EQ(run.progress().rows, 1U);
}

TEST(QuerySteps, SortingManyRowsIsStable) {
    std::vector<SampleEvent> events;
    std::mt19937 random(6);
    for (int i = 0; i < 20'000; ++i) { // more than two runs
        events.push_back({kStart + i, {{"n", std::to_string(random() % 50), ValueType::integer}}});
    }
    const std::string rows = run_over("* | sort by n | extend late = n == prev(n) and _time < prev(_time), down = n < "
                                      "prev(n) | where late or down | count",
                                      events);
    EXPECT_EQ(rows, "0");
    EXPECT_EQ(run_over("* | sort by n | count", events), "20000");
}

TEST(DistinctCounter, IsExactThenWithinItsError) {
    std::mt19937_64 random(7);
    for (const std::size_t many : {10U, 1'024U, 1'025U, 5'000U, 40'000U, 200'000U, 1'000'000U}) {
        double worst = 0;
        const int rounds = many > 100'000 ? 3 : 20;
        for (int round = 0; round < rounds; ++round) {
            DistinctCounter counter;
            for (std::size_t i = 0; i < many; ++i) {
                const std::uint64_t hash = random();
                counter.add(hash);
                if (i % 3 == 0) { counter.add(hash); }
            }
            const double error = std::fabs(static_cast<double>(counter.count()) / static_cast<double>(many) - 1.0);
            worst = std::max(worst, error);
        }
        EXPECT_LE(worst, many <= kExactDistinct ? 0.0 : 4 * 0.0081) << many;
    }
}

TEST(QuantileSketch, IsExactThenWithinOnePercent) {
    std::mt19937_64 random(8);
    std::normal_distribution<double> normal(0, 1'000);
    std::lognormal_distribution<double> wide(0, 5);
    for (const std::size_t many : {1U, 1'024U, 1'025U, 50'000U}) {
        for (const bool both_signs : {true, false}) {
            QuantileSketch sketch;
            std::vector<double> values;
            for (std::size_t i = 0; i < many; ++i) {
                values.push_back(i % 100 == 99 ? 0.0 : both_signs ? normal(random) : wide(random));
                sketch.add(values.back());
            }
            std::sort(values.begin(), values.end());
            for (const double fraction : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
                const auto rank =
                    static_cast<std::size_t>(std::max(1.0, std::ceil(fraction * static_cast<double>(many))));
                const double want = values[rank - 1];
                const double allowed = many <= kExactQuantile ? 0.0 : std::fabs(want) * kQuantileError * 1.000001;
                EXPECT_LE(std::fabs(sketch.quantile(fraction) - want), allowed) << many << " " << fraction;
            }
        }
    }
}

} // namespace
} // namespace canhgac::storage
