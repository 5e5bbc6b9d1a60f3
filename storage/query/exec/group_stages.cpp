// Steps that put rows of equal values together: summarize, count, distinct, facets.
#include <algorithm>
#include <numeric>
#include <tuple>

#include "storage/query/exec/aggregator.hpp"
#include "storage/query/exec/group_table.hpp"
#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

namespace {

class GroupStage final : public Stage {
public:
    explicit GroupStage(const StageInputs& inputs) : in_(inputs) {
        for (const PlannedAggregate& aggregate : in_.plan.aggregates) {
            aggregators_.push_back(make_aggregator(aggregate));
        }
    }

    bool push(const QueryRow& row) override {
        const auto found = groups_.find(evaluate_all(in_, in_.plan.by, row, values_));
        std::size_t bytes = found.bytes;
        if (found.is_new) { bytes += start_group(); }
        if (in_.context.options.any_order && in_.plan.any_order) { bytes += note_newest(found, *row.event); }
        for (std::size_t i = 0; i < aggregators_.size(); ++i) {
            const auto arguments = evaluate_all(in_, in_.plan.aggregates[i].arguments, row, values_);
            bytes += aggregators_[i]->add(found.group, arguments);
        }
        return bytes == 0 || in_.context.take(bytes);
    }

    void finish() override {
        if (in_.plan.by.empty() && groups_.size() == 0) { // of nothing there is one summary
            static_cast<void>(groups_.find({}));
            start_group();
        }
        std::vector<QueryValue> slots(in_.width);
        for (const std::size_t group : order()) {
            if (!in_.context.goes_on()) { return; }
            in_.context.scratch.reset();
            const auto by = groups_.values(group);
            std::copy(by.begin(), by.end(), slots.begin());
            for (std::size_t i = 0; i < aggregators_.size(); ++i) {
                const PlannedAggregate& plan = in_.plan.aggregates[i];
                const bool keeps = plan.kind == AggregateKind::arg_max || plan.kind == AggregateKind::arg_min;
                const auto out = std::span(slots).subspan(plan.slot, keeps ? plan.arguments.size() : 1);
                aggregators_[i]->result(group, out, in_.context.scratch);
            }
            if (!in_.next.push({slots, nullptr})) { break; }
        }
        if (!in_.context.failure) { in_.next.finish(); }
    }

private:
    using Newest = std::tuple<common::Nanos, std::uint64_t, std::uint32_t>; ///< time and id of an event

    /// What a group shows, and where it stands, are those of its newest event, as if events came newest first.
    std::size_t note_newest(const GroupTable::Found& found, const event::StoredEvent& event) {
        const Newest key{event.time, event.id.seq, event.id.index};
        if (found.is_new) {
            newest_.push_back(key);
            return sizeof key;
        }
        if (newest_[found.group] < key) {
            newest_[found.group] = key;
            groups_.show(found.group, values_);
        }
        return 0;
    }

    [[nodiscard]] std::vector<std::size_t> order() const {
        std::vector<std::size_t> groups(groups_.size());
        std::iota(groups.begin(), groups.end(), std::size_t{0});
        if (newest_.size() == groups.size()) {
            std::sort(groups.begin(), groups.end(),
                      [this](std::size_t left, std::size_t right) { return newest_[left] > newest_[right]; });
        }
        return groups;
    }

    std::size_t start_group() {
        std::size_t bytes = 0;
        for (const auto& aggregator : aggregators_) {
            bytes += aggregator->add_group();
        }
        return bytes;
    }

    StageInputs in_;
    GroupTable groups_;
    std::vector<Newest> newest_; ///< by group, with PlannedStep::any_order
    std::vector<std::unique_ptr<Aggregator>> aggregators_;
    std::vector<QueryValue> values_;
};

/// Gives a row as soon as it is the first of its kind.
class DistinctStage final : public Stage {
public:
    explicit DistinctStage(const StageInputs& inputs) noexcept : in_(inputs) {}
    bool push(const QueryRow& row) override {
        const auto found = seen_.find(evaluate_all(in_, in_.plan.by, row, values_));
        if (!found.is_new) { return true; }
        if (!in_.context.take(found.bytes)) { return false; }
        slots_.assign(in_.width, {});
        std::copy(values_.begin(), values_.end(), slots_.begin());
        return in_.next.push({slots_, nullptr});
    }
    void finish() override { in_.next.finish(); }

private:
    StageInputs in_;
    GroupTable seen_;
    std::vector<QueryValue> values_;
    std::vector<QueryValue> slots_;
};

/// The most frequent values of each column. A field of several values counts for each.
class FacetStage final : public Stage {
public:
    explicit FacetStage(const StageInputs& inputs) : in_(inputs), facets_(inputs.plan.by.size()) {}

    bool push(const QueryRow& row) override {
        for (std::size_t i = 0; i < facets_.size(); ++i) {
            const QueryValue value = in_.context.evaluator.evaluate(in_.plan.by[i], row.slots);
            if (value.type() != QueryType::list) {
                if (!count(facets_[i], value)) { return false; }
                continue;
            }
            for (const QueryValue& item : value.items()) {
                if (!count(facets_[i], item)) { return false; }
            }
        }
        return true;
    }

    void finish() override {
        std::vector<QueryValue> slots(in_.width);
        for (std::size_t i = 0; i < facets_.size(); ++i) {
            const Facet& facet = facets_[i];
            for (const std::size_t group : most_frequent(facet)) {
                if (!in_.context.goes_on()) { return; }
                in_.context.scratch.reset();
                slots[0] = QueryValue::string(in_.plan.names[i]);
                slots[1] = facet.values.values(group)[0];
                slots[2] = QueryValue::integer(facet.counts[group]);
                if (!in_.next.push({slots, nullptr})) { return in_.next.finish(); }
                if (in_.context.failure) { return; }
            }
        }
        in_.next.finish();
    }

private:
    struct Facet {
        GroupTable values;
        std::vector<std::int64_t> counts;
    };

    bool count(Facet& facet, const QueryValue& value) {
        if (value.is_null()) { return true; }
        const auto found = facet.values.find({&value, 1});
        if (found.is_new) { facet.counts.push_back(0); }
        ++facet.counts[found.group];
        return found.bytes == 0 || in_.context.take(found.bytes);
    }

    static std::vector<std::size_t> most_frequent(const Facet& facet) {
        std::vector<std::size_t> order(facet.counts.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
        }
        const std::size_t wanted = std::min(order.size(), kFacetValues);
        std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(),
                          [&](std::size_t left, std::size_t right) {
                              if (facet.counts[left] != facet.counts[right]) {
                                  return facet.counts[left] > facet.counts[right];
                              }
                              return left < right;
                          });
        order.resize(wanted);
        return order;
    }

    StageInputs in_;
    std::vector<Facet> facets_;
};

} // namespace

std::unique_ptr<Stage> make_group_stage(const StageInputs& inputs) {
    return std::make_unique<GroupStage>(inputs);
}
std::unique_ptr<Stage> make_distinct_stage(const StageInputs& inputs) {
    return std::make_unique<DistinctStage>(inputs);
}
std::unique_ptr<Stage> make_facet_stage(const StageInputs& inputs) {
    return std::make_unique<FacetStage>(inputs);
}

} // namespace canhgac::storage
