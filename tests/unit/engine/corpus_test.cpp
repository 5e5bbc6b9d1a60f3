// All SigmaHQ rules against the events of their regression data, through the real decoder: every rule finds its own
// sample, and fast and plain matching agree. Needs the corpus: CANHGAC_CORPUS.
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "collector/decoders/evtx_file.hpp"
#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "engine/match_worker.hpp"
#include "engine/plain_evaluator.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"

namespace canhgac::engine {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

/// The concatenated JSON objects of a sample.
std::vector<std::string> objects_in(const std::string& text) {
    std::vector<std::string> out;
    int depth = 0;
    bool in_string = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' && depth++ == 0) {
            start = i;
        } else if (c == '}' && --depth == 0) {
            out.push_back(text.substr(start, i + 1 - start));
        }
    }
    return out;
}

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
            if (entry.path().extension() == ".evtx") { world->evtx_samples.push_back(evtx_sample(entry.path())); }
            if (entry.path().extension() != ".json") { continue; }
            Sample sample;
            sample.rule = entry.path().stem().string();
            for (const std::string& object : objects_in(read_file(entry.path()))) {
                event::Record record;
                record.peer = world->peer;
                record.offset = static_cast<std::uint32_t>(sample.records.bytes.size());
                record.size = static_cast<std::uint32_t>(object.size());
                sample.records.bytes += object;
                sample.records.records.push_back(record);
            }
            world->samples.push_back(std::move(sample));
        }
    }

    /// The same sample as Windows wrote it.
    static Sample evtx_sample(const fs::path& path) {
        Sample sample;
        sample.rule = path.stem().string();
        sample.records.protocol = event::Protocol::evtx;
        sample.records.bytes = read_file(path);
        const std::string_view file = sample.records.bytes;
        for (std::size_t at = collector::kEvtxFileHeaderBytes; at < file.size(); at += collector::kEvtxChunkBytes) {
            const std::string_view chunk = file.substr(at, collector::kEvtxChunkBytes);
            std::vector<collector::EvtxSpan> spans;
            EXPECT_EQ(collector::find_evtx_records(chunk, spans).count(), 0U) << path;
            for (const collector::EvtxSpan span : spans) {
                event::Record record;
                record.peer = world->peer;
                record.offset = static_cast<std::uint32_t>(at) + span.offset;
                record.size = span.size;
                record.meta_offset = static_cast<std::uint32_t>(at);
                record.meta_size = static_cast<std::uint32_t>(chunk.size());
                sample.records.records.push_back(record);
            }
        }
        return sample;
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
        std::set<std::pair<std::uint32_t, std::string>> slow;
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
            for (const std::size_t rule : plain.match(batch, batch.events()[i])) {
                slow.emplace(i, world->rules[rule].id);
            }
        }
        EXPECT_EQ(fast, slow) << "sample of " << sample.rule;
        ++samples;
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

} // namespace
} // namespace canhgac::engine
