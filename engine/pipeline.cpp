#include "engine/pipeline.hpp"

#include <ctime>
#include <utility>

#include "engine/detection_record.hpp"
#include "engine/enrichment/enricher.hpp"
#include "engine/match_worker.hpp"
#include "event/field_table.hpp"

namespace canhgac::engine {

namespace {

std::uint64_t thread_cpu_now() noexcept {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

std::size_t cost(const event::RecordBatch& batch) noexcept {
    return batch.bytes.capacity() + batch.records.capacity() * sizeof(event::Record) + sizeof batch;
}

} // namespace

struct Pipeline::Counters {
    explicit Counters(common::MetricsRegistry& metrics)
        : event_total(metrics.counter("canhgac_engine_events_total", "Events decoded and matched")),
          detection_total(metrics.counter("canhgac_engine_detections_total", "Matches of rules")),
          refused_total(metrics.counter("canhgac_engine_queue_full_total",
                                        "Batches a listener could not hand over at once because the queue was full")),
          queue_bytes(metrics.gauge("canhgac_engine_queue_bytes", "Received bytes waiting for a shard")),
          intel_lookup_total(metrics.counter("canhgac_intel_lookups_total", "Values of events held against lists")),
          intel_memo_total(metrics.counter("canhgac_intel_memo_hits_total", "Of these, answered from memory")),
          intel_hit_total(metrics.counter("canhgac_intel_hits_total", "Indicators found in events")) {}

    void add(const EnrichStats& before, const EnrichStats& after) {
        intel_lookup_total.add(static_cast<double>(after.lookups - before.lookups));
        intel_memo_total.add(static_cast<double>(after.memo_hits - before.memo_hits));
        intel_hit_total.add(static_cast<double>(after.hits - before.hits));
    }

    common::Counter event_total;
    common::Counter detection_total;
    common::Counter refused_total;
    common::Gauge queue_bytes;
    common::Counter intel_lookup_total;
    common::Counter intel_memo_total;
    common::Counter intel_hit_total;
    std::atomic<std::uint64_t> events{0};
    std::atomic<std::uint64_t> detections{0};
    std::atomic<std::uint64_t> decode{0};
    std::atomic<std::uint64_t> enrich{0};
    std::atomic<std::uint64_t> match{0};
    std::atomic<std::uint64_t> prepare{0};
};

Pipeline::Pipeline(const PipelineOptions& options, const DecoderFactory& decoders, std::shared_ptr<const RuleSet> rules,
                   event::FieldTable& fields, event::EventStore& store, common::MetricsRegistry& metrics)
    : options_(options), fields_(fields), store_(store), counters_(std::make_unique<Counters>(metrics)),
      rules_(std::move(rules)) {
    for (unsigned i = 0; i < std::max(1U, options_.shards); ++i) {
        shards_.emplace_back([this, decoder = decoders()]() mutable { run(std::move(decoder)); });
    }
}

Pipeline::~Pipeline() {
    stop();
}

bool Pipeline::try_submit(std::unique_ptr<event::RecordBatch>& batch) {
    const std::size_t bytes = cost(*batch);
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || (queued_bytes_ + bytes > options_.queue_bytes && !queue_.empty())) {
            counters_->refused_total.add();
            return false;
        }
        queued_bytes_ += bytes;
        queue_.push_back(std::move(batch));
        counters_->queue_bytes.set(static_cast<double>(queued_bytes_));
    }
    ready_.notify_one();
    return true;
}

void Pipeline::use(std::shared_ptr<const RuleSet> rules) {
    const std::lock_guard lock(rules_mutex_);
    rules_ = std::move(rules);
}

std::shared_ptr<const RuleSet> Pipeline::rules() const {
    const std::lock_guard lock(rules_mutex_);
    return rules_;
}

void Pipeline::use(std::shared_ptr<const Enrichment> enrichment) {
    const std::lock_guard lock(rules_mutex_);
    enrichment_ = std::move(enrichment);
}

std::shared_ptr<const Enrichment> Pipeline::enrichment() const {
    const std::lock_guard lock(rules_mutex_);
    return enrichment_;
}

void Pipeline::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_all();
    for (std::thread& shard : shards_) {
        if (shard.joinable()) { shard.join(); }
    }
}

PipelineTimes Pipeline::times() const noexcept {
    return {counters_->events.load(), counters_->detections.load(), counters_->decode.load(),
            counters_->enrich.load(), counters_->match.load(),      counters_->prepare.load()};
}

bool Pipeline::take(Batches& batches) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) { return false; }
    std::size_t bytes = 0;
    do {
        const std::size_t size = queue_.front()->bytes.size();
        if (!batches.empty() && bytes + size > options_.join_bytes) { break; }
        bytes += size;
        queued_bytes_ -= cost(*queue_.front());
        batches.push_back(std::move(queue_.front()));
        queue_.pop_front();
    } while (!queue_.empty());
    counters_->queue_bytes.set(static_cast<double>(queued_bytes_));
    return true;
}

void Pipeline::run(std::unique_ptr<event::BatchDecoder> decoder) {
    std::shared_ptr<const RuleSet> current = rules();
    MatchWorker matcher(current);
    Enricher enricher(fields_);
    event::EventBatch events;
    std::vector<std::uint64_t> keys;
    std::vector<event::Detection> detections;
    std::vector<event::DetectionRecord> records;
    Batches batches;
    while (take(batches)) {
        if (auto newest = rules(); newest != current) {
            current = std::move(newest);
            matcher.use(current);
        }
        if (auto newest = enrichment(); newest != enricher.enrichment()) { enricher.use(std::move(newest)); }
        events.reset();
        keys.clear();
        detections.clear();
        records.clear();

        const std::uint64_t start = thread_cpu_now();
        for (const auto& batch : batches) {
            decoder->decode(*batch, events, keys);
        }
        const std::uint64_t decoded = thread_cpu_now();
        const EnrichStats stats = enricher.stats();
        enricher.enrich(events, detections);
        counters_->add(stats, enricher.stats());
        const std::uint64_t enriched = thread_cpu_now();
        matcher.match(events, detections);
        for (const event::Detection& detection : detections) {
            records.push_back(make_detection_record(events, detection, fields_));
        }
        const std::uint64_t matched = thread_cpu_now();
        auto prepared = store_.prepare(events, records, keys);
        const std::uint64_t prepared_at = thread_cpu_now();

        counters_->event_total.add(static_cast<double>(events.size()));
        counters_->detection_total.add(static_cast<double>(records.size()));
        counters_->events += events.size();
        counters_->detections += records.size();
        counters_->decode += decoded - start;
        counters_->enrich += enriched - decoded;
        counters_->match += matched - enriched;
        counters_->prepare += prepared_at - matched;

        std::vector<std::function<void(bool)>> answers;
        for (auto& batch : batches) {
            if (batch->done) { answers.push_back(std::move(batch->done)); }
        }
        batches.clear();
        store_.append(std::move(prepared), [answers = std::move(answers)](bool durable) {
            for (const auto& answer : answers) {
                answer(durable);
            }
        });
    }
}

} // namespace canhgac::engine
