// Steps that look at one row after the other, and `extend` with its neighbours.
#include <string>
#include <unordered_map>

#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

namespace {

class FilterStage final : public Stage {
public:
    explicit FilterStage(const StageInputs& inputs) noexcept : in_(inputs) {}
    bool push(const QueryRow& row) override {
        return !in_.context.evaluator.holds(in_.plan.condition, row.slots) || in_.next.push(row);
    }
    void finish() override { in_.next.finish(); }

private:
    StageInputs in_;
};

void assign(const StageInputs& in, const QueryRow& row) {
    for (const auto& [slot, expression] : in.plan.assignments) {
        row.slots[slot] = in.context.evaluator.evaluate(expression, row.slots);
    }
}

class AssignStage final : public Stage {
public:
    explicit AssignStage(const StageInputs& inputs) noexcept : in_(inputs) {}
    bool push(const QueryRow& row) override {
        assign(in_, row);
        return in_.next.push(row);
    }
    void finish() override { in_.next.finish(); }

private:
    StageInputs in_;
};

class TakeStage final : public Stage {
public:
    explicit TakeStage(const StageInputs& inputs) noexcept : in_(inputs), left_(inputs.plan.count) {}
    bool push(const QueryRow& row) override {
        if (left_ == 0) { return false; }
        --left_;
        return in_.next.push(row) && left_ != 0;
    }
    void finish() override { in_.next.finish(); }

private:
    StageInputs in_;
    std::uint64_t left_;
};

/// extend with prev() and next(): keeps all rows, then gives them in the order they came.
class WindowStage final : public Stage {
public:
    explicit WindowStage(const StageInputs& inputs) noexcept : in_(inputs) {}

    bool push(const QueryRow& row) override {
        std::string key;
        for (const QuerySlot slot : in_.plan.groups) {
            append_value_key(key, row.slots[slot]);
        }
        const std::size_t index = rows_.size();
        const std::size_t key_bytes = key.size();
        const auto [last, is_new] = last_.try_emplace(std::move(key), kNone);
        const std::size_t before = last->second;
        last->second = index;
        rows_.push_back({KeptRow(row.slots, row.event), before, kNone});
        if (before != kNone) { rows_[before].behind = index; }
        return in_.context.take(rows_.back().row.bytes() + sizeof(Entry) + (is_new ? key_bytes + kGroupBytes : 0));
    }

    void finish() override {
        std::vector<QueryValue> slots(in_.width);
        for (const Entry& entry : rows_) {
            if (!in_.context.goes_on()) { return; }
            in_.context.scratch.reset();
            const auto values = entry.row.values();
            std::copy(values.begin(), values.end(), slots.begin());
            for (const PlannedNeighbour& neighbour : in_.plan.neighbours) {
                const std::size_t other = neighbour.behind ? entry.behind : entry.before;
                slots[neighbour.to] = other == kNone ? QueryValue{} : rows_[other].row.values()[neighbour.from];
            }
            const QueryRow row{slots, entry.row.event()};
            assign(in_, row);
            if (!in_.next.push(row)) { break; }
        }
        if (!in_.context.failure) { in_.next.finish(); }
    }

private:
    static constexpr std::size_t kNone = SIZE_MAX;
    static constexpr std::size_t kGroupBytes = 80;
    struct Entry {
        KeptRow row;
        std::size_t before;
        std::size_t behind;
    };
    StageInputs in_;
    std::vector<Entry> rows_;
    std::unordered_map<std::string, std::size_t> last_;
};

} // namespace

std::unique_ptr<Stage> make_filter_stage(const StageInputs& inputs) {
    return std::make_unique<FilterStage>(inputs);
}
std::unique_ptr<Stage> make_assign_stage(const StageInputs& inputs) {
    return std::make_unique<AssignStage>(inputs);
}
std::unique_ptr<Stage> make_window_stage(const StageInputs& inputs) {
    return std::make_unique<WindowStage>(inputs);
}
std::unique_ptr<Stage> make_take_stage(const StageInputs& inputs) {
    return std::make_unique<TakeStage>(inputs);
}

} // namespace canhgac::storage
