// Steps that look a row up elsewhere: join in the rows of another query, lookup in a table of the program.
#include <algorithm>

#include "storage/query/exec/group_table.hpp"
#include "storage/query/exec/query_run.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::storage {

namespace {

class JoinStage final : public Stage {
public:
    explicit JoinStage(const StageInputs& inputs) noexcept : in_(inputs) {}

    /// Runs the query inside and keeps its rows.
    bool start() override {
        const PlannedJoin& right = *in_.plan.right;
        QueryContext& context = in_.context;
        QueryRunOptions options = context.options;
        options.query = &right.query;
        options.limit = UINT64_MAX;
        options.any_order = takes_any_order(right.program);
        options.memory_bytes -= std::min(options.memory_bytes, context.memory.used());
        Keeper keeper(*this);
        QueryRun run(right.program, keeper, options);
        if (run.start()) {
            event::QueryPlan plan = plan_for_store(right.query, options.now, options.from, options.to, UINT64_MAX);
            plan.fields = fields_for_store(right.query, right.program);
            plan.any_order = options.any_order;
            context.read_store(plan, [&run](const event::StoredEvent& event) { return run.feed(event); });
        }
        if (context.failure) { return false; }
        if (const auto end = run.finish(); !end && !context.failure) {
            context.failure = end.error();
            context.store_error = run.store_error();
        }
        return !context.failure;
    }

    bool push(const QueryRow& row) override {
        const auto keys = evaluate_all(in_, in_.plan.by, row, values_);
        const bool complete =
            std::none_of(keys.begin(), keys.end(), [](const QueryValue& value) { return value.is_null(); });
        const std::size_t group = complete ? groups_.known(keys) : GroupTable::kNone;
        const bool found = group != GroupTable::kNone;
        switch (in_.plan.join) {
        case JoinKind::left_anti:
            return found || in_.next.push(row);
        case JoinKind::left_semi:
            return !found || in_.next.push(row);
        case JoinKind::left_outer:
            if (!found) { return give(row, {}); }
            break;
        case JoinKind::inner:
            if (!found) { return true; }
            break;
        }
        return std::all_of(rows_[group].begin(), rows_[group].end(),
                           [&](const KeptRow& right) { return in_.context.goes_on() && give(row, right.values()); });
    }
    void finish() override { in_.next.finish(); }

private:
    /// Takes the rows of the right side. A row without a key is never met.
    class Keeper final : public QueryResultSink {
    public:
        explicit Keeper(JoinStage& stage) noexcept : stage_(&stage) {}
        bool row(std::span<const QueryValue> values, const event::StoredEvent* /*event*/) override {
            return stage_->keep(values);
        }

    private:
        JoinStage* stage_;
    };

    bool keep(std::span<const QueryValue> row) {
        const PlannedJoin& right = *in_.plan.right;
        values_.clear();
        for (const std::size_t key : right.keys) {
            if (row[key].is_null()) { return true; }
            values_.push_back(row[key]);
        }
        const auto found = groups_.find(values_);
        std::size_t bytes = found.bytes;
        if (found.is_new) {
            rows_.emplace_back();
            bytes += sizeof(std::vector<KeptRow>);
        }
        if (in_.plan.join == JoinKind::inner || in_.plan.join == JoinKind::left_outer) {
            values_.clear();
            for (const std::size_t value : right.values) {
                values_.push_back(row[value]);
            }
            bytes += rows_[found.group].emplace_back(values_, nullptr).bytes();
        }
        return bytes == 0 || in_.context.take(bytes);
    }

    /// `right` empty: nulls.
    bool give(const QueryRow& row, std::span<const QueryValue> right) {
        for (std::size_t i = 0; i < in_.plan.made.size(); ++i) {
            row.slots[in_.plan.made[i]] = right.empty() ? QueryValue{} : right[i];
        }
        return in_.next.push(row) && !in_.context.failure;
    }

    StageInputs in_;
    GroupTable groups_;
    std::vector<std::vector<KeptRow>> rows_; ///< of each group
    std::vector<QueryValue> values_;
};

/// The first hit of the first column that has one.
class LookupStage final : public Stage {
public:
    explicit LookupStage(const StageInputs& inputs)
        : in_(inputs), table_(inputs.context.options.sources.tables == nullptr
                                  ? nullptr
                                  : inputs.context.options.sources.tables->table(inputs.plan.table)) {}

    /// The table was there when the query was prepared; a configuration that was read since may have taken it away.
    bool start() override {
        if (table_ != nullptr) { return true; }
        in_.context.failure = QueryRunErrc::table;
        return false;
    }
    bool push(const QueryRow& row) override {
        std::optional<event::LookupHit> hit;
        for (const PlannedExpression& column : in_.plan.by) {
            if (!hit) { hit = find(in_.context.evaluator.evaluate(column, row.slots)); }
        }
        const event::LookupHit found = hit.value_or(event::LookupHit{});
        const std::array<std::string_view, kLookupColumns.size()> texts{found.name, found.type, found.list,
                                                                        found.level};
        for (std::size_t i = 0; i < texts.size(); ++i) {
            row.slots[in_.plan.made[i]] = hit ? QueryValue::string(texts[i]) : QueryValue{};
        }
        return in_.next.push(row);
    }
    void finish() override { in_.next.finish(); }

private:
    std::optional<event::LookupHit> find(const QueryValue& value) {
        if (value.is_null()) { return std::nullopt; }
        if (value.type() == QueryType::list) {
            for (const QueryValue& item : value.items()) {
                if (auto hit = find(item)) { return hit; }
            }
            return std::nullopt;
        }
        text_.clear();
        append_value_text(text_, value);
        return table_->find(text_);
    }

    StageInputs in_;
    std::shared_ptr<const event::LookupTable> table_;
    std::string text_;
};

} // namespace

std::unique_ptr<Stage> make_join_stage(const StageInputs& inputs) {
    return std::make_unique<JoinStage>(inputs);
}
std::unique_ptr<Stage> make_lookup_stage(const StageInputs& inputs) {
    return std::make_unique<LookupStage>(inputs);
}

} // namespace canhgac::storage
