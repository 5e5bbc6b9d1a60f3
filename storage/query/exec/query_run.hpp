/// Runs the steps of a query over events that somebody feeds: STORAGE.md section 2, "Query pipeline", from the rows on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/result.hpp"
#include "event/store.hpp"
#include "storage/query/exec/stage.hpp"
#include "storage/query/planner.hpp"

namespace canhgac::storage {

inline constexpr std::size_t kDefaultQueryMemory = std::size_t{256} << 20U;

struct QueryRunOptions {
    common::Nanos now = 0;
    std::size_t memory_bytes = kDefaultQueryMemory; ///< for rows and groups kept
    std::uint64_t limit = UINT64_MAX;               ///< most rows of the result
    const std::atomic<bool>* cancelled = nullptr;
};

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

/// One run of one program. `program` and `sink` outlive it. One thread at a time.
class QueryRun {
public:
    QueryRun(const QueryProgram& program, QueryResultSink& sink, const QueryRunOptions& options);
    ~QueryRun();
    QueryRun(const QueryRun&) = delete;
    QueryRun& operator=(const QueryRun&) = delete;

    /// False: enough, or failed: finish() tells.
    bool feed(const event::StoredEvent& event);
    /// Gives what is still held back. Ends within 100 ms of `cancelled`, unless the sink waits.
    [[nodiscard]] common::Result<void, QueryRunErrc> finish();
    [[nodiscard]] QueryRunProgress progress() const noexcept;

private:
    class Output;
    void read_fields(const event::StoredEvent& event);
    QueryValue field_value(const event::StoredEvent& event, std::string_view name);

    const QueryProgram* program_;
    QueryContext context_;
    std::unique_ptr<Output> output_;
    std::vector<std::unique_ptr<Stage>> stages_; ///< last first
    Stage* first_ = nullptr;
    std::vector<QueryValue> slots_;
    std::vector<QueryValue> items_; ///< several values of one field
    std::uint64_t events_ = 0;
    common::Nanos reached_ = 0;
};

/// A field's value as the language sees it.
[[nodiscard]] QueryValue value_of(const event::Field& field) noexcept;

} // namespace canhgac::storage
