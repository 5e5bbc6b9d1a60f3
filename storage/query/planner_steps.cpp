// Steps that read more than the row at hand: sequence, around, proctree, mv-expand, parse, lookup, join.
#include <algorithm>

#include "storage/query/catalog.hpp"
#include "storage/query/pipe_planner.hpp"
#include "storage/query/typing.hpp"

namespace canhgac::storage {

namespace {

bool names_column(const Expression& expression, std::string_view name) {
    if (expression.kind == Expression::Kind::column) { return expression.text == name; }
    return std::any_of(expression.arguments.begin(), expression.arguments.end(),
                       [name](const Expression& each) { return names_column(each, name); });
}

bool names_column(const Pipe& pipe, std::string_view name) {
    const auto in_named = [name](const NamedExpression& each) { return names_column(each.expression, name); };
    const auto in_key = [name](const SortKey& each) { return names_column(each.expression, name); };
    const auto in_aggregate = [name](const Aggregate& aggregate) {
        return std::any_of(aggregate.arguments.begin(), aggregate.arguments.end(),
                           [name](const Expression& each) { return names_column(each, name); });
    };
    return names_column(pipe.condition, name) || std::any_of(pipe.columns.begin(), pipe.columns.end(), in_named) ||
           std::any_of(pipe.groups.begin(), pipe.groups.end(), in_named) ||
           std::any_of(pipe.keys.begin(), pipe.keys.end(), in_key) ||
           std::any_of(pipe.aggregates.begin(), pipe.aggregates.end(), in_aggregate);
}

/// Whether it looks at the rows before or behind.
bool needs_order(const Expression& expression) {
    if (expression.scalar == Scalar::previous || expression.scalar == Scalar::next) { return true; }
    return std::any_of(expression.arguments.begin(), expression.arguments.end(),
                       [](const Expression& each) { return needs_order(each); });
}

bool needs_order(const Pipe& extend) {
    return std::any_of(extend.columns.begin(), extend.columns.end(),
                       [](const NamedExpression& each) { return needs_order(each.expression); });
}

} // namespace

bool PipePlanner::named_behind(const Pipe& pipe, std::string_view name) const {
    const Pipe* const end = pipes_->data() + pipes_->size();
    return std::any_of(&pipe + 1, end, [name](const Pipe& each) { return names_column(each, name); });
}

bool PipePlanner::want_events(const Pipe& pipe) {
    return open_ || refuse(QueryErrc::needs_events, pipe.at, std::string(to_string(pipe.kind)));
}

void PipePlanner::start_events(PlannedStep& out) {
    start_frame(out, {});
    open_ = true;
}

QuerySlot PipePlanner::make_column(std::string_view name, QueryType type) {
    PlannedColumn column{std::string(name), type, new_slot()};
    const QuerySlot slot = column.slot;
    std::erase(removed_, column.name);
    if (PlannedColumn* const old = known(name)) {
        *old = std::move(column);
    } else {
        columns_.push_back(std::move(column));
    }
    return slot;
}

bool PipePlanner::columns_of(const std::vector<NamedExpression>& sources, std::vector<PlannedExpression>& out) {
    for (const NamedExpression& source : sources) {
        auto planned = expression(source.expression);
        if (!planned) { return false; }
        out.push_back(std::move(*planned));
    }
    return true;
}

bool PipePlanner::sequence(const Pipe& pipe, PlannedStep& out) {
    if (!want_events(pipe)) { return false; }
    std::vector<PlannedColumn> columns;
    if (!by(pipe.columns, out, columns)) { return false; }
    out.span = pipe.span;
    for (const SequencePart& part : pipe.parts) {
        PlannedPart& planned = out.parts.emplace_back();
        planned.filter = part.filter;
        planned.runs = part.runs;
        if (!part.condition) { continue; }
        auto condition = expression(*part.condition);
        if (!condition) { return false; }
        if (auto problem = check_condition(*part.condition, *condition)) { return refuse(std::move(*problem)); }
        planned.condition = std::move(*condition);
    }
    if (!add_column(columns, "first_seen", QueryType::datetime, pipe.at) ||
        !add_column(columns, "last_seen", QueryType::datetime, pipe.at) ||
        !add_column(columns, "span", QueryType::timespan, pipe.at) ||
        !add_column(columns, "ids", QueryType::list, pipe.at)) {
        return false;
    }
    out.with_raws = named_behind(pipe, "raws"); // they have to be read once more
    if (out.with_raws && !add_column(columns, "raws", QueryType::list, pipe.at)) { return false; }
    start_frame(out, std::move(columns));
    return true;
}

bool PipePlanner::around(const Pipe& pipe, PlannedStep& out) {
    if (!want_events(pipe) || !columns_of(pipe.columns, out.by)) { return false; }
    out.span = pipe.span;
    for (const NamedExpression& column : pipe.columns) {
        if (known(column.name) != nullptr) { return refuse(QueryErrc::made_column, column.expression.at); }
        out.names.push_back(column.name);
    }
    if (pipe.columns.size() > kMaxAroundColumns) { return refuse(QueryErrc::too_many_columns, pipe.at); }
    start_events(out);
    return columns_of(pipe.columns, out.shared);
}

bool PipePlanner::process_tree(const Pipe& pipe, PlannedStep& out) {
    if (!want_events(pipe)) { return false; }
    for (const std::string& name : {pipe.tree.id, pipe.tree.parent}) {
        auto planned = expression(column_expression(name, pipe.at));
        if (!planned) { return false; }
        out.by.push_back(std::move(*planned));
    }
    out.tree = pipe.tree;
    out.made.push_back(make_column("level", QueryType::integer));
    return true;
}

bool PipePlanner::expand(const Pipe& pipe, PlannedStep& out) {
    if (!columns_of(pipe.columns, out.by)) { return false; }
    out.made.push_back(make_column(pipe.columns.front().name, QueryType::any));
    return true;
}

bool PipePlanner::parse(const Pipe& pipe, PlannedStep& out) {
    if (!columns_of(pipe.columns, out.by)) { return false; }
    std::vector<std::string_view> names;
    for (const PatternPiece& piece : pipe.pieces) {
        PlannedPiece& planned = out.pieces.emplace_back();
        planned.kind = piece.kind;
        planned.text = piece.text;
        planned.type = piece.type;
        if (piece.kind == PatternPiece::Kind::skip && out.pieces.size() > 1) {
            PlannedPiece& before = out.pieces[out.pieces.size() - 2];
            before.is_front = before.kind == PatternPiece::Kind::capture;
        }
        if (piece.kind != PatternPiece::Kind::capture) { continue; }
        if (std::find(names.begin(), names.end(), piece.text) != names.end()) {
            return refuse(QueryErrc::duplicate_column, piece.at);
        }
        names.push_back(piece.text);
        planned.slot = make_column(piece.text, piece.type);
    }
    return columns_.size() <= kMaxPipeColumns || refuse(QueryErrc::too_many_columns, pipe.at);
}

bool PipePlanner::lookup(const Pipe& pipe, PlannedStep& out) {
    if (!columns_of(pipe.columns, out.by)) { return false; }
    out.table = pipe.table;
    for (const std::string_view name : kLookupColumns) {
        out.made.push_back(make_column(name, QueryType::string));
    }
    return columns_.size() <= kMaxPipeColumns || refuse(QueryErrc::too_many_columns, pipe.at);
}

bool PipePlanner::only_row_steps(const Pipe& pipe) {
    for (const Pipe* each = pipes_->data(); each != &pipe; ++each) {
        switch (each->kind) {
        case Pipe::Kind::where:
        case Pipe::Kind::project:
        case Pipe::Kind::project_away:
        case Pipe::Kind::take:
        case Pipe::Kind::expand:
        case Pipe::Kind::parse:
        case Pipe::Kind::lookup:
            continue;
        case Pipe::Kind::extend:
            if (!needs_order(*each)) { continue; }
            break;
        default:
            break;
        }
        return refuse(QueryErrc::not_by_row, each->at, std::string(to_string(each->kind)));
    }
    return true;
}

bool PipePlanner::join(const Pipe& pipe, PlannedStep& out) {
    auto right = std::make_shared<PlannedJoin>();
    right->query = pipe.right.front();
    auto program = PipePlanner().run(right->query.pipes);
    if (!program) { return refuse(std::move(program.error())); }
    if (program->events) { return refuse(QueryErrc::needs_table, pipe.at); }
    right->program = std::move(*program);
    out.join = pipe.join;
    if (!columns_of(pipe.columns, out.by) || !join_keys(pipe, *right, out)) { return false; }
    out.right = std::move(right);
    return columns_.size() <= kMaxPipeColumns || refuse(QueryErrc::too_many_columns, pipe.at);
}

/// Which columns of the right side are keys, and what the others are called on the left: a name that is there already
/// gets a "1" behind it.
bool PipePlanner::join_keys(const Pipe& pipe, PlannedJoin& right, PlannedStep& out) {
    const std::vector<PlannedColumn>& columns = right.program.columns;
    std::vector<std::string_view> names;
    for (const PlannedColumn& column : columns) {
        names.push_back(column.name);
    }
    for (const NamedExpression& key : pipe.columns) {
        const auto found = std::find(names.begin(), names.end(), key.name);
        if (found == names.end()) {
            return refuse(QueryErrc::unknown_column, key.expression.at, nearest(key.name, names));
        }
        right.keys.push_back(static_cast<std::size_t>(found - names.begin()));
    }
    if (pipe.join == JoinKind::left_anti || pipe.join == JoinKind::left_semi) { return true; }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (std::find(right.keys.begin(), right.keys.end(), i) != right.keys.end()) { continue; }
        std::string name = columns[i].name;
        if (known(name) != nullptr) { name += '1'; }
        if (known(name) != nullptr) { return refuse(QueryErrc::duplicate_column, pipe.at); }
        right.values.push_back(i);
        out.made.push_back(make_column(name, columns[i].type));
    }
    return true;
}

} // namespace canhgac::storage
