// `canhgac scan`: rules over files, in order, on one or more threads.
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <boost/json.hpp>

#include "app/bench_support.hpp"
#include "app/cli.hpp"
#include "app/input_files.hpp"
#include "app/rule_loading.hpp"
#include "app/scan_splitter.hpp"
#include "app/scan_worker.hpp"
#include "common/bytes.hpp"
#include "common/clock.hpp"
#include "engine/correlation.hpp"

namespace canhgac::app {

namespace {

/// Runs jobs on worker threads (or on the caller's when there is one) and delivers results in order.
class ScanPool {
public:
    using Deliver = std::function<void(const ScanJob&, ScanResult&&)>;

    ScanPool(unsigned threads, const std::function<std::unique_ptr<ScanWorker>()>& workers, Deliver deliver)
        : deliver_(std::move(deliver)), limit_(2 * std::size_t{threads}) {
        if (threads == 1) {
            inline_ = workers();
            return;
        }
        for (unsigned i = 0; i < threads; ++i) {
            workers_.push_back(workers());
            threads_.emplace_back([this, worker = workers_.back().get()] { work(*worker); });
        }
    }
    void add(ScanJob job) {
        if (inline_) {
            auto result = inline_->run(job);
            deliver_(job, std::move(result));
            return;
        }
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return queue_.size() < limit_ && waiting_.size() < 4 * limit_; });
        queue_.push_back(std::move(job));
        ready_.notify_one();
    }
    void finish() {
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        ready_.notify_all();
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
    }

private:
    void work(ScanWorker& worker) {
        std::unique_lock lock(mutex_);
        for (;;) {
            ready_.wait(lock, [this] { return done_ || !queue_.empty(); });
            if (queue_.empty()) { return; }
            ScanJob job = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            room_.notify_one();
            ScanResult result = worker.run(job);
            lock.lock();
            const std::uint64_t number = job.number;
            waiting_.emplace(number, std::pair(std::move(job), std::move(result)));
            while (!waiting_.empty() && waiting_.begin()->first == next_) {
                auto& [its_job, its_result] = waiting_.begin()->second;
                deliver_(its_job, std::move(its_result));
                waiting_.erase(waiting_.begin());
                ++next_;
            }
            room_.notify_one();
        }
    }

    Deliver deliver_;
    std::size_t limit_;
    std::unique_ptr<ScanWorker> inline_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::condition_variable room_;
    std::deque<ScanJob> queue_;                                       ///< guarded by mutex_
    std::map<std::uint64_t, std::pair<ScanJob, ScanResult>> waiting_; ///< guarded by mutex_
    std::uint64_t next_ = 0;                                          ///< guarded by mutex_
    bool done_ = false;                                               ///< guarded by mutex_
    std::vector<std::unique_ptr<ScanWorker>> workers_;                ///< one for each thread
    std::vector<std::thread> threads_;
};

struct Totals {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    std::uint64_t matches = 0;
    std::uint64_t parse_errors = 0;
};

/// Cuts one stream into jobs.
common::Result<void, std::string> feed(const std::string& name, InputStream& stream, ScanSplitter& splitter,
                                       event::PeerId peer, std::uint64_t& job_number, Totals& totals, ScanPool& pool) {
    std::uint64_t next_event = 0;
    ScanJob job;
    const auto send = [&] {
        if (job.records.records.empty()) { return; }
        job.number = job_number++;
        job.file = name;
        job.first_event = next_event;
        job.records.protocol = event::Protocol::file;
        job.records.received = common::SystemClock().now();
        next_event += job.records.records.size();
        pool.add(std::move(job));
        job = ScanJob();
    };
    splitter.start();
    const std::uint64_t bytes_before = totals.bytes;
    for (;;) {
        auto got = splitter.fill(stream);
        if (!got) { return common::fail(std::move(got.error())); }
        if (totals.bytes == bytes_before && splitter.begins_with("ElfFile")) {
            return common::fail(
                std::string("is a Windows EVTX file, which scan does not read yet: export it as JSON first"));
        }
        totals.bytes += *got;
        while (const auto record = splitter.next()) {
            event::Record made;
            made.offset = static_cast<std::uint32_t>(job.records.bytes.size());
            made.size = static_cast<std::uint32_t>(record->size());
            made.peer = peer;
            job.records.bytes += *record;
            job.records.records.push_back(made);
            if (job.records.bytes.size() >= event::kBatchBytes) { send(); }
        }
        if (*got == 0) { break; }
    }
    send();
    return {};
}

boost::json::object correlation_line(const event::DetectionRecord& fired) {
    boost::json::array events;
    for (const event::EventId& id : fired.events) {
        events.push_back(id.index);
    }
    boost::json::object group;
    for (const auto& [field, value] : fired.entity) {
        group[field] = value;
    }
    return {{"correlation", fired.rule_id},
            {"title", fired.title},
            {"level", event::to_string(fired.level)},
            {"events", std::move(events)},
            {"group", std::move(group)},
            {"count", fired.count},
            {"value", fired.value},
            {"from", common::format_rfc3339(fired.from)},
            {"to", common::format_rfc3339(fired.to)}};
}

/// Detections as correlations need them, until all files are read: files may follow each other in any order of time.
class Correlations {
public:
    explicit Correlations(const std::vector<rules::Correlation>& correlations) : correlations_(correlations) {
        for (const auto& correlation : correlations) {
            wanted_.insert(correlation.rule_ids.begin(), correlation.rule_ids.end());
        }
    }

    void add(const ScanJob& job, std::vector<event::DetectionRecord>&& detections) {
        if (job.file != file_) {
            file_ = job.file;
            ++file_number_;
        }
        for (auto& detection : detections) {
            if (!wanted_.contains(detection.rule_id)) { continue; }
            event::DetectionRecord& slim = detections_.emplace_back();
            slim.event = {file_number_, detection.event.index}; // the same number in two files is two events
            slim.time = detection.time;
            slim.rule_id = std::move(detection.rule_id);
            slim.captured = std::move(detection.captured);
        }
    }

    [[nodiscard]] std::vector<event::DetectionRecord> finish() {
        std::stable_sort(detections_.begin(), detections_.end(), [](const auto& a, const auto& b) {
            return std::tie(a.time, a.event) < std::tie(b.time, b.event);
        });
        engine::CorrelationLimits limits;
        limits.state_bytes = common::kGiB;
        engine::Correlator correlator(correlations_, limits);
        std::vector<event::DetectionRecord> fired;
        for (const auto& detection : detections_) {
            correlator.push(detection, fired);
        }
        correlator.finish(fired);
        const auto stats = correlator.stats();
        if (stats.evicted_groups + stats.evicted_events != 0) {
            std::fprintf(stderr, "correlations: memory was short; %llu groups and %llu events were left out\n",
                         static_cast<unsigned long long>(stats.evicted_groups),
                         static_cast<unsigned long long>(stats.evicted_events));
        }
        std::erase_if(fired, [](const auto& record) { return !record.generates; });
        return fired;
    }

private:
    const std::vector<rules::Correlation>& correlations_;
    std::unordered_set<std::string> wanted_; ///< rules that some correlation stands on
    std::vector<event::DetectionRecord> detections_;
    std::string file_;
    std::uint64_t file_number_ = 0;
};

/// Of each episode the last record, which has its highest count; by end, then id.
void print_correlations(std::vector<event::DetectionRecord> fired) {
    std::map<std::tuple<std::string, common::Nanos, std::string>, event::DetectionRecord> last;
    for (auto& record : fired) {
        std::string group;
        for (const auto& [field, value] : record.entity) {
            ((group += field) += '\0') += value;
            group += '\0';
        }
        last.insert_or_assign({record.rule_id, record.from, std::move(group)}, std::move(record));
    }
    std::vector<const event::DetectionRecord*> order;
    order.reserve(last.size());
    for (const auto& [key, record] : last) {
        order.push_back(&record);
    }
    std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
        return std::tie(a->to, a->rule_id) < std::tie(b->to, b->rule_id);
    });
    for (const auto* record : order) {
        std::printf("%s\n", boost::json::serialize(correlation_line(*record)).c_str());
    }
}

void print_stats(const ScanOptions& options, const LoadedRules& loaded, const Totals& totals, double seconds) {
    const auto rate = [seconds](std::uint64_t count) {
        return seconds > 0 ? static_cast<double>(count) / seconds : 0.0;
    };
    const boost::json::object stats{{"events", totals.events},
                                    {"bytes", totals.bytes},
                                    {"rules", loaded.rules->stats().rules},
                                    {"matches", totals.matches},
                                    {"parse_errors", totals.parse_errors},
                                    {"load_seconds", loaded.load_seconds},
                                    {"scan_seconds", seconds},
                                    {"events_per_second", rate(totals.events)},
                                    {"bytes_per_second", rate(totals.bytes)},
                                    {"peak_rss_bytes", peak_rss()},
                                    {"threads", options.threads}};
    std::fprintf(stderr, "%s\n", boost::json::serialize(stats).c_str());
}

} // namespace

int run_scan(const ScanOptions& options) {
    event::FieldTable fields;
    collector::PeerTable peers;
    const event::PeerId peer = peers.intern_local("scan");
    RuleSources sources{options.rules.paths, options.rules.placeholders, options.rules.pack, options.rules.cache};
    sources.route_by_logsource = options.route;
    sources.filter_polarity = options.rules.filter_polarity;
    const LoadedRules loaded = load_rules(sources, fields);
    for (const auto& rejection : loaded.rejected) {
        std::fprintf(stderr, "rule left out: %s\n", rules::to_string(rejection).c_str());
    }
    for (const auto& filter : loaded.expired_filters) {
        std::fprintf(stderr, "filter left out: %s\n", expiry_notice(filter).c_str());
    }

    const bool correlate = !loaded.correlations.empty();
    Correlations correlations(loaded.correlations);
    Totals totals;
    ScanPool pool(
        options.threads,
        [&] { return std::make_unique<ScanWorker>(loaded.rules, fields, peers, options.time_field, correlate); },
        [&](const ScanJob& job, ScanResult&& result) {
            totals.events += result.events;
            totals.matches += result.matches;
            totals.parse_errors += result.parse_errors;
            std::fwrite(result.output.data(), 1, result.output.size(), stdout);
            correlations.add(job, std::move(result.detections));
        });
    const std::uint64_t start = wall_clock();
    ScanSplitter splitter(options.format);
    std::uint64_t job_number = 0;
    bool unreadable = false;
    for (const std::string& input : options.inputs) {
        const auto errors = visit_input(input, [&](const std::string& name, InputStream& stream) {
            return feed(name, stream, splitter, peer, job_number, totals, pool);
        });
        for (const InputError& error : errors) {
            std::fprintf(stderr, "%s: %s\n", error.file.c_str(), error.message.c_str());
            unreadable = true;
        }
    }
    pool.finish();
    print_correlations(correlations.finish());
    std::fflush(stdout);
    const double seconds = static_cast<double>(wall_clock() - start) / 1e9;
    if (options.stats) { print_stats(options, loaded, totals, seconds); }
    return unreadable ? kProblems : kSuccess;
}

} // namespace canhgac::app
