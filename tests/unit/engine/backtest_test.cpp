#include "engine/backtest.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine_fixture.hpp"
#include "tests/support/memory_events.hpp"

namespace canhgac::engine {
namespace {

using event::ValueType;

constexpr common::Nanos kDay1 = 1'795'305'600 * common::kSecond; // 2026-11-22T00:00:00Z

class BacktestTest : public ::testing::Test {
protected:
    void add(common::Nanos time, const std::string& host, const std::string& user) {
        store_.rows.push_back({time,
                               "raw",
                               {{"Channel", {"Microsoft-Windows-Sysmon/Operational", ValueType::string}},
                                {"EventID", {"1", ValueType::integer}},
                                {"Image", {"C:\\cmd.exe", ValueType::string}},
                                {"User", {user, ValueType::string}},
                                {"host.name", {host, ValueType::string}}},
                               event::Format::windows_event});
    }
    BacktestReport run(const BacktestMatch& on_match = {}, const std::atomic<bool>* cancelled = nullptr) {
        const auto report = backtest(input_, store_, options_, on_match, cancelled);
        EXPECT_TRUE(report);
        return report ? *report : BacktestReport{};
    }
    static CompileInput rules() {
        CompileInput input;
        input.rules.push_back(kit::simple("r1", kit::like("Image", "*\\cmd.exe"), {"windows", "process_creation", ""}));
        input.rules.push_back(kit::simple("r2", kit::like("Image", "*\\none.exe"), {"windows", "", ""}));
        input.logsources = kit::small_table();
        return input;
    }

    test::MemoryEvents store_;
    CompileInput input_ = rules();
    BacktestOptions options_{kDay1, kDay1 + 10 * common::kDay};
};

TEST_F(BacktestTest, CountsByDayHostAndValue) {
    add(kDay1, "a", "x");
    add(kDay1 + common::kHour, "a", "y");
    add(kDay1 + common::kDay + 1, "b", "x");
    const BacktestReport report = run();
    EXPECT_EQ(report.events, 3U);
    EXPECT_EQ(report.matches, 3U);
    EXPECT_FALSE(report.stopped_early);
    ASSERT_EQ(report.rules.size(), 2U);
    const BacktestRule& rule = report.rules[0];
    EXPECT_EQ(rule.id, "r1");
    EXPECT_EQ(rule.matches, 3U);
    const std::map<common::Nanos, std::uint64_t> buckets = {{kDay1, 2}, {kDay1 + common::kDay, 1}};
    EXPECT_EQ(rule.buckets, buckets);
    const Frequent hosts = {{"a", 2}, {"b", 1}};
    EXPECT_EQ(rule.hosts, hosts);
    const Frequent images = {{"C:\\cmd.exe", 3}};
    EXPECT_EQ(rule.values.at("Image"), images);
    ASSERT_EQ(rule.samples.size(), 3U);
    EXPECT_EQ(rule.samples[0].seq, 1U);
    EXPECT_EQ(report.rules[1].id, "r2");
    EXPECT_EQ(report.rules[1].matches, 0U);
    EXPECT_NEAR(report.days(), 1.0, 0.01);
}

TEST_F(BacktestTest, GroupsAlertsOfOneEntityInASlidingHour) {
    for (const int minute : {0, 50, 100, 150}) { // each within an hour of the one before
        add(kDay1 + minute * common::kMinute, "a", "x");
    }
    add(kDay1 + 151 * common::kMinute, "b", "x");
    add(kDay1 + 300 * common::kMinute, "a", "x");
    EXPECT_EQ(run().rules[0].alerts, 3U);
    input_.rules[0].entity = {"User"};
    EXPECT_EQ(run().rules[0].alerts, 2U);
}

TEST_F(BacktestTest, RoutesByLogSource) {
    add(kDay1, "a", "x");
    store_.rows[0].fields[1].second.first = "3"; // no process creation
    EXPECT_EQ(run().rules[0].matches, 0U);
    store_.rows[0].fields[1].second.first = "1";
    options_.classify = true;
    const BacktestReport report = run();
    EXPECT_EQ(report.rules[0].matches, 1U);
    std::uint64_t process_creations = 0;
    for (const auto& [logsource, count] : report.classes) {
        if (logsource.category == "process_creation") { process_creations += count; }
    }
    EXPECT_EQ(process_creations, 1U);
}

TEST_F(BacktestTest, KeepsToItsTime) {
    add(kDay1 - 1, "a", "x");
    add(kDay1, "a", "x");
    add(options_.to, "a", "x");
    EXPECT_EQ(run().matches, 1U);
}

TEST_F(BacktestTest, FeedsCorrelations) {
    rules::Correlation many;
    many.id = "many";
    many.title = "Many";
    many.rule_ids = {"r1"};
    many.group_by = {"User"};
    many.timespan = common::kMinute;
    many.bounds = {{rules::Correlation::Compare::gte, 3}};
    input_.correlations.push_back(many);
    for (int i = 0; i < 4; ++i) {
        add(kDay1 + i * common::kSecond, "a", "x");
    }
    const BacktestReport report = run();
    ASSERT_EQ(report.rules.size(), 3U);
    EXPECT_EQ(report.rules[0].id, "many");
    EXPECT_TRUE(report.rules[0].is_correlation);
    EXPECT_EQ(report.rules[0].matches, 2U); // at the third event, and again at the fourth
    EXPECT_EQ(report.rules[0].alerts, 1U);
    EXPECT_FALSE(report.rules[1].generates);
    EXPECT_EQ(report.rules[1].alerts, 0U);
}

TEST_F(BacktestTest, EndsEarly) {
    for (int i = 0; i < 5; ++i) {
        add(kDay1 + i, "a", "x");
    }
    options_.max_matches = 2;
    BacktestReport report = run();
    EXPECT_TRUE(report.stopped_early);
    EXPECT_EQ(report.matches, 2U);
    options_.max_matches = 100;
    report = run([](const event::RuleInfo&, const event::StoredEvent&) { return false; });
    EXPECT_EQ(report.matches, 1U);
    EXPECT_TRUE(report.stopped_early);
    const std::atomic<bool> cancelled{true};
    store_.endless = true;
    report = run({}, &cancelled);
    EXPECT_TRUE(report.stopped_early);
    EXPECT_EQ(report.events, 0U);
}

TEST_F(BacktestTest, HandsOverEachMatchAndTellsTheStoresError) {
    add(kDay1, "a", "x");
    std::vector<std::string> seen;
    static_cast<void>(run([&](const event::RuleInfo& rule, const event::StoredEvent& event) {
        seen.push_back(rule.id + " " + std::string(event.raw));
        return true;
    }));
    EXPECT_EQ(seen, std::vector<std::string>{"r1 raw"});
    store_.failing = true;
    EXPECT_FALSE(backtest(input_, store_, options_));
}

} // namespace
} // namespace canhgac::engine
