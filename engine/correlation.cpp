#include "engine/correlation.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>
#include <tuple>
#include <utility>

#include "common/ensure.hpp"
#include "engine/correlation_impl.hpp"
#include "event/value.hpp"

namespace canhgac::engine {

namespace {

constexpr std::size_t kMaxListedEvents = 100;
constexpr unsigned kMaxChain = 8; ///< correlations of correlations of ...; the reader allows no more
/// Of a table's entry beside the group: links, hash, key, and what the allocator adds to it and to the window.
constexpr std::size_t kEntryBytes = sizeof(std::string) + 2 * sizeof(void*) + 48;

std::uint64_t nanoseconds_now() noexcept {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

std::size_t heap_bytes(const std::string& text) noexcept {
    return text.capacity() > 15 ? text.capacity() + 17 : 0;
}

std::size_t heap_bytes(const NameValues& pairs) noexcept {
    std::size_t bytes = pairs.capacity() * sizeof(NameValues::value_type);
    for (const auto& [name, value] : pairs) {
        bytes += heap_bytes(name) + heap_bytes(value);
    }
    return bytes;
}

/// What of a detection is kept until its event is decided.
event::DetectionRecord kept(const event::DetectionRecord& detection) {
    event::DetectionRecord record = detection;
    record.rule_id.clear();
    record.title.clear();
    record.tags.clear();
    record.entity.clear();
    record.events.clear();
    return record;
}

} // namespace

bool operator<(const WaitingKey& a, const WaitingKey& b) noexcept {
    return std::tie(a.deadline, a.correlation, a.event, *a.group->key) <
           std::tie(b.deadline, b.correlation, b.event, *b.group->key);
}

std::size_t bytes_of(const event::DetectionRecord& record) noexcept {
    return sizeof(WaitingKey) + sizeof(record) + 48 + heap_bytes(record.matched) + heap_bytes(record.captured) +
           heap_bytes(record.message) + heap_bytes(record.organization) + heap_bytes(record.service) +
           heap_bytes(record.host) + heap_bytes(record.log_source);
}

Correlator::State::State(std::vector<rules::Correlation> correlations, CorrelationLimits given) : limits(given) {
    std::unordered_map<std::string, bool> is_correlation;
    for (const auto& correlation : correlations) {
        is_correlation.emplace(correlation.id, true);
    }
    for (auto& correlation : correlations) {
        std::uint32_t below = 0;
        for (std::size_t i = 0; i < correlation.rule_ids.size(); ++i) {
            const std::string& id = correlation.rule_ids[i];
            CorrelationFeed feed;
            feed.correlation = running.size();
            feed.tag = rules::is_temporal(correlation.type) ? static_cast<std::uint32_t>(i)
                       : is_correlation.contains(id)        ? ++below
                                                            : 0;
            for (const auto& name : correlation.group_by) {
                feed.key_fields.emplace_back(resolve_alias(correlation, name, id));
            }
            for (const auto& name : correlation.fields) {
                feed.value_fields.emplace_back(resolve_alias(correlation, name, id));
            }
            fed_by[id].push_back(std::move(feed));
        }
        CorrelationRule rule(std::move(correlation), limits.lateness);
        running.push_back(std::make_unique<RunningCorrelation>(std::move(rule), limits.seed));
        running.back()->stats.id = running.back()->rule.correlation().id;
    }
}

// --- groups -----------------------------------------------------------------------------------------------------

CorrelationGroup& Correlator::State::make_group(std::uint32_t correlation, std::string_view key_bytes) {
    RunningCorrelation& of = *running[correlation];
    const auto [entry, fresh] = of.groups.try_emplace(std::string(key_bytes), of.rule, correlation);
    CorrelationGroup& group = entry->second;
    group.key = &entry->first;
    of.order.append(group);
    ++of.stats.groups;
    return group;
}

void Correlator::State::account(CorrelationGroup& group) {
    std::size_t bytes =
        sizeof(CorrelationGroup) + kEntryBytes + heap_bytes(*group.key) + group.window.bytes() + group.waiting_bytes;
    if (group.episode) {
        bytes += sizeof(CorrelationEpisode) + group.episode->listed.capacity() * sizeof(event::EventId);
    }
    state_bytes += bytes - group.bytes;
    running[group.correlation]->stats.bytes += bytes - group.bytes;
    group.bytes = bytes;
}

void Correlator::State::drop(CorrelationGroup& group) {
    RunningCorrelation& of = *running[group.correlation];
    for (std::size_t i = 0; group.waiting != 0 && i < group.window.events().size(); ++i) {
        if (group.window.deadline(i) != 0) { static_cast<void>(take_waiting(group, i)); }
    }
    state_bytes -= group.bytes;
    of.stats.bytes -= group.bytes;
    --of.stats.groups;
    of.order.remove(group);
    of.groups.erase(of.groups.find(*group.key));
}

void Correlator::State::clear() {
    waiting.clear();
    for (auto& of : running) {
        of->groups.clear();
        of->order = {};
        of->learning = {};
        of->stats.groups = of->stats.bytes = 0;
    }
    state_bytes = 0;
}

void Correlator::State::evict(const CorrelationGroup* keep) {
    while (state_bytes > limits.state_bytes) {
        CorrelationGroup* oldest = nullptr;
        for (const auto& of : running) {
            CorrelationGroup* const candidate = of->order.oldest();
            if (candidate == nullptr || candidate == keep) { continue; }
            if (oldest == nullptr || candidate->turn < oldest->turn) { oldest = candidate; }
        }
        if (oldest == nullptr) { return; }
        ++running[oldest->correlation]->stats.evicted_groups;
        drop(*oldest);
    }
}

/// Forgets groups that nothing can come of any more.
void Correlator::State::sweep(RunningCorrelation& of) {
    while (CorrelationGroup* const oldest = of.order.oldest()) {
        if (received <= oldest->fed + of.rule.idle()) { return; }
        drop(*oldest);
    }
}

/// The event at `place` waits no longer.
event::DetectionRecord Correlator::State::take_waiting(CorrelationGroup& group, std::size_t place) {
    const common::Nanos deadline = group.window.deadline(place);
    auto node = waiting.extract({deadline, group.correlation, group.window.events()[place], &group});
    common::ensure(!node.empty(), "an event with a deadline waits");
    group.window.set_deadline(place, 0);
    group.waiting_bytes -= bytes_of(node.mapped());
    --group.waiting;
    return std::move(node.mapped());
}

void Correlator::State::forget(CorrelationGroup& group, std::size_t count) {
    for (std::size_t i = 0; group.waiting != 0 && i < count; ++i) {
        if (group.window.deadline(i) != 0) { static_cast<void>(take_waiting(group, i)); }
    }
    group.window.pop_front(running[group.correlation]->rule, count);
}

void Correlator::State::wait_for(CorrelationGroup& group, const SeenEvent& event, common::Nanos deadline,
                                 event::DetectionRecord record) {
    const auto place = group.window.find(event);
    group.window.set_deadline(*place, deadline);
    group.waiting_bytes += bytes_of(record);
    ++group.waiting;
    waiting.emplace(WaitingKey{deadline, group.correlation, event, &group}, std::move(record));
}

// --- feeding ----------------------------------------------------------------------------------------------------

/// Hash or bits of what is measured; nothing when the detection has none.
std::optional<std::uint64_t> Correlator::State::measured_value(RunningCorrelation& of, const Fed& fed) {
    if (!of.rule.measures_values()) { return 0; }
    if (!rules::measures_numbers(of.rule.correlation().type)) {
        value.clear();
        if (!append_values(fed.feed.value_fields, fed.detection.captured, true, value)) { return std::nullopt; }
        return seeded_hash(value, limits.seed);
    }
    const auto number = event::parse_number(value_of(fed.detection.captured, fed.feed.value_fields.front()));
    if (!number || !ExactSum::fixed(*number)) { return std::nullopt; }
    return std::bit_cast<std::uint64_t>(*number);
}

/// The group of `key` if the event counts in it; made when there is none.
CorrelationGroup* Correlator::State::group_for(RunningCorrelation& of, const Fed& fed, const SeenEvent& event) {
    const auto found = of.groups.find(std::string_view(key));
    if (found == of.groups.end()) { return &make_group(static_cast<std::uint32_t>(fed.feed.correlation), key); }
    CorrelationGroup& group = found->second;
    if (received > group.fed + of.rule.idle()) {
        drop(group);
        return &make_group(static_cast<std::uint32_t>(fed.feed.correlation), key);
    }
    if (event.time < group.window.newest() - limits.lateness) {
        ++of.stats.late;
        return nullptr;
    }
    if (group.window.find(event)) {
        ++of.stats.repeated;
        return nullptr;
    }
    of.order.touch(group);
    return &group;
}

/// False when the group is full of newer events.
bool Correlator::State::make_room(RunningCorrelation& of, CorrelationGroup& group, const SeenEvent& event) {
    if (SeenValues* const seen = group.window.seen()) {
        const common::Nanos newest = seen->empty() ? event.time : std::max(seen->newest(), event.time);
        of.stats.evicted_events += seen->make_room(newest - of.rule.memory(), limits.group_events);
        return true;
    }
    const auto& events = group.window.events();
    if (events.empty()) { return true; }
    const common::Nanos oldest = std::max(events.back().time, event.time) - of.rule.memory();
    std::size_t over = 0;
    while (over < events.size() && events[over].time < oldest) {
        ++over;
    }
    forget(group, over);
    if (events.size() < limits.group_events) { return true; }
    ++of.stats.evicted_events;
    if (event < events.front()) { return false; }
    forget(group, 1);
    return true;
}

void Correlator::State::take(RunningCorrelation& of, CorrelationGroup& group, const Fed& fed, const SeenEvent& event,
                             std::uint64_t measured, std::vector<Concluded>& out) {
    if (group.waiting != 0) { decide_passed(of, group, event.time, out); }
    if (!make_room(of, group, event)) { return; }
    ++of.stats.events;
    if (of.rule.looks_back()) {
        const auto span = look_back(of, group, event, measured);
        auto record = span ? conclude(of, group, event, span, fed.detection) : std::nullopt;
        if (record) { out.push_back({std::move(*record), fed.at}); }
        return;
    }
    const std::size_t place = group.window.insert(of.rule, event, measured);
    if (!of.rule.is_deferred()) {
        auto record = conclude(of, group, event, group.window.first_holding(of.rule, place), fed.detection);
        if (record) { out.push_back({std::move(*record), fed.at}); }
        return;
    }
    if ((of.rule.positive() >> event.tag & 1U) != 0) {
        const common::Nanos over = event.time + of.rule.correlation().timespan;
        wait_for(group, event, std::max(over, received) + limits.lateness, kept(fed.detection));
    }
}

/// The event is remembered in any case; while the correlation learns, nothing is unusual.
std::optional<CorrelationWindow::Span> Correlator::State::look_back(RunningCorrelation& of, CorrelationGroup& group,
                                                                    const SeenEvent& event, std::uint64_t measured) {
    const rules::Correlation& correlation = of.rule.correlation();
    of.learning.note(event.time, correlation.timespan);
    auto span = group.window.unusual(of.rule, event, measured);
    return of.learning.is_over(event.time, correlation.learn) ? span : std::nullopt;
}

std::vector<Correlator::State::Concluded> Correlator::State::feed(const Fed& fed) {
    RunningCorrelation& of = *running[fed.feed.correlation];
    key.clear();
    const bool keyed = append_values(fed.feed.key_fields, fed.detection.captured, false, key);
    const auto measured = keyed ? measured_value(of, fed) : std::nullopt;
    if (!measured) {
        ++of.stats.unusable;
        return {};
    }
    const SeenEvent event{fed.at, fed.detection.event.seq, fed.detection.event.index, fed.feed.tag};
    CorrelationGroup* const group = group_for(of, fed, event);
    if (group == nullptr) { return {}; }
    group->fed = received;
    group->turn = ++turn;
    std::vector<Concluded> out;
    take(of, *group, fed, event, *measured, out);
    account(*group);
    sweep(of);
    evict(group);
    return out;
}

void Correlator::State::push(const event::DetectionRecord& detection, common::Nanos at, unsigned depth, Records& out) {
    const auto found = fed_by.find(detection.rule_id);
    if (found == fed_by.end()) { return; }
    if (depth == 0) { ++pushed; }
    for (const CorrelationFeed& one : found->second) {
        // An episode counts once; but a rule that occurs goes on occurring.
        const bool goes_on = detection.is_correlation && !detection.begins_episode;
        if (goes_on && !running[one.correlation]->rule.is_temporal()) { continue; }
        const std::uint64_t begin = nanoseconds_now();
        auto concluded = feed({one, detection, at});
        running[one.correlation]->stats.nanoseconds += nanoseconds_now() - begin;
        deliver(std::move(concluded), depth, out);
    }
    // Groups of correlations that are fed no longer go as well, one correlation at a time.
    swept = (swept + 1) % running.size();
    sweep(*running[swept]);
}

// --- results ----------------------------------------------------------------------------------------------------

/// The record that is due after `event`: `span` is the window in which the condition holds, if it does.
std::optional<event::DetectionRecord> Correlator::State::conclude(RunningCorrelation& of, CorrelationGroup& group,
                                                                  const SeenEvent& event,
                                                                  const std::optional<CorrelationWindow::Span>& span,
                                                                  const event::DetectionRecord& detection) {
    if (!span) {
        // A late event far behind says nothing about what goes on now.
        if (group.episode && event.time >= group.episode->to) { group.episode.reset(); }
        return std::nullopt;
    }
    const auto& events = group.window.events();
    if (!group.episode) { group.episode = std::make_unique<CorrelationEpisode>(); }
    CorrelationEpisode& episode = *group.episode;
    const bool first = !episode.firing || event.time - episode.to > of.rule.episode_pause();
    if (first && of.rule.looks_back()) { // what it was compared with is not what it found
        episode.firing = true;
        episode.count = 1;
        episode.from = episode.to = event.time;
        episode.listed = {event.id()};
    } else if (first) {
        episode.firing = true;
        episode.count = span->end - span->begin + 1;
        episode.from = events[span->begin].time;
        episode.to = events[span->end].time;
        episode.listed.clear();
        episode.listed.reserve(std::min<std::size_t>(episode.count, kMaxListedEvents));
        for (std::size_t i = span->begin; i <= span->end && episode.listed.size() < kMaxListedEvents; ++i) {
            episode.listed.push_back(events[i].id());
        }
    } else {
        ++episode.count;
        episode.to = std::max(episode.to, event.time);
        if (episode.listed.size() < kMaxListedEvents) { episode.listed.push_back(event.id()); }
    }
    auto record = record_of(of, group, detection, *span);
    record.begins_episode = first || of.rule.looks_back(); // every one is news
    return record;
}

/// Gives records out and to the correlations above.
void Correlator::State::deliver(std::vector<Concluded> concluded, unsigned depth, Records& out) {
    for (auto& [record, at] : concluded) {
        if (depth == kMaxChain || !fed_by.contains(record.rule_id)) {
            out.push_back(std::move(record));
            continue;
        }
        out.push_back(record);
        push(record, at, depth + 1, out);
    }
}

void Correlator::State::decide(CorrelationGroup& group, std::size_t place, std::vector<Concluded>& out) {
    RunningCorrelation& of = *running[group.correlation];
    const SeenEvent event = group.window.events()[place];
    const event::DetectionRecord detection = take_waiting(group, place);
    auto record = conclude(of, group, event, group.window.decide(of.rule, place), detection);
    if (record) { out.push_back({std::move(*record), event.time + of.rule.correlation().timespan}); }
}

/// An event at `newest` makes late whatever could still change what these say: decides them.
void Correlator::State::decide_passed(RunningCorrelation& of, CorrelationGroup& group, common::Nanos newest,
                                      std::vector<Concluded>& out) {
    const common::Nanos before = newest - limits.lateness - of.rule.correlation().timespan;
    std::size_t place = group.window.decided();
    for (; place < group.window.events().size() && group.window.events()[place].time < before; ++place) {
        if (group.window.deadline(place) != 0) { decide(group, place, out); }
    }
    group.window.set_decided(place);
}

bool Correlator::State::decide_before(common::Nanos now, Records& out) {
    bool any = false;
    while (!waiting.empty() && waiting.begin()->first.deadline < now) {
        const WaitingKey due = waiting.begin()->first;
        std::vector<Concluded> concluded;
        decide(*due.group, *due.group->window.find(due.event), concluded);
        account(*due.group);
        deliver(std::move(concluded), 0, out);
        any = true;
    }
    return any;
}

// --- the public face --------------------------------------------------------------------------------------------

Correlator::Correlator(std::vector<rules::Correlation> correlations, CorrelationLimits limits)
    : state_(std::make_unique<State>(std::move(correlations), limits)) {}

Correlator::~Correlator() = default;
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;

void Correlator::push(const event::DetectionRecord& detection, Records& out) {
    State& state = *state_;
    const common::Nanos received = detection.received != 0 ? detection.received : detection.time;
    // What is due is decided as if this detection had not come yet: nothing is idle only because of it.
    static_cast<void>(advance(received, out));
    state.received = std::max(state.received, received);
    state.push(detection, std::min(detection.time, received), 0, out);
}

bool Correlator::advance(common::Nanos now, Records& out) {
    state_->clock = std::max(state_->clock, now);
    return state_->decide_before(state_->clock, out);
}

void Correlator::finish(Records& out) {
    static_cast<void>(state_->decide_before(std::numeric_limits<common::Nanos>::max(), out));
}

CorrelationStats Correlator::stats() const noexcept {
    CorrelationStats stats;
    stats.pushed = state_->pushed;
    stats.state_bytes = state_->state_bytes;
    stats.waiting = state_->waiting.size();
    for (const auto& of : state_->running) {
        stats.late += of->stats.late;
        stats.evicted_groups += of->stats.evicted_groups;
        stats.evicted_events += of->stats.evicted_events;
        stats.groups += of->stats.groups;
    }
    return stats;
}

std::vector<CorrelationRuleStats> Correlator::rule_stats() const {
    std::vector<CorrelationRuleStats> out;
    for (const auto& of : state_->running) {
        out.push_back(of->stats);
        const auto& rule = of->rule;
        out.back().learning = rule.looks_back() && !of->learning.is_over(of->learning.newest, rule.correlation().learn);
    }
    return out;
}

} // namespace canhgac::engine
