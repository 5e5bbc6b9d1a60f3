// The state of a Correlator as bytes, and its way from one set of correlations to the next.
//
// version u8 = 2 (1 is read too) · seed, received, clock fixed64 · turn, pushed, swept varint
// correlations varint, each: definition text; since version 2: learns u8 = 0 or 1 · since, newest fixed64
// groups varint, least recently fed first, each:
//   correlation varint (place in the list above) · key text · fed fixed64 · turn varint
//   events varint, each: time, seq, index zigzag against the one before, tag varint
//   value types: a fixed64 for each event
//   new_terms: slots, values varint, each: value, time fixed64, longest ago first; no events
//   temporal types: a deadline for each event, varint, 0 = does not wait; then the records of those that wait
//   episode u8: 0 = none, 1 = one follows: from fixed64 · to fixed64 · count varint · listed varint, each seq, index
#include <algorithm>
#include <bit>
#include <utility>

#include "engine/correlation.hpp"
#include "engine/correlation_impl.hpp"
#include "storage/coding.hpp"

namespace canhgac::engine {

namespace {

using Type = rules::Correlation::Type;
using storage::ByteSink;
using storage::ByteSource;

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kWithoutLearning = 1;

void put_time(ByteSink& out, common::Nanos time) {
    out.fixed64(static_cast<std::uint64_t>(time));
}

void put_pairs(ByteSink& out, const NameValues& pairs) {
    out.varint(pairs.size());
    for (const auto& [name, value] : pairs) {
        out.text(name);
        out.text(value);
    }
}

NameValues take_pairs(ByteSource& in) {
    NameValues pairs;
    const std::uint64_t count = in.varint(in.left());
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        std::string name(in.text());
        pairs.emplace_back(std::move(name), std::string(in.text()));
    }
    return pairs;
}

/// What of a detection waits with its event.
void put_record(ByteSink& out, const event::DetectionRecord& record) {
    out.varint(record.event.seq);
    out.varint(record.event.index);
    put_time(out, record.time);
    put_time(out, record.received);
    put_pairs(out, record.matched);
    put_pairs(out, record.captured);
    out.u8(record.asset_level);
    for (const auto* const text :
         {&record.organization, &record.service, &record.host, &record.log_source, &record.message}) {
        out.text(*text);
    }
}

event::DetectionRecord take_record(ByteSource& in) {
    event::DetectionRecord record;
    record.event.seq = in.varint();
    record.event.index = static_cast<std::uint32_t>(in.varint(0xFFFFFFFFU));
    record.time = in.signed64();
    record.received = in.signed64();
    record.matched = take_pairs(in);
    record.captured = take_pairs(in);
    record.asset_level = in.u8();
    for (auto* const text :
         {&record.organization, &record.service, &record.host, &record.log_source, &record.message}) {
        *text = in.text();
    }
    return record;
}

void put_events(ByteSink& out, const SlidingVector<SeenEvent>& events) {
    out.varint(events.size());
    SeenEvent before;
    for (const SeenEvent& event : events) {
        out.varint(storage::zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(event.time) -
                                                             static_cast<std::uint64_t>(before.time))));
        out.varint(storage::zigzag(static_cast<std::int64_t>(event.seq - before.seq)));
        out.varint(storage::zigzag(std::int64_t{event.index} - std::int64_t{before.index}));
        out.varint(event.tag);
        before = event;
    }
}

std::vector<SeenEvent> take_events(ByteSource& in) {
    std::vector<SeenEvent> events;
    const std::uint64_t count = in.varint(in.left());
    events.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(count, 65'536)));
    SeenEvent event;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const SeenEvent before = event;
        event.time = static_cast<common::Nanos>(static_cast<std::uint64_t>(before.time) +
                                                static_cast<std::uint64_t>(storage::unzigzag(in.varint())));
        event.seq = before.seq + static_cast<std::uint64_t>(storage::unzigzag(in.varint()));
        event.index =
            static_cast<std::uint32_t>(before.index + static_cast<std::uint64_t>(storage::unzigzag(in.varint())));
        event.tag = static_cast<std::uint32_t>(in.varint(0xFFFFFFFFU));
        if (i != 0 && !(before < event)) { in.fail(); }
        events.push_back(event);
    }
    return events;
}

void put_learning(ByteSink& out, const CorrelationLearning& learning) {
    out.u8(learning.begun ? 1 : 0);
    put_time(out, learning.since);
    put_time(out, learning.newest);
}

/// Far enough from the ends of the range for spans to be added and taken away.
common::Nanos take_bounded_time(ByteSource& in) {
    static constexpr common::Nanos kFar = common::Nanos{1} << 62U;
    return std::clamp(in.signed64(), -kFar, kFar);
}

CorrelationLearning take_learning(ByteSource& in) {
    CorrelationLearning learning;
    learning.begun = in.u8() != 0;
    learning.since = take_bounded_time(in);
    learning.newest = take_bounded_time(in);
    return learning;
}

void put_seen(ByteSink& out, const SeenValues& seen) {
    out.varint(seen.slots());
    out.varint(seen.size());
    for (const auto& [value, time] : seen.in_order()) {
        out.fixed64(value);
        put_time(out, time);
    }
}

void take_seen(ByteSource& in, SeenValues& seen) {
    const std::uint64_t slots = in.varint();
    const std::uint64_t count = in.varint(in.left());
    std::vector<SeenValues::Seen> values;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const std::uint64_t value = in.fixed64();
        values.push_back({value, take_bounded_time(in)});
    }
    if (!in.ok() || !seen.restore(static_cast<std::size_t>(slots), values)) { in.fail(); }
}

void put_episode(ByteSink& out, const CorrelationEpisode* episode) {
    out.u8(episode == nullptr ? 0 : 1);
    if (episode == nullptr) { return; }
    put_time(out, episode->from);
    put_time(out, episode->to);
    out.varint(episode->count);
    out.varint(episode->listed.size());
    for (const auto id : episode->listed) {
        out.varint(id.seq);
        out.varint(id.index);
    }
}

std::unique_ptr<CorrelationEpisode> take_episode(ByteSource& in) {
    if (in.u8() == 0) { return nullptr; }
    auto episode = std::make_unique<CorrelationEpisode>();
    episode->firing = true;
    episode->from = in.signed64();
    episode->to = in.signed64();
    episode->count = in.varint();
    const std::uint64_t count = in.varint(in.left());
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const std::uint64_t seq = in.varint();
        episode->listed.push_back({seq, static_cast<std::uint32_t>(in.varint(0xFFFFFFFFU))});
    }
    return episode;
}

} // namespace

class CorrelationCodec {
public:
    using State = Correlator::State;

    static std::string save(const State& state) {
        ByteSink out;
        out.u8(kVersion);
        out.fixed64(state.limits.seed);
        put_time(out, state.received);
        put_time(out, state.clock);
        out.varint(state.turn);
        out.varint(state.pushed);
        out.varint(state.swept);
        out.varint(state.running.size());
        std::vector<CorrelationGroup*> groups;
        for (const auto& of : state.running) {
            out.text(of->rule.definition());
            put_learning(out, of->learning);
            for (CorrelationGroup* group = of->order.oldest(); group != nullptr; group = group->newer) {
                groups.push_back(group);
            }
        }
        std::sort(groups.begin(), groups.end(), [](const auto* a, const auto* b) { return a->turn < b->turn; });
        out.varint(groups.size());
        for (CorrelationGroup* const group : groups) {
            put_group(out, state, *group);
        }
        return std::string(out.view());
    }

    static bool restore(State& state, std::string_view saved) {
        ByteSource in(saved);
        const std::uint8_t version = in.u8();
        if (version != kVersion && version != kWithoutLearning) { return false; }
        const std::uint64_t seed = in.fixed64();
        reseed(state, seed);
        state.received = in.signed64();
        state.clock = in.signed64();
        state.turn = in.varint();
        state.pushed = in.varint();
        state.swept = static_cast<std::size_t>(in.varint());
        if (!state.running.empty()) { state.swept %= state.running.size(); }
        // Places in the saved list -> places here, or none. Their shape is needed to read what is not taken over.
        std::vector<std::optional<std::uint32_t>> places;
        const std::uint64_t count = in.varint(in.left());
        for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
            places.push_back(place_of(state, in.text()));
            if (version == kWithoutLearning) { continue; }
            const CorrelationLearning learning = take_learning(in);
            if (places.back()) { state.running[*places.back()]->learning = learning; }
        }
        const std::uint64_t groups = in.varint(in.left());
        for (std::uint64_t i = 0; i < groups && in.ok(); ++i) {
            take_group(in, state, places);
        }
        return in.ok() && in.left() == 0;
    }

    /// Only of a state without groups.
    static void reseed(State& state, std::uint64_t seed) {
        state.limits.seed = seed;
        for (auto& of : state.running) {
            of->groups = CorrelationTable(0, SeededHash{seed});
        }
    }

    static std::optional<std::uint32_t> place_of(const State& state, std::string_view definition) {
        for (std::size_t i = 0; i < state.running.size(); ++i) {
            if (state.running[i]->rule.definition() == definition) { return static_cast<std::uint32_t>(i); }
        }
        return std::nullopt;
    }

private:
    static void put_group(ByteSink& out, const State& state, CorrelationGroup& group) {
        ByteSink body;
        put_events(body, group.window.events());
        if (const auto* const seen = group.window.seen()) { put_seen(body, *seen); }
        if (const auto* const values = group.window.values()) {
            for (const std::uint64_t value : *values) {
                body.fixed64(value);
            }
        }
        if (state.running[group.correlation]->rule.is_temporal()) {
            const auto& events = group.window.events();
            for (std::size_t i = 0; i < events.size(); ++i) {
                body.varint(static_cast<std::uint64_t>(group.window.deadline(i)));
            }
            for (std::size_t i = 0; i < events.size(); ++i) {
                const common::Nanos deadline = group.window.deadline(i);
                if (deadline == 0) { continue; }
                put_record(body, state.waiting.at({deadline, group.correlation, events[i], &group}));
            }
        }
        put_episode(body, group.episode.get());
        out.varint(group.correlation);
        out.text(*group.key);
        put_time(out, group.fed);
        out.varint(group.turn);
        out.text(body.view()); // with its length: what belongs to another definition can be passed over
    }

    static void take_group(ByteSource& in, State& state, const std::vector<std::optional<std::uint32_t>>& places) {
        const std::uint64_t place = in.varint();
        const std::string_view key = in.text();
        const common::Nanos fed = in.signed64();
        const std::uint64_t turn = in.varint();
        ByteSource body(in.text());
        if (!in.ok() || place >= places.size()) {
            in.fail();
            return;
        }
        const auto correlation = places[static_cast<std::size_t>(place)];
        if (!correlation) { return; }
        RunningCorrelation& of = *state.running[*correlation];
        if (of.groups.contains(key)) {
            in.fail();
            return;
        }
        CorrelationGroup& group = state.make_group(*correlation, key);
        group.fed = fed;
        group.turn = turn;
        take_window(body, state, of, group);
        state.account(group);
        if (!body.ok() || body.left() != 0 || group.window.empty()) { in.fail(); }
    }

    static void take_window(ByteSource& in, State& state, RunningCorrelation& of, CorrelationGroup& group) {
        const auto events = take_events(in);
        const bool temporal = of.rule.is_temporal();
        const std::size_t rules = of.rule.correlation().rule_ids.size();
        for (const SeenEvent& event : events) {
            if (temporal && event.tag >= rules) { in.fail(); }
        }
        SeenValues* const seen = group.window.seen();
        if (seen != nullptr && !events.empty()) { in.fail(); }
        if (seen != nullptr && in.ok()) { take_seen(in, *seen); }
        if (!in.ok()) { return; }
        const bool numbers = rules::measures_numbers(of.rule.correlation().type);
        for (const SeenEvent& event : events) {
            const std::uint64_t value = of.rule.measures_values() ? in.fixed64() : 0;
            if (numbers && !ExactSum::fixed(std::bit_cast<double>(value))) { in.fail(); }
            if (!in.ok()) { return; }
            static_cast<void>(group.window.insert(of.rule, event, value));
        }
        if (temporal) {
            std::vector<common::Nanos> deadlines;
            for (std::size_t i = 0; i < events.size() && in.ok(); ++i) {
                deadlines.push_back(static_cast<common::Nanos>(in.varint()));
            }
            for (std::size_t i = 0; i < deadlines.size() && in.ok(); ++i) {
                if (deadlines[i] != 0) { state.wait_for(group, events[i], deadlines[i], take_record(in)); }
            }
        }
        group.episode = take_episode(in);
    }
};

std::string Correlator::save() const {
    return CorrelationCodec::save(*state_);
}

bool Correlator::restore(std::string_view saved) {
    state_->clear();
    if (CorrelationCodec::restore(*state_, saved)) { return true; }
    state_->clear();
    state_->received = state_->clock = 0;
    return false;
}

void Correlator::adopt(Correlator&& older) {
    State& from = *older.state_;
    State& to = *state_;
    to.clear();
    CorrelationCodec::reseed(to, from.limits.seed);
    to.received = from.received;
    to.clock = from.clock;
    to.turn = from.turn;
    to.pushed = from.pushed;
    std::vector<std::pair<WaitingKey, event::DetectionRecord>> waiting;
    for (auto& [key, record] : from.waiting) {
        waiting.emplace_back(key, std::move(record));
    }
    from.waiting.clear();
    std::vector<std::optional<std::uint32_t>> places;
    for (auto& of : from.running) {
        places.push_back(CorrelationCodec::place_of(to, of->rule.definition()));
        if (!places.back()) { continue; }
        RunningCorrelation& mine = *to.running[*places.back()];
        mine.groups = std::move(of->groups);
        mine.order = std::exchange(of->order, FedOrder());
        mine.stats = of->stats;
        mine.learning = of->learning;
        to.state_bytes += mine.stats.bytes;
        for (CorrelationGroup* group = mine.order.oldest(); group != nullptr; group = group->newer) {
            group->correlation = *places.back();
        }
    }
    for (auto& [key, record] : waiting) {
        const auto place = places[key.correlation];
        if (!place) { continue; }
        to.waiting.emplace(WaitingKey{key.deadline, *place, key.event, key.group}, std::move(record));
    }
    from.clear();
}

} // namespace canhgac::engine
