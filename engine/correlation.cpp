#include "engine/correlation.hpp"

#include <algorithm>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace canhgac::engine {
namespace {

constexpr std::size_t kMaxListedEvents = 100;
constexpr unsigned kMaxChain = 8; ///< correlations of correlations of ...

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Seen {
    common::Nanos time = 0;
    event::EventId id;
    friend bool operator<(const Seen& a, const Seen& b) noexcept {
        return a.time != b.time ? a.time < b.time : a.id < b.id;
    }
};

/// Events of one correlation and group key.
struct Window {
    std::deque<Seen> events; ///< by time
    bool firing = false;     ///< an episode goes on
    common::Nanos from = 0;  ///< of the episode
    common::Nanos to = 0;
    std::uint64_t count = 0; ///< of the episode
    std::vector<event::EventId> listed;
};

bool condition_holds(const rules::Correlation& rule, std::uint64_t count) noexcept {
    using Compare = rules::Correlation::Compare;
    const auto value = static_cast<double>(count);
    switch (rule.compare) {
    case Compare::gt:
        return value > rule.threshold;
    case Compare::gte:
        return value >= rule.threshold;
    case Compare::lt:
        return value < rule.threshold;
    case Compare::lte:
        return value <= rule.threshold;
    case Compare::eq:
        return value == rule.threshold;
    case Compare::neq:
        return value != rule.threshold;
    }
    return false;
}

/// The fullest span of `timespan` that contains `added`: its first and last event as indexes.
std::pair<std::size_t, std::size_t> fullest_span(const std::deque<Seen>& events, std::size_t added,
                                                 common::Nanos timespan) {
    std::size_t first = added;
    while (first > 0 && events[added].time - events[first - 1].time <= timespan) {
        --first;
    }
    std::pair best(first, added);
    std::size_t last = added;
    for (; first <= added; ++first) {
        while (last + 1 < events.size() && events[last + 1].time - events[first].time <= timespan) {
            ++last;
        }
        if (last - first > best.second - best.first) { best = {first, last}; }
        if (last + 1 == events.size()) { break; } // a later start cannot be fuller
    }
    return best;
}

std::string_view value_of(const Pairs& pairs, std::string_view name) noexcept {
    for (const auto& [have, value] : pairs) {
        if (have == name) { return value; }
    }
    return {};
}

} // namespace

struct Correlator::State {
    struct Group;
    using Order = std::list<Group*>;
    struct Group {
        std::string key;
        std::size_t correlation = 0;
        Window window;
        Order::iterator place;
        std::size_t bytes = 0;
    };
    using Groups = std::unordered_map<std::string, Group>;

    std::vector<rules::Correlation> correlations;
    CorrelationLimits limits;
    CorrelationStats stats;
    std::unordered_map<std::string, std::vector<std::size_t>> fed_by; ///< rule id -> correlations
    Groups groups;
    Order order; ///< least recently fed first

    void push(const event::DetectionRecord& detection, unsigned depth, std::vector<event::DetectionRecord>& out);
    void feed(std::size_t index, const event::DetectionRecord& detection, unsigned depth,
              std::vector<event::DetectionRecord>& out);
    Group& group_of(std::size_t index, const Pairs& key);
    void account(Group& group);
    void evict(const Group* keep);
    [[nodiscard]] static Pairs key_of(const rules::Correlation& rule, const event::DetectionRecord& detection);
    /// Where the event went in, or nothing when it is too old.
    bool remember(Window& window, const rules::Correlation& rule, const Seen& seen, std::size_t& at);
    static bool advance(Window& window, const rules::Correlation& rule, std::size_t added, bool& first);
};

Pairs Correlator::State::key_of(const rules::Correlation& rule, const event::DetectionRecord& detection) {
    Pairs key;
    for (const std::string& name : rule.group_by) {
        std::string_view field = name;
        for (const auto& [alias, by_rule] : rule.aliases) {
            if (alias != name) { continue; }
            for (const auto& [id, of_rule] : by_rule) {
                if (id == detection.rule_id) { field = of_rule; }
            }
        }
        key.emplace_back(name, value_of(detection.captured, field));
    }
    return key;
}

Correlator::State::Group& Correlator::State::group_of(std::size_t index, const Pairs& key) {
    std::string text = std::to_string(index);
    for (const auto& [name, value] : key) {
        text += '\0';
        text += std::to_string(value.size());
        text += ':';
        text += value;
    }
    const auto [found, fresh] = groups.try_emplace(text);
    Group& group = found->second;
    if (fresh) {
        group.key = std::move(text);
        group.correlation = index;
        group.place = order.insert(order.end(), &group);
    } else {
        order.splice(order.end(), order, group.place);
    }
    return group;
}

void Correlator::State::account(Group& group) {
    const std::size_t bytes = sizeof(Group) + 2 * group.key.size() + 160 + group.window.events.size() * sizeof(Seen) +
                              group.window.listed.capacity() * sizeof(event::EventId);
    stats.state_bytes += bytes - group.bytes;
    group.bytes = bytes;
}

void Correlator::State::evict(const Group* keep) {
    while (stats.state_bytes > limits.state_bytes && order.front() != keep) {
        Group& oldest = *order.front();
        stats.state_bytes -= oldest.bytes;
        ++stats.evicted_groups;
        order.pop_front();
        groups.erase(groups.find(oldest.key));
    }
}

bool Correlator::State::remember(Window& window, const rules::Correlation& rule, const Seen& seen, std::size_t& at) {
    auto& events = window.events;
    if (!events.empty() && events.back().time - seen.time > 2 * rule.timespan) {
        ++stats.late;
        return false;
    }
    const auto place = std::upper_bound(events.begin(), events.end(), seen);
    const auto inserted = events.insert(place, seen); // may move begin(): ask for it only now
    at = static_cast<std::size_t>(inserted - events.begin());
    // One more timespan than a window needs, for events that come late.
    while (events.back().time - events.front().time > 2 * rule.timespan) {
        events.pop_front();
        --at;
    }
    while (events.size() > limits.group_events && at > 0) {
        events.pop_front();
        --at;
        ++stats.evicted_events;
    }
    return true;
}

/// Whether a record is due for the event just added; `first`: it begins an episode.
bool Correlator::State::advance(Window& window, const rules::Correlation& rule, std::size_t added, bool& first) {
    const auto [begin, end] = fullest_span(window.events, added, rule.timespan);
    const std::uint64_t count = end - begin + 1;
    const Seen& seen = window.events[added];
    if (!condition_holds(rule, count)) {
        // A late event far behind says nothing about what goes on now.
        if (seen.time >= window.to) { window.firing = false; }
        return false;
    }
    first = !window.firing || seen.time - window.to > rule.timespan;
    if (first) {
        window.firing = true;
        window.count = count;
        window.from = window.events[begin].time;
        window.to = window.events[end].time;
        window.listed.clear();
        for (std::size_t i = begin; i <= end && window.listed.size() < kMaxListedEvents; ++i) {
            window.listed.push_back(window.events[i].id);
        }
    } else {
        ++window.count;
        window.to = std::max(window.to, seen.time);
        if (window.listed.size() < kMaxListedEvents) { window.listed.push_back(seen.id); }
    }
    return true;
}

void Correlator::State::feed(std::size_t index, const event::DetectionRecord& detection, unsigned depth,
                             std::vector<event::DetectionRecord>& out) {
    const rules::Correlation& rule = correlations[index];
    Pairs key = key_of(rule, detection);
    const bool keyed =
        key.empty() || std::any_of(key.begin(), key.end(), [](const auto& p) { return !p.second.empty(); });
    if (!keyed) { return; }
    Group& group = group_of(index, key);
    std::size_t added = 0;
    bool first = false;
    const bool due = remember(group.window, rule, {detection.time, detection.event}, added) &&
                     advance(group.window, rule, added, first);
    account(group);
    if (due) {
        const Window& window = group.window;
        event::DetectionRecord record;
        record.event = detection.event;
        record.time = detection.time;
        record.received = detection.received;
        record.rule_id = rule.id;
        record.title = rule.title;
        record.level = rule.level;
        record.tags = rule.tags;
        record.matched = detection.matched;
        record.organization = detection.organization;
        record.service = detection.service;
        record.asset_level = detection.asset_level;
        record.host = detection.host;
        record.log_source = detection.log_source;
        record.message = detection.message;
        record.is_correlation = true;
        record.count = window.count;
        record.events = window.listed;
        record.from = window.from;
        record.to = window.to;
        std::erase_if(key, [](const auto& pair) { return pair.second.empty(); });
        record.captured = key;
        record.entity = std::move(key);
        // A correlation that only feeds another gives no result of its own, unless that one lets it.
        const auto feeds = fed_by.find(rule.id);
        if (feeds != fed_by.end()) {
            record.generates = std::any_of(feeds->second.begin(), feeds->second.end(),
                                           [this](std::size_t user) { return correlations[user].generate; });
        }
        out.push_back(record);
        if (first && depth < kMaxChain) { push(record, depth + 1, out); }
    }
    evict(&group);
}

void Correlator::State::push(const event::DetectionRecord& detection, unsigned depth,
                             std::vector<event::DetectionRecord>& out) {
    const auto found = fed_by.find(detection.rule_id);
    if (found == fed_by.end()) { return; }
    ++stats.pushed;
    for (const std::size_t index : found->second) {
        feed(index, detection, depth, out);
    }
}

Correlator::Correlator(std::vector<rules::Correlation> correlations, CorrelationLimits limits)
    : state_(std::make_unique<State>()) {
    state_->correlations = std::move(correlations);
    state_->limits = limits;
    for (std::size_t i = 0; i < state_->correlations.size(); ++i) {
        for (const std::string& id : state_->correlations[i].rule_ids) {
            state_->fed_by[id].push_back(i);
        }
    }
}

Correlator::~Correlator() = default;
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;

void Correlator::push(const event::DetectionRecord& detection, std::vector<event::DetectionRecord>& out) {
    state_->push(detection, 0, out);
}

CorrelationStats Correlator::stats() const noexcept {
    CorrelationStats stats = state_->stats;
    stats.groups = state_->groups.size();
    return stats;
}

} // namespace canhgac::engine
