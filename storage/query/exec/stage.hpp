/// One step of a running query. Rows are pushed from step to step; a step that has to see all rows keeps them until
/// finish(), within the query's memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "event/arena.hpp"
#include "event/store.hpp"
#include "storage/query/exec/evaluator.hpp"
#include "storage/query/exec/event_filter.hpp"
#include "storage/query/exec/kept_row.hpp"

namespace canhgac::storage {

enum class QueryRunErrc : std::uint8_t {
    memory, ///< the rows or groups to be kept exceed the query's memory
    cancelled,
    table, ///< it is no longer there
    store, ///< it could not be read once more; QueryContext::store_error
};
[[nodiscard]] std::string_view to_string(QueryRunErrc code) noexcept;

inline constexpr std::size_t kDefaultQueryMemory = std::size_t{256} << 20U;

struct QueryRunOptions {
    common::Nanos now = 0;
    std::size_t memory_bytes = kDefaultQueryMemory; ///< for rows and groups kept
    std::uint64_t limit = UINT64_MAX;               ///< most rows of the result
    const std::atomic<bool>* cancelled = nullptr;
    const ParsedQuery* query = nullptr; ///< needed when its head names a rule or its first step is proctree
    const QueryRules* rules = nullptr;  ///< all that the query names; null: it names none
    QuerySources sources{};
    common::Nanos from = std::numeric_limits<common::Nanos>::min(); ///< of queries inside the query, with their `last`
    common::Nanos to = std::numeric_limits<common::Nanos>::max();
    bool any_order = false; ///< events are not fed newest first; takes_any_order() allowed it
};

/// What the steps of one query share. One thread at a time.
struct QueryContext {
    explicit QueryContext(const QueryRunOptions& given) noexcept
        : options(given), memory(given.memory_bytes), evaluator(scratch, given.now, given.sources.suffixes) {}
    QueryContext(const QueryContext&) = delete;
    QueryContext& operator=(const QueryContext&) = delete;

    const QueryRunOptions options;
    QueryMemory memory;
    event::Arena scratch; ///< of the row on its way
    Evaluator evaluator;
    std::optional<QueryRunErrc> failure;
    std::error_code store_error;
    event::QueryStats read; ///< of the store, by steps
    QueryRules no_rules;

    /// False and a failure: too much.
    [[nodiscard]] bool take(std::size_t bytes) noexcept {
        if (memory.take(bytes)) { return true; }
        failure = QueryRunErrc::memory;
        return false;
    }
    /// False and a failure: somebody wants it to end. To be asked once a row wherever rows come from memory.
    [[nodiscard]] bool goes_on() noexcept {
        const std::atomic<bool>* const cancelled = options.cancelled;
        if (cancelled == nullptr || !cancelled->load(std::memory_order_relaxed)) { return true; }
        failure = QueryRunErrc::cancelled;
        return false;
    }
    [[nodiscard]] const QueryRules& rules() const noexcept {
        return options.rules != nullptr ? *options.rules : no_rules;
    }
    /// Reads the store once more. False and a failure: it could not, or somebody wants it to end.
    bool read_store(const event::QueryPlan& plan, const event::RowVisitor& visit);
};

class Stage {
public:
    virtual ~Stage() = default;
    /// Called once before the first row. False: context.failure says why.
    virtual bool start() { return true; }
    /// Takes a row, whose slots it may write to. False: it wants no more (or context.failure says what went wrong).
    virtual bool push(const QueryRow& row) = 0;
    /// No more rows come. Called once, even when push() returned false; not after a failure.
    virtual void finish() = 0;
};

/// What a stage is made of. `plan`, `context` and `next` outlive it.
struct StageInputs {
    const PlannedStep& plan;
    QueryContext& context;
    Stage& next;
    std::size_t width = 0;                              ///< slots of the rows it gives
    const std::vector<PlannedColumn>* fields = nullptr; ///< read of events for the rows it gives
};
[[nodiscard]] std::unique_ptr<Stage> make_filter_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_assign_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_window_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_take_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_group_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_distinct_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_facet_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_sort_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_top_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_sequence_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_around_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_tree_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_expand_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_parse_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_join_stage(const StageInputs& inputs);
[[nodiscard]] std::unique_ptr<Stage> make_lookup_stage(const StageInputs& inputs);

} // namespace canhgac::storage
