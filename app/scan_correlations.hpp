/// The correlations of a scan: detections are kept until all files are read, since files may follow each other in any
/// order of time, and counted then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/scan_worker.hpp"
#include "event/detection.hpp"
#include "rules/ir.hpp"

namespace canhgac::app {

/// Not thread safe. `correlations` must outlive it.
class ScanCorrelations {
public:
    explicit ScanCorrelations(const std::vector<rules::Correlation>& correlations) : correlations_(correlations) {}

    /// The detections of one batch, in the order of the batches.
    void add(const ScanJob& job, std::vector<event::DetectionRecord>&& detections);
    /// What fired: of each episode the last record, which has its highest count; by end, then id. Says on standard
    /// error when memory (1 GiB) was short.
    [[nodiscard]] std::vector<event::DetectionRecord> finish();

private:
    const std::vector<rules::Correlation>& correlations_;
    std::vector<event::DetectionRecord> detections_;
    std::string file_;
    std::uint64_t file_number_ = 0;
};

} // namespace canhgac::app
