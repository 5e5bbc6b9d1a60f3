// `around`: remembers when the hits were, by what they share with the events wanted; then reads the store once more
// where they were.
#include <algorithm>
#include <map>

#include "storage/query/exec/event_reader.hpp"
#include "storage/query/exec/group_table.hpp"
#include "storage/query/exec/time_intervals.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::storage {

namespace {

constexpr std::size_t kMostShared = 128; ///< values told to the store

class AroundStage final : public Stage {
public:
    explicit AroundStage(const StageInputs& inputs) : in_(inputs), reader_(*inputs.fields, inputs.width) {}

    bool push(const QueryRow& row) override {
        std::uint64_t mask = 0;
        values_.clear();
        for (std::size_t i = 0; i < in_.plan.by.size(); ++i) {
            const QueryValue value = in_.context.evaluator.evaluate(in_.plan.by[i], row.slots);
            if (value.is_null()) { continue; }
            mask |= std::uint64_t{1} << i;
            values_.push_back(value);
        }
        const bool alone = mask == 0 && !in_.plan.by.empty();
        Shared& shared = shared_[mask];
        const std::string text = alone ? id_text(*row.event) : std::string();
        if (alone) { values_.push_back(QueryValue::string(text)); }
        const auto found = shared.groups.find(values_);
        if (found.is_new) { shared.times.emplace_back(); }
        std::vector<Interval>& times = shared.times[found.group];
        const Interval time = around_time(row.event->time, alone ? 0 : in_.plan.span);
        if (!times.empty() && time.from <= times.back().to && times.back().from <= time.to) {
            times.back() = {std::min(times.back().from, time.from), std::max(times.back().to, time.to)};
            return true; // hits come by time mostly, so that few intervals stay
        }
        times.push_back(time);
        return in_.context.take(found.bytes + 4 * sizeof(Interval) +
                                (found.is_new ? sizeof(std::vector<Interval>) : 0));
    }

    void finish() override {
        std::vector<Interval> whole;
        for (auto& [mask, shared] : shared_) {
            for (std::vector<Interval>& times : shared.times) {
                if (!in_.context.goes_on() || !merge_intervals(times, in_.context)) { return; }
                whole.insert(whole.end(), times.begin(), times.end());
            }
        }
        if (!merge_intervals(whole, in_.context)) { return; }
        join_intervals(whole, kMostStoreReads);
        event::QueryPlan plan;
        plan.filter = filter_of_shared();
        if (!read_intervals(whole, std::move(plan), in_.context, [this](const auto& event) { return take(event); })) {
            return;
        }
        in_.next.finish();
    }

private:
    /// Hits that have the same `by` columns, by the values they have there.
    struct Shared {
        GroupTable groups;
        std::vector<std::vector<Interval>> times; ///< of each group
    };

    static std::string id_text(const event::StoredEvent& event) {
        std::string text = std::to_string(event.id.seq);
        text += '.';
        return text += std::to_string(event.id.index);
    }

    bool take(const event::StoredEvent& event) {
        in_.context.scratch.reset();
        const auto slots = reader_.read(event, in_.context.scratch);
        for (auto& [mask, shared] : shared_) {
            if (!is_around(mask, shared, event, slots)) { continue; }
            return in_.next.push({slots, &event});
        }
        return true;
    }

    bool is_around(std::uint64_t mask, Shared& shared, const event::StoredEvent& event,
                   std::span<const QueryValue> slots) {
        values_.clear();
        std::string text;
        if (mask == 0 && !in_.plan.by.empty()) {
            text = id_text(event);
            values_.push_back(QueryValue::string(text));
        }
        for (std::size_t i = 0; i < in_.plan.shared.size(); ++i) {
            if ((mask >> i & 1U) == 0) { continue; }
            values_.push_back(in_.context.evaluator.evaluate(in_.plan.shared[i], slots));
        }
        const std::size_t group = shared.groups.known(values_);
        return group != GroupTable::kNone && holds_time(shared.times[group], event.time);
    }

    /// What every event wanted passes.
    [[nodiscard]] event::Filter filter_of_shared() const {
        std::vector<event::Filter> filters;
        for (const auto& [mask, shared] : shared_) {
            for (std::size_t group = 0; group < shared.groups.size(); ++group) {
                if (filters.size() == kMostShared) { return {}; }
                filters.push_back(filter_of_group(mask, shared.groups.values(group)));
            }
        }
        return filters.empty() ? event::Filter{} : either(std::move(filters));
    }

    [[nodiscard]] event::Filter filter_of_group(std::uint64_t mask, std::span<const QueryValue> values) const {
        event::Filter filter;
        std::size_t value = 0;
        for (std::size_t i = 0; i < in_.plan.by.size(); ++i) {
            if ((mask >> i & 1U) == 0) { continue; }
            if (auto equal = filter_of_equal(in_.plan.names[i], values[value])) {
                filter = both(std::move(filter), std::move(*equal));
            }
            ++value;
        }
        return filter;
    }

    StageInputs in_;
    EventReader reader_;
    std::map<std::uint64_t, Shared> shared_; ///< by the `by` columns the hits have, a bit for each
    std::vector<QueryValue> values_;
};

} // namespace

std::unique_ptr<Stage> make_around_stage(const StageInputs& inputs) {
    return std::make_unique<AroundStage>(inputs);
}

} // namespace canhgac::storage
