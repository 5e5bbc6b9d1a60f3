/// One step of a running query. Rows are pushed from step to step; a step that has to see all rows keeps them until
/// finish(), within the query's memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "event/arena.hpp"
#include "storage/query/exec/evaluator.hpp"
#include "storage/query/exec/kept_row.hpp"

namespace canhgac::storage {

enum class QueryRunErrc : std::uint8_t {
    memory, ///< the rows or groups to be kept exceed the query's memory
    cancelled,
};
[[nodiscard]] std::string_view to_string(QueryRunErrc code) noexcept;

/// What the steps of one query share. One thread at a time.
struct QueryContext {
    QueryContext(std::size_t memory_bytes, common::Nanos now, const std::atomic<bool>* stop) noexcept
        : memory(memory_bytes), evaluator(scratch, now), cancelled(stop) {}
    QueryContext(const QueryContext&) = delete;
    QueryContext& operator=(const QueryContext&) = delete;

    QueryMemory memory;
    event::Arena scratch; ///< of the row on its way
    Evaluator evaluator;
    const std::atomic<bool>* cancelled;
    std::optional<QueryRunErrc> failure;

    /// False and a failure: too much.
    [[nodiscard]] bool take(std::size_t bytes) noexcept {
        if (memory.take(bytes)) { return true; }
        failure = QueryRunErrc::memory;
        return false;
    }
    /// False and a failure: somebody wants it to end. To be asked once a row wherever rows come from memory.
    [[nodiscard]] bool goes_on() noexcept {
        if (cancelled == nullptr || !cancelled->load(std::memory_order_relaxed)) { return true; }
        failure = QueryRunErrc::cancelled;
        return false;
    }
};

class Stage {
public:
    virtual ~Stage() = default;
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
    std::size_t width = 0; ///< slots of the rows it gives
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

} // namespace canhgac::storage
