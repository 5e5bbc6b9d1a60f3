/// Sigma correlations of type event_count over detections, on event time (SIGMA.md I 61-67, DESIGN 6.9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/bytes.hpp"
#include "event/detection.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

struct CorrelationLimits {
    std::size_t state_bytes = 64 * common::kMiB; ///< all groups together; least recently fed groups go first
    std::size_t group_events = 65'536;           ///< remembered per group; the oldest go first
};

struct CorrelationStats {
    std::uint64_t pushed = 0;         ///< detections that fed at least one correlation
    std::uint64_t late = 0;           ///< of these, too old for their group's memory: not counted
    std::uint64_t evicted_groups = 0; ///< for lack of memory
    std::uint64_t evicted_events = 0; ///< for lack of memory, without those of evicted groups
    std::size_t groups = 0;
    std::size_t state_bytes = 0;
};

/// Counts detections per correlation and group key in a sliding window: the count at an event is the largest number of
/// events within any span of `timespan` (both ends included) that contains it. Knows no clock; time is the detections'
/// event time, in any order: events up to one more timespan behind the newest of the group are still counted.
///
/// What comes out. When an event makes the condition true, one record: count = events in that window, from = the first
/// of them, events = the first 100 of them. While further events keep the condition true they belong to the same
/// episode: one record each, with the same `from`, the same group, a later `to` and the count raised by every event of
/// the episode (so ten failed log-ins and twenty more give counts 10, 11 ... 30, which alerting adds to one alert). An
/// event that leaves the condition false, or more than a timespan without any, ends the episode; the next one that
/// makes it true starts another, with another `from`. Conditions are looked at only when an event arrives: windows
/// without any event are not seen.
///
/// Group key: values of the group-by fields (through aliases) in DetectionRecord::captured; a missing field counts as
/// an empty value, but a detection without any of them is not counted. Correlations of correlations get the first
/// record of each episode. State lives in memory only: a restart forgets it. Not thread safe.
class Correlator {
public:
    explicit Correlator(std::vector<rules::Correlation> correlations, CorrelationLimits limits = {});
    ~Correlator();
    Correlator(Correlator&&) noexcept;
    Correlator& operator=(Correlator&&) noexcept;

    /// Feeds one detection; appends what it makes fire.
    void push(const event::DetectionRecord& detection, std::vector<event::DetectionRecord>& out);
    [[nodiscard]] CorrelationStats stats() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace canhgac::engine
