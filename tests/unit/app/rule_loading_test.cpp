#include "app/rule_loading.hpp"

#include <stdexcept>

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

} // namespace
} // namespace canhgac::app
