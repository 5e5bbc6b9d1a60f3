/// Pieces of time in which the store is read once more.
#pragma once

#include <cstddef>
#include <vector>

#include "common/clock.hpp"
#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

/// [from, to] of time, both included.
struct Interval {
    common::Nanos from;
    common::Nanos to;
};

/// As many are read one by one; what lies between others is read with them.
inline constexpr std::size_t kMostStoreReads = 64;

/// From `span` before to `span` after.
[[nodiscard]] Interval around_time(common::Nanos time, common::Nanos span) noexcept;
/// In order, overlapping ones as one. False: the query has to end.
[[nodiscard]] bool merge_intervals(std::vector<Interval>& intervals, QueryContext& context);
/// Joins what lies closest until there are at most `most` (at least 1). `intervals` are merged.
void join_intervals(std::vector<Interval>& intervals, std::size_t most);
/// Whether one of merged intervals has the time.
[[nodiscard]] bool holds_time(const std::vector<Interval>& intervals, common::Nanos time) noexcept;
/// Reads the store in each of them, newest first, with the filter of `plan`. False: failed, see QueryContext::failure.
/// `visit` returning false ends it without failure.
[[nodiscard]] bool read_intervals(const std::vector<Interval>& intervals, event::QueryPlan plan, QueryContext& context,
                                  const event::RowVisitor& visit);

} // namespace canhgac::storage
