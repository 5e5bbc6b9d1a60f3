#include "engine/match_worker.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MatchWorkerTest : public ::testing::Test {
protected:
    MatchWorker worker(std::vector<rules::Rule> rules) {
        CompileInput input;
        input.rules = std::move(rules);
        input.logsources = small_table();
        return MatchWorker(compile(std::move(input), fields).rules);
    }
    std::vector<std::string> match(MatchWorker& worker) {
        detections.clear();
        worker.match(batch, detections);
        std::vector<std::string> out;
        for (const event::Detection& detection : detections) {
            out.push_back(std::to_string(detection.event_index) + ' ' + detection.rule->id);
        }
        return out;
    }
    event::FieldTable fields;
    event::EventBatch batch;
    std::vector<event::Detection> detections;
};

const rules::LogSource kProcessCreation{"windows", "process_creation", ""};
constexpr std::string_view kSysmon = "Microsoft-Windows-Sysmon/Operational";

TEST_F(MatchWorkerTest, ReportsByEventThenRuleWithWhatMatched) {
    RuleMaker maker("b", kProcessCreation);
    maker.all({maker.test(like("Image", "*\\cmd.exe")), maker.test(like("CommandLine", "*/c *"))});
    auto w = worker({maker.done(), simple("a", like("Image", "c:\\\\*"), kProcessCreation),
                     simple("c", like("Image", "*nothing*"), kProcessCreation)});
    const auto image = "C:\\Windows\\CMD.EXE";
    add_event(batch, fields, {{"Channel", kSysmon}, {"EventID", "1"}, {"Image", "c:\\x"}},
              event::Format::windows_event);
    add_event(
        batch, fields,
        {{"Channel", kSysmon}, {"EventID", "1"}, {"Image", image}, {"CommandLine", "cmd /c dir"}, {"Other", "*/c "}},
        event::Format::windows_event);
    EXPECT_THAT(match(w), ElementsAre("0 a", "1 a", "1 b"));
    using Pair = std::pair<std::string_view, std::string_view>;
    EXPECT_THAT(detections[2].matched, ElementsAre(Pair("Image", image), Pair("CommandLine", "cmd /c dir")));
    EXPECT_EQ(detections[2].rule->title, "title of b");
}

TEST_F(MatchWorkerTest, SeesOnlyEventsOfTheLogSource) {
    RuleMaker negative("negative", kProcessCreation);
    negative.negate(negative.test(like("Image", "*good*")));
    auto w = worker({negative.done(), simple("any", like("Image", "*")),
                     simple("sshd", like("message", "*"), {"linux", "", "sshd"})});
    add_event(batch, fields, {{"Image", "bad"}});                                                        // 0 no class
    add_event(batch, fields, {{"Channel", kSysmon}, {"EventID", "3"}}, event::Format::windows_event);    // 1
    add_event(batch, fields, {{"Channel", kSysmon}, {"EventID", "1"}}, event::Format::windows_event);    // 2
    add_event(batch, fields, {{"log.syslog.appname", "sshd"}, {"message", "x"}}, event::Format::syslog); // 3
    add_event(batch, fields, {{"log.syslog.appname", "sudo"}, {"message", "x"}}, event::Format::syslog); // 4
    EXPECT_THAT(match(w), ElementsAre("0 any", "2 negative", "3 sshd"));
}

TEST_F(MatchWorkerTest, AliasesReplaceTheEventsOwnField) {
    auto w = worker({simple("image", like("Image", "*\\cmd.exe"), kProcessCreation),
                     simple("parent", like("ParentProcessId", "0x10"), kProcessCreation),
                     simple("service", like("Image", "*\\cmd.exe"), {"windows", "", "security"})});
    add_event(batch, fields,
              {{"Channel", "Security"}, {"EventID", "4688"}, {"NewProcessName", "C:\\cmd.exe"}, {"ProcessId", "0x10"}},
              event::Format::windows_event);
    add_event(batch, fields, {{"Channel", "Security"}, {"EventID", "4688"}, {"Image", "C:\\cmd.exe"}},
              event::Format::windows_event);
    EXPECT_THAT(match(w), ElementsAre("0 image", "0 parent", "1 service"));
    EXPECT_EQ(detections[0].matched[0].first, "NewProcessName");
}

TEST_F(MatchWorkerTest, HonoursToldLogSourcesOfTrustedSourcesOnly) {
    auto w = worker({simple("r", like("Image", "x"), kProcessCreation)});
    const FieldList told = {
        {"logsource.product", "windows"}, {"logsource.category", "process_creation"}, {"Image", "X"}};
    add_event(batch, fields, told);
    add_event(batch, fields, told).flags = event::flag::kTrustedSource;
    EXPECT_THAT(match(w), ElementsAre("1 r"));
}

TEST_F(MatchWorkerTest, KeywordsLookAtPayloadAndMessageOnly) {
    RuleMaker both("both");
    both.all({both.test(like("", "*alpha*")), both.test(like("", "*beta*"))});
    auto w = worker({simple("one", like("", "*mimikatz*")), both.done()});
    add_event(batch, fields, {{"message", "run MimiKatz now"}});
    add_event(batch, fields, {{"host.name", "mimikatz"}, {"mimikatz", "x"}});
    add_event(batch, fields, {{"A", "xALPHAx"}, {"B", "beta"}});
    add_event(batch, fields, {{"A", "alp"}, {"B", "ha beta"}}); // not across values
    EXPECT_THAT(match(w), ElementsAre("0 one", "2 both"));
    using Pair = std::pair<std::string_view, std::string_view>;
    EXPECT_THAT(detections[1].matched, ElementsAre(Pair("keywords", "xALPHAx"), Pair("keywords", "beta")));
}

TEST_F(MatchWorkerTest, AbsentFieldsAreFalseAndTheirNegationTrue) {
    RuleMaker maker("not");
    const auto base = maker.test(like("A", "x"));
    maker.all({base, maker.negate(maker.test(like("B", "*bad*")))});
    RuleMaker null("null");
    null.all({null.test(like("A", "x")), null.test(with_op("B", rules::Op::is_null))});
    RuleMaker exists("exists");
    exists.all({exists.test(like("A", "x")), exists.test(with_op("B", rules::Op::exists))});
    auto w = worker({maker.done(), null.done(), exists.done()});
    add_event(batch, fields, {{"A", "x"}});
    add_event(batch, fields, {{"A", "x"}, {"B", "bad"}});
    add_event(batch, fields, {{"A", "x"}, {"B", ""}});
    EXPECT_THAT(match(w), ElementsAre("0 not", "0 null", "1 exists", "2 exists", "2 not"));
}

TEST_F(MatchWorkerTest, AnyElementOfARepeatedField) {
    auto w = worker({simple("r", like("A", "two")), simple("s", number("A", rules::Op::greater, 10))});
    add_event(batch, fields, {{"A", "one"}, {"A", "two"}, {"A", "11"}});
    EXPECT_THAT(match(w), ElementsAre("0 r", "0 s"));
    using Pair = std::pair<std::string_view, std::string_view>;
    EXPECT_THAT(detections[0].matched, ElementsAre(Pair("A", "two")));
}

TEST_F(MatchWorkerTest, IgnoresBlanksInNamesSeenAfterTheFirstEvent) {
    auto w = worker({simple("r", like("ThreatName", "eicar"))});
    add_event(batch, fields, {{"x", "y"}});
    EXPECT_THAT(match(w), IsEmpty());
    add_event(batch, fields, {{"Threat Name", "EICAR"}}); // a name the plan has never seen
    EXPECT_THAT(match(w), ElementsAre("1 r"));
}

TEST_F(MatchWorkerTest, FoldsVietnameseAndDoesNotTakeKelvinForAnotherLetter) {
    auto w = worker({simple("r", like("A", "*đăng nhập thất bại*")), simple("k", like("A", "kelvin"))});
    add_event(batch, fields, {{"A", "ĐĂNG NHẬP THẤT BẠI!"}});
    add_event(batch, fields, {{"A", "\u212AELVIN"}});
    EXPECT_THAT(match(w), ElementsAre("0 r", "1 k"));
}

TEST_F(MatchWorkerTest, TakesANewRuleSetBetweenBatches) {
    auto w = worker({simple("old", like("A", "x"))});
    add_event(batch, fields, {{"A", "x"}});
    EXPECT_THAT(match(w), ElementsAre("0 old"));
    CompileInput input;
    input.rules = {simple("new", like("A", "x"))};
    w.use(compile(std::move(input), fields).rules);
    EXPECT_THAT(match(w), ElementsAre("0 new"));
}

TEST_F(MatchWorkerTest, OneListedValueOfManyMatches) {
    RuleMaker maker("list");
    std::vector<std::uint32_t> children;
    for (int i = 0; i < 1000; ++i) {
        children.push_back(maker.test(like("Hashes", "*MD5=" + std::to_string(100000 + i) + "*")));
    }
    maker.any(std::move(children));
    auto w = worker({maker.done()});
    EXPECT_EQ(w.rules()->stats().atoms, 1U); // one atom, not a thousand
    add_event(batch, fields, {{"Hashes", "SHA1=x,md5=100999,IMPHASH=0"}});
    add_event(batch, fields, {{"Hashes", "SHA1=x,md5=99999,IMPHASH=0"}});
    EXPECT_THAT(match(w), ElementsAre("0 list"));
}

TEST_F(MatchWorkerTest, RulesWithoutTriggerAreCountedAndEvaluated) {
    RuleMaker maker("neg");
    maker.negate(maker.test(like("A", "x")));
    auto w = worker({maker.done(), simple("pos", like("A", "x"))});
    EXPECT_EQ(w.rules()->stats().without_trigger, 1U);
    add_event(batch, fields, {{"B", "x"}});
    add_event(batch, fields, {{"A", "x"}});
    EXPECT_THAT(match(w), ElementsAre("0 neg", "1 pos"));
}

} // namespace
} // namespace canhgac::engine
