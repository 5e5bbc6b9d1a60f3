/// Runs the steps of a query over events that somebody feeds: STORAGE.md section 2, "Query pipeline", from the rows on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "event/store.hpp"
#include "storage/query/exec/event_filter.hpp"
#include "storage/query/exec/event_reader.hpp"
#include "storage/query/exec/stage.hpp"
#include "storage/query/planner.hpp"

namespace canhgac::storage {

/// Takes the result, row by row; views live during the call. False: no more are wanted.
class QueryResultSink {
public:
    virtual ~QueryResultSink() = default;
    /// `values` are those of QueryProgram::columns. `event` is null in a table.
    virtual bool row(std::span<const QueryValue> values, const event::StoredEvent* event) = 0;
};

struct QueryRunProgress {
    std::uint64_t events = 0; ///< taken
    std::uint64_t rows = 0;   ///< given
    std::size_t memory = 0;   ///< bytes held now
    std::size_t memory_peak = 0;
    common::Nanos reached = 0; ///< time of the event taken last
    bool cut = false;          ///< there were more rows than the limit
};

/// One run of one program. `program`, `sink` and what `options` point to outlive it. One thread at a time.
class QueryRun {
public:
    QueryRun(const QueryProgram& program, QueryResultSink& sink, const QueryRunOptions& options);
    ~QueryRun();
    QueryRun(const QueryRun&) = delete;
    QueryRun& operator=(const QueryRun&) = delete;

    /// Reads what steps need beforehand: the queries inside joins. To be called before the store is read; feed() and
    /// finish() do it if nobody did. False: failed, finish() tells.
    bool start();
    /// False: enough, or failed: finish() tells.
    bool feed(const event::StoredEvent& event);
    /// Gives what is still held back. Ends within 100 ms of `cancelled`, unless the sink waits.
    [[nodiscard]] common::Result<void, QueryRunErrc> finish();
    /// Of QueryRunErrc::store.
    [[nodiscard]] std::error_code store_error() const noexcept;
    /// What steps read of the store themselves.
    [[nodiscard]] const event::QueryStats& read_besides() const noexcept;
    [[nodiscard]] QueryRunProgress progress() const noexcept;

private:
    class Output;

    QueryContext context_;
    EventReader reader_;
    std::optional<EventFilter> head_; ///< when the store cannot tell it all
    std::unique_ptr<Output> output_;
    std::vector<std::unique_ptr<Stage>> stages_; ///< last first
    Stage* first_ = nullptr;
    bool started_ = false;
    std::uint64_t events_ = 0;
    common::Nanos reached_ = 0;
};

} // namespace canhgac::storage
