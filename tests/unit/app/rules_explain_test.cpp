#include "app/rules_explain.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;

class RulesExplain : public testing::Test {
protected:
    RulesExplain()
        : folder_(fs::temp_directory_path() / ("canhgac_explain_" + std::to_string(::getpid()) +
                                               testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::create_directories(folder_);
        write("rule.yml", "title: Failed\nid: r-1\nname: failed\nlogsource: {product: windows, service: security}\n"
                          "detection:\n    selection: {EventID: 4625, TargetUserName: Administrator}\n"
                          "    condition: selection\n");
        write(
            "events.jsonl",
            R"({"Event":{"System":{"Channel":"Security","EventID":4625},"EventData":{"TargetUserName":"administrator"}}})"
            "\n"
            R"({"Event":{"System":{"Channel":"Security","EventID":4625},"EventData":{"TargetUserName":"bob"}}})"
            "\n");
        options_.rule = (folder_ / "rule.yml").string();
        options_.event = (folder_ / "events.jsonl").string();
    }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    [[nodiscard]] int run() {
        out_.str({});
        return run_rules_explain(options_, out_);
    }
    [[nodiscard]] bool says(const std::string& text) const { return out_.str().find(text) != std::string::npos; }

    fs::path folder_;
    RulesExplainOptions options_;
    std::ostringstream out_;
};

TEST_F(RulesExplain, TellsMatchAndNoMatch) {
    EXPECT_EQ(run(), 0);
    EXPECT_TRUE(says("rule r-1: Failed\nMATCH\n")) << out_.str();
    options_.index = 1;
    EXPECT_EQ(run(), 1);
    EXPECT_TRUE(says("NO MATCH")) << out_.str();
    EXPECT_TRUE(says("selection: all of")) << out_.str();
    EXPECT_TRUE(says("TargetUserName matches \"Administrator\" -- it is \"bob\"")) << out_.str();
}

TEST_F(RulesExplain, FindsARuleByIdOrName) {
    options_.paths = {options_.rule};
    for (const char* name : {"r-1", "failed", "Failed"}) {
        options_.rule = name;
        EXPECT_EQ(run(), 0) << name;
    }
    options_.rule = "other";
    EXPECT_EQ(run(), 2);
}

TEST_F(RulesExplain, AppliesTheFiltersBesideTheRule) {
    write("filter.yml", "title: Known\nid: f-1\nlogsource: {product: windows}\nfilter:\n    rules: [r-1]\n"
                        "    known: {TargetUserName: administrator}\n    condition: not known\n");
    options_.paths = {folder_.string()};
    options_.rule = "r-1";
    EXPECT_EQ(run(), 1);
    EXPECT_TRUE(says("NO MATCH")) << out_.str();
}

TEST_F(RulesExplain, WritesJson) {
    options_.output = "json";
    options_.index = 1;
    EXPECT_EQ(run(), 1);
    EXPECT_TRUE(says(R"("match":false)")) << out_.str();
    EXPECT_TRUE(says(R"("values":["bob"])")) << out_.str();
    EXPECT_TRUE(says(R"("event_logsources":[{"product":"windows","service":"security"}])")) << out_.str();
}

TEST_F(RulesExplain, BadInputIsToldAsSuch) {
    options_.index = 2;
    EXPECT_EQ(run(), 2); // two events only
    options_.index = 0;
    options_.event = (folder_ / "absent").string();
    EXPECT_EQ(run(), 2);
    write("rule.yml",
          "title: x\nid: r-1\nlogsource: {product: windows}\ndetection: {s: {a|nonsense: 1}, condition: s}\n");
    options_.event = (folder_ / "events.jsonl").string();
    EXPECT_EQ(run(), 2);
}

TEST_F(RulesExplain, WithoutRoutingTheLogSourceDoesNotCount) {
    write("rule.yml",
          "title: Failed\nid: r-1\nlogsource: {product: linux}\ndetection: {s: {EventID: 4625}, condition: s}\n");
    EXPECT_EQ(run(), 1);
    EXPECT_TRUE(says("the rule does not see it")) << out_.str();
    options_.route = false;
    EXPECT_EQ(run(), 0);
}

} // namespace
} // namespace canhgac::app
