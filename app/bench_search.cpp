// `canhgac bench search`: a store of generated events, sealed, and the questions that analysts ask it.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/bench_lines.hpp"
#include "app/bench_support.hpp"
#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "common/bytes.hpp"
#include "common/metrics.hpp"
#include "event/field_table.hpp"
#include "storage/journal_store.hpp"
#include "storage/query/exec/query_run.hpp"
#include "storage/query/prepare.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;

constexpr common::Nanos kFirstEvent = 1'795'305'600 * common::kSecond;
constexpr unsigned kCanaries = 5;
constexpr std::string_view kCanary = "canary-4f1d9c07b2";
constexpr std::size_t kBatchRows = 4'096;

struct Question {
    std::string name;
    std::string query;
    std::uint64_t limit = UINT64_MAX;
    common::Nanos from = std::numeric_limits<common::Nanos>::min();
    common::Nanos to = std::numeric_limits<common::Nanos>::max();
};

class CountingSink final : public storage::QueryResultSink {
public:
    bool row(std::span<const storage::QueryValue> /*values*/, const event::StoredEvent* /*event*/) override {
        if (rows++ == 0) { first = wall_clock(); }
        return true;
    }
    std::uint64_t rows = 0;
    std::uint64_t first = 0; ///< when
};

/// A folder that goes with the object, unless it was given.
class Folder {
public:
    explicit Folder(const std::string& given) : path_(given), own_(given.empty()) {
        if (!own_) { return; }
        std::string pattern = (fs::temp_directory_path() / "canhgac-bench-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) { throw std::runtime_error("cannot make a temporary folder"); }
        path_ = pattern;
    }
    ~Folder() {
        std::error_code error;
        if (own_) { fs::remove_all(path_, error); }
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const fs::path& path() const noexcept { return path_; }
    [[nodiscard]] std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_)) {
            if (entry.is_regular_file()) { sum += entry.file_size(); }
        }
        return sum;
    }

private:
    fs::path path_;
    bool own_;
};

class SearchBench {
public:
    explicit SearchBench(const BenchOptions& options)
        : options_(options), folder_(options.data), decoder_(fields_, peers_, nullptr),
          store_(folder_.path(), store_options(), fields_, clock_, metrics_, logger_) {}

    /// Events evenly over the days, with a few canaries among them, until as many are stored as asked for.
    void fill() {
        if (store_.events().committed() != 0) { throw std::runtime_error("the folder holds events already"); }
        peer_ = peers_.intern_local("bench");
        const auto append = source();
        const common::Nanos step = options_.days * common::kDay / static_cast<common::Nanos>(options_.events);
        event::RecordBatch records;
        records.protocol = options_.lines ? event::Protocol::syslog_tcp : event::Protocol::file;
        event::EventBatch events;
        std::vector<std::uint64_t> keys;
        for (std::uint64_t done = 0; done < options_.events; done += events.size()) {
            records.bytes.clear();
            records.records.clear();
            const std::uint64_t rows = std::min<std::uint64_t>(kBatchRows, options_.events - done);
            for (std::uint64_t row = 0; row < rows; ++row) {
                event::Record record;
                record.offset = static_cast<std::uint32_t>(records.bytes.size());
                if ((done + row) % (options_.events / kCanaries) == options_.events / kCanaries / 2) {
                    records.bytes += fmt::format("<13>app01 watch: {} seen\n", kCanary);
                } else {
                    append(records.bytes);
                }
                record.size = static_cast<std::uint32_t>(records.bytes.size() - 1 - record.offset);
                record.peer = peer_;
                records.records.push_back(record);
                raw_bytes_ += record.size;
            }
            events.reset();
            keys.clear();
            decoder_.decode(records, events, keys);
            for (std::size_t i = 0; i < events.size(); ++i) {
                events.events()[i].time = kFirstEvent + static_cast<common::Nanos>(done + i) * step;
            }
            sample(events);
            store_.events().append(store_.events().prepare(events, {}, {}), [this](bool kept) {
                if (!kept) { refused_ = true; }
            });
        }
        if (const auto sealed = store_.seal(); !sealed) {
            throw std::runtime_error("sealing: " + sealed.error().message());
        }
        if (refused_) { throw std::runtime_error("the store refused events"); }
    }

    [[nodiscard]] std::vector<Question> questions() const {
        const common::Nanos middle = kFirstEvent + options_.days * common::kDay / 2;
        const std::string kind = options_.lines ? "log.syslog.appname" : "EventID";
        const std::string many = options_.lines ? "source.ip" : "Image";
        const std::string part = options_.lines ? "*van-ban/den*" : "*\\\\system32\\\\*";
        const std::string regex =
            options_.lines ? "message:/port 4[0-9]{3} ssh2/" : "CommandLine:/-e(nc)?\\s+[A-Za-z0-9+]{20,}/";
        return {
            {"word_nowhere", "zq9x-nowhere-7731", 1'000},
            {"word_rare", std::string(kCanary), 1'000},
            {"address_exact", fmt::format("source.ip:\"{}\"", address_), 1'000},
            {"host_one_hour", fmt::format("host:\"{}\"", host_), UINT64_MAX, middle, middle + common::kHour},
            {"substring_newest_100", part, 100},
            {"regex_newest_100", regex, 100},
            {"regex_count", regex + " | count"},
            {"newest_100", "*", 100},
            {"count_by_kind", fmt::format("| summarize n=count() by {}", kind)},
            {"top_20_of_many", fmt::format("| summarize n=count() by {} | top 20 by n", many)},
            {"distinct_of_many", fmt::format("| summarize n=dcount({})", many)},
            {"histogram_one_day", "| summarize n=count() by bin(_time, 1h)", UINT64_MAX, middle, middle + common::kDay},
        };
    }

    boost::json::object ask(const Question& question) {
        std::vector<double> seconds;
        std::vector<double> first;
        CountingSink last;
        event::QueryStats stats;
        for (unsigned run = 0; run < options_.runs; ++run) {
            CountingSink sink;
            const std::uint64_t start = wall_clock();
            stats = answer(question, sink);
            seconds.push_back(static_cast<double>(wall_clock() - start) / 1e9);
            first.push_back(sink.rows == 0 ? seconds.back() : static_cast<double>(sink.first - start) / 1e9);
            last = sink;
        }
        return {{"question", question.name},
                {"query", question.query},
                {"rows", last.rows},
                {"seconds", median(seconds)},
                {"first_row_seconds", median(first)},
                {"blocks_total", stats.blocks_total},
                {"blocks_pruned", stats.blocks_pruned},
                {"rows_scanned", stats.rows_scanned}};
    }
    [[nodiscard]] std::uint64_t raw_bytes() const noexcept { return raw_bytes_; }
    [[nodiscard]] std::uint64_t disk_bytes() const { return folder_.bytes(); }

private:
    static storage::JournalOptions store_options() {
        storage::JournalOptions options;
        options.seal.cpu_percent = 100;
        return options;
    }
    std::function<void(std::string&)> source() const {
        if (options_.lines) {
            const auto lines = std::make_shared<LineGenerator>(options_.seed);
            return [lines](std::string& out) { lines->append(out); };
        }
        const auto events = std::make_shared<EventGenerator>(make_generator(options_));
        return [events](std::string& out) { events->append(out); };
    }
    /// Values to ask for: of an event somewhere in the first batches.
    void sample(const event::EventBatch& batch) {
        for (const event::Event& event : batch.events()) {
            for (const event::Field& field : batch.fields(event)) {
                const std::string_view name = fields_.name(field.name());
                if (address_.empty() && name == "source.ip") { address_ = field.text(); }
                if (host_.empty() && name == "host.name") { host_ = field.text(); }
            }
            if (!address_.empty() && !host_.empty()) { return; }
        }
    }
    event::QueryStats answer(const Question& question, CountingSink& sink) {
        storage::QuerySources sources;
        sources.events = &store_.events();
        auto prepared = storage::prepare_query(question.query, sources);
        if (!prepared) { throw std::runtime_error(question.query + ": " + storage::describe(prepared.error())); }
        storage::QueryRunOptions options;
        options.now = clock_.now();
        options.query = &prepared->query;
        options.rules = &prepared->rules;
        options.sources = sources;
        options.from = question.from;
        options.to = question.to;
        options.limit = question.limit;
        const std::uint64_t most = prepared->query.pipes.empty() ? question.limit : UINT64_MAX;
        auto plan = storage::plan_for_store(prepared->query, options.now, options.from, options.to, most);
        plan.fields = storage::fields_for_store(prepared->query, prepared->program);
        plan.any_order = options.any_order = storage::takes_any_order(prepared->program);
        storage::QueryRun run(prepared->program, sink, options);
        const auto stats =
            store_.events().query(plan, [&](const event::StoredEvent& event) { return run.feed(event); });
        if (!stats) { throw std::runtime_error(question.query + ": " + stats.error().message()); }
        if (const auto end = run.finish(); !end) {
            throw std::runtime_error(question.query + ": " + std::string(storage::to_string(end.error())));
        }
        return *stats;
    }

    const BenchOptions& options_;
    Folder folder_;
    common::SystemClock clock_;
    common::MetricsRegistry metrics_;
    common::Logger logger_{common::LogLevel::warning};
    event::FieldTable fields_;
    collector::PeerTable peers_;
    event::PeerId peer_{};
    collector::RecordDecoder decoder_;
    storage::JournalStore store_;
    std::uint64_t raw_bytes_ = 0;
    std::atomic<bool> refused_ = false;
    std::string address_;
    std::string host_;
};

} // namespace

int run_bench_search(const BenchOptions& options) {
    SearchBench bench(options);
    const std::uint64_t start = wall_clock();
    const std::uint64_t cpu = process_cpu();
    bench.fill();
    const double seconds = static_cast<double>(wall_clock() - start) / 1e9;
    const auto count = static_cast<double>(options.events);
    std::fprintf(stderr, "%.0f events stored and sealed in %.1f s\n", count, seconds);
    boost::json::array answers;
    for (const Question& question : bench.questions()) {
        answers.push_back(bench.ask(question));
        std::fprintf(stderr, "%s\n", boost::json::serialize(answers.back()).c_str());
    }
    const boost::json::object report{
        {"input", options.lines ? "lines" : "full"},
        {"events", options.events},
        {"days", options.days},
        {"runs", options.runs},
        {"raw_bytes_per_event", static_cast<double>(bench.raw_bytes()) / count},
        {"disk_bytes_per_event", static_cast<double>(bench.disk_bytes()) / count},
        {"fill_seconds_with_generation", seconds},
        {"fill_cpu_ns_per_event_with_generation", static_cast<double>(process_cpu() - cpu) / count},
        {"answers", std::move(answers)},
        {"peak_rss_bytes", peak_rss()}};
    std::printf("%s\n", boost::json::serialize(report).c_str());
    return kSuccess;
}

} // namespace canhgac::app
