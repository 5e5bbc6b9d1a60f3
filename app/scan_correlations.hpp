/// Correlations of a scan: detections are kept until all files are read, since files may follow each other in any order
/// of time, and then counted in the order of their times.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "event/detection.hpp"
#include "rules/ir.hpp"

namespace canhgac::app {

/// Not thread safe. Memory: what correlations need of each detection, and up to 1 GiB of state at the end.
class ScanCorrelations {
public:
    /// `correlations` must outlive it.
    explicit ScanCorrelations(const std::vector<rules::Correlation>& correlations);

    /// Detections of one job of `file`; jobs of a file come one after the other.
    void add(const std::string& file, std::vector<event::DetectionRecord>&& detections);
    /// What fired: of each episode the last record, which has its highest count; by end, then id. Says on standard
    /// error when memory was short.
    [[nodiscard]] std::vector<event::DetectionRecord> finish();

private:
    const std::vector<rules::Correlation>& correlations_;
    std::unordered_set<std::string> wanted_; ///< rules that some correlation stands on
    std::vector<event::DetectionRecord> detections_;
    std::string file_;
    std::uint64_t file_number_ = 0;
};

} // namespace canhgac::app
