#include "storage/query/exec/aggregator.hpp"

#include <cmath>
#include <string>
#include <unordered_set>
#include <vector>
#include <xxhash.h>

#include "storage/query/exec/evaluator.hpp"
#include "storage/query/exec/hyperloglog.hpp"
#include "storage/query/exec/kept_row.hpp"
#include "storage/query/exec/quantile_sketch.hpp"

namespace canhgac::storage {

namespace {

using Arguments = std::span<const QueryValue>;

constexpr std::size_t kSetNodeBytes = 64;

/// Numbers and timespans do not mix: as soon as there was a number, only numbers count.
struct NumberKind {
    bool numbers = false;
    bool spans = false;

    /// The number to take in, nothing if the value is none; `restart` when what was taken in so far does not count.
    std::optional<QueryValue> take(const QueryValue& value, bool& restart) noexcept {
        restart = false;
        if (value.type() == QueryType::timespan) {
            if (numbers) { return std::nullopt; }
            spans = true;
            return QueryValue::integer(value.number());
        }
        const auto number = numeric(value);
        if (!number) { return std::nullopt; }
        restart = spans && !numbers;
        numbers = true;
        return number;
    }
    /// A mean or deviation as the kind of value it is of.
    [[nodiscard]] QueryValue shape(double value) const noexcept {
        if (numbers) { return QueryValue::real(value); }
        return convert_span(value);
    }
    [[nodiscard]] static QueryValue convert_span(double value) noexcept {
        constexpr double kMost = 9.2e18;
        return std::fabs(value) < kMost ? QueryValue::timespan(std::llround(value)) : QueryValue{};
    }
};

struct CountState {
    std::int64_t rows = 0;
    std::size_t add(Arguments /*arguments*/, const PlannedAggregate& /*plan*/) noexcept {
        ++rows;
        return 0;
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& /*arena*/) const noexcept {
        out[0] = QueryValue::integer(rows);
    }
};

struct CountIfState {
    std::int64_t rows = 0;
    std::size_t add(Arguments arguments, const PlannedAggregate& /*plan*/) noexcept {
        rows += truth(arguments[0]).value_or(false) ? 1 : 0;
        return 0;
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& /*arena*/) const noexcept {
        out[0] = QueryValue::integer(rows);
    }
};

struct DistinctState {
    DistinctCounter counter;
    std::size_t add(Arguments arguments, const PlannedAggregate& /*plan*/) {
        return arguments[0].is_null() ? 0 : counter.add(hash_of(arguments[0]));
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& /*arena*/) const {
        out[0] = QueryValue::integer(static_cast<std::int64_t>(counter.count()));
    }
};

struct SumState {
    NumberKind kind;
    QueryValue total = QueryValue::integer(0);
    std::size_t add(Arguments arguments, const PlannedAggregate& /*plan*/) noexcept {
        bool restart = false;
        const auto number = kind.take(arguments[0], restart);
        if (restart) { total = QueryValue::integer(0); }
        if (number) { total = calculate(Scalar::add, total, *number); }
        return 0;
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& plan, event::Arena& /*arena*/) const noexcept {
        out[0] = kind.numbers || kind.spans ? total : QueryValue{};
        if (out[0].type() != QueryType::integer) { return; }
        if (!kind.numbers) { out[0] = QueryValue::timespan(total.number()); }
        if (plan.arguments[0].type == QueryType::real) { out[0] = QueryValue::real(to_double(total)); }
    }
};

/// Mean and squared distance from it (Welford).
struct MeanState {
    NumberKind kind;
    std::uint64_t count = 0;
    double mean = 0.0;
    double squares = 0.0;
    std::size_t add(Arguments arguments, const PlannedAggregate& /*plan*/) noexcept {
        bool restart = false;
        const auto number = kind.take(arguments[0], restart);
        if (restart) {
            count = 0;
            mean = squares = 0.0;
        }
        if (!number) { return 0; }
        const double value = to_double(*number);
        const double before = value - mean;
        mean += before / static_cast<double>(++count);
        squares += before * (value - mean);
        return 0;
    }
};
struct AverageState : MeanState {
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& /*arena*/) const noexcept {
        out[0] = count == 0 ? QueryValue{} : kind.shape(mean);
    }
};
struct DeviationState : MeanState {
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& /*arena*/) const noexcept {
        out[0] = count < 2 ? QueryValue{} : kind.shape(std::sqrt(squares / static_cast<double>(count - 1)));
    }
};

struct PercentileState {
    NumberKind kind;
    QuantileSketch sketch;
    std::size_t add(Arguments arguments, const PlannedAggregate& /*plan*/) {
        bool restart = false;
        const auto number = kind.take(arguments[0], restart);
        if (restart) { sketch = {}; }
        return number ? sketch.add(to_double(*number)) : 0;
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& plan, event::Arena& /*arena*/) const {
        out[0] = sketch.count() == 0 ? QueryValue{} : kind.shape(sketch.quantile(plan.fraction));
    }
};

/// The row with the largest or smallest first argument; of equal ones the first that came.
template <bool kLargest>
struct ExtremeState {
    KeptRow best;
    std::size_t add(Arguments arguments, const PlannedAggregate& /*plan*/) {
        if (arguments[0].is_null()) { return 0; }
        if (!best.values().empty()) {
            const auto order = order_values(arguments[0], best.values()[0]);
            if (kLargest ? order <= 0 : order >= 0) { return 0; }
        }
        const std::size_t before = best.values().empty() ? 0 : best.bytes();
        best = KeptRow(arguments, nullptr);
        return best.bytes() > before ? best.bytes() - before : 0;
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& /*arena*/) const noexcept {
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = best.values().empty() ? QueryValue{} : best.values()[i];
        }
    }
};

struct AnyState {
    KeptRow first;
    std::size_t add(Arguments arguments, const PlannedAggregate& /*plan*/) {
        if (arguments[0].is_null() || !first.values().empty()) { return 0; }
        first = KeptRow(arguments, nullptr);
        return first.bytes();
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& /*arena*/) const noexcept {
        out[0] = first.values().empty() ? QueryValue{} : first.values()[0];
    }
};

/// In the order in which the values came. The items of a list are taken one by one.
struct SetState {
    std::vector<KeptRow> values;
    std::unordered_set<std::string> keys;
    std::size_t add(Arguments arguments, const PlannedAggregate& plan) { return add_value(arguments[0], plan); }
    std::size_t add_value(const QueryValue& value, const PlannedAggregate& plan) {
        std::size_t grown = 0;
        if (value.type() == QueryType::list) {
            for (const QueryValue& item : value.items()) {
                grown += add_value(item, plan);
            }
            return grown;
        }
        if (value.is_null() || values.size() >= plan.most) { return 0; }
        std::string key;
        append_value_key(key, value);
        const std::size_t size = key.size();
        if (!keys.insert(std::move(key)).second) { return 0; }
        values.emplace_back(std::span(&value, 1), nullptr);
        return values.back().bytes() + size + kSetNodeBytes;
    }
    void result(std::span<QueryValue> out, const PlannedAggregate& /*plan*/, event::Arena& arena) const {
        const auto items = allocate_values(arena, values.size());
        for (std::size_t i = 0; i < items.size(); ++i) {
            items[i] = values[i].values()[0];
        }
        out[0] = QueryValue::list(items);
    }
};

template <typename State>
class AggregatorOf final : public Aggregator {
public:
    explicit AggregatorOf(const PlannedAggregate& plan) noexcept : plan_(&plan) {}
    std::size_t add_group() override {
        states_.emplace_back();
        return sizeof(State);
    }
    std::size_t add(std::size_t group, Arguments arguments) override { return states_[group].add(arguments, *plan_); }
    void result(std::size_t group, std::span<QueryValue> out, event::Arena& arena) const override {
        states_[group].result(out, *plan_, arena);
    }

private:
    const PlannedAggregate* plan_;
    std::vector<State> states_;
};

} // namespace

std::uint64_t hash_of(std::string_view bytes) noexcept {
    return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t hash_of(const QueryValue& value) {
    std::string key;
    append_value_key(key, value);
    return hash_of(key);
}

std::unique_ptr<Aggregator> make_aggregator(const PlannedAggregate& plan) {
    switch (plan.kind) {
    case AggregateKind::count:
        return std::make_unique<AggregatorOf<CountState>>(plan);
    case AggregateKind::count_if:
        return std::make_unique<AggregatorOf<CountIfState>>(plan);
    case AggregateKind::distinct_count:
        return std::make_unique<AggregatorOf<DistinctState>>(plan);
    case AggregateKind::sum:
        return std::make_unique<AggregatorOf<SumState>>(plan);
    case AggregateKind::average:
        return std::make_unique<AggregatorOf<AverageState>>(plan);
    case AggregateKind::deviation:
        return std::make_unique<AggregatorOf<DeviationState>>(plan);
    case AggregateKind::percentile:
        return std::make_unique<AggregatorOf<PercentileState>>(plan);
    case AggregateKind::make_set:
        return std::make_unique<AggregatorOf<SetState>>(plan);
    case AggregateKind::maximum:
    case AggregateKind::arg_max:
        return std::make_unique<AggregatorOf<ExtremeState<true>>>(plan);
    case AggregateKind::minimum:
    case AggregateKind::arg_min:
        return std::make_unique<AggregatorOf<ExtremeState<false>>>(plan);
    case AggregateKind::take_any:
        break;
    }
    return std::make_unique<AggregatorOf<AnyState>>(plan);
}

} // namespace canhgac::storage
