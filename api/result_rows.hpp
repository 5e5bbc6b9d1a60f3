/// Rows of a query's result as JSON, the same in searches and in live tails: an event, with the columns that steps put
/// over its fields, or {"row":[...]} of a table whose columns {"columns":[{"name","type"},...]} tells.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/store.hpp"
#include "storage/query/planner.hpp"

namespace canhgac::api {

/// `program` outlives it. Thread safe (const).
class ResultRows {
public:
    explicit ResultRows(const storage::QueryProgram& program);
    /// Whether the columns are to be told before the rows.
    [[nodiscard]] bool has_columns() const noexcept { return !program_->events; }
    void append_columns(std::string& out) const;
    /// Without a line end. `event` is null in a table.
    void append_row(std::string& out, std::span<const storage::QueryValue> values,
                    const event::StoredEvent* event) const;

private:
    const storage::QueryProgram* program_;
    std::vector<std::string_view> hidden_; ///< fields of events that are not shown as they are
};

} // namespace canhgac::api
