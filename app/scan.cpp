// `canhgac scan`: rules over files, in order, on one or more threads.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <unistd.h>

#include <boost/json.hpp>

#include "app/bench_support.hpp"
#include "app/cli.hpp"
#include "app/input_files.hpp"
#include "app/rule_loading.hpp"
#include "app/scan_correlations.hpp"
#include "app/scan_feed.hpp"
#include "app/scan_output.hpp"
#include "app/scan_pool.hpp"
#include "app/scan_progress.hpp"
#include "app/scan_summary.hpp"

namespace canhgac::app {

namespace {

/// One run of the command: takes the results in order and writes them.
class Scan {
public:
    Scan(const ScanOptions& options, const LoadedRules& loaded)
        : options_(options), loaded_(loaded), output_(scan_output(options.output, ::isatty(STDOUT_FILENO) != 0)),
          printer_(options.summary ? ScanOutput::none : output_, stdout), correlations_(loaded.correlations),
          progress_(::isatty(STDERR_FILENO) != 0, bytes_of(options)) {}

    [[nodiscard]] int run(event::FieldTable& fields, collector::PeerTable& peers);

private:
    static std::uint64_t bytes_of(const ScanOptions& options) {
        std::uint64_t total = 0;
        if (::isatty(STDERR_FILENO) == 0) { return total; }
        for (const std::string& input : options.inputs) {
            total += input_bytes(input);
        }
        return total;
    }
    [[nodiscard]] ScanWorkerOptions worker_options() const {
        ScanWorkerOptions options;
        options.time_field = options_.time_field;
        options.keep_detections = !loaded_.correlations.empty();
        options.keep_hits = options_.summary;
        options.output = options_.summary ? ScanOutput::none : output_;
        return options;
    }
    void take(const ScanJob& job, ScanResult&& result);
    void tell(const std::string& file, const std::string& message);
    void read_inputs(ScanFeed& feed);
    void finish(const FeedTotals& read);
    void print_stats(const FeedTotals& read, double seconds) const;

    const ScanOptions& options_;
    const LoadedRules& loaded_;
    ScanOutput output_;
    ScanPrinter printer_;
    ScanCorrelations correlations_;
    ScanProgress progress_;
    ScanSummary summary_;
    std::optional<common::Nanos> first_event_;
    std::optional<common::Nanos> last_event_;
    std::atomic<std::uint64_t> packed_ = 0;
    std::atomic<std::uint64_t> events_ = 0;
    std::atomic<std::uint64_t> matches_ = 0;
    std::uint64_t parse_errors_ = 0;
    bool unreadable_ = false;
};

/// In order, never twice at once; on a worker's thread.
void Scan::take(const ScanJob& job, ScanResult&& result) {
    events_ += result.events;
    matches_ += result.matches;
    parse_errors_ += result.parse_errors;
    if (result.first_time) { first_event_ = std::min(first_event_.value_or(*result.first_time), *result.first_time); }
    if (result.last_time) { last_event_ = std::max(last_event_.value_or(*result.last_time), *result.last_time); }
    if (!result.output.empty()) {
        progress_.clear();
        printer_.print(result.output);
    }
    for (const ScanHit& hit : result.hits) {
        summary_.add(job.file, hit);
    }
    correlations_.add(job.file, std::move(result.detections));
}

void Scan::tell(const std::string& file, const std::string& message) {
    progress_.clear();
    std::fprintf(stderr, "%s: %s\n", file.c_str(), message.c_str());
}

void Scan::read_inputs(ScanFeed& feed) {
    InputLimits limits;
    limits.max_unpacked = options_.max_unpacked;
    limits.max_ratio = options_.max_ratio;
    for (const std::string& input : options_.inputs) {
        const auto errors = visit_input(
            input, [&](const std::string& name, InputStream& stream) { return feed.feed(name, stream); }, limits,
            &packed_);
        for (const InputError& error : errors) {
            tell(error.file, error.message);
            unreadable_ = true;
        }
    }
}

void Scan::finish(const FeedTotals& read) {
    progress_.clear();
    std::string lines;
    for (const auto& fired : correlations_.finish()) {
        append_correlation(output_, fired, lines);
        summary_.add(fired);
    }
    if (!options_.summary) {
        printer_.print(lines);
        printer_.finish();
        return;
    }
    const SummaryTotals totals{read.streams, events_, parse_errors_, first_event_, last_event_};
    const std::string text = output_ == ScanOutput::table ? summary_.table(totals) : summary_.json(totals);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void Scan::print_stats(const FeedTotals& read, double seconds) const {
    const auto rate = [seconds](std::uint64_t count) {
        return seconds > 0 ? static_cast<double>(count) / seconds : 0.0;
    };
    const boost::json::object stats{{"events", events_.load()},
                                    {"bytes", read.bytes},
                                    {"rules", loaded_.rules->stats().rules},
                                    {"matches", matches_.load()},
                                    {"parse_errors", parse_errors_},
                                    {"load_seconds", loaded_.load_seconds},
                                    {"scan_seconds", seconds},
                                    {"events_per_second", rate(events_)},
                                    {"bytes_per_second", rate(read.bytes)},
                                    {"peak_rss_bytes", peak_rss()},
                                    {"threads", options_.threads}};
    std::fprintf(stderr, "%s\n", boost::json::serialize(stats).c_str());
}

int Scan::run(event::FieldTable& fields, collector::PeerTable& peers) {
    const event::PeerId peer = peers.intern_local("scan");
    const std::uint64_t start = wall_clock();
    ScanPool pool(
        options_.threads, [&] { return std::make_unique<ScanWorker>(loaded_.rules, fields, peers, worker_options()); },
        [this](const ScanJob& job, ScanResult&& result) { take(job, std::move(result)); });
    ScanFeed feed(
        options_.format, peer,
        [&](ScanJob&& job) {
            pool.add(std::move(job));
            progress_.show(packed_, events_, matches_);
            return true;
        },
        [this](const std::string& file, const std::string& message) { tell(file, message); });
    read_inputs(feed);
    pool.finish();
    parse_errors_ += feed.totals().damage;
    finish(feed.totals());
    const double seconds = static_cast<double>(wall_clock() - start) / 1e9;
    if (options_.stats) { print_stats(feed.totals(), seconds); }
    return unreadable_ ? kProblems : kSuccess;
}

} // namespace

int run_scan(const ScanOptions& options) {
    event::FieldTable fields;
    collector::PeerTable peers;
    RuleSources sources{options.rules.paths, options.rules.placeholders, options.rules.pack, options.rules.cache};
    sources.route_by_logsource = options.route;
    sources.filter_polarity = options.rules.filter_polarity;
    sources.pipelines = options.rules.pipelines;
    const LoadedRules loaded = load_rules(sources, fields);
    for (const auto& rejection : loaded.rejected) {
        std::fprintf(stderr, "rule left out: %s\n", rules::to_string(rejection).c_str());
    }
    for (const auto& pipeline : loaded.pipelines) {
        for (const auto& warning : pipeline.warnings) {
            std::fprintf(stderr, "pipeline: %s\n", rules::to_string(warning).c_str());
        }
    }
    for (const auto& filter : loaded.expired_filters) {
        std::fprintf(stderr, "filter left out: %s\n", expiry_notice(filter).c_str());
    }
    return Scan(options, loaded).run(fields, peers);
}

} // namespace canhgac::app
