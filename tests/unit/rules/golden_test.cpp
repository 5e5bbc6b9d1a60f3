/// Rules in, their checked form out: tests/golden/rules/NN-name.in and .want. CANHGAC_UPDATE_GOLDEN=1 rewrites .want.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "pipeline_helpers.hpp"
#include "rules/print.hpp"
#include "rules/reader.hpp"

namespace canhgac::rules {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string shown(const ReadResult& result) {
    std::string out;
    for (const auto& rule : result.rules) {
        out += print(rule) + "\n";
    }
    for (const auto& correlation : result.correlations) {
        out += print(correlation) + "\n";
    }
    for (const auto& rejection : result.rejected) {
        out += "rejected " + to_string(rejection) + "\n";
    }
    return out;
}

TEST(GoldenRules, EachPrintsAsWanted) {
    std::size_t seen = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(CANHGAC_SOURCE_DIR) / "tests/golden/rules")) {
        if (entry.path().extension() != ".in") { continue; }
        ++seen;
        const std::string got = shown(read_text(entry.path().filename().string(), content(entry.path())));
        fs::path want = entry.path();
        want.replace_extension(".want");
        if (std::getenv("CANHGAC_UPDATE_GOLDEN") != nullptr) { std::ofstream(want, std::ios::binary) << got; }
        EXPECT_EQ(got, content(want)) << entry.path();
    }
    EXPECT_GE(seen, 5U);
}

/// A pipeline, a line "=== rules", rules; out: what the rules became, and the report.
TEST(GoldenPipelines, EachPrintsAsWanted) {
    std::size_t seen = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(CANHGAC_SOURCE_DIR) / "tests/golden/pipelines")) {
        if (entry.path().extension() != ".in") { continue; }
        ++seen;
        const std::string text = content(entry.path());
        static constexpr std::string_view kCut = "=== rules\n";
        const auto cut = text.find(kCut);
        ASSERT_NE(cut, std::string::npos) << entry.path();
        const auto result = read_through({text.substr(0, cut)}, text.substr(cut + kCut.size()));
        std::string got = shown(result);
        for (const auto& use : result.pipelines) {
            got += "pipeline " + use.name + "\n";
            for (const auto& [item, count] : use.applied) {
                got += "  " + item + ": " + std::to_string(count) + "\n";
            }
            for (const auto& warning : use.warnings) {
                got += "  warning " + to_string(warning) + "\n";
            }
        }
        fs::path want = entry.path();
        want.replace_extension(".want");
        if (std::getenv("CANHGAC_UPDATE_GOLDEN") != nullptr) { std::ofstream(want, std::ios::binary) << got; }
        EXPECT_EQ(got, content(want)) << entry.path();
    }
    EXPECT_GE(seen, 1U);
}

} // namespace
} // namespace canhgac::rules
