/// What a Correlator promises (engine/correlation.hpp), written the obvious way: every event is kept, every window is
/// looked through from one end to the other. Shares nothing with the engine but the checked form of the rules.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "event/detection.hpp"
#include "event/value.hpp"
#include "rules/ir.hpp"

namespace canhgac::test {

class PlainCorrelator {
public:
    using Record = event::DetectionRecord;
    using Records = std::vector<Record>;

    PlainCorrelator(std::vector<rules::Correlation> correlations, common::Nanos lateness)
        : correlations_(std::move(correlations)), lateness_(lateness), groups_(correlations_.size()),
          counted_(correlations_.size()), since_(correlations_.size()) {}

    void push(const Record& detection, Records& out) {
        const common::Nanos received = detection.received != 0 ? detection.received : detection.time;
        advance(received, out);
        received_ = std::max(received_, received);
        feed(detection, std::min(detection.time, received), out);
    }

    void advance(common::Nanos now, Records& out) {
        clock_ = std::max(clock_, now);
        while (decide_one_before(clock_, out)) {}
    }

    void finish(Records& out) {
        while (decide_one_before(std::numeric_limits<common::Nanos>::max(), out)) {}
    }

private:
    using Key = std::vector<std::string>;
    struct Event {
        common::Nanos time = 0;
        event::EventId id;
        std::size_t tag = 0;
        std::size_t rule = 0; ///< place in rule_ids
        std::string text;     ///< value_count, new_terms, rare_value
        double number = 0.0;  ///< the other value types
        Record record;
        common::Nanos deadline = 0; ///< 0 = not waiting
        [[nodiscard]] auto order() const { return std::tuple(time, id, tag); }
    };
    struct Group {
        std::vector<Event> events; ///< in order
        common::Nanos fed = 0;
        bool firing = false;
        common::Nanos from = 0;
        common::Nanos to = 0;
        std::uint64_t count = 0;
        std::vector<event::EventId> listed;
    };
    struct Window {
        std::vector<Event> events;
        double measured = 0.0;
    };

    static std::string value_of(const Record& record, const std::string& name) {
        for (const auto& [have, value] : record.captured) {
            if (have == name) { return value; }
        }
        return {};
    }
    static std::string alias(const rules::Correlation& c, const std::string& name, const std::string& rule) {
        for (const auto& [alias, fields] : c.aliases) {
            for (const auto& [of, field] : fields) {
                if (alias == name && of == rule) { return field; }
            }
        }
        return name;
    }
    [[nodiscard]] common::Nanos memory(const rules::Correlation& c) const {
        return (c.has_absent() ? 2 : 1) * c.timespan + lateness_;
    }
    [[nodiscard]] bool is_correlation(const std::string& id) const {
        return std::any_of(correlations_.begin(), correlations_.end(), [&](const auto& c) { return c.id == id; });
    }

    static bool compares(const rules::Correlation& c, double value) {
        using Compare = rules::Correlation::Compare;
        for (const auto& [compare, bound] : c.bounds) {
            const bool holds = compare == Compare::gt    ? value > bound
                               : compare == Compare::gte ? value >= bound
                               : compare == Compare::lt  ? value < bound
                               : compare == Compare::lte ? value <= bound
                               : compare == Compare::eq  ? value == bound
                                                         : value != bound;
            if (!holds) { return false; }
        }
        return true;
    }

    /// The longest row of different rules in their order.
    static std::size_t longest_row(const std::vector<Event>& events) {
        std::vector<std::size_t> best;
        std::size_t longest = 0;
        for (std::size_t i = 0; i < events.size(); ++i) {
            best.push_back(1);
            for (std::size_t j = 0; j < i; ++j) {
                if (events[j].rule < events[i].rule) { best[i] = std::max(best[i], best[j] + 1); }
            }
            longest = std::max(longest, best[i]);
        }
        return longest;
    }

    static bool is_row(const std::vector<Event>& events, const std::vector<std::size_t>& rules) {
        std::size_t next = 0;
        for (const auto& event : events) {
            if (next < rules.size() && event.rule == rules[next]) { ++next; }
        }
        return next == rules.size();
    }

    static double measure_values(const rules::Correlation& c, const std::vector<Event>& events) {
        using Type = rules::Correlation::Type;
        std::set<std::string> texts;
        std::vector<double> numbers;
        double sum = 0.0;
        for (const auto& event : events) {
            texts.insert(event.text);
            numbers.push_back(event.number);
            sum += event.number;
        }
        std::sort(numbers.begin(), numbers.end());
        const std::size_t size = numbers.size();
        switch (c.type) {
        case Type::value_count:
            return static_cast<double>(texts.size());
        case Type::value_sum:
            return sum;
        case Type::value_avg:
            return sum / static_cast<double>(size);
        case Type::value_median:
            return (numbers[(size - 1) / 2] + numbers[size / 2]) / 2.0;
        default: {
            std::size_t rank = 0; // the first that has enough of all at or below it
            while (static_cast<double>(rank + 1) * 100.0 < c.percentile * static_cast<double>(size) - 1e-6) {
                ++rank;
            }
            return numbers[rank];
        }
        }
    }

    /// The window that ends with the event at `end`, if the condition holds in it.
    static std::optional<Window> window_at(const rules::Correlation& c, const std::vector<Event>& all,
                                           std::size_t end) {
        using Type = rules::Correlation::Type;
        Window window;
        for (std::size_t i = 0; i <= end; ++i) {
            if (all[i].time >= all[end].time - c.timespan) { window.events.push_back(all[i]); }
        }
        if (!c.terms.empty()) {
            for (const auto& term : c.terms) {
                if (term_holds(c, term, all, window.events)) {
                    window.measured = 0;
                    for (std::size_t i = 0; i < 64; ++i) {
                        window.measured += (term.present >> i & 1U) != 0 ? 1.0 : 0.0;
                    }
                    return window;
                }
            }
            return std::nullopt;
        }
        if (c.type == Type::event_count) {
            window.measured = static_cast<double>(window.events.size());
        } else if (c.type == Type::temporal) {
            std::set<std::size_t> rules;
            for (const auto& event : window.events) {
                rules.insert(event.rule);
            }
            window.measured = static_cast<double>(rules.size());
        } else if (c.type == Type::temporal_ordered) {
            window.measured = static_cast<double>(longest_row(window.events));
        } else {
            window.measured = measure_values(c, window.events);
        }
        return compares(c, window.measured) ? std::optional(window) : std::nullopt;
    }

    static bool term_holds(const rules::Correlation& c, const rules::Correlation::Term& term,
                           const std::vector<Event>& all, const std::vector<Event>& window) {
        std::vector<std::size_t> wanted;
        for (std::size_t i = 0; i < c.rule_ids.size(); ++i) {
            if ((term.present >> i & 1U) == 0) { continue; }
            wanted.push_back(i);
            if (std::none_of(window.begin(), window.end(), [i](const Event& e) { return e.rule == i; })) {
                return false;
            }
        }
        if (c.type == rules::Correlation::Type::temporal_ordered && !is_row(window, wanted)) { return false; }
        const common::Nanos end = window.back().time;
        return std::none_of(all.begin(), all.end(), [&](const Event& e) {
            return (term.absent >> e.rule & 1U) != 0 && e.time >= end - c.timespan && e.time <= end + c.timespan;
        });
    }

    void feed(const Record& detection, common::Nanos at, Records& out) {
        for (std::size_t i = 0; i < correlations_.size(); ++i) {
            const auto& ids = correlations_[i].rule_ids;
            const auto rule = std::find(ids.begin(), ids.end(), detection.rule_id);
            if (rule == ids.end()) { continue; }
            const bool goes_on = detection.is_correlation && !detection.begins_episode;
            if (goes_on && !rules::is_temporal(correlations_[i].type)) { continue; }
            Records fired;
            std::vector<common::Nanos> times;
            feed_one(i, static_cast<std::size_t>(rule - ids.begin()), detection, at, fired, times);
            for (std::size_t k = 0; k < fired.size(); ++k) {
                out.push_back(fired[k]);
                feed(fired[k], times[k], out);
            }
        }
    }

    std::optional<Event> make_event(const rules::Correlation& c, std::size_t rule, const Record& detection,
                                    common::Nanos at) {
        Event event;
        event.time = at;
        event.id = detection.event;
        event.rule = rule;
        event.record = detection;
        if (rules::is_temporal(c.type)) {
            event.tag = rule;
        } else if (is_correlation(c.rule_ids[rule])) {
            for (std::size_t i = 0; i <= rule; ++i) {
                event.tag += is_correlation(c.rule_ids[i]) ? 1U : 0U;
            }
        }
        for (const auto& name : c.fields) {
            const std::string text = value_of(detection, alias(c, name, detection.rule_id));
            if (text.empty()) { return std::nullopt; }
            event.text += std::to_string(text.size()) + ":" + text;
            if (!rules::measures_numbers(c.type)) { continue; }
            const auto number = event::parse_number(text);
            if (!number) { return std::nullopt; }
            event.number = *number;
        }
        return event;
    }

    void feed_one(std::size_t place, std::size_t rule, const Record& detection, common::Nanos at, Records& out,
                  std::vector<common::Nanos>& times) {
        const rules::Correlation& c = correlations_[place];
        Key key;
        for (const auto& name : c.group_by) {
            key.push_back(value_of(detection, alias(c, name, detection.rule_id)));
        }
        if (!key.empty() && std::all_of(key.begin(), key.end(), [](const auto& v) { return v.empty(); })) { return; }
        auto made = make_event(c, rule, detection, at);
        if (!made) { return; }
        Event& event = *made;
        Group& group = groups_[place][key];
        if (!group.events.empty() && received_ > group.fed + memory(c)) { group = Group(); }
        const auto same = [&event](const Event& e) { return e.order() == event.order(); };
        if (!group.events.empty() && at < group.events.back().time - lateness_) { return; }
        const bool is_new_terms = c.type == rules::Correlation::Type::new_terms;
        if (!is_new_terms && std::any_of(group.events.begin(), group.events.end(), same)) { return; }
        group.fed = received_;
        for (std::size_t i = 0; i < group.events.size(); ++i) {
            if (group.events[i].deadline != 0 && group.events[i].time + c.timespan < at - lateness_) {
                decide(place, key, group, i, out, times);
            }
        }
        auto before = group.events.begin();
        while (before != group.events.end() && before->order() < event.order()) {
            ++before;
        }
        const auto at_index = static_cast<std::size_t>(before - group.events.begin());
        group.events.insert(before, event);
        if (rules::looks_back(c.type)) {
            const auto measured = unusual(c, group.events, at_index);
            if (!learns(place, at) && measured) { say_unusual(place, key, group, event, *measured, at, out, times); }
            return;
        }
        if (c.has_absent()) {
            const bool positive = std::any_of(c.terms.begin(), c.terms.end(),
                                              [rule](const auto& term) { return (term.present >> rule & 1U) != 0; });
            if (positive) { group.events[at_index].deadline = std::max(at + c.timespan, received_) + lateness_; }
            return;
        }
        std::optional<Window> window;
        for (std::size_t i = at_index; i < group.events.size() && !window; ++i) {
            if (group.events[i].time <= at + c.timespan) { window = window_at(c, group.events, i); }
        }
        conclude(place, key, group, event, window, at, out, times);
    }

    void decide(std::size_t place, const Key& key, Group& group, std::size_t index, Records& out,
                std::vector<common::Nanos>& times) {
        group.events[index].deadline = 0;
        const Event event = group.events[index];
        conclude(place, key, group, event, window_at(correlations_[place], group.events, index),
                 event.time + correlations_[place].timespan, out, times);
    }

    bool decide_one_before(common::Nanos now, Records& out) {
        using Place =
            std::tuple<common::Nanos, std::size_t, std::tuple<common::Nanos, event::EventId, std::size_t>, Key>;
        std::optional<Place> first;
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            for (auto& [key, group] : groups_[i]) {
                for (const Event& event : group.events) {
                    if (event.deadline == 0 || event.deadline >= now) { continue; }
                    const Place here{event.deadline, i, event.order(), key};
                    if (!first || here < *first) { first = here; }
                }
            }
        }
        if (!first) { return false; }
        const auto& [deadline, place, order, key] = *first;
        Group& group = groups_[place][key];
        std::size_t index = 0;
        while (group.events[index].order() != order) {
            ++index;
        }
        Records fired;
        std::vector<common::Nanos> times;
        decide(place, key, group, index, fired, times);
        for (std::size_t k = 0; k < fired.size(); ++k) {
            out.push_back(fired[k]);
            feed(fired[k], times[k], out);
        }
        return true;
    }

    void conclude(std::size_t place, const Key& key, Group& group, const Event& event,
                  const std::optional<Window>& window, common::Nanos at, Records& out,
                  std::vector<common::Nanos>& times) {
        const rules::Correlation& c = correlations_[place];
        if (!window) {
            if (group.firing && event.time >= group.to) { group.firing = false; }
            return;
        }
        const bool first = !group.firing || event.time - group.to > c.timespan;
        if (first) {
            group.firing = true;
            group.count = window->events.size();
            group.from = window->events.front().time;
            group.to = window->events.back().time;
            group.listed.clear();
            for (const auto& listed : window->events) {
                if (group.listed.size() < 100) { group.listed.push_back(listed.id); }
            }
        } else {
            ++group.count;
            group.to = std::max(group.to, event.time);
            if (group.listed.size() < 100) { group.listed.push_back(event.id); }
        }
        out.push_back(record_of(c, key, group, event, first, window->measured));
        times.push_back(at);
    }

    /// What is measured of the event at `index`, if its value is unusual.
    static std::optional<double> unusual(const rules::Correlation& c, const std::vector<Event>& all,
                                         std::size_t index) {
        const common::Nanos since = all[index].time - c.timespan;
        if (c.type == rules::Correlation::Type::new_terms) { // newer ones count as well: they have come already
            std::size_t known = 0;
            for (const Event& e : all) {
                known += e.time >= since && e.text == all[index].text ? 1U : 0U;
            }
            return known == 1 ? std::optional(1.0) : std::nullopt; // itself
        }
        std::uint64_t total = 0;
        double times = 0;
        for (std::size_t i = 0; i <= index; ++i) {
            if (all[i].time < since) { continue; }
            ++total;
            times += all[i].text == all[index].text ? 1.0 : 0.0;
        }
        const bool is_rare =
            total >= c.min_events && times <= c.max_percent / 100.0 * static_cast<double>(total) + 1e-9;
        return is_rare && compares(c, times) ? std::optional(times) : std::nullopt;
    }

    bool learns(std::size_t place, common::Nanos at) {
        auto& times = counted_[place];
        const rules::Correlation& c = correlations_[place];
        if (times.empty() || at > *std::max_element(times.begin(), times.end()) + c.timespan) { since_[place] = at; }
        times.push_back(at);
        return at < since_[place] + c.learn;
    }

    void say_unusual(std::size_t place, const Key& key, Group& group, const Event& event, double measured,
                     common::Nanos at, Records& out, std::vector<common::Nanos>& times) {
        if (!group.firing || event.time - group.to > common::kHour) {
            group.firing = true;
            group.count = 0;
            group.from = group.to = event.time;
            group.listed.clear();
        }
        ++group.count;
        group.to = std::max(group.to, event.time);
        if (group.listed.size() < 100) { group.listed.push_back(event.id); }
        out.push_back(record_of(correlations_[place], key, group, event, true, measured));
        times.push_back(at);
    }

    Record record_of(const rules::Correlation& c, const Key& key, const Group& group, const Event& event, bool first,
                     double measured) const {
        Record record;
        record.event = event.id;
        record.time = event.record.time;
        record.rule_id = c.id;
        record.is_correlation = true;
        record.begins_episode = first;
        record.value = measured;
        record.count = group.count;
        record.events = group.listed;
        record.from = group.from;
        record.to = group.to;
        record.message = event.record.message;
        for (std::size_t i = 0; i < key.size(); ++i) {
            if (!key[i].empty()) { record.entity.emplace_back(c.group_by[i], key[i]); }
        }
        record.captured = record.entity;
        bool is_below = false;
        bool generates = false;
        for (const auto& above : correlations_) {
            if (std::find(above.rule_ids.begin(), above.rule_ids.end(), c.id) == above.rule_ids.end()) { continue; }
            is_below = true;
            generates = generates || above.generate;
        }
        record.generates = !is_below || generates;
        for (const auto& [name, value] : event.record.captured) {
            const auto has = [&name = name](const auto& pair) { return pair.first == name; };
            if (is_below && std::none_of(record.entity.begin(), record.entity.end(), has)) {
                record.captured.emplace_back(name, value);
            }
        }
        return record;
    }

    std::vector<rules::Correlation> correlations_;
    common::Nanos lateness_;
    std::vector<std::map<Key, Group>> groups_;
    std::vector<std::vector<common::Nanos>> counted_; ///< times of all events of the types that look back
    std::vector<common::Nanos> since_;                ///< when learning began
    common::Nanos received_ = 0;
    common::Nanos clock_ = 0;
};

} // namespace canhgac::test
