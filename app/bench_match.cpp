// `canhgac bench gen` and `canhgac bench match`.
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <simdjson.h>
#include <stdexcept>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/bench_lines.hpp"
#include "app/bench_rules.hpp"
#include "app/bench_support.hpp"
#include "app/rule_loading.hpp"
#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "common/bytes.hpp"
#include "engine/match_worker.hpp"
#include "event/field_table.hpp"

namespace canhgac::app {

namespace {

/// Generated events as one batch of records, like lines of a file or of a syslog connection.
class BatchSource {
public:
    using Append = std::function<void(std::string&)>; ///< one event and a line feed

    BatchSource(Append append, event::Protocol protocol, event::PeerId peer) : append_(std::move(append)) {
        batch_.protocol = protocol;
        batch_.bytes.reserve(2 * event::kBatchBytes);
        peer_ = peer;
    }
    const event::RecordBatch& next() {
        batch_.bytes.clear();
        batch_.records.clear();
        while (batch_.bytes.size() < event::kBatchBytes) {
            event::Record record;
            record.offset = static_cast<std::uint32_t>(batch_.bytes.size());
            append_(batch_.bytes);
            record.size = static_cast<std::uint32_t>(batch_.bytes.size() - 1 - record.offset);
            record.peer = peer_;
            batch_.records.push_back(record);
        }
        batch_.received += 100 * common::kMillisecond;
        return batch_;
    }

private:
    Append append_;
    event::RecordBatch batch_;
    event::PeerId peer_{};
};

/// What two ways of cutting and reading the same bytes cost on this machine: anchors for the figures.
struct Anchors {
    std::uint64_t split = 0;
    std::uint64_t parse = 0;
};

class MatchBench {
public:
    explicit MatchBench(const BenchOptions& options)
        : options_(options), loaded_(load_rules(rule_sources(options), fields_)), decoder_(fields_, peers_, nullptr),
          worker_(loaded_.rules), source_(make_source(options, peers_.intern_local("bench"))) {}

    struct Run {
        std::uint64_t events = 0, bytes = 0, decode = 0, match = 0, detections = 0;
        Anchors anchors;
    };

    Run run(double seconds) {
        Run run;
        while (static_cast<double>(run.decode + run.match) < seconds * 1e9) {
            const event::RecordBatch& batch = source_.next();
            measure_anchors(batch, run.anchors);
            events_.reset();
            keys_.clear();
            detections_.clear();
            const std::uint64_t start = thread_cpu();
            decoder_.decode(batch, events_, keys_);
            const std::uint64_t decoded = thread_cpu();
            worker_.match(events_, detections_);
            run.match += thread_cpu() - decoded;
            run.decode += decoded - start;
            run.events += batch.records.size();
            run.bytes += batch.bytes.size();
            run.detections += detections_.size();
        }
        return run;
    }
    /// Of the (field, value) pairs of text in the payload of about `events` generated events, the share seen before.
    double repeats(std::size_t events) {
        std::unordered_set<std::size_t> seen;
        std::size_t values = 0;
        for (std::size_t done = 0; done < events; done += events_.size()) {
            const event::RecordBatch& batch = source_.next();
            events_.reset();
            keys_.clear();
            decoder_.decode(batch, events_, keys_);
            for (const event::Event& event : events_.events()) {
                for (const event::Field& field : events_.fields(event)) {
                    if (event::is_envelope(field.name()) || field.type() != event::ValueType::string) { continue; }
                    const auto name = static_cast<std::size_t>(field.name());
                    seen.insert(std::hash<std::string_view>()(field.text()) + name * 0x9E3779B97F4A7C15U);
                    ++values;
                }
            }
        }
        return 1.0 - static_cast<double>(seen.size()) / static_cast<double>(values);
    }
    [[nodiscard]] const LoadedRules& loaded() const { return loaded_; }
    [[nodiscard]] engine::MatchStats stats() const { return worker_.stats(); }

private:
    static RuleSources rule_sources(const BenchOptions& options) {
        RuleSources sources{options.rules.paths, options.rules.placeholders, options.rules.pack, options.rules.cache};
        sources.adjust = [copies = options.rule_copies](auto& rules) { multiply_rules(rules, copies); };
        return sources;
    }
    static BatchSource make_source(const BenchOptions& options, event::PeerId peer) {
        if (options.lines) {
            const auto lines = std::make_shared<LineGenerator>(options.seed);
            return {[lines](std::string& out) { lines->append(out); }, event::Protocol::syslog_tcp, peer};
        }
        const auto events = std::make_shared<EventGenerator>(make_generator(options));
        return {[events](std::string& out) { events->append(out); }, event::Protocol::file, peer};
    }
    void measure_anchors(const event::RecordBatch& batch, Anchors& anchors) {
        const std::uint64_t start = thread_cpu();
        std::size_t lines = 0;
        const char* at = batch.bytes.data();
        const char* end = at + batch.bytes.size();
        while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
            at = static_cast<const char*>(found) + 1;
            ++lines;
        }
        const std::uint64_t split = thread_cpu();
        anchors.split += split - start;
        if (lines != batch.records.size()) { throw std::runtime_error("the generator made broken lines"); }
        if (options_.lines) { return; } // nothing for a JSON parser
        std::size_t parsed = 0;
        for (const event::Record& record : batch.records) {
            const std::string_view text = batch.text(record);
            simdjson::dom::element document;
            const auto error = parser_.parse(text.data(), text.size(), true).get(document);
            parsed += error == simdjson::SUCCESS ? 1U : 0U;
        }
        anchors.parse += thread_cpu() - split;
        if (parsed != lines) { throw std::runtime_error("the generator made broken lines"); }
    }

    const BenchOptions& options_;
    event::FieldTable fields_;
    collector::PeerTable peers_;
    LoadedRules loaded_;
    collector::RecordDecoder decoder_;
    engine::MatchWorker worker_;
    BatchSource source_;
    event::EventBatch events_;
    std::vector<std::uint64_t> keys_;
    std::vector<event::Detection> detections_;
    simdjson::dom::parser parser_;
};

} // namespace

int run_bench_gen(const BenchOptions& options) {
    EventGenerator generator = make_generator(options);
    std::string text;
    for (std::uint64_t i = 0; i < options.events; ++i) {
        generator.append(text);
        if (text.size() >= common::kMiB || i + 1 == options.events) {
            if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) { return kProblems; }
            text.clear();
        }
    }
    return std::fflush(stdout) == 0 ? kSuccess : kProblems;
}

int run_bench_match(const BenchOptions& options) {
    MatchBench bench(options);
    std::fprintf(stderr, "%zu rules ready in %.1f s (compile %.1f s), warming up\n",
                 bench.loaded().rules->stats().rules, bench.loaded().load_seconds,
                 bench.loaded().rules->stats().compile_seconds);
    static_cast<void>(bench.run(options.seconds / 4));
    const double repeats = bench.repeats(100'000);
    std::vector<double> rates;
    MatchBench::Run total;
    const std::uint64_t wall_start = wall_clock();
    for (unsigned i = 0; i < options.runs; ++i) {
        const MatchBench::Run run = bench.run(options.seconds);
        const double rate = static_cast<double>(run.events) * 1e9 / static_cast<double>(run.decode + run.match);
        std::fprintf(stderr, "run %u: %.0f events/s\n", i + 1, rate);
        rates.push_back(rate);
        total.events += run.events;
        total.bytes += run.bytes;
        total.decode += run.decode;
        total.match += run.match;
        total.detections += run.detections;
        total.anchors.split += run.anchors.split;
        total.anchors.parse += run.anchors.parse;
    }
    const auto per_event = [&total](std::uint64_t sum) {
        return static_cast<double>(sum) / static_cast<double>(total.events);
    };
    const engine::MatchStats stats = bench.stats();
    const boost::json::object report{
        {"rules", bench.loaded().rules->stats().rules},
        {"rule_copies", options.rule_copies},
        {"input", options.lines  ? "lines"
                  : options.slim ? "slim"
                                 : "full"},
        {"unique", options.unique},
        {"runs", options.runs},
        {"events", total.events},
        {"bytes_per_event", per_event(total.bytes)},
        {"events_per_thread_cpu_second", median(rates)},
        {"decode_ns", per_event(total.decode)},
        {"match_ns", per_event(total.match)},
        {"detections_per_event", per_event(total.detections)},
        {"repeat_rate", repeats},
        {"memo_hit_rate",
         stats.values == 0 ? 0.0 : static_cast<double>(stats.memo_hits) / static_cast<double>(stats.values)},
        {"anchor_memchr_split_ns", per_event(total.anchors.split)},
        {"anchor_simdjson_dom_ns", per_event(total.anchors.parse)},
        {"wall_seconds_with_generation", static_cast<double>(wall_clock() - wall_start) / 1e9},
        {"load_seconds", bench.loaded().load_seconds},
        {"peak_rss_bytes", peak_rss()}};
    std::printf("%s\n", boost::json::serialize(report).c_str());
    return kSuccess;
}

} // namespace canhgac::app
