#include "engine/correlation_window.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace canhgac::engine {

namespace {

using Type = rules::Correlation::Type;

/// The first event of a list at or after another.
const SeenEvent* at_or_after(const SlidingVector<SeenEvent>& list, const SeenEvent& event) noexcept {
    return std::lower_bound(list.begin(), list.end(), event);
}

bool any_between(const SlidingVector<SeenEvent>& list, const SeenEvent& first, const SeenEvent& last) noexcept {
    const SeenEvent* const found = at_or_after(list, first);
    return found != list.end() && *found <= last;
}

SeenEvent earliest_at(common::Nanos time) noexcept {
    return {.time = time, .seq = 0, .index = 0, .tag = 0};
}
SeenEvent latest_at(common::Nanos time) noexcept {
    return {.time = time,
            .seq = std::numeric_limits<std::uint64_t>::max(),
            .index = std::numeric_limits<std::uint32_t>::max(),
            .tag = std::numeric_limits<std::uint32_t>::max()};
}

} // namespace

CorrelationWindow::CorrelationWindow(const CorrelationRule& rule) {
    if (rule.correlation().type == Type::new_terms) {
        seen_ = std::make_unique<SeenValues>();
    } else if (rule.measures_values()) {
        values_ = std::make_unique<WindowValues>();
    }
    if (rule.is_temporal()) {
        rules_ = std::make_unique<WindowRules>();
        rules_->by_rule.resize(rule.correlation().rule_ids.size());
    }
}

std::size_t CorrelationWindow::bytes() const noexcept {
    std::size_t bytes = events_.bytes();
    if (seen_) { bytes += sizeof(SeenValues) + seen_->bytes(); }
    if (values_) {
        bytes += sizeof(WindowValues) + values_->values.bytes() + values_->distinct.bytes() + values_->ordered.bytes();
    }
    if (rules_) {
        bytes += sizeof(WindowRules) + rules_->deadlines.bytes();
        for (const auto& list : rules_->by_rule) {
            bytes += sizeof(list) + list.bytes();
        }
    }
    return bytes;
}

std::optional<std::size_t> CorrelationWindow::find(const SeenEvent& event) const noexcept {
    const SeenEvent* const found = at_or_after(events_, event);
    if (found == events_.end() || *found != event) { return std::nullopt; }
    return static_cast<std::size_t>(found - events_.begin());
}

std::size_t CorrelationWindow::insert(const CorrelationRule& rule, const SeenEvent& event, std::uint64_t value) {
    const auto place = static_cast<std::size_t>(at_or_after(events_, event) - events_.begin());
    events_.insert(place, event);
    if (values_) {
        values_->values.insert(place, value);
        if (place < values_->begin) {
            ++values_->begin;
            ++values_->end;
        } else if (place < values_->end) {
            ++values_->end;
            count(rule.correlation(), place, true);
        }
    }
    if (rules_) {
        auto& list = rules_->by_rule[event.tag];
        list.insert(static_cast<std::size_t>(at_or_after(list, event) - list.begin()), event);
        rules_->deadlines.insert(place, 0);
        rules_->decided = std::min(rules_->decided, place);
    }
    return place;
}

void CorrelationWindow::pop_front(const CorrelationRule& rule, std::size_t count) {
    if (count == 0) { return; }
    if (values_) {
        const auto last = static_cast<std::uint32_t>(count);
        for (std::uint32_t i = values_->begin; i < std::min(last, values_->end); ++i) {
            this->count(rule.correlation(), i, false);
        }
        values_->begin = std::max(values_->begin, last) - last;
        values_->end = std::max(values_->end, last) - last;
        values_->values.pop_front(count);
    }
    if (rules_) {
        for (std::size_t i = 0; i < count; ++i) {
            rules_->by_rule[events_[i].tag].pop_front(1); // the oldest of all is the oldest of its rule
        }
        rules_->deadlines.pop_front(count);
        rules_->decided = std::max(rules_->decided, count) - count;
    }
    events_.pop_front(count);
}

std::size_t CorrelationWindow::first_since(common::Nanos time) const noexcept {
    return static_cast<std::size_t>(at_or_after(events_, earliest_at(time)) - events_.begin());
}

std::optional<CorrelationWindow::Span> CorrelationWindow::first_holding(const CorrelationRule& rule,
                                                                        std::size_t place) {
    const common::Nanos timespan = rule.correlation().timespan;
    const common::Nanos last = events_[place].time + timespan;
    std::size_t begin = first_since(events_[place].time - timespan);
    for (std::size_t end = place; end < events_.size() && events_[end].time <= last; ++end) {
        while (events_[begin].time < events_[end].time - timespan) {
            ++begin;
        }
        if (const auto measured = measure(rule, begin, end)) { return Span{begin, end, *measured}; }
    }
    return std::nullopt;
}

/// What is measured, if the condition holds of it.
std::optional<double> CorrelationWindow::measure(const CorrelationRule& rule, std::size_t begin, std::size_t end) {
    if (rules_) { return measure_rules(rule, events_[begin], events_[end]); }
    const double measured =
        values_ ? measure_values(rule.correlation(), begin, end + 1) : static_cast<double>(end - begin + 1);
    return rule.holds(measured) ? std::optional(measured) : std::nullopt;
}

void CorrelationWindow::count(const rules::Correlation& correlation, std::size_t place, bool enters) {
    const std::uint64_t value = values_->values[place];
    switch (correlation.type) {
    case Type::value_count:
    case Type::rare_value:
        enters ? values_->distinct.add(value) : values_->distinct.remove(value);
        break;
    case Type::value_sum:
    case Type::value_avg:
        enters ? values_->sum.add(std::bit_cast<double>(value)) : values_->sum.remove(std::bit_cast<double>(value));
        break;
    default:
        enters ? values_->ordered.add(std::bit_cast<double>(value))
               : values_->ordered.remove(std::bit_cast<double>(value));
        break;
    }
}

/// Moves what is added up to [begin, end): costs what enters and leaves.
void CorrelationWindow::add_up(const rules::Correlation& correlation, std::size_t begin, std::size_t end) {
    WindowValues& at = *values_;
    if (begin >= at.end || end <= at.begin) {
        at.distinct.clear();
        at.sum.clear();
        at.ordered.clear();
        at.begin = at.end = static_cast<std::uint32_t>(begin);
    }
    while (at.end < end) {
        count(correlation, at.end++, true);
    }
    while (at.begin > begin) {
        count(correlation, --at.begin, true);
    }
    while (at.end > end) {
        count(correlation, --at.end, false);
    }
    while (at.begin < begin) {
        count(correlation, at.begin++, false);
    }
}

double CorrelationWindow::measure_values(const rules::Correlation& correlation, std::size_t begin, std::size_t end) {
    add_up(correlation, begin, end);
    const WindowValues& at = *values_;
    const std::size_t size = end - begin;
    switch (correlation.type) {
    case Type::value_count:
        return static_cast<double>(at.distinct.distinct());
    case Type::value_sum:
        return at.sum.value();
    case Type::value_avg:
        return at.sum.value() / static_cast<double>(size);
    case Type::value_median:
        if (size % 2 == 0) { return (at.ordered.at(size / 2 - 1) + at.ordered.at(size / 2)) / 2.0; }
        return at.ordered.at(size / 2);
    default:
        return at.ordered.at(percentile_rank(correlation.percentile, size));
    }
}

std::optional<CorrelationWindow::Span> CorrelationWindow::unusual(const CorrelationRule& rule, const SeenEvent& event,
                                                                  std::uint64_t value) {
    const rules::Correlation& correlation = rule.correlation();
    const common::Nanos since = event.time - correlation.timespan;
    if (seen_) {
        const auto before = seen_->last_seen(value);
        seen_->see(value, event.time);
        return before && *before >= since ? std::nullopt : std::optional(Span{0, 0, 1.0});
    }
    const std::size_t place = insert(rule, event, value);
    const std::size_t begin = first_since(since);
    add_up(correlation, begin, place + 1);
    const auto size = static_cast<double>(place + 1 - begin);
    const auto times = static_cast<double>(values_->distinct.count_of(value));
    const bool is_rare = size >= static_cast<double>(correlation.min_events) &&
                         times * 100.0 <= correlation.max_percent * size && rule.holds(times);
    return is_rare ? std::optional(Span{begin, place, times}) : std::nullopt;
}

std::uint64_t CorrelationWindow::present(const SeenEvent& first, const SeenEvent& last) const noexcept {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < rules_->by_rule.size(); ++i) {
        if (any_between(rules_->by_rule[i], first, last)) { bits |= std::uint64_t{1} << i; }
    }
    return bits;
}

/// Whether these rules occur one after the other: each taken as early as possible.
bool CorrelationWindow::in_order(std::uint64_t rules, const SeenEvent& first, const SeenEvent& last) const noexcept {
    SeenEvent at = first;
    for (; rules != 0; rules &= rules - 1) {
        const auto& list = rules_->by_rule[static_cast<std::size_t>(std::countr_zero(rules))];
        const SeenEvent* const next = at_or_after(list, at);
        if (next == list.end() || *next > last) { return false; }
        at = *next; // the next rule has another tag, so its event is another place
    }
    return true;
}

/// The most rules that occur in their order: for each length the earliest end of such a row.
std::size_t CorrelationWindow::longest_in_order(const SeenEvent& first, const SeenEvent& last) const {
    std::array<SeenEvent, 65> ends{};
    ends[0] = first;
    std::size_t longest = 0;
    for (const auto& list : rules_->by_rule) {
        for (std::size_t length = longest + 1; length-- > 0;) {
            const SeenEvent* const next = at_or_after(list, ends[length]);
            if (next == list.end() || *next > last) { continue; }
            if (length == longest) {
                ends[++longest] = *next;
            } else {
                ends[length + 1] = std::min(ends[length + 1], *next);
            }
        }
    }
    return longest;
}

std::optional<double> CorrelationWindow::measure_rules(const CorrelationRule& rule, const SeenEvent& first,
                                                       const SeenEvent& last) const {
    const rules::Correlation& correlation = rule.correlation();
    const bool ordered = correlation.type == Type::temporal_ordered;
    const std::uint64_t all = present(first, last);
    if (correlation.terms.empty()) {
        const auto wanted = rules_->by_rule.size();
        auto measured = static_cast<double>(std::popcount(all));
        if (ordered && rule.wants_all_in_order()) {
            if (measured < static_cast<double>(wanted) || !in_order(all, first, last)) { return std::nullopt; }
        } else if (ordered) {
            measured = static_cast<double>(longest_in_order(first, last));
        }
        return rule.holds(measured) ? std::optional(measured) : std::nullopt;
    }
    const common::Nanos timespan = correlation.timespan;
    for (const auto& term : correlation.terms) {
        if ((term.present & ~all) != 0 || (ordered && !in_order(term.present, first, last))) { continue; }
        std::uint64_t absent = term.absent;
        for (; absent != 0; absent &= absent - 1) {
            const auto& list = rules_->by_rule[static_cast<std::size_t>(std::countr_zero(absent))];
            if (any_between(list, earliest_at(last.time - timespan), latest_at(last.time + timespan))) { break; }
        }
        if (absent == 0) { return static_cast<double>(std::popcount(term.present)); }
    }
    return std::nullopt;
}

std::optional<CorrelationWindow::Span> CorrelationWindow::decide(const CorrelationRule& rule, std::size_t place) const {
    const std::size_t begin = first_since(events_[place].time - rule.correlation().timespan);
    const auto measured = measure_rules(rule, events_[begin], events_[place]);
    if (!measured) { return std::nullopt; }
    return Span{begin, place, *measured};
}

} // namespace canhgac::engine
