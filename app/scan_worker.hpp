/// One thread's part of `canhgac scan`: a batch of records in, JSON lines of matches out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

struct ScanResult {
    std::string output;                             ///< JSON lines, by event, then rule id
    std::vector<event::DetectionRecord> detections; ///< only when correlations want them
    std::uint64_t events = 0;
    std::uint64_t matches = 0;
    std::uint64_t parse_errors = 0;
};

class ScanWorker {
public:
    /// `time_field`: read the event's time from there. `keep_detections`: for correlations. References must outlive it.
    ScanWorker(std::shared_ptr<const engine::RuleSet> rules, event::FieldTable& fields,
               const collector::PeerTable& peers, const std::string& time_field, bool keep_detections);
    [[nodiscard]] ScanResult run(const ScanJob& job);

private:
    void take_times();
    void append_match(const ScanJob& job, const event::Detection& detection, std::string& output) const;

    event::FieldTable& fields_;
    collector::RecordDecoder decoder_;
    engine::MatchWorker matcher_;
    std::optional<event::FieldId> time_field_;
    bool keep_detections_;
    event::EventBatch events_;
    std::vector<std::uint64_t> keys_;
    std::vector<event::Detection> detections_;
};

/// "…" or null: the event's time in RFC 3339, as `scan` prints it.
[[nodiscard]] std::string scan_time(const event::Event& event);

} // namespace canhgac::app
