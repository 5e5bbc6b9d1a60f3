// Framing alone: 300-byte messages in reads of 256 KiB, as a busy connection gives them.
#include "collector/protocols/syslog_framing.hpp"

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace canhgac;

std::string stream_of(bool counted) {
    std::string out;
    while (out.size() < event::kBatchBytes) {
        const std::string message = "<134>1 2026-11-22T08:00:00Z fw01 app - - - " + std::string(257, 'x');
        out += counted ? std::to_string(message.size()) + " " + message : message + "\n";
    }
    return out;
}

void frame(benchmark::State& state, bool counted) {
    const std::string stream = stream_of(counted);
    std::vector<event::Record> records;
    collector::SyslogFramer framer;
    std::int64_t frames = 0;
    for (auto _ : state) {
        records.clear();
        benchmark::DoNotOptimize(framer.feed(stream, 0, event::PeerId{0}, records));
        frames += static_cast<std::int64_t>(records.size());
    }
    state.SetItemsProcessed(frames);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(stream.size()));
}

BENCHMARK_CAPTURE(frame, lines, false);
BENCHMARK_CAPTURE(frame, counted, true);

} // namespace
