// Matching cost per event, in thread CPU time, on real events against real rules.
//   bench_engine [--cache DIR] [--repeat N] [--limit N] [--decode] [--unique] EVENTS.jsonl RULES...
// Prints compile figures, then ns per event: with the memo (warm), without it, and decoding alone.
// --unique appends a running number to every value, so that nothing repeats.
#include <ctime>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "engine/match_worker.hpp"
#include "engine/rule_set.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"

namespace {

using namespace canhgac;

struct Arguments {
    std::string events;
    std::string cache;
    std::vector<std::filesystem::path> rules;
    std::size_t repeat = 5;
    std::size_t limit = 200'000;
    bool unique = false;
};

double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Arguments parse(int argc, char** argv) {
    Arguments out;
    for (int i = 1; i < argc; ++i) {
        const std::string_view arg = argv[i];
        if (arg == "--cache" && i + 1 < argc) {
            out.cache = argv[++i];
        } else if (arg == "--repeat" && i + 1 < argc) {
            out.repeat = std::strtoul(argv[++i], nullptr, 10);
        } else if (arg == "--limit" && i + 1 < argc) {
            out.limit = std::strtoul(argv[++i], nullptr, 10);
        } else if (arg == "--unique") {
            out.unique = true;
        } else if (out.events.empty()) {
            out.events = arg;
        } else {
            out.rules.emplace_back(arg);
        }
    }
    return out;
}

std::vector<event::RecordBatch> load(const Arguments& arguments, event::PeerId peer) {
    std::vector<event::RecordBatch> batches;
    std::ifstream in(arguments.events);
    std::string line;
    for (std::size_t count = 0; count < arguments.limit && std::getline(in, line);) {
        if (line.empty()) { continue; }
        if (batches.empty() || batches.back().bytes.size() + line.size() > event::kBatchBytes) {
            batches.emplace_back();
            batches.back().bytes.reserve(event::kBatchBytes);
        }
        event::Record record;
        record.offset = static_cast<std::uint32_t>(batches.back().bytes.size());
        record.peer = peer;
        record.size = static_cast<std::uint32_t>(line.size());
        batches.back().bytes += line;
        batches.back().records.push_back(record);
        ++count;
    }
    return batches;
}

/// A copy of a batch in which every value ends in a number of its own.
event::EventBatch unique_copy(const event::EventBatch& from, std::uint64_t& number) {
    event::EventBatch out;
    for (const event::Event& event : from.events()) {
        event::Event& copy = out.begin();
        copy.format = event.format;
        for (const event::Field& field : from.fields(event)) {
            const bool keep = field.text().size() < 6 || field.text().find("Sysmon") != std::string_view::npos ||
                              field.text().find("Security") != std::string_view::npos;
            const std::string value =
                keep ? std::string(field.text()) : std::to_string(++number) + ' ' + std::string(field.text());
            out.add(field.name(), out.arena().copy(value), field.type());
        }
        out.finish();
    }
    return out;
}

void run(const char* name, engine::MatchWorker& worker, const std::vector<event::EventBatch>& batches,
         std::size_t repeat, std::size_t events) {
    std::vector<double> times;
    std::vector<event::Detection> detections;
    std::size_t found = 0;
    const engine::MatchStats before = worker.stats();
    for (std::size_t round = 0; round < repeat + 1; ++round) {
        found = 0;
        const double start = thread_seconds();
        for (const event::EventBatch& batch : batches) {
            detections.clear();
            worker.match(batch, detections);
            found += detections.size();
        }
        if (round > 0) { times.push_back((thread_seconds() - start) * 1e9 / static_cast<double>(events)); }
    }
    std::sort(times.begin(), times.end());
    const engine::MatchStats& after = worker.stats();
    const auto per_event = [&](std::uint64_t a, std::uint64_t b) {
        return static_cast<double>(a - b) / static_cast<double>(after.events - before.events);
    };
    std::printf("%-22s %8.0f ns/event [%.0f-%.0f]  %6.2f M/s  detections %zu  classified %.2f values %.2f memo %.2f "
                "evaluations %.2f\n",
                name, times[times.size() / 2], times.front(), times.back(), 1e3 / times[times.size() / 2], found,
                per_event(after.classified, before.classified), per_event(after.values, before.values),
                per_event(after.memo_hits, before.memo_hits), per_event(after.evaluations, before.evaluations));
}

} // namespace

int main(int argc, char** argv) {
    const Arguments arguments = parse(argc, argv);
    if (arguments.rules.empty()) {
        std::fputs("usage: bench_engine [--cache DIR] [--repeat N] [--limit N] [--unique] EVENTS.jsonl RULES...\n",
                   stderr);
        return 2;
    }
    const double read_start = thread_seconds();
    rules::ReadResult read = rules::read_paths(arguments.rules);
    std::printf("read: %zu files, %zu rules, %zu rejected, %.2f s CPU\n", read.files, read.rules.size(),
                read.rejected.size(), thread_seconds() - read_start);
    event::FieldTable fields;
    engine::CompileInput input;
    input.rules = std::move(read.rules);
    input.correlations = std::move(read.correlations);
    input.logsources = rules::load_embedded_logsources();
    engine::CompileOptions options;
    options.cache_dir = arguments.cache;
    const engine::CompileResult compiled = engine::compile(std::move(input), fields, options);
    const engine::CompileStats& stats = compiled.rules->stats();
    std::printf("compiled: %zu rules (%zu refused), %zu groups, %zu patterns, %zu atoms, %zu databases (%zu cached), "
                "%.1f MB, %.2f s wall, %zu without trigger\n",
                stats.rules, compiled.rejected.size(), stats.groups, stats.patterns, stats.atoms, stats.databases,
                stats.databases_from_cache, static_cast<double>(stats.database_bytes) / 1e6, stats.compile_seconds,
                stats.without_trigger);
    for (const engine::RejectedRule& rule : compiled.rejected) {
        std::printf("  refused %s %s: %s\n", rule.id.c_str(), rule.file.c_str(), rule.reason.c_str());
    }

    collector::PeerTable peers;
    const std::vector<event::RecordBatch> records = load(arguments, peers.intern_local("bench"));
    collector::RecordDecoder decoder(fields, peers, nullptr);
    std::vector<event::EventBatch> batches(records.size());
    std::vector<std::uint64_t> keys;
    std::size_t events = 0;
    std::size_t bytes = 0;
    double decode_seconds = 0;
    for (int round = 0; round < 2; ++round) {
        events = bytes = 0;
        const double start = thread_seconds();
        for (std::size_t i = 0; i < records.size(); ++i) {
            batches[i].reset();
            keys.clear();
            decoder.decode(records[i], batches[i], keys);
            events += batches[i].size();
            bytes += records[i].bytes.size();
        }
        decode_seconds = thread_seconds() - start;
    }
    std::printf("%zu events, %.0f B/event, decode %.0f ns/event\n", events,
                static_cast<double>(bytes) / static_cast<double>(events),
                decode_seconds * 1e9 / static_cast<double>(events));
    if (arguments.unique) {
        std::uint64_t number = 0;
        for (event::EventBatch& batch : batches) {
            batch = unique_copy(batch, number);
        }
    }
    {
        engine::MatchWorker worker(compiled.rules);
        run("match, memo", worker, batches, arguments.repeat, events);
    }
    engine::MatchOptions no_memo;
    no_memo.memo = false;
    engine::MatchWorker worker(compiled.rules, no_memo);
    run("match, no memo", worker, batches, std::min<std::size_t>(arguments.repeat, 2), events);
    return 0;
}
