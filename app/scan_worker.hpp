/// One thread's part of `canhgac scan`: a batch of records in, lines of matches out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/scan_output.hpp"
#include "collector/peer_table.hpp"
#include "collector/record_decoder.hpp"
#include "engine/match_worker.hpp"
#include "event/batch.hpp"
#include "event/detection.hpp"
#include "event/field_table.hpp"
#include "event/record.hpp"

namespace canhgac::app {

struct ScanJob {
    std::uint64_t number = 0;      ///< order of the output
    std::string file;              ///< as shown
    std::uint64_t first_event = 0; ///< index of the first record within its file
    event::RecordBatch records;
};

/// A match, for the summary.
struct ScanHit {
    const event::RuleInfo* rule = nullptr; ///< of the rule set
    std::string host;
    std::optional<common::Nanos> time; ///< nothing: the event has none of its own
    std::uint64_t event = 0;           ///< index within its file
};

struct ScanResult {
    std::string output;                             ///< lines of the chosen format, by event, then rule id
    std::vector<event::DetectionRecord> detections; ///< only when correlations want them
    std::vector<ScanHit> hits;                      ///< only for the summary
    std::optional<common::Nanos> first_time;        ///< of the events with a time of their own
    std::optional<common::Nanos> last_time;
    std::uint64_t events = 0;
    std::uint64_t matches = 0;
    std::uint64_t parse_errors = 0;
};

struct ScanWorkerOptions {
    std::string time_field;       ///< read the event's time from there; empty: as decoded
    bool keep_detections = false; ///< for correlations
    bool keep_hits = false;       ///< for the summary
    ScanOutput output = ScanOutput::jsonl;
};

class ScanWorker {
public:
    /// References must outlive it.
    ScanWorker(std::shared_ptr<const engine::RuleSet> rules, event::FieldTable& fields,
               const collector::PeerTable& peers, const ScanWorkerOptions& options);
    [[nodiscard]] ScanResult run(const ScanJob& job);

private:
    void take_times();
    void take_match(const ScanJob& job, const event::Detection& detection, ScanResult& result) const;
    void count_events(ScanResult& result) const;

    event::FieldTable& fields_;
    collector::RecordDecoder decoder_;
    engine::MatchWorker matcher_;
    std::optional<event::FieldId> time_field_;
    ScanWorkerOptions options_;
    event::EventBatch events_;
    std::vector<std::uint64_t> keys_;
    std::vector<event::Detection> detections_;
};

} // namespace canhgac::app
