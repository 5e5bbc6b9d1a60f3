/// Cost of making and reading micro-blocks, in CPU time per event, and their size.
#include <benchmark/benchmark.h>

#include "storage/block_encoder.hpp"
#include "storage/block_reader.hpp"
#include "tests/unit/storage/samples.hpp"

namespace canhgac::storage {
namespace {

template <typename Maker>
void encode_block(benchmark::State& state) {
    event::FieldTable names;
    FieldDict dict(names);
    BlockEncoder encoder(dict);
    event::EventBatch batch;
    Maker(names, 1).fill(batch, static_cast<std::size_t>(state.range(0)), samples::kStart);
    std::size_t raw = 0;
    for (const auto& event : batch.events()) {
        raw += event.raw.size();
    }
    std::size_t bytes = 0;
    for (auto _ : state) {
        const auto block = encoder.encode(batch);
        bytes = block.bytes.size();
        benchmark::DoNotOptimize(bytes);
    }
    const auto events = static_cast<double>(batch.size());
    state.counters["ns/event"] = benchmark::Counter(events * static_cast<double>(state.iterations()) / 1e9,
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["B/event"] = static_cast<double>(bytes) / events;
    state.counters["raw B/event"] = static_cast<double>(raw) / events;
}
BENCHMARK(encode_block<samples::SyslogMaker>)->Arg(64)->Arg(870)->Arg(4096);
BENCHMARK(encode_block<samples::JsonMaker>)->Arg(170)->Arg(1000);

template <typename Maker>
void read_block(benchmark::State& state) {
    event::FieldTable names;
    FieldDict dict(names);
    BlockEncoder encoder(dict);
    event::EventBatch batch;
    Maker(names, 1).fill(batch, static_cast<std::size_t>(state.range(0)), samples::kStart);
    const auto block = encoder.encode(batch);
    BlockReader reader;
    for (auto _ : state) {
        BlockRow row;
        std::size_t fields = 0;
        if (!reader.open(block.bytes)) { state.SkipWithError("open"); }
        while (reader.next(row)) {
            fields += row.fields.size();
        }
        benchmark::DoNotOptimize(fields);
    }
    state.counters["ns/event"] =
        benchmark::Counter(static_cast<double>(batch.size()) * static_cast<double>(state.iterations()) / 1e9,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(read_block<samples::SyslogMaker>)->Arg(870);
BENCHMARK(read_block<samples::JsonMaker>)->Arg(170);

} // namespace
} // namespace canhgac::storage
