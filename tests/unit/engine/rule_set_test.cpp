#include "engine/rule_set.hpp"

#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/match_worker.hpp"
#include "tests/unit/engine/engine_fixture.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture

CompileInput input_of(std::vector<rules::Rule> rules) {
    CompileInput input;
    input.rules = std::move(rules);
    return input;
}

TEST(Compile, RejectsARuleWithARegexItCannotTakeAndKeepsTheOthers) {
    auto bad = simple("bad", regex("A", "a(?=b)"));
    bad.at = {"rules/bad.yml", 7};
    auto also_bad = simple("also-bad", regex("A", "(x)\\1"));
    event::FieldTable fields;
    const CompileResult result =
        compile(input_of({bad, simple("good", regex("A", "a+b")), also_bad, simple("plain", like("A", "q"))}), fields);
    ASSERT_EQ(result.rejected.size(), 2U);
    EXPECT_EQ(result.rejected[1].id, "bad");
    EXPECT_EQ(result.rejected[1].file, "rules/bad.yml");
    EXPECT_EQ(result.rejected[1].line, 7U);
    EXPECT_NE(result.rejected[1].reason.find("regular expression refused: "), std::string::npos);
    EXPECT_EQ(result.rules->stats().rules, 2U);
    MatchWorker worker(result.rules);
    event::EventBatch batch;
    add_event(batch, fields, {{"A", "xaab"}});
    std::vector<event::Detection> detections;
    worker.match(batch, detections);
    ASSERT_EQ(detections.size(), 1U);
    EXPECT_EQ(detections[0].rule->id, "good");
}

TEST(Compile, RejectsWhatStandsOnARejectedRule) {
    const auto over = [](const std::string& id, std::vector<std::string> rules) {
        rules::Correlation correlation;
        correlation.id = id;
        correlation.rule_ids = std::move(rules);
        correlation.group_by = {"A"};
        correlation.timespan = common::kMinute;
        correlation.bounds = {{rules::Correlation::Compare::gte, 2}};
        correlation.at = {"rules/" + id + ".yml", 3};
        return correlation;
    };
    CompileInput input = input_of(
        {simple("bad", regex("A", "a(?=b)")), simple("good", like("A", "q")), simple("also-good", like("A", "q"))});
    // The outer one stands before the one that it stands on.
    input.correlations = {over("outer", {"inner"}), over("inner", {"good", "bad"}), over("fine", {"also-good"})};
    event::FieldTable fields;
    const CompileResult result = compile(std::move(input), fields);
    ASSERT_EQ(result.correlations.size(), 1U);
    EXPECT_EQ(result.correlations[0].id, "fine");
    ASSERT_EQ(result.rejected.size(), 3U);
    EXPECT_EQ(result.rejected[1].id, "inner");
    EXPECT_EQ(result.rejected[1].file, "rules/inner.yml");
    EXPECT_EQ(result.rejected[1].line, 3U);
    EXPECT_EQ(result.rejected[1].reason, "correlation: rule 'bad' was rejected: " + result.rejected[0].reason);
    EXPECT_EQ(result.rejected[2].id, "outer");
    EXPECT_EQ(result.rejected[2].reason, "correlation: rule 'inner' was rejected: " + result.rejected[1].reason);
    // Nothing counts `good` any more, so it speaks for itself.
    ASSERT_EQ(result.rules->rules().size(), 2U);
    EXPECT_EQ(result.rules->rules()[1].id, "good");
    EXPECT_TRUE(result.rules->rules()[1].generates);
    EXPECT_FALSE(result.rules->rules()[0].generates);
}

TEST(Compile, AnEmptyRuleSetMatchesNothing) {
    event::FieldTable fields;
    const CompileResult result = compile({}, fields);
    MatchWorker worker(result.rules);
    event::EventBatch batch;
    add_event(batch, fields, {{"A", "x"}});
    std::vector<event::Detection> detections;
    worker.match(batch, detections);
    EXPECT_TRUE(detections.empty());
}

TEST(Compile, SharesEqualTestsAndLists) {
    std::vector<rules::Rule> rules;
    for (int i = 0; i < 10; ++i) {
        RuleMaker maker("r" + std::to_string(i));
        maker.any({maker.test(like("A", "*one*")), maker.test(like("A", "*two*"))});
        rules.push_back(maker.done());
    }
    event::FieldTable fields;
    const CompileResult result = compile(input_of(std::move(rules)), fields);
    EXPECT_EQ(result.rules->stats().patterns, 2U);
    EXPECT_EQ(result.rules->stats().atoms, 1U);
    EXPECT_EQ(result.rules->stats().databases, 1U);
}

TEST(Compile, CorrelationsDecideWhatIsCapturedAndGenerated) {
    rules::Correlation correlation;
    correlation.id = "c";
    correlation.rule_ids = {"a", "b"};
    correlation.group_by = {"ip", "user.name"};
    correlation.aliases = {{"ip", {{"a", "source.ip"}, {"b", "IpAddress"}}}};
    CompileInput input =
        input_of({simple("a", like("A", "x")), simple("b", like("A", "x")), simple("c2", like("A", "x"))});
    input.correlations = {correlation};
    event::FieldTable fields;
    const CompileResult result = compile(std::move(input), fields);
    const auto& infos = result.rules->rules();
    EXPECT_FALSE(infos[0].generates);
    EXPECT_EQ(infos[0].capture, (std::vector{event::field::kSourceIp, event::field::kUserName}));
    EXPECT_EQ(infos[1].capture, (std::vector{fields.intern("IpAddress"), event::field::kUserName}));
    EXPECT_TRUE(infos[2].generates);
    EXPECT_TRUE(infos[2].capture.empty());
}

class CacheTest : public ::testing::Test {
protected:
    void SetUp() override {
        folder = std::filesystem::temp_directory_path() / ("canhgac-cache-" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    CompileResult load(int changed = 0) {
        std::vector<rules::Rule> rules;
        for (int i = 0; i < 50; ++i) {
            rules.push_back(simple("r" + std::to_string(i), like("A", "*value" + std::to_string(i + changed) + "*")));
        }
        rules.push_back(simple("x", regex("B", "a+b?c")));
        CompileOptions options;
        options.cache_dir = folder;
        return compile(input_of(std::move(rules)), fields, options);
    }
    void expect_works(const CompileResult& result) {
        MatchWorker worker(result.rules);
        event::EventBatch batch;
        add_event(batch, fields, {{"A", "xVALUE49x"}, {"B", "aac"}});
        std::vector<event::Detection> detections;
        worker.match(batch, detections);
        EXPECT_EQ(detections.size(), 3U); // value4, value49 and the regex
    }
    std::filesystem::path folder;
    event::FieldTable fields;
};

TEST_F(CacheTest, KeepsDatabasesByContent) {
    EXPECT_EQ(load().rules->stats().databases_from_cache, 0U);
    const CompileResult again = load();
    EXPECT_EQ(again.rules->stats().databases_from_cache, 2U);
    expect_works(again);
    EXPECT_EQ(load(1).rules->stats().databases_from_cache, 1U); // the expression is still the same
}

TEST_F(CacheTest, DamagedFilesAreMisses) {
    (void)load();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(200);
        file.write("damage", 6);
    }
    const CompileResult result = load();
    EXPECT_EQ(result.rules->stats().databases_from_cache, 0U);
    expect_works(result);
    EXPECT_EQ(load().rules->stats().databases_from_cache, 2U); // mended
}

TEST_F(CacheTest, AFolderThatCannotBeWrittenIsNoError) {
    CompileOptions options;
    options.cache_dir = "/proc/nowhere";
    EXPECT_EQ(compile(input_of({simple("x", regex("B", "a+b"))}), fields, options).rules->stats().rules, 1U);
}

} // namespace
} // namespace canhgac::engine
