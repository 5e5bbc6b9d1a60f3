#include "app/scan_correlations.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

#include "common/bytes.hpp"
#include "engine/correlation.hpp"

namespace canhgac::app {

namespace {

/// Of each episode the last record, which has its highest count; by end, then id, begin and group.
std::vector<event::DetectionRecord> last_of_episodes(std::vector<event::DetectionRecord> fired) {
    std::vector<event::DetectionRecord> last;
    std::map<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>, std::size_t> newest; // by group
    for (auto& record : fired) {
        const auto [entry, is_first] = newest.try_emplace({record.rule_id, record.entity}, last.size());
        if (is_first || record.begins_episode) {
            entry->second = last.size();
            last.push_back(std::move(record));
        } else {
            last[entry->second] = std::move(record);
        }
    }
    std::stable_sort(last.begin(), last.end(), [](const auto& a, const auto& b) {
        return std::tie(a.to, a.rule_id, a.from, a.entity) < std::tie(b.to, b.rule_id, b.from, b.entity);
    });
    return last;
}

} // namespace

ScanCorrelations::ScanCorrelations(const std::vector<rules::Correlation>& correlations) : correlations_(correlations) {
    for (const auto& correlation : correlations) {
        wanted_.insert(correlation.rule_ids.begin(), correlation.rule_ids.end());
    }
}

void ScanCorrelations::add(const std::string& file, std::vector<event::DetectionRecord>&& detections) {
    if (file != file_) {
        file_ = file;
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

std::vector<event::DetectionRecord> ScanCorrelations::finish() {
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
    return last_of_episodes(std::move(fired));
}

} // namespace canhgac::app
