#include "storage/query/exec/time_intervals.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "storage/query/exec/piecewise_sort.hpp"

namespace canhgac::storage {

Interval around_time(common::Nanos time, common::Nanos span) noexcept {
    Interval result{};
    if (__builtin_sub_overflow(time, span, &result.from)) { result.from = std::numeric_limits<common::Nanos>::min(); }
    if (__builtin_add_overflow(time, span, &result.to)) { result.to = std::numeric_limits<common::Nanos>::max() - 1; }
    return result;
}

bool merge_intervals(std::vector<Interval>& intervals, QueryContext& context) {
    const auto earlier = [](const Interval& a, const Interval& b) { return a.from < b.from; };
    if (!sort_in_pieces(intervals, earlier, context)) { return false; }
    std::size_t kept = 0;
    for (const Interval& each : intervals) {
        if (kept > 0 && each.from <= intervals[kept - 1].to) {
            intervals[kept - 1].to = std::max(intervals[kept - 1].to, each.to);
        } else {
            intervals[kept++] = each;
        }
    }
    intervals.resize(kept);
    return true;
}

bool holds_time(const std::vector<Interval>& intervals, common::Nanos time) noexcept {
    const auto behind = std::upper_bound(intervals.begin(), intervals.end(), time,
                                         [](common::Nanos at, const Interval& each) { return at < each.from; });
    return behind != intervals.begin() && time <= std::prev(behind)->to;
}

void join_intervals(std::vector<Interval>& intervals, std::size_t most) {
    if (intervals.size() <= most) { return; }
    std::vector<std::size_t> gaps(intervals.size() - 1); // by the interval before
    for (std::size_t i = 0; i < gaps.size(); ++i) {
        gaps[i] = i;
    }
    const auto wider = [&](std::size_t a, std::size_t b) {
        const auto width = [&](std::size_t i) {
            return static_cast<std::uint64_t>(intervals[i + 1].from) - static_cast<std::uint64_t>(intervals[i].to);
        };
        return width(a) > width(b);
    };
    std::nth_element(gaps.begin(), gaps.begin() + static_cast<std::ptrdiff_t>(most - 1), gaps.end(), wider);
    gaps.resize(most - 1);
    std::sort(gaps.begin(), gaps.end());
    std::vector<Interval> joined;
    std::size_t first = 0;
    for (const std::size_t gap : gaps) {
        joined.push_back({intervals[first].from, intervals[gap].to});
        first = gap + 1;
    }
    joined.push_back({intervals[first].from, intervals.back().to});
    intervals = std::move(joined);
}

bool read_intervals(const std::vector<Interval>& intervals, event::QueryPlan plan, QueryContext& context,
                    const event::RowVisitor& visit) {
    bool more = true;
    const event::RowVisitor each = [&](const event::StoredEvent& event) {
        more = visit(event);
        return more && !context.failure;
    };
    plan.limit = UINT64_MAX;
    for (auto interval = intervals.rbegin(); interval != intervals.rend() && more; ++interval) {
        plan.from = interval->from;
        plan.to = interval->to + 1;
        if (!context.read_store(plan, each)) { return false; }
    }
    return true;
}

} // namespace canhgac::storage
