#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "app/rules_test.hpp"
#include "rules/reader.hpp"

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;

fs::path pack_folder() {
    return fs::path(CANHGAC_SOURCE_DIR) / "rules" / "pack";
}

/// Read and run once: compiling takes a moment.
const RuleTestReport& pack_report() {
    static const RuleTestReport report = test_rules({pack_folder().string()});
    return report;
}

TEST(Pack, EveryRulePassesItsOwnTests) {
    for (const RuleTestResult& result : pack_report().results) {
        EXPECT_TRUE(result.passed()) << result.file << ':' << result.line << ": " << result.name << ": "
                                     << result.reason;
    }
}

TEST(Pack, HoldsAtLeastFortyRulesAndEachIsTested) {
    EXPECT_GE(pack_report().rules.size(), 40U);
    for (const std::string& id : pack_report().untested_rules) {
        ADD_FAILURE() << "rule " << id << " has no test";
    }
}

TEST(Pack, EachRuleHasTwoHitsTwoNearMissesAndHalfOfTheTestsAreDecoded) {
    struct Tally {
        std::size_t hits = 0;
        std::size_t misses = 0;
        std::size_t decoded = 0;
    };
    std::map<std::string, Tally> files;
    for (const RuleTestResult& result : pack_report().results) {
        Tally& tally = files[result.file];
        ++(result.near_miss ? tally.misses : tally.hits);
        if (result.decoded) { ++tally.decoded; }
    }
    ASSERT_FALSE(files.empty());
    for (const auto& [file, tally] : files) {
        EXPECT_GE(tally.hits, 2U) << file;
        EXPECT_GE(tally.misses, 2U) << file;
        EXPECT_GE(tally.decoded * 2, tally.hits + tally.misses) << file;
    }
}

TEST(Pack, EachRuleSaysInVietnameseWhatItIsAndWhatToDo) {
    const rules::ReadResult read = rules::read_paths({pack_folder()});
    ASSERT_TRUE(read.rejected.empty());
    std::map<std::string, const rules::Rule*> bases;
    for (const rules::Rule& rule : read.rules) {
        EXPECT_EQ(rule.author, "Canh Gác") << rule.id;
        EXPECT_FALSE(rule.tags.empty()) << rule.id;
        bases.emplace(rule.id, &rule);
    }
    for (const rules::Correlation& correlation : read.correlations) {
        EXPECT_FALSE(correlation.title_vi.empty() || correlation.response_vi.empty()) << correlation.id;
        for (const std::string& id : correlation.rule_ids) {
            bases.erase(id);
        }
    }
    for (const auto& [id, rule] : bases) {
        EXPECT_FALSE(rule->title_vi.empty() || rule->response_vi.empty()) << id;
        EXPECT_FALSE(rule->entity.empty()) << id;
        EXPECT_FALSE(rule->falsepositives.empty()) << id;
    }
}

} // namespace
} // namespace canhgac::app
