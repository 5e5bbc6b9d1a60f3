// All SigmaHQ rules against the events of their regression data, through the real decoder: every rule finds its own
// sample, and fast and plain matching agree. Needs the corpus: CANHGAC_CORPUS.
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "engine/explain.hpp"
#include "engine/match_worker.hpp"
#include "engine/plain_evaluator.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"
#include "tests/support/event_samples.hpp"

namespace canhgac::engine {
namespace {

namespace fs = std::filesystem;

#ifdef __SANITIZE_ADDRESS__ // all rules one by one on every event: four minutes
constexpr std::size_t kPlainEvery = 5;
#else
constexpr std::size_t kPlainEvery = 1;
#endif

struct Sample {
    std::string rule;
    event::RecordBatch records;
};

class Corpus : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        const char* place = std::getenv("CANHGAC_CORPUS");
        if (place == nullptr) { return; }
        const fs::path root = fs::path(place) / "sigmahq";
        std::vector<fs::path> folders;
        for (const char* name :
             {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance", "rules-placeholder"}) {
            folders.push_back(root / name);
        }
        world = std::make_unique<World>();
        rules::ReadResult read = rules::read_paths(folders);
        world->rules = std::move(read.rules);
        world->table = rules::load_embedded_logsources();
        CompileInput input;
        input.rules = world->rules;
        input.logsources = world->table;
        world->compiled = compile(std::move(input), world->fields);
        load_samples(root / "regression_data");
    }
    static void TearDownTestSuite() { world.reset(); }
    void SetUp() override {
        if (world == nullptr) { GTEST_SKIP() << "CANHGAC_CORPUS is not set: the corpus is NOT tested"; }
    }

    static void load_samples(const fs::path& folder) {
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            const std::string kind = entry.path().extension().string();
            if (kind == ".evtx") { // the same sample as Windows wrote it
                std::uint32_t damage = 0;
                auto records = support::evtx_batch(support::read_whole(entry.path()), world->peer, &damage);
                EXPECT_EQ(damage, 0U) << entry.path();
                world->evtx_samples.push_back({entry.path().stem().string(), std::move(records)});
            } else if (kind == ".json") {
                auto records = support::json_batch(support::read_whole(entry.path()), world->peer);
                world->samples.push_back({entry.path().stem().string(), std::move(records)});
            }
        }
    }

    struct World {
        event::FieldTable fields;
        std::vector<rules::Rule> rules;
        rules::LogSourceTable table;
        CompileResult compiled;
        collector::PeerTable peers;
        event::PeerId peer = peers.intern_local("corpus");
        std::vector<Sample> samples;
        std::vector<Sample> evtx_samples;
    };
    static std::unique_ptr<World> world; // NOLINT(*-avoid-non-const-global-variables): of the suite
};
std::unique_ptr<Corpus::World> Corpus::world; // NOLINT(*-avoid-non-const-global-variables)

TEST_F(Corpus, CompilesEveryRuleInTime) {
    EXPECT_TRUE(world->compiled.rejected.empty());
    EXPECT_EQ(world->compiled.rules->stats().rules, 3755U);
    EXPECT_LE(world->compiled.rules->stats().without_trigger, 4U); // SIGMA.md 1.1
    RecordProperty("compile_milliseconds", static_cast<int>(world->compiled.rules->stats().compile_seconds * 1000));
}

TEST_F(Corpus, EveryRuleMatchesItsSampleAndFastAgreesWithPlain) {
    collector::RecordDecoder decoder(world->fields, world->peers, nullptr);
    MatchWorker worker(world->compiled.rules);
    const PlainEvaluator plain(world->rules, world->table, world->fields);
    std::size_t samples = 0;
    for (const Sample& sample : world->samples) {
        event::EventBatch batch;
        std::vector<std::uint64_t> keys;
        decoder.decode(sample.records, batch, keys);
        std::vector<event::Detection> detections;
        worker.match(batch, detections);
        std::set<std::pair<std::uint32_t, std::string>> fast;
        bool own = false;
        for (const event::Detection& detection : detections) {
            fast.emplace(detection.event_index, detection.rule->id);
            own = own || detection.rule->id == sample.rule;
        }
        EXPECT_TRUE(own) << "rule " << sample.rule << " does not match its own sample";
        ++samples;
        if (samples % kPlainEvery != 0) { continue; }
        std::set<std::pair<std::uint32_t, std::string>> slow;
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
            for (const std::size_t rule : plain.match(batch, batch.events()[i])) {
                slow.emplace(i, world->rules[rule].id);
            }
        }
        EXPECT_EQ(fast, slow) << "sample of " << sample.rule;
    }
    EXPECT_EQ(samples, 202U);
}

TEST_F(Corpus, EveryRuleMatchesItsSampleInEvtxAsInJson) {
    collector::RecordDecoder decoder(world->fields, world->peers, nullptr);
    MatchWorker worker(world->compiled.rules);
    using Matches = std::set<std::pair<std::uint32_t, std::string>>;
    const auto matches = [&](const Sample& sample) {
        event::EventBatch batch;
        std::vector<std::uint64_t> keys;
        decoder.decode(sample.records, batch, keys);
        std::vector<event::Detection> detections;
        worker.match(batch, detections);
        Matches found;
        for (const event::Detection& detection : detections) {
            found.emplace(detection.event_index, detection.rule->id);
        }
        return found;
    };
    std::map<std::string, Matches> json;
    for (const Sample& sample : world->samples) {
        json.emplace(sample.rule, matches(sample));
    }
    for (const Sample& sample : world->evtx_samples) {
        const Matches found = matches(sample);
        const bool own =
            std::any_of(found.begin(), found.end(), [&](const auto& match) { return match.second == sample.rule; });
        EXPECT_TRUE(own) << "rule " << sample.rule << " does not match its own EVTX sample";
        EXPECT_EQ(found, json[sample.rule]) << "sample of " << sample.rule;
    }
    EXPECT_EQ(world->evtx_samples.size(), 202U);
}

/// Explanations are the plain evaluator's, and tell what the compiled matcher does: every sample's own rule, and
/// rules picked across the whole set, which mostly do not match.
TEST_F(Corpus, ExplanationsSayWhatTheCompiledMatcherDoes) {
    collector::RecordDecoder decoder(world->fields, world->peers, nullptr);
    MatchWorker worker(world->compiled.rules);
    const PlainEvaluator plain(world->rules, world->table, world->fields);
    constexpr std::size_t kStep = 307;
    std::size_t offset = 0;
    std::size_t matches = 0;
    std::size_t others = 0;
    for (const Sample& sample : world->samples) {
        event::EventBatch batch;
        std::vector<std::uint64_t> keys;
        decoder.decode(sample.records, batch, keys);
        std::vector<event::Detection> detections;
        worker.match(batch, detections);
        offset = (offset + 1) % kStep;
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
            for (std::size_t rule = 0; rule < world->rules.size(); ++rule) {
                if (rule % kStep != offset && world->rules[rule].id != sample.rule) { continue; }
                const bool found = std::any_of(detections.begin(), detections.end(), [&](const event::Detection& d) {
                    return d.event_index == i && d.rule->id == world->rules[rule].id;
                });
                const Explanation why = explain(plain, world->rules, rule, batch, batch.events()[i], world->fields);
                EXPECT_EQ(why.verdict(), found) << to_text(why);
                ++(found ? matches : others);
            }
        }
    }
    EXPECT_GE(matches, 202U);
    EXPECT_GE(others, 2500U);
}

} // namespace
} // namespace canhgac::engine
