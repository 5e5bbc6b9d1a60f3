/// Cost of storing: prepare and group commit with fsync, all threads' CPU time per event, bytes on disk, reopen time.
/// The folder is CANHGAC_BENCH_FOLDER or the system's temporary folder.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <thread>

#include <benchmark/benchmark.h>

#include "storage/journal_store.hpp"
#include "tests/unit/storage/samples.hpp"

namespace canhgac::storage {
namespace {

namespace fs = std::filesystem;

std::uint64_t cpu_nanos() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

fs::path bench_folder() {
    const char* given = std::getenv("CANHGAC_BENCH_FOLDER"); // NOLINT(concurrency-mt-unsafe): before any thread
    return (given != nullptr ? fs::path(given) : fs::temp_directory_path()) / "canhgac-journal-bench";
}

std::uintmax_t folder_bytes(const fs::path& folder) {
    std::uintmax_t sum = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) { sum += entry.file_size(); }
    }
    return sum;
}

/// Arguments: events a batch, threads. Each iteration stores kEvents events.
template <typename Maker>
void store_events(benchmark::State& state) {
    constexpr std::size_t kEvents = 200'000;
    const auto batch_events = static_cast<std::size_t>(state.range(0));
    const auto threads = static_cast<std::size_t>(state.range(1));
    const fs::path folder = bench_folder();
    fs::remove_all(folder);
    event::FieldTable names;
    const common::SystemClock clock;
    common::MetricsRegistry metrics;
    common::Logger logger(common::LogLevel::error);
    auto store = std::make_unique<JournalStore>(folder, JournalOptions{}, names, clock, metrics, logger);
    // Sixteen different batches, stored again and again: their making is not measured.
    std::vector<event::EventBatch> batches(16);
    for (std::size_t i = 0; i < batches.size(); ++i) {
        Maker(names, static_cast<unsigned>(i)).fill(batches[i], batch_events, samples::kStart);
    }
    std::uint64_t events = 0;
    std::uint64_t cpu = 0;
    std::atomic<std::uint64_t> durable{0};
    const auto start = std::chrono::steady_clock::now();
    for (auto _ : state) {
        const std::uint64_t before = cpu_nanos();
        std::vector<std::thread> shards;
        for (std::size_t thread = 0; thread < threads; ++thread) {
            shards.emplace_back([&, thread] {
                for (std::size_t done = 0; done < kEvents / threads; done += batch_events) {
                    const auto& batch = batches[(done / batch_events + thread) % batches.size()];
                    store->events().append(store->events().prepare(batch, {}, {}), [&](bool ok) {
                        durable.fetch_add(ok ? batch_events : 0, std::memory_order_relaxed);
                    });
                }
            });
        }
        for (std::thread& shard : shards) {
            shard.join();
        }
        events += (kEvents / threads + batch_events - 1) / batch_events * batch_events * threads;
        while (durable.load() < events) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        cpu += cpu_nanos() - before;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto count = static_cast<double>(events);
    state.counters["cpu_ns/event"] = static_cast<double>(cpu) / count;
    state.counters["events/s"] = count / seconds;
    state.counters["batches/s"] = static_cast<double>(store->events().committed()) / seconds;
    store.reset();
    state.counters["disk_B/event"] = static_cast<double>(folder_bytes(folder)) / count;
    const auto reopen = std::chrono::steady_clock::now();
    store = std::make_unique<JournalStore>(folder, JournalOptions{}, names, clock, metrics, logger);
    state.counters["reopen_s"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - reopen).count();
    const auto search = std::chrono::steady_clock::now();
    event::QueryPlan plan;
    plan.filter.kind = event::Filter::Kind::glob;
    plan.filter.pattern = "nowhere-to-be-found";
    const auto stats = store->events().query(plan, [](const event::StoredEvent&) { return true; });
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - search).count();
    if (!stats) { state.SkipWithError("query"); }
    state.counters["needle_Mev/s"] = count / took / 1e6;
    store.reset();
    fs::remove_all(folder);
}
BENCHMARK(store_events<samples::SyslogMaker>)
    ->Args({870, 1})
    ->Args({870, 2})
    ->Args({64, 2})
    ->Iterations(10)
    ->UseRealTime();
BENCHMARK(store_events<samples::JsonMaker>)->Args({170, 2})->Iterations(4)->UseRealTime();

} // namespace
} // namespace canhgac::storage
