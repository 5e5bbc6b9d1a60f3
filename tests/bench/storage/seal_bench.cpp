/// What sealing costs and saves: CPU time per event, bytes per event in the journal and in segments, and the speed of a
/// search that finds nothing, before and after. The folder is CANHGAC_BENCH_FOLDER or the system's temporary folder.
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <future>

#include <benchmark/benchmark.h>

#include "storage/journal_store.hpp"
#include "tests/unit/storage/samples.hpp"

namespace canhgac::storage {
namespace {

namespace fs = std::filesystem;

std::uint64_t thread_nanos() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uintmax_t bytes_of(const fs::path& folder) {
    std::uintmax_t sum = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) { sum += entry.file_size(); }
    }
    return sum;
}

/// Looks for what is nowhere: a literal, which bitmaps rule out, or a regular expression, which reads everything.
double search_seconds(JournalStore& store, event::Filter::Kind kind) {
    const auto start = std::chrono::steady_clock::now();
    event::QueryPlan plan;
    plan.filter.kind = kind;
    plan.filter.pattern = "nowhere-to-be-found";
    const auto stats = store.events().query(plan, [](const event::StoredEvent&) { return true; });
    if (!stats) { std::abort(); }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double value_of(const std::string& text, const std::string& name) {
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? 0.0 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

/// Arguments: events a batch, events in all.
template <typename Maker>
void seal_events(benchmark::State& state) {
    const auto batch_events = static_cast<std::size_t>(state.range(0));
    const auto total = static_cast<std::size_t>(state.range(1));
    const char* given = std::getenv("CANHGAC_BENCH_FOLDER"); // NOLINT(concurrency-mt-unsafe): one thread
    const fs::path folder = (given != nullptr ? fs::path(given) : fs::temp_directory_path()) / "canhgac-seal-bench";
    fs::remove_all(folder);
    event::FieldTable names;
    const common::SystemClock clock;
    common::MetricsRegistry metrics;
    common::Logger logger(common::LogLevel::error);
    JournalOptions options;
    options.seal.on = false;
    options.dedup_window = 0;
    JournalStore store(folder, options, names, clock, metrics, logger);
    Maker maker(names, 1);
    std::size_t stored = 0;
    while (stored < total) {
        event::EventBatch batch;
        maker.fill(batch, batch_events, samples::kStart + static_cast<common::Nanos>(stored) * common::kMillisecond);
        std::promise<bool> durable;
        store.events().append(store.events().prepare(batch, {}, {}), [&durable](bool ok) { durable.set_value(ok); });
        if (!durable.get_future().get()) { state.SkipWithError("refused"); }
        stored += batch.size();
    }
    const auto count = static_cast<double>(stored);
    const auto rate = [&](event::Filter::Kind kind) { return count / search_seconds(store, kind) / 1e6; };
    state.counters["needle_before_Mev/s"] = rate(event::Filter::Kind::phrase);
    state.counters["regex_before_Mev/s"] = rate(event::Filter::Kind::regex);
    for (auto _ : state) {
        const std::uint64_t before = thread_nanos();
        const auto start = std::chrono::steady_clock::now();
        if (!store.seal()) { state.SkipWithError("seal"); }
        state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        state.counters["cpu_ns/event"] = static_cast<double>(thread_nanos() - before) / count;
    }
    state.counters["needle_after_Mev/s"] = rate(event::Filter::Kind::phrase);
    state.counters["regex_after_Mev/s"] = rate(event::Filter::Kind::regex);
    const std::string text = metrics.text();
    state.counters["micro_B/event"] = value_of(text, "canhgac_store_seal_read_bytes_total") / count;
    state.counters["sealed_B/event"] = value_of(text, "canhgac_store_seal_written_bytes_total") / count;
    state.counters["day_B/event"] = static_cast<double>(bytes_of(folder / "day")) / count;
    store.close();
    fs::remove_all(folder);
}
BENCHMARK(seal_events<samples::SyslogMaker>)->Args({870, 300'000})->Iterations(1)->UseManualTime();
BENCHMARK(seal_events<samples::JsonMaker>)->Args({170, 100'000})->Iterations(1)->UseManualTime();

} // namespace
} // namespace canhgac::storage
