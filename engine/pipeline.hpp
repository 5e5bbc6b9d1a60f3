/// The shards: bounded queue of received records -> decode -> enrich -> match -> encode -> commit, each batch alone on
/// one thread, without locks between shards (DESIGN section 6, item 8).
///
///   listeners --try_submit--> [queue, bounded by bytes] --> shard 0..N-1: decoder, Enricher, MatchWorker,
///   EventStore::prepare
///                                                                |
///                                                                +--> EventStore::append --> RecordBatch::done
///
/// A batch is matched before it is committed and its detections are part of the same write. Small batches waiting
/// together are joined into one, so that load makes blocks larger instead of more numerous.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/bytes.hpp"
#include "common/metrics.hpp"
#include "engine/enrichment/enrichment.hpp"
#include "engine/rule_set.hpp"
#include "event/record.hpp"
#include "event/store.hpp"

namespace canhgac::engine {

struct PipelineOptions {
    unsigned shards = 2;
    std::size_t queue_bytes = 64 * common::kMiB; ///< a submit that would pass it is refused, unless the queue is empty
    std::size_t join_bytes = 256 * common::kKiB; ///< batches waiting together are joined up to this size
};

/// Thread CPU time spent per stage since the start, nanoseconds summed over shards.
struct PipelineTimes {
    std::uint64_t events = 0;
    std::uint64_t detections = 0;
    std::uint64_t decode = 0;
    std::uint64_t enrich = 0;
    std::uint64_t match = 0;
    std::uint64_t prepare = 0;
};

class Pipeline final : public event::RecordSink {
public:
    /// Called once per shard, on the constructing thread.
    using DecoderFactory = std::function<std::unique_ptr<event::BatchDecoder>()>;

    /// All references must outlive the pipeline. Starts the shards.
    Pipeline(const PipelineOptions& options, const DecoderFactory& decoders, std::shared_ptr<const RuleSet> rules,
             event::FieldTable& fields, event::EventStore& store, common::MetricsRegistry& metrics);
    /// Calls stop().
    ~Pipeline() override;
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// Thread safe, never blocks.
    [[nodiscard]] bool try_submit(std::unique_ptr<event::RecordBatch>& batch) override;
    /// Every shard uses the new rules from its next batch on. Thread safe.
    void use(std::shared_ptr<const RuleSet> rules);
    /// The same for what events are enriched with; null (at the start) = nothing.
    void use(std::shared_ptr<const Enrichment> enrichment);
    /// Refuses new batches, finishes those taken, joins the shards. Idempotent.
    void stop();
    [[nodiscard]] PipelineTimes times() const noexcept;

private:
    using Batches = std::vector<std::unique_ptr<event::RecordBatch>>;
    struct Counters;

    [[nodiscard]] bool take(Batches& batches);
    void run(std::unique_ptr<event::BatchDecoder> decoder);
    [[nodiscard]] std::shared_ptr<const RuleSet> rules() const;
    [[nodiscard]] std::shared_ptr<const Enrichment> enrichment() const;

    PipelineOptions options_;
    event::FieldTable& fields_;
    event::EventStore& store_;
    std::unique_ptr<Counters> counters_;

    mutable std::mutex rules_mutex_;
    std::shared_ptr<const RuleSet> rules_;         ///< guarded by rules_mutex_
    std::shared_ptr<const Enrichment> enrichment_; ///< guarded by rules_mutex_

    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::unique_ptr<event::RecordBatch>> queue_; ///< guarded by mutex_
    std::size_t queued_bytes_ = 0;                          ///< guarded by mutex_
    bool stopping_ = false;                                 ///< guarded by mutex_
    std::vector<std::thread> shards_;
};

} // namespace canhgac::engine
