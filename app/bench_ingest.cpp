// `canhgac bench ingest`: syslog lines over real TCP connections into the whole path, until they are durable.
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "app/bench_lines.hpp"
#include "app/bench_support.hpp"
#include "app/rule_loading.hpp"
#include "collector/ledger.hpp"
#include "collector/listeners/tcp_listener.hpp"
#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "common/bytes.hpp"
#include "common/metrics.hpp"
#include "engine/pipeline.hpp"
#include "net/io_threads.hpp"
#include "storage/journal_store.hpp"

namespace canhgac::app {

namespace {

/// One connection that sends as fast as it is read, on a thread of its own.
class Sender {
public:
    Sender(std::uint16_t port, std::uint64_t seed) : thread_([this, port, seed] { run(port, seed); }) {}
    ~Sender() {
        stopping_ = true;
        thread_.join();
    }
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    [[nodiscard]] std::uint64_t cpu() const noexcept { return cpu_; }

private:
    void run(std::uint16_t port, std::uint64_t seed) {
        const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        send_until_stopped(connection, port, seed);
        ::close(connection);
    }

    void send_until_stopped(int connection, std::uint16_t port, std::uint64_t seed) {
        const timeval patience{5, 0}; // a server that reads nothing does not keep us
        ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) { return; }
        LineGenerator lines(seed);
        std::string text;
        while (!stopping_) {
            text.clear();
            while (text.size() < 128 * common::kKiB) {
                lines.append(text);
            }
            for (std::size_t sent = 0; sent < text.size();) {
                const ssize_t got = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
                if (got <= 0) { return; }
                sent += static_cast<std::size_t>(got);
            }
            cpu_ = thread_cpu();
        }
    }

    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> cpu_{0};
    std::thread thread_;
};

std::filesystem::path store_folder(const BenchOptions& options) {
    if (!options.data.empty()) { return options.data; }
    std::string name = (std::filesystem::temp_directory_path() / "canhgac-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) { throw std::runtime_error("no temporary folder for the store"); }
    return name;
}

class IngestBench {
public:
    explicit IngestBench(const BenchOptions& options)
        : options_(options), folder_(store_folder(options)),
          loaded_(load_rules({options.rules.paths, options.rules.placeholders, options.rules.pack, options.rules.cache},
                             fields_)),
          store_(folder_ / "store", store_options(options), fields_, clock_, metrics_, log_),
          ledger_(peers_, clock_, &metrics_),
          pipeline_(
              pipeline_options(options),
              [this] { return std::make_unique<collector::RecordDecoder>(fields_, peers_, &store_.sources()); },
              loaded_.rules, fields_, store_.events(), metrics_),
          listener_(io_, listener_config(), {pipeline_, peers_, ledger_, clock_, log_}) {
        listener_.start();
        for (unsigned i = 0; i < options.connections; ++i) {
            senders_.push_back(std::make_unique<Sender>(listener_.port(), options.seed + i));
        }
    }
    ~IngestBench() {
        senders_.clear();
        listener_.stop();
        pipeline_.stop();
        store_.close();
        io_.stop();
        std::error_code ignored;
        if (options_.data.empty()) { std::filesystem::remove_all(folder_, ignored); }
    }
    IngestBench(const IngestBench&) = delete;
    IngestBench& operator=(const IngestBench&) = delete;

    struct Sample {
        std::uint64_t wall = 0, cpu = 0, events = 0, bytes = 0;
        double sealed_events = 0;
        double seal_cpu_seconds = 0;
        engine::PipelineTimes times;
    };
    [[nodiscard]] Sample sample() const {
        Sample now;
        now.wall = wall_clock();
        now.cpu = process_cpu();
        for (const auto& sender : senders_) {
            now.cpu -= sender->cpu();
        }
        for (const auto& peer : ledger_.snapshot().peers) {
            now.events += peer.committed;
            now.bytes += peer.bytes;
        }
        now.sealed_events = sealed_events_.value();
        now.seal_cpu_seconds = seal_cpu_.value();
        now.times = pipeline_.times();
        return now;
    }
    [[nodiscard]] std::uint64_t disk_bytes() const {
        std::uint64_t total = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
            if (entry.is_regular_file()) { total += entry.file_size(); }
        }
        return total;
    }
    [[nodiscard]] const LoadedRules& loaded() const { return loaded_; }

private:
    static engine::PipelineOptions pipeline_options(const BenchOptions& options) {
        engine::PipelineOptions pipeline;
        pipeline.shards = options.shards != 0 ? options.shards : std::max(1U, std::thread::hardware_concurrency());
        return pipeline;
    }
    static storage::JournalOptions store_options(const BenchOptions& options) {
        storage::JournalOptions journal;
        journal.seal.on = options.seal;
        return journal;
    }
    static collector::TcpListenerConfig listener_config() {
        collector::TcpListenerConfig config;
        config.server.name = "bench";
        return config;
    }

    const BenchOptions& options_;
    std::filesystem::path folder_;
    common::Logger log_{common::LogLevel::warning};
    common::SystemClock clock_;
    common::MetricsRegistry metrics_;
    event::FieldTable fields_;
    LoadedRules loaded_;
    storage::JournalStore store_;
    common::Counter sealed_events_ = metrics_.counter("canhgac_store_sealed_events_total", "");
    common::Counter seal_cpu_ = metrics_.counter("canhgac_store_seal_cpu_seconds_total", "");
    collector::PeerTable peers_;
    collector::Ledger ledger_;
    engine::Pipeline pipeline_;
    net::IoThreads io_{1};
    collector::TcpListener listener_;
    std::vector<std::unique_ptr<Sender>> senders_;
};

} // namespace

int run_bench_ingest(const BenchOptions& options) {
    IngestBench bench(options);
    std::fprintf(stderr, "%zu rules, %u connection(s), warming up\n", bench.loaded().rules->stats().rules,
                 options.connections);
    std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds / 4));
    std::vector<double> cpu_rates;
    std::vector<double> wall_rates;
    const IngestBench::Sample first = bench.sample();
    IngestBench::Sample before = first;
    for (unsigned i = 0; i < options.runs; ++i) {
        std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
        const IngestBench::Sample now = bench.sample();
        const auto events = static_cast<double>(now.events - before.events);
        wall_rates.push_back(events * 1e9 / static_cast<double>(now.wall - before.wall));
        cpu_rates.push_back(2.0 * events * 1e9 / static_cast<double>(now.cpu - before.cpu));
        std::fprintf(stderr, "run %u: %.0f events/s wall, %.0f events/s on two cores by CPU time\n", i + 1,
                     wall_rates.back(), cpu_rates.back());
        before = now;
    }
    const auto events = static_cast<double>(before.events - first.events);
    const auto per_event = [events](std::uint64_t from, std::uint64_t to) {
        return static_cast<double>(to - from) / events;
    };
    const boost::json::object report{
        {"rules", bench.loaded().rules->stats().rules},
        {"connections", options.connections},
        {"events", before.events - first.events},
        {"bytes_per_event", per_event(first.bytes, before.bytes)},
        {"events_per_second_two_cores_cpu", median(cpu_rates)},
        {"events_per_second_wall", median(wall_rates)},
        {"cpu_ns_per_event", per_event(first.cpu, before.cpu)},
        {"decode_ns", per_event(first.times.decode, before.times.decode)},
        {"match_ns", per_event(first.times.match, before.times.match)},
        {"prepare_ns", per_event(first.times.prepare, before.times.prepare)},
        {"sealed_events", before.sealed_events - first.sealed_events},
        {"seal_ns_per_sealed_event", (before.seal_cpu_seconds - first.seal_cpu_seconds) * 1e9 /
                                         std::max(1.0, before.sealed_events - first.sealed_events)},
        {"disk_bytes_per_event",
         static_cast<double>(bench.disk_bytes()) / static_cast<double>(std::max<std::uint64_t>(1, before.events))},
        {"peak_rss_bytes", peak_rss()}};
    std::printf("%s\n", boost::json::serialize(report).c_str());
    return events > 0 ? kSuccess : kProblems;
}

} // namespace canhgac::app
