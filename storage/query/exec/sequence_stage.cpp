// `sequence`: keeps a short note of each event that fits a part, brings them in order at the end and looks for matches.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "storage/query/exec/group_table.hpp"
#include "storage/query/exec/piecewise_sort.hpp"
#include "storage/query/exec/sequence_matcher.hpp"
#include "storage/query/exec/time_intervals.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::storage {

namespace {

constexpr std::size_t kNotesBetweenLooks = 4'096; ///< at the cancel flag
constexpr std::size_t kRawBytes = 96;             ///< a node of the map of lines

std::vector<std::uint32_t> positions_of(const std::vector<PlannedPart>& parts) {
    std::vector<std::uint32_t> positions;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        positions.insert(positions.end(), parts[i].runs, static_cast<std::uint32_t>(i));
    }
    return positions;
}

class SequenceStage final : public Stage {
public:
    explicit SequenceStage(const StageInputs& inputs) : in_(inputs) {
        for (const PlannedPart& part : in_.plan.parts) {
            filters_.emplace_back(part.filter, in_.context.rules(), in_.context.options.sources.senders);
        }
    }

    bool push(const QueryRow& row) override {
        const std::uint32_t parts = parts_of(row);
        if (parts == 0) { return true; }
        const auto by = evaluate_all(in_, in_.plan.by, row, values_);
        if (std::any_of(by.begin(), by.end(), [](const QueryValue& value) { return value.is_null(); })) { return true; }
        const auto found = groups_.find(by);
        notes_.push_back({row.event->time, row.event->id, static_cast<std::uint32_t>(found.group), parts});
        return in_.context.take(found.bytes + 2 * sizeof(Note)); // twice, as sorting takes it
    }

    void finish() override {
        const auto earlier = [](const Note& left, const Note& right) {
            return std::tuple(left.group, left.time, left.id) < std::tuple(right.group, right.time, right.id);
        };
        if (!sort_in_pieces(notes_, earlier, in_.context) || !find_matches()) { return; }
        const auto newer = [this](const Match& left, const Match& right) {
            const Note& a = notes_[last_of(left)];
            const Note& b = notes_[last_of(right)];
            return std::tuple(b.time, b.id) < std::tuple(a.time, a.id);
        };
        if (!sort_in_pieces(matches_, newer, in_.context)) { return; }
        if (in_.plan.with_raws && !read_raws()) { return; }
        std::vector<QueryValue> slots(in_.width);
        for (const Match& match : matches_) {
            if (!in_.context.goes_on()) { return; }
            in_.context.scratch.reset();
            fill(match, slots);
            if (!in_.next.push({slots, nullptr})) { break; }
        }
        if (!in_.context.failure) { in_.next.finish(); }
    }

private:
    struct Note {
        common::Nanos time;
        event::EventId id;
        std::uint32_t group;
        std::uint32_t parts; ///< a bit for each
    };
    /// Its events are `count` numbers from `first` on in events_.
    struct Match {
        std::size_t first;
        std::size_t count;
    };

    std::uint32_t parts_of(const QueryRow& row) {
        std::uint32_t parts = 0;
        for (std::size_t i = 0; i < filters_.size(); ++i) {
            const auto& condition = in_.plan.parts[i].condition;
            const bool fits =
                filters_[i].matches(*row.event) && (!condition || in_.context.evaluator.holds(*condition, row.slots));
            parts |= fits ? 1U << i : 0U;
        }
        return parts;
    }

    bool find_matches() {
        SequenceMatcher matcher(positions_of(in_.plan.parts), in_.plan.span);
        std::vector<std::uint32_t> match;
        for (std::size_t i = 0; i < notes_.size(); ++i) {
            if (i % kNotesBetweenLooks == 0 && !in_.context.goes_on()) { return false; }
            const Note& note = notes_[i];
            if (i > 0 && notes_[i - 1].group != note.group) { matcher.reset(); }
            if (!matcher.add(static_cast<std::uint32_t>(i), note.time, note.parts, match)) { continue; }
            matches_.push_back({events_.size(), match.size()});
            events_.insert(events_.end(), match.begin(), match.end());
            if (!in_.context.take(2 * sizeof(Match) + match.size() * sizeof(std::uint32_t))) { return false; }
        }
        return true;
    }

    [[nodiscard]] std::size_t last_of(const Match& match) const noexcept {
        return events_[match.first + match.count - 1];
    }

    void fill(const Match& match, std::vector<QueryValue>& slots) {
        const Note& first = notes_[events_[match.first]];
        const Note& last = notes_[last_of(match)];
        const auto by = groups_.values(first.group);
        std::size_t slot = 0;
        for (const QueryValue& value : by) {
            slots[slot++] = value;
        }
        slots[slot++] = QueryValue::datetime(first.time);
        slots[slot++] = QueryValue::datetime(last.time);
        slots[slot++] = QueryValue::timespan(last.time - first.time);
        const auto ids = allocate_values(in_.context.scratch, match.count);
        for (std::size_t i = 0; i < match.count; ++i) {
            const event::EventId id = notes_[events_[match.first + i]].id;
            ids[i] = QueryValue::string(in_.context.scratch.copy(fmt::format("{}.{}", id.seq, id.index)));
        }
        slots[slot++] = QueryValue::list(ids);
        if (in_.plan.with_raws) { slots[slot] = QueryValue::list(raws_of(match)); }
    }

    /// Reads the lines of the events that are in matches.
    bool read_raws() {
        std::vector<Interval> times;
        for (const std::uint32_t event : events_) {
            raws_.try_emplace(notes_[event].id);
            times.push_back({notes_[event].time, notes_[event].time});
        }
        if (!in_.context.take(events_.size() * (sizeof(Interval) + kRawBytes))) { return false; }
        if (!merge_intervals(times, in_.context)) { return false; }
        join_intervals(times, kMostStoreReads);
        std::vector<event::Filter> filters;
        for (const PlannedPart& part : in_.plan.parts) {
            filters.push_back(without_rules(part.filter));
        }
        event::QueryPlan plan;
        plan.filter = either(std::move(filters));
        return read_intervals(times, std::move(plan), in_.context, [this](const event::StoredEvent& event) {
            const auto found = raws_.find(event.id);
            if (found == raws_.end()) { return true; }
            found->second = event.raw;
            return in_.context.take(event.raw.size());
        });
    }

    std::span<const QueryValue> raws_of(const Match& match) {
        const auto raws = allocate_values(in_.context.scratch, match.count);
        for (std::size_t i = 0; i < match.count; ++i) {
            raws[i] = QueryValue::string(raws_.at(notes_[events_[match.first + i]].id));
        }
        return raws;
    }

    StageInputs in_;
    std::vector<EventFilter> filters_;
    GroupTable groups_;
    std::vector<Note> notes_;
    std::vector<Match> matches_;
    std::vector<std::uint32_t> events_;
    std::map<event::EventId, std::string> raws_; ///< of events in matches, when they are wanted
    std::vector<QueryValue> values_;
};

} // namespace

std::unique_ptr<Stage> make_sequence_stage(const StageInputs& inputs) {
    return std::make_unique<SequenceStage>(inputs);
}

} // namespace canhgac::storage
