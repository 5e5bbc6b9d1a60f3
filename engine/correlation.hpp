/// Sigma correlations over detections, on event time (SIGMA.md I, DESIGN 6.9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.hpp"
#include "common/clock.hpp"
#include "event/detection.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

struct CorrelationLimits {
    std::size_t state_bytes = 64 * common::kMiB;  ///< all groups together; least recently fed groups go first
    std::size_t group_events = 65'536;            ///< remembered per group; the oldest go first
    common::Nanos lateness = 5 * common::kMinute; ///< how far behind the newest of its group an event still counts
    std::uint64_t seed = 0; ///< of hashes; a secret one keeps senders from making keys and values collide
};

/// What one correlation costs and gives. Counters since this object was made.
struct CorrelationRuleStats {
    std::string id;
    std::uint64_t events = 0;         ///< fed and counted
    std::uint64_t fired = 0;          ///< records given
    std::uint64_t late = 0;           ///< too far behind the newest event of their group: not counted
    std::uint64_t unusable = 0;       ///< without any field of the key, or without a value that can be measured
    std::uint64_t repeated = 0;       ///< the same event again: not counted
    std::uint64_t evicted_groups = 0; ///< for lack of memory
    std::uint64_t evicted_events = 0; ///< for lack of room in their group, without those of evicted groups
    std::uint64_t nanoseconds = 0;    ///< of the thread that feeds
    std::size_t groups = 0;
    std::size_t bytes = 0;
    bool learning = false; ///< of a type that looks back: it watches only
};

struct CorrelationStats {
    std::uint64_t pushed = 0; ///< detections that feed at least one correlation
    std::uint64_t late = 0;   ///< sums over the correlations, from here on
    std::uint64_t evicted_groups = 0;
    std::uint64_t evicted_events = 0;
    std::size_t groups = 0;
    std::size_t state_bytes = 0;
    std::size_t waiting = 0; ///< events of deferred conditions that are not decided yet
};

/// Feeds detections to correlations and gives what they conclude. What comes out depends on the sequence of calls
/// alone, never on a clock or on memory addresses: the same calls again give the same records.
///
/// Time. An event counts at its event time, but never later than it was received (a clock that is ahead would make
/// everybody else late). Within a group events may come in any order; one that is more than `lateness` behind the
/// newest of its group is late: counted in the statistics, not in the window. A group that got nothing for longer than
/// it remembers events (timespan + lateness; twice the timespan when deferred), measured between receive times, is
/// forgotten. Detections without a receive time (0) count as received at their event time.
///
/// Windows. Every event ends a window that reaches `timespan` back, both ends included; windows slide, they are never
/// cut at full minutes. An event is looked at once it arrives: in all windows that contain it, earliest first; the
/// first in which the condition holds gives the record. What is measured there: the number of events (event_count), of
/// distinct values or tuples of the field (value_count), of distinct rules (temporal), the length of the longest row of
/// distinct rules in the order of `rules` (temporal_ordered; rows are ordered by time, then by commit; one event that
/// matches several rules may be several steps), sum, average, median (mean of the middle two) or percentile (nearest
/// rank) of a number. All are exact (correlation_values.hpp). An event without the field, or with something that is no
/// number where one is needed, is not counted; of a tuple every field must be there. An event that several rules of one
/// correlation match counts once, but for temporal types.
///
/// Conditions that hold upwards only (gt, gte, extended without `not`) thus tell at once. With lt, lte, eq, neq each
/// window is judged as it is when its last event arrives. Windows without any event are not seen.
///
/// Deferred: extended conditions with `not`. An event of a rule that must occur is decided when receive time has passed
/// its own time + timespan + lateness: a result stands if the rules that must occur do so in the window that it ends
/// and no rule that must not occur does within `timespan` before or after it.
///
/// Types that look back (new_terms, rare_value; ours). Each event is compared once, when it arrives, with what its
/// group had in the `timespan` before it: new_terms holds when nothing fed so far had its value at `timespan` before
/// its time or later; rare_value counts the events of its value, itself included, in the window that it ends. Nothing
/// is said before `learn` has passed, in event time, since the first event of the correlation; an event later than all
/// before by more than `timespan` makes it learn again. Each event that is unusual gives a record that begins an
/// episode for the correlations above; `count`, `from` and `events` go on while such events of the group are at most
/// an hour apart.
///
/// Records. When the condition becomes true: count = events in the window, from = the first of them, to = the last,
/// events = the first 100, value = what was measured. While further events keep it true they belong to the same
/// episode: one record each, with the same `from` and group, a later `to`, and a count raised by one (so ten failed
/// log-ins and twenty more give counts 10, 11 ... 30, which alerting adds to one alert). An event that leaves it false,
/// or more than a timespan without any, ends the episode; the next one that makes it true starts another.
///
/// Group key: values of the group-by fields (through aliases) in DetectionRecord::captured; a missing field counts as
/// an empty value, but a detection without any of them is not counted. Values are compared exactly.
///
/// Chains: correlations over correlations get the first record of each episode, temporal types every one, at the time
/// of the event that made it fire (deferred: at the end of its time). It has the fields of its own group-by and, beside
/// them, what was captured of that event.
///
/// Not thread safe.
class Correlator {
public:
    using Records = std::vector<event::DetectionRecord>;

    explicit Correlator(std::vector<rules::Correlation> correlations, CorrelationLimits limits = {});
    ~Correlator();
    Correlator(Correlator&&) noexcept;
    Correlator& operator=(Correlator&&) noexcept;

    /// Feeds one detection; appends what it makes fire, and before that what has become decided meanwhile.
    void push(const event::DetectionRecord& detection, Records& out);
    /// Nothing was received until `now` that is not pushed yet: decides what is due. True when something was.
    bool advance(common::Nanos now, Records& out);
    /// There will be nothing more: decides everything.
    void finish(Records& out);

    /// Takes over the state of every correlation that `older` has with the same definition (titles, levels and texts
    /// may differ), its clock and its seed. `older` is empty afterwards.
    void adopt(Correlator&& older);

    /// The whole state as bytes (format: correlation_state.cpp).
    [[nodiscard]] std::string save() const;
    /// Replaces the state by a saved one; correlations that are not in it, or with another definition, start empty.
    /// False (and an empty state) when the bytes are not a state of this version. Any bytes are safe.
    [[nodiscard]] bool restore(std::string_view saved);

    [[nodiscard]] CorrelationStats stats() const noexcept;
    [[nodiscard]] std::vector<CorrelationRuleStats> rule_stats() const;

private:
    friend class CorrelationCodec;
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace canhgac::engine
