#include "app/rules_coverage.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;

class RulesCoverage : public testing::Test {
protected:
    RulesCoverage()
        : folder_(fs::temp_directory_path() / ("canhgac_coverage_" + std::to_string(::getpid()) +
                                               testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::create_directories(folder_);
        write(
            "a.yml",
            "title: A\nid: a\nname: a\nlevel: high\ntags: [attack.credential-access, attack.t1110.001, attack.g0016]\n"
            "logsource: {product: linux, service: sshd}\ndetection: {s: {x: y}, condition: s}\n");
        write("b.yml", "title: B\nid: b\ntags: [attack.t1110.001, cve.2021-44228]\n"
                       "logsource: {category: webserver}\ndetection: {s: {x: y}, condition: s}\n");
        write("c.yml", "title: C\nid: c\nlogsource: {category: webserver}\ndetection: {s: {x: z}, condition: s}\n");
        options_.paths = {folder_.string()};
    }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    fs::path folder_;
    RulesCoverageOptions options_;
};

TEST_F(RulesCoverage, CountsByTacticTechniqueAndLogSource) {
    const CoverageReport report = rule_coverage(options_);
    EXPECT_EQ(report.rules, 3U);
    ASSERT_EQ(report.tactics.size(), 1U);
    EXPECT_EQ(report.tactics.at("credential-access").rules, std::set<std::string>{"A"});
    ASSERT_EQ(report.techniques.size(), 1U);
    EXPECT_EQ(report.techniques.at("T1110.001").rules.size(), 2U);
    EXPECT_EQ(report.techniques.at("T1110.001").highest, event::Severity::high);
    EXPECT_EQ(report.without_technique, std::vector<std::string>{"C"});
    EXPECT_EQ(report.logsources.at({"", "webserver", ""}).rules, 2U);
    EXPECT_FALSE(report.logsources.at({"", "webserver", ""}).events); // no store was asked
}

TEST_F(RulesCoverage, RulesThatOnlyCorrelationsCountGiveNoCoverage) {
    write("d.yml", "title: D\nid: d\ntags: [attack.t1078]\ncorrelation: {type: event_count, rules: [a], group-by: [x], "
                   "timespan: 1m, condition: {gte: 2}}\n");
    const CoverageReport report = rule_coverage(options_);
    EXPECT_EQ(report.rules, 3U); // B, C, D
    EXPECT_EQ(report.techniques.at("T1110.001").rules, std::set<std::string>{"B"});
    EXPECT_TRUE(report.techniques.contains("T1078"));
}

TEST_F(RulesCoverage, WritesANavigatorLayer) {
    options_.output = "navigator";
    std::ostringstream out;
    EXPECT_EQ(run_rules_coverage(options_, out), 0);
    const boost::json::value layer = boost::json::parse(out.str());
    EXPECT_EQ(layer.at("versions").at("layer").as_string(), "4.5");
    EXPECT_EQ(layer.at("domain").as_string(), "enterprise-attack");
    const auto& technique = layer.at("techniques").at(0);
    EXPECT_EQ(technique.at("techniqueID").as_string(), "T1110.001");
    EXPECT_EQ(technique.at("score").to_number<int>(), 2);
    EXPECT_EQ(technique.at("comment").as_string(), "A\nB");
    EXPECT_EQ(layer.at("gradient").at("maxValue").to_number<int>(), 2);
}

TEST_F(RulesCoverage, PrintsTableAndJson) {
    std::ostringstream table;
    EXPECT_EQ(run_rules_coverage(options_, table), 0);
    EXPECT_NE(table.str().find("3 rules: 1 tactics, 1 techniques, 1 rules name no technique\n"), std::string::npos)
        << table.str();
    options_.output = "json";
    std::ostringstream json;
    EXPECT_EQ(run_rules_coverage(options_, json), 0);
    EXPECT_EQ(boost::json::parse(json.str()).at("techniques").at("T1110.001").at("rules").as_array().size(), 2U);
    write("bad.yml", "nonsense\n");
    EXPECT_EQ(run_rules_coverage(options_, json), 1);
}

TEST_F(RulesCoverage, AStoreThatIsNotThereIsTold) {
    options_.client.data = (folder_ / "absent").string();
    EXPECT_THROW(static_cast<void>(rule_coverage(options_)), std::runtime_error);
}

} // namespace
} // namespace canhgac::app
