#include "engine/rule_predicates.hpp"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace canhgac::engine {
namespace {

event::StoredEvent stored_with(std::span<const std::pair<std::string_view, event::Field>> fields) {
    event::StoredEvent event;
    event.id = {1, 0};
    event.format = event::Format::json;
    event.raw = "line";
    event.fields = fields;
    return event;
}

TEST(RulePredicates, MatchAsTheRuleDoes) {
    event::FieldTable fields;
    CompileInput input;
    input.logsources = kit::small_table();
    input.rules.push_back(kit::simple("rule-1", kit::like("CommandLine", "*mimikatz*")));
    input.rules.back().title = "Dò mật khẩu";
    input.rules.push_back(kit::simple("rule-2", kit::like("Image", "*cmd.exe")));
    auto compiled = compile(std::move(input), fields).rules;
    const RulePredicates rules([&compiled] { return compiled; }, fields);

    const auto by_id = rules.find("rule-1");
    const auto by_title = rules.find("DÒ MẬT KHẨU");
    const auto other = rules.find("rule-2");
    ASSERT_NE(by_id, nullptr);
    ASSERT_NE(by_title, nullptr);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(rules.find("rule-3"), nullptr);
    EXPECT_EQ(rules.find(""), nullptr);

    const std::vector<std::pair<std::string_view, event::Field>> hit = {
        {"CommandLine", event::Field(event::FieldId{}, "x MimiKatz y")},
        {"Image", event::Field(event::FieldId{}, "a.exe")}};
    const std::vector<std::pair<std::string_view, event::Field>> miss = {
        {"CommandLine", event::Field(event::FieldId{}, "whoami")}};
    for (int round = 0; round < 3; ++round) { // one after the other, as a search does
        EXPECT_TRUE(by_id->matches(stored_with(hit)));
        EXPECT_TRUE(by_title->matches(stored_with(hit)));
        EXPECT_FALSE(other->matches(stored_with(hit)));
        EXPECT_FALSE(by_id->matches(stored_with(miss)));
        EXPECT_FALSE(by_id->matches(stored_with({})));
    }
}

} // namespace
} // namespace canhgac::engine
