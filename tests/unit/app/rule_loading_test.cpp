#include "app/rule_loading.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace canhgac::app {
namespace {

using testing::ElementsAre;

std::string error_of(const char* text) {
    try {
        static_cast<void>(parse_placeholders(text, "p.yaml"));
    } catch (const std::runtime_error& error) { return error.what(); }
    return "none";
}

TEST(Placeholders, AreListsByName) {
    const auto lists = parse_placeholders("Admins: [root, adm*, 7]\n---\nSites:\n  - a\n", "p.yaml");
    EXPECT_THAT(lists.at("Admins"), ElementsAre("root", "adm*", "7"));
    EXPECT_THAT(lists.at("Sites"), ElementsAre("a"));
    EXPECT_TRUE(parse_placeholders("", "p.yaml").empty());
}

TEST(Placeholders, MistakesHaveTheirPlace) {
    EXPECT_EQ(error_of("- a\n"), "p.yaml:1:1: placeholders are a map such as Admins: [root, admin]");
    EXPECT_EQ(error_of("A: [x]\nB: y\n"), "p.yaml:2:4: B must be a list such as [root, admin]");
    EXPECT_EQ(error_of("A:\n  - x\n  - {b: c}\n"), "p.yaml:3:5: A: every value must be text");
    EXPECT_EQ(error_of("A: [x, null]\n"), "p.yaml:1:8: A: every value must be text");
    EXPECT_EQ(error_of("A: [x]\n---\nA: [y]\n"), "p.yaml:3:1: A has a list already");
    EXPECT_EQ(error_of("A: [x]\nA: [y]\n"), "p.yaml:2:1: key 'A' appears twice; first in line 1");
    EXPECT_EQ(error_of("A: [\n"), "p.yaml:2:1: end of sequence flow not found");
}

TEST(RuleLoading, ACorrelationOverARuleThatTheCompilerRefusesIsRejectedWithIt) {
    const auto file =
        std::filesystem::temp_directory_path() / ("canhgac_loading_" + std::to_string(::getpid()) + ".yml");
    std::ofstream(file) << "title: Base\nid: base\nlogsource: {product: windows}\n"
                           "detection: {s: {A|re: '[[:foo:]]'}, condition: s}\n---\n"
                           "title: Other\nid: other\nlogsource: {product: windows}\n"
                           "detection: {s: {A: y}, condition: s}\n---\n"
                           "title: C\nid: c\ncorrelation: {type: event_count, rules: [base, other], group-by: [A], "
                           "timespan: 5m, condition: {gte: 2}}\n";
    RuleSources sources;
    sources.paths = {file.string()};
    event::FieldTable fields;
    const LoadedRules loaded = load_rules(sources, fields);
    std::filesystem::remove(file);
    EXPECT_TRUE(loaded.correlations.empty());
    ASSERT_EQ(loaded.rejected.size(), 2U);
    EXPECT_EQ(loaded.rejected[0].id, "base");
    EXPECT_EQ(loaded.rejected[1].id, "c");
    EXPECT_EQ(loaded.rejected[1].file, file.string());
    EXPECT_EQ(loaded.rejected[1].line, 11U);
    EXPECT_EQ(loaded.rejected[1].reason, "correlation: rule 'base' was rejected: " + loaded.rejected[0].reason);
    ASSERT_EQ(loaded.rules->rules().size(), 1U);
    EXPECT_TRUE(loaded.rules->rules()[0].generates);
}

} // namespace
} // namespace canhgac::app
