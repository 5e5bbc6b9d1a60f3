#include "app/rules_regression.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/evtx_writer.hpp"

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;

class RulesRegression : public testing::Test {
protected:
    RulesRegression()
        : folder_(fs::temp_directory_path() / ("canhgac_regression_" + std::to_string(::getpid()) +
                                               testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::create_directories(folder_ / "data" / "one");
        write("rule.yml", "title: Failed\nid: r-1\nlogsource: {product: windows, service: security}\n"
                          "detection: {s: {EventID: 4625}, condition: s}\n");
        // Two values without a separator, as SigmaHQ's samples have them.
        write("data/one/r-1.json", R"({"Event":{"System":{"Channel":"Security","EventID":4625}}}
                                      {"Event":{"System":{"Channel":"Security","EventID":4625}}})");
        options_.paths = {(folder_ / "rule.yml").string()};
        options_.folder = (folder_ / "data").string();
    }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    void info(const std::string& id, const std::string& more) const {
        write("data/one/info.yml", "rule_metadata: [{id: " + id + "}]\nregression_tests_info:\n" +
                                       "  - {name: t, type: json, path: a/b/r-1.json" + more + "}\n");
    }
    [[nodiscard]] std::string reason() const {
        const RegressionReport report = test_regression(options_);
        return report.results.size() == 1 ? report.results[0].reason : std::to_string(report.results.size());
    }

    fs::path folder_;
    RegressionOptions options_;
};

TEST_F(RulesRegression, WantsAtLeastTheCount) {
    info("r-1", "");
    EXPECT_EQ(reason(), "");
    info("r-1", ", match_count: 2");
    EXPECT_EQ(reason(), "");
    info("r-1", ", match_count: 3");
    EXPECT_EQ(reason(), "2 hits in 2 events, not 3");
}

TEST_F(RulesRegression, RoutesByLogSource) {
    info("r-1", "");
    write("rule.yml", "title: Failed\nid: r-1\nlogsource: {product: windows, service: system}\n"
                      "detection: {s: {EventID: 4625}, condition: s}\n");
    EXPECT_EQ(reason(), "0 hits in 2 events, not 1");
}

TEST_F(RulesRegression, TellsWhatIsMissing) {
    info("r-2", "");
    EXPECT_EQ(reason(), "there is no such rule");
    info("r-1", "");
    write("rule.yml",
          "title: Failed\nid: r-1\nlogsource: {product: windows}\ndetection: {s: {a|x: 1}, condition: s}\n");
    EXPECT_EQ(reason(),
              "rule rejected: unknown modifier 'x' in 'a|x'; the modifiers are listed in docs/reference/sigma.md");
    fs::remove(folder_ / "data" / "one" / "r-1.json");
    EXPECT_EQ(reason(), "line 3: there is no a/b/r-1.json");
    write("data/one/info.yml", "regression_tests_info: [{path: x}]\n");
    EXPECT_EQ(reason(), "1:1: rule_metadata must name the rule's id");
    options_.folder = (folder_ / "absent").string();
    EXPECT_THROW(static_cast<void>(test_regression(options_)), std::runtime_error);
}

TEST_F(RulesRegression, RunsWindowsEventLogsBesideTheirJson) {
    support::EvtxWriter writer;
    for (const std::uint64_t number : {1U, 2U, 3U}) {
        support::EvtxEvent event;
        event.number = number;
        event.channel = "Security";
        event.event_id = number == 2 ? 4624 : 4625;
        writer.add(event);
    }
    std::string log = writer.finish();
    write("data/one/r-1.evtx", log);
    write("data/one/info.yml", "rule_metadata: [{id: r-1}]\nregression_tests_info:\n"
                               "  - {name: t, type: evtx, path: a/b/r-1.evtx, match_count: 2}\n");
    RegressionReport report = test_regression(options_);
    ASSERT_EQ(report.results.size(), 2U);
    EXPECT_TRUE(report.results[0].input.ends_with("r-1.evtx"));
    EXPECT_EQ(report.results[0].events, 3U);
    EXPECT_EQ(report.results[0].hits, 2U);
    EXPECT_TRUE(report.results[0].passed()) << report.results[0].reason;
    EXPECT_TRUE(report.results[1].passed()) << report.results[1].reason;

    write("data/one/r-1.evtx", log.substr(0, 4096 + 1000)); // damage is no success
    report = test_regression(options_);
    EXPECT_FALSE(report.results.at(0).passed());
}

TEST_F(RulesRegression, PrintsAndReturnsTheExitStatus) {
    info("r-1", "");
    std::ostringstream table;
    EXPECT_EQ(run_rules_regression(options_, table), 0);
    EXPECT_NE(table.str().find("1 of 1 rules passed, 1 tests, 1 rules compiled\n"), std::string::npos) << table.str();
    options_.output = "json";
    std::ostringstream json;
    info("r-1", ", match_count: 3");
    EXPECT_EQ(run_rules_regression(options_, json), 1);
    EXPECT_NE(json.str().find(R"("tested":1,"passed":0,"failed":1)"), std::string::npos) << json.str();
    write("data/one/info.yml", "rule_metadata: [{id: r-1}]\n");
    std::ostringstream nothing;
    EXPECT_EQ(run_rules_regression(options_, nothing), 1);
}

TEST_F(RulesRegression, EveryRuleOfSigmaHqFindsItsSamples) {
    const char* corpus = std::getenv("CANHGAC_CORPUS");
    if (corpus == nullptr) { GTEST_SKIP() << "CANHGAC_CORPUS IS NOT SET: SigmaHQ's samples were NOT run"; }
    const fs::path root = fs::path(corpus) / "sigmahq";
    options_.paths.clear();
    for (const char* name : {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"}) {
        options_.paths.push_back((root / name).string());
    }
    options_.folder = (root / "regression_data").string();
    const RegressionReport report = test_regression(options_);
    for (const RegressionResult& result : report.results) {
        EXPECT_TRUE(result.passed()) << result.input << ": " << result.reason;
    }
    EXPECT_EQ(report.results.size(), 404U); // each as Windows wrote it and as JSON
    EXPECT_EQ(report.tested, 202U);
    EXPECT_EQ(report.passed, 202U);
    EXPECT_EQ(report.without_test.size(), 1U); // the Cisco rule's test is commented out
}

} // namespace
} // namespace canhgac::app
