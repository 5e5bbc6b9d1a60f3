// Group C of the Sigma checklist: fields, from the bytes of an event through the real decoder.
#include <algorithm>

#include <gtest/gtest.h>

#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "engine/match_worker.hpp"
#include "engine/plain_evaluator.hpp"
#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture

struct Line {
    std::string json;
    bool matches = false;
};

/// Both evaluators on events as senders write them.
void expect_lines(const std::string& text, const std::vector<Line>& lines) {
    const rules::ReadResult read = rules::read_text("checklist.yml", text);
    ASSERT_EQ(read.rules.size(), 1U) << (read.rejected.empty() ? "" : rules::to_string(read.rejected.front()));
    event::FieldTable fields;
    CompileInput input;
    input.rules = read.rules;
    CompileOptions options;
    options.route_by_logsource = false;
    const CompileResult compiled = compile(std::move(input), fields, options);
    collector::PeerTable peers;
    collector::RecordDecoder decoder(fields, peers, nullptr);
    event::RecordBatch records;
    for (const Line& line : lines) {
        event::Record record;
        record.peer = peers.intern_local("test");
        record.offset = static_cast<std::uint32_t>(records.bytes.size());
        record.size = static_cast<std::uint32_t>(line.json.size());
        records.bytes += line.json;
        records.records.push_back(record);
    }
    event::EventBatch batch;
    std::vector<std::uint64_t> keys;
    decoder.decode(records, batch, keys);
    ASSERT_EQ(batch.size(), lines.size());
    MatchWorker worker(compiled.rules);
    std::vector<event::Detection> found;
    worker.match(batch, found);
    const PlainEvaluator plain(read.rules, {}, fields, false);
    for (std::uint32_t i = 0; i < lines.size(); ++i) {
        const bool fast =
            std::any_of(found.begin(), found.end(), [i](const auto& one) { return one.event_index == i; });
        EXPECT_EQ(fast, lines[i].matches) << "compiled matcher on " << lines[i].json << "\n" << text;
        EXPECT_EQ(!plain.match(batch, batch.events()[i]).empty(), lines[i].matches)
            << "plain evaluator on " << lines[i].json << "\n"
            << text;
    }
}

/// The layout of evtx_dump.
std::string windows_event(const std::string& system, const std::string& data) {
    return R"({"Event":{"System":{"Channel":"Security","EventID":1,)" + system + R"(},"EventData":)" + data + "}}";
}

TEST(SigmaChecklist, SIGMA_C12_FieldNamesExactlyBlanksStripped) {
    for (const char* name : {"'Threat Name'", "ThreatName"}) {
        expect_lines(item(std::string(name) + ": x"), {{R"({"Threat Name":"x"})", true},
                                                       {R"({"ThreatName":"x"})", true},
                                                       {R"({"threatname":"x"})", false},
                                                       {R"({"Threat_Name":"x"})", false}});
    }
}

TEST(SigmaChecklist, SIGMA_C13_SystemAttributesAreJoined) {
    const std::string event = windows_event(
        R"("Provider":{"#attributes":{"Name":"P","Guid":"G"}},"Execution":{"#attributes":{"ProcessID":7}})", "{}");
    expect_lines(item("{Provider_Name: P, Execution_ProcessID: 7}"),
                 {{event, true}, {windows_event(R"("Provider":{"#attributes":{"Name":"Q"}})", "{}"), false}});
}

TEST(SigmaChecklist, SIGMA_C14_DottedNames) {
    expect_lines(item("a.b.c: x"), {{R"({"a":{"b":{"c":"x"}}})", true},
                                    {R"({"a.b.c":"x"})", true},
                                    {R"({"a":{"b.c":"x"}})", true},
                                    {R"({"a":{"b":{"c":"y"}}})", false},
                                    {R"({"a":{"c":"x"}})", false},
                                    {R"({"c":"x"})", false}});
}

TEST(SigmaChecklist, SIGMA_C15_AMissingFieldIsFalseAndItsNegationTrue) {
    expect_lines(item("f: x"), {{R"({"g":"x"})", false}, {R"({"f":"x"})", true}});
    expect_lines(item_and("f: x", "not s"), {{R"({"g":"x"})", true}, {R"({"f":"x"})", false}});
    const std::string filtered =
        rule_of("  s: {g: x}\n  filter: {f|contains: y, h: 1}\n  condition: s and not filter\n");
    expect_lines(filtered,
                 {{R"({"g":"x"})", true}, {R"({"g":"x","f":"y"})", true}, {R"({"g":"x","f":"y","h":1})", false}});
    for (const char* test : {"f|re: x", "f|cidr: 10.0.0.0/8", "f|gt: 1", "f|contains: ''", "f|hour: 1", "f|fieldref: g",
                             "f|exists: true", "f: true", "f: 5", "f|cased: x", "f|base64: x"}) {
        expect_lines(item(test), {{R"({"g":"x"})", false}});
        expect_lines(item_and(test, "not s"), {{R"({"g":"x"})", true}});
    }
}

TEST(SigmaChecklist, SIGMA_C16_AnyElementOfAMultiValuedField) {
    expect_lines(item("f: b"), {{R"({"f":["a","b"]})", true}, {R"({"f":["a","c"]})", false}, {R"({"f":[]})", false}});
    expect_lines(item("f|contains|all: [ab, cd]"), {{R"({"f":["ab","cd"]})", true}, {R"({"f":["ab"]})", false}});
    expect_lines(item_and("f: b", "not s"), {{R"({"f":["a","b"]})", false}, {R"({"f":["a"]})", true}});
    expect_lines(item("Data|contains: b"), {{windows_event(R"("Level":4)", R"({"Data":{"#text":["a","xbx"]}})"), true},
                                            {windows_event(R"("Level":4)", R"({"Data":{"#text":["a","c"]}})"), false}});
}

} // namespace
} // namespace canhgac::engine
