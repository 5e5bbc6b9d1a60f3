#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "rules/reader.hpp"

namespace canhgac::rules {
namespace {

/// The five active folders of SigmaHQ, or nothing when no corpus is at hand.
std::vector<std::filesystem::path> active_folders() {
    const char* corpus = std::getenv("CANHGAC_CORPUS");
    if (corpus == nullptr) { return {}; }
    std::vector<std::filesystem::path> folders;
    for (const char* name :
         {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance", "rules-placeholder"}) {
        folders.push_back(std::filesystem::path(corpus) / "sigmahq" / name);
    }
    return folders;
}

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

TEST(SigmaCorpus, ReadsEveryActiveRuleButUnresolvedPlaceholders) {
    const auto folders = active_folders();
    if (folders.empty()) { GTEST_SKIP() << "CANHGAC_CORPUS IS NOT SET: the SigmaHQ corpus was NOT read"; }
    const double begin = cpu_seconds();
    const auto result = read_paths(folders);
    const double seconds = cpu_seconds() - begin;
    RecordProperty("cpu_milliseconds", static_cast<int>(seconds * 1000));
    std::printf("read %zu documents in %.3f s of CPU\n", result.documents, seconds);
    EXPECT_EQ(result.files, 3780U);
    EXPECT_EQ(result.documents, 3780U);
    EXPECT_EQ(result.rules.size(), 3755U);
    EXPECT_EQ(result.correlations.size(), 0U);
    EXPECT_EQ(result.rejected.size(), 25U);
    for (const auto& rejection : result.rejected) {
        EXPECT_NE(rejection.reason.find("unresolved placeholder"), std::string::npos) << to_string(rejection);
        EXPECT_GT(rejection.line, 1U) << to_string(rejection);
        EXPECT_EQ(rejection.id.size(), 36U) << to_string(rejection);
    }
    std::set<std::string> ids;
    std::size_t predicates = 0;
    for (const auto& rule : result.rules) {
        ids.insert(rule.id);
        predicates += rule.predicates.size();
        for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
            for (const auto child : rule.nodes[i].children) {
                ASSERT_LT(child, i) << rule.id;
            }
        }
        ASSERT_LT(rule.root, rule.nodes.size()) << rule.id;
    }
    EXPECT_EQ(ids.size(), 3755U);
    std::printf("%zu predicates\n", predicates);
}

TEST(SigmaCorpus, PlaceholdersGivenByTheUserAreTaken) {
    const auto folders = active_folders();
    if (folders.empty()) { GTEST_SKIP() << "CANHGAC_CORPUS IS NOT SET: the SigmaHQ corpus was NOT read"; }
    ReadOptions options;
    options.placeholders["Workstations"] = {"WS-*", "PC1"};
    const auto result = read_paths(folders, options);
    EXPECT_LT(result.rejected.size(), 25U);
    EXPECT_GT(result.rejected.size(), 10U);
}

} // namespace
} // namespace canhgac::rules
