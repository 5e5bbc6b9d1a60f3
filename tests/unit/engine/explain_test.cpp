#include "engine/explain.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine_fixture.hpp"

namespace canhgac::engine {
namespace {

using kit::FieldList;
using kit::like;
using kit::RuleMaker;

const FieldList kProcess = {{"Channel", "Microsoft-Windows-Sysmon/Operational"},
                            {"EventID", "1"},
                            {"Image", "C:\\Windows\\cmd.exe"},
                            {"CommandLine", "cmd /c whoami "}};

Explanation explain_one(const rules::Rule& rule, FieldList list) {
    static event::FieldTable fields; // NOLINT(*-avoid-non-const-global-variables): only grows
    const std::vector<rules::Rule> rules = {rule};
    event::EventBatch batch;
    kit::add_event(batch, fields, list, event::Format::windows_event);
    const PlainEvaluator evaluator(rules, kit::small_table(), fields);
    return explain(evaluator, rules, 0, batch, batch.events()[0], fields);
}

rules::LogSource process_creation() {
    return {"windows", "process_creation", ""};
}

/// The hint of a rule of one test.
std::string hint(const rules::Predicate& predicate, FieldList list = kProcess) {
    return explain_one(kit::simple("r", predicate, process_creation()), list).root.hint;
}

TEST(Explain, ShowsTheStepsThatDecided) {
    RuleMaker maker("r", process_creation());
    const auto image = maker.test(like("Image", "*\\cmd.exe"));
    const auto line = maker.test(like("CommandLine", "*ipconfig*"));
    const auto user = maker.test(like("User", "*admin*"));
    const auto filter = maker.negate(user);
    maker.all({image, line, filter});
    rules::Rule rule = maker.done();
    rule.selections = {{"selection_image", image}, {"filter", user}};
    const Explanation why = explain_one(rule, kProcess);
    EXPECT_TRUE(why.sees);
    EXPECT_FALSE(why.verdict());
    ASSERT_EQ(why.root.children.size(), 3U);
    const ExplainedNode& first = why.root.children[0];
    EXPECT_TRUE(first.truth);
    EXPECT_FALSE(first.decides); // the rule fails elsewhere
    EXPECT_EQ(first.selection, "selection_image");
    EXPECT_EQ(first.values, std::vector<std::string>{"C:\\Windows\\cmd.exe"});
    EXPECT_TRUE(why.root.children[1].decides);
    EXPECT_FALSE(why.root.children[1].absent);
    const ExplainedNode& negation = why.root.children[2];
    EXPECT_TRUE(negation.truth);
    EXPECT_TRUE(negation.children[0].absent);
    EXPECT_EQ(negation.children[0].selection, "filter");
    EXPECT_EQ(to_text(why), R"(rule r: title of r
NO MATCH
log source: the rule wants product windows, category process_creation; the event is product windows, category process_creation, service sysmon -- the rule sees it
condition:
  > false  all of
      true   selection_image: Image matches * "\\cmd.exe" -- it is "C:\Windows\cmd.exe"
  >   false  CommandLine matches * "ipconfig" * -- it is "cmd /c whoami "
      true   not
        false  filter: User matches * "admin" * -- the event has no such field
)");
}

TEST(Explain, OfAnAnyThatHoldsTheTrueOnesDecide) {
    RuleMaker maker("r", process_creation());
    const auto a = maker.test(like("Image", "*\\cmd.exe"));
    const auto b = maker.test(like("Image", "*\\sh.exe"));
    maker.any({a, b});
    const Explanation why = explain_one(maker.done(), kProcess);
    EXPECT_TRUE(why.verdict());
    EXPECT_TRUE(why.root.children[0].decides);
    EXPECT_FALSE(why.root.children[1].decides);
}

TEST(Explain, TellsTheLogSourceFromTheCondition) {
    const rules::Rule rule = kit::simple("r", like("Image", "*\\cmd.exe"), {"linux", "", "sshd"});
    const Explanation why = explain_one(rule, kProcess);
    EXPECT_FALSE(why.sees);
    EXPECT_TRUE(why.condition);
    EXPECT_FALSE(why.verdict());
    EXPECT_NE(to_text(why).find("the rule does not see it"), std::string::npos);
}

TEST(Explain, FollowsAliases) {
    const rules::Rule rule = kit::simple("r", like("Image", "*\\cmd.exe"), process_creation());
    const Explanation why =
        explain_one(rule, {{"Channel", "Security"}, {"EventID", "4688"}, {"NewProcessName", "C:\\cmd.exe"}});
    EXPECT_TRUE(why.verdict());
    EXPECT_EQ(why.root.field, "Image");
    EXPECT_EQ(why.root.event_field, "NewProcessName");
    EXPECT_EQ(why.root.values, std::vector<std::string>{"C:\\cmd.exe"});
}

TEST(Explain, HintsAtNearMisses) {
    EXPECT_EQ(hint(like("Image", "*\\CMD.exe", true)), "only upper and lower case differ, and the test is |cased");
    EXPECT_EQ(hint(like("CommandLine", "cmd /c whoami")),
              "the event's value has blanks at its ends; without them it would match");
    EXPECT_EQ(hint(like("Image", "*\\cmd.exe ")),
              "the rule's value begins or ends with a blank; without it, it would match");
    EXPECT_EQ(hint(like("CommandLine", "whoami")), "the event's value contains it: |contains would match");
    EXPECT_EQ(hint(like("image", "*\\cmd.exe")), "the event has 'Image': names are compared exactly");
    EXPECT_EQ(hint(like("ParentCommandLine", "*whoami*")), "'CommandLine' has a value that passes");
    EXPECT_EQ(hint(like("CommandLine", "*ipconfig*")), "");
    FieldList quoted = {{"Channel", "Microsoft-Windows-Sysmon/Operational"},
                        {"EventID", "1"},
                        {"Image", "\"C:\\cmd.exe\""},
                        {"CommandLine", "C:\\\\tools\\\\x.exe"}};
    EXPECT_EQ(hint(like("Image", "*\\cmd.exe"), quoted), "the event's value is in quotes; without them it would match");
    EXPECT_EQ(hint(like("CommandLine", "*\\\\tools\\\\x.exe"), quoted), "backslashes are doubled in the event's value");
    EXPECT_EQ(hint(kit::number("Image", rules::Op::greater, 3)), "the event's value is no decimal number");
}

TEST(Explain, NoHintWhereNotMatchingIsWhatIsWanted) {
    RuleMaker maker("r", process_creation());
    const auto a = maker.test(like("Image", "*\\sh.exe"));
    const auto b = maker.test(like("CommandLine", "whoami"));
    maker.all({a, maker.negate(b)});
    const Explanation why = explain_one(maker.done(), kProcess);
    EXPECT_EQ(why.root.children[1].children[0].hint, "");
}

TEST(Explain, LongListsAreCutInTheText) {
    RuleMaker maker("r", process_creation());
    std::vector<std::uint32_t> all;
    for (int i = 0; i < 50; ++i) {
        all.push_back(maker.test(like("Image", "*\\none" + std::to_string(i))));
    }
    maker.any(all);
    const Explanation why = explain_one(maker.done(), kProcess);
    EXPECT_EQ(why.root.children.size(), 50U);
    EXPECT_NE(to_text(why).find("and 47 more tests that fail"), std::string::npos) << to_text(why);
}

TEST(Explain, LongValuesAreCutBetweenCharacters) {
    std::string whole;
    whole.resize(kMaxShownBytes - 1, 'a');
    std::string value = whole;
    value += "\u00e9tail"; // its two bytes lie on both sides of the limit
    whole += "...";
    const Explanation why = explain_one(kit::simple("r", like("Image", "x"), process_creation()), {{"Image", value}});
    ASSERT_EQ(why.root.values.size(), 1U);
    EXPECT_EQ(why.root.values[0], whole);
}

} // namespace
} // namespace canhgac::engine
