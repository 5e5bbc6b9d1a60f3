// Steps that bring rows in order: sort in short runs that are merged at the end, so that no single piece of work is
// long; top with a heap of as many rows as are wanted. Equal rows stay in the order they came.
#include <algorithm>

#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

namespace {

constexpr std::size_t kRunRows = 8'192;

/// A row with the values it is sorted by behind its slots.
struct OrderedRow {
    KeptRow row;
    std::uint64_t number = 0; ///< as it came
};

class RowOrder {
public:
    RowOrder(const std::vector<PlannedKey>& keys, std::size_t width) noexcept : keys_(&keys), width_(width) {}

    /// The slots of a row and its keys.
    void append_keys(QueryContext& context, const QueryRow& row, std::vector<QueryValue>& out) const {
        out.assign(row.slots.begin(), row.slots.end());
        for (const PlannedKey& key : *keys_) {
            out.push_back(context.evaluator.evaluate(key.expression, row.slots));
        }
    }
    [[nodiscard]] bool before(std::span<const QueryValue> left, std::uint64_t left_number,
                              std::span<const QueryValue> right, std::uint64_t right_number) const noexcept {
        for (std::size_t i = 0; i < keys_->size(); ++i) {
            const auto order = compare((*keys_)[i], left[width_ + i], right[width_ + i]);
            if (order != 0) { return order < 0; }
        }
        return left_number < right_number;
    }
    [[nodiscard]] bool operator()(const OrderedRow& left, const OrderedRow& right) const noexcept {
        return before(left.row.values(), left.number, right.row.values(), right.number);
    }

private:
    static std::strong_ordering compare(const PlannedKey& key, const QueryValue& left,
                                        const QueryValue& right) noexcept {
        if (left.is_null() || right.is_null()) {
            if (left.is_null() && right.is_null()) { return std::strong_ordering::equal; }
            return left.is_null() == key.nulls_first ? std::strong_ordering::less : std::strong_ordering::greater;
        }
        return key.ascending ? order_values(left, right) : order_values(right, left);
    }
    const std::vector<PlannedKey>* keys_;
    std::size_t width_;
};

/// Gives a kept row on. False: no more are wanted, or it has to stop.
bool give(const StageInputs& in, const OrderedRow& kept, std::vector<QueryValue>& slots) {
    if (!in.context.goes_on()) { return false; }
    in.context.scratch.reset();
    const auto values = kept.row.values().first(in.width);
    slots.assign(values.begin(), values.end());
    return in.next.push({slots, kept.row.event()});
}

class SortStage final : public Stage {
public:
    explicit SortStage(const StageInputs& inputs) noexcept : in_(inputs), order_(inputs.plan.keys, inputs.width) {}

    bool push(const QueryRow& row) override {
        order_.append_keys(in_.context, row, values_);
        if (runs_.empty() || runs_.back().size() == kRunRows) {
            end_run();
            runs_.emplace_back();
        }
        runs_.back().push_back({KeptRow(values_, row.event), rows_++});
        return in_.context.take(runs_.back().back().row.bytes() + sizeof(std::uint64_t));
    }

    void finish() override {
        end_run();
        std::vector<std::size_t> next(runs_.size(), 0);
        std::vector<std::size_t> heap; // runs, the one with the first row in front
        const auto later = [&](std::size_t left, std::size_t right) {
            return order_(runs_[right][next[right]], runs_[left][next[left]]);
        };
        for (std::size_t run = 0; run < runs_.size(); ++run) {
            heap.push_back(run);
        }
        std::make_heap(heap.begin(), heap.end(), later);
        std::vector<QueryValue> slots;
        while (!heap.empty()) {
            std::pop_heap(heap.begin(), heap.end(), later);
            const std::size_t run = heap.back();
            if (!give(in_, runs_[run][next[run]], slots)) { break; }
            if (++next[run] == runs_[run].size()) {
                heap.pop_back();
            } else {
                std::push_heap(heap.begin(), heap.end(), later);
            }
        }
        if (!in_.context.failure) { in_.next.finish(); }
    }

private:
    void end_run() {
        if (!runs_.empty()) { std::sort(runs_.back().begin(), runs_.back().end(), order_); }
    }

    StageInputs in_;
    RowOrder order_;
    std::vector<std::vector<OrderedRow>> runs_;
    std::uint64_t rows_ = 0;
    std::vector<QueryValue> values_;
};

class TopStage final : public Stage {
public:
    explicit TopStage(const StageInputs& inputs) noexcept : in_(inputs), order_(inputs.plan.keys, inputs.width) {}

    bool push(const QueryRow& row) override {
        order_.append_keys(in_.context, row, values_);
        const std::uint64_t number = rows_++;
        if (heap_.size() == in_.plan.count) {
            const OrderedRow& last = heap_.front();
            if (!order_.before(values_, number, last.row.values(), last.number)) { return true; }
            std::pop_heap(heap_.begin(), heap_.end(), order_);
            in_.context.memory.give_back(heap_.back().row.bytes());
            heap_.pop_back();
        }
        heap_.push_back({KeptRow(values_, row.event), number});
        const std::size_t bytes = heap_.back().row.bytes();
        std::push_heap(heap_.begin(), heap_.end(), order_);
        return in_.context.take(bytes);
    }

    void finish() override {
        std::vector<OrderedRow> sorted; // the heap gives its last first
        std::vector<QueryValue> slots;
        sorted.resize(heap_.size());
        while (!heap_.empty()) {
            if (heap_.size() % kRunRows == 0 && !in_.context.goes_on()) { return; }
            std::pop_heap(heap_.begin(), heap_.end(), order_);
            sorted[heap_.size() - 1] = std::move(heap_.back());
            heap_.pop_back();
        }
        for (const OrderedRow& row : sorted) {
            if (!give(in_, row, slots)) { break; }
        }
        if (!in_.context.failure) { in_.next.finish(); }
    }

private:
    StageInputs in_;
    RowOrder order_;
    std::vector<OrderedRow> heap_; ///< the last of those kept in front
    std::uint64_t rows_ = 0;
    std::vector<QueryValue> values_;
};

} // namespace

std::unique_ptr<Stage> make_sort_stage(const StageInputs& inputs) {
    return std::make_unique<SortStage>(inputs);
}
std::unique_ptr<Stage> make_top_stage(const StageInputs& inputs) {
    return std::make_unique<TopStage>(inputs);
}

} // namespace canhgac::storage
