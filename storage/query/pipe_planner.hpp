/// Names and types of steps, one after the other: what plan_pipes() is made of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/query/planner.hpp"

namespace canhgac::storage {

/// One use: run() takes what was gathered. Functions that find something wrong return false or nothing.
class PipePlanner {
public:
    common::Result<QueryProgram, QueryProblem> run(const Pipeline& pipes);

private:
    using Planned = std::optional<PlannedExpression>;
    std::nullopt_t fail(QueryProblem problem);
    bool refuse(QueryProblem problem);
    bool refuse(QueryErrc code, std::size_t at, std::string word = {});
    QuerySlot new_slot() { return static_cast<QuerySlot>(program_.widths.back()++); }

    PlannedColumn* known(std::string_view name);

    /// The column of this name; an event's field gets a slot when it is first wanted.
    const PlannedColumn* resolve(std::string_view name);
    std::string nearest_column(std::string_view name) const;
    Planned expression(const Expression& source);
    Planned neighbour(const Expression& source);
    QueryValue literal(const Expression& source);
    bool step(const Pipe& pipe);
    bool plan(const Pipe& pipe, PlannedStep& out);
    bool where(const Pipe& pipe, PlannedStep& out);

    /// project and extend: every expression sees the columns as they were before.
    bool assign(const Pipe& pipe, PlannedStep& out);
    bool project_away(const Pipe& pipe);

    /// What comes after `out` is a table of these columns.
    void start_frame(PlannedStep& out, std::vector<PlannedColumn> columns);
    bool add_column(std::vector<PlannedColumn>& columns, std::string_view name, QueryType type, std::size_t at);
    bool by(const std::vector<NamedExpression>& sources, PlannedStep& out, std::vector<PlannedColumn>& columns);
    bool distinct(const Pipe& pipe, PlannedStep& out);
    bool facets(const Pipe& pipe, PlannedStep& out);
    bool summarize(const Pipe& pipe, PlannedStep& out);
    bool add_aggregate(const Aggregate& source, PlannedStep& out, std::vector<PlannedColumn>& columns);

    /// The columns that arg_max(c, a, b) or arg_max(c, *) give beside the value.
    bool keep_columns(const Aggregate& source, PlannedAggregate& planned, std::vector<PlannedColumn>& columns);
    bool keys(const Pipe& pipe, PlannedStep& out);

    // planner_steps.cpp
    bool sequence(const Pipe& pipe, PlannedStep& out);
    bool around(const Pipe& pipe, PlannedStep& out);
    bool process_tree(const Pipe& pipe, PlannedStep& out);
    bool expand(const Pipe& pipe, PlannedStep& out);
    bool parse(const Pipe& pipe, PlannedStep& out);
    bool lookup(const Pipe& pipe, PlannedStep& out);
    /// Whether the steps before `pipe` give each row at once and keep nothing of it.
    bool only_row_steps(const Pipe& pipe);
    bool join(const Pipe& pipe, PlannedStep& out);
    bool join_keys(const Pipe& pipe, PlannedJoin& right, PlannedStep& out);
    /// Columns as expressions, appended to `out`.
    bool columns_of(const std::vector<NamedExpression>& sources, std::vector<PlannedExpression>& out);
    bool want_events(const Pipe& pipe);
    /// What comes after `out` are events, as the store has them.
    void start_events(PlannedStep& out);
    /// A column made beside those there are, or in place of one; its slot.
    QuerySlot make_column(std::string_view name, QueryType type);
    /// Whether a step behind `pipe` names a column.
    [[nodiscard]] bool named_behind(const Pipe& pipe, std::string_view name) const;

    const Pipeline* pipes_ = nullptr;
    QueryProgram program_;
    bool open_ = true;                   ///< rows are events: any name is a column
    std::vector<PlannedColumn> columns_; ///< all of a table; those made over an event
    std::vector<std::string> removed_;
    std::vector<PlannedNeighbour>* neighbours_ = nullptr; ///< where prev() and next() may stand
    QueryProblem problem_;
};

/// A column as an expression.
[[nodiscard]] Expression column_expression(std::string_view name, std::uint32_t at);

} // namespace canhgac::storage
