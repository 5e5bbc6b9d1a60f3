#include "storage/query/planner.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "storage/query/catalog.hpp"
#include "storage/query/pipe_planner.hpp"
#include "storage/query/typing.hpp"
#include "text/regex.hpp"

namespace canhgac::storage {

namespace {

Aggregate aggregate_of(AggregateKind kind, std::string_view name, std::string_view column, std::uint32_t at) {
    Aggregate aggregate;
    aggregate.kind = kind;
    aggregate.name = name;
    aggregate.at = at;
    if (!column.empty()) { aggregate.arguments.push_back(column_expression(column, at)); }
    return aggregate;
}

/// `rare` as the steps it stands for.
Pipeline spell_out_rare(const Pipe& rare) {
    Pipe groups;
    groups.kind = Pipe::Kind::summarize;
    groups.at = rare.at;
    groups.columns = rare.columns;
    groups.aggregates = {aggregate_of(AggregateKind::distinct_count, "hosts", "host.name", rare.at),
                         aggregate_of(AggregateKind::count, "count_", "", rare.at),
                         aggregate_of(AggregateKind::minimum, "first_seen", "@timestamp", rare.at),
                         aggregate_of(AggregateKind::maximum, "last_seen", "@timestamp", rare.at)};
    Pipe few;
    few.kind = Pipe::Kind::where;
    few.condition.kind = Expression::Kind::call;
    few.condition.scalar = Scalar::less_equal;
    Expression most;
    most.literal_type = QueryType::integer;
    most.number = static_cast<std::int64_t>(rare.count);
    few.condition.arguments = {column_expression("hosts", rare.at), most};
    Pipe order;
    order.kind = Pipe::Kind::sort;
    order.keys = {{column_expression("hosts", rare.at)}, {column_expression("count_", rare.at)}};
    return {groups, few, order};
}

/// Whether the result does not depend on the order of what it is given, to the last bit.
bool is_free_of_order(const PlannedAggregate& aggregate) {
    switch (aggregate.kind) {
    case AggregateKind::count:
    case AggregateKind::count_if:
    case AggregateKind::distinct_count:
        return true;
    case AggregateKind::minimum:
    case AggregateKind::maximum: // of equal values of other types the first one is kept
        return aggregate.arguments.front().type == QueryType::datetime;
    default:
        return false;
    }
}

/// The first step that is not about single rows, if it is one to which their order does not matter.
void mark_any_order(std::vector<PlannedStep>& steps) {
    for (PlannedStep& step : steps) {
        switch (step.kind) {
        case Pipe::Kind::where:
        case Pipe::Kind::project:
        case Pipe::Kind::project_away:
        case Pipe::Kind::extend:
        case Pipe::Kind::parse:
        case Pipe::Kind::lookup:
            if (!step.neighbours.empty()) { return; }
            break;
        case Pipe::Kind::summarize:
        case Pipe::Kind::count:
            step.any_order = std::all_of(step.aggregates.begin(), step.aggregates.end(), is_free_of_order);
            return;
        default:
            return;
        }
    }
}

} // namespace

Expression column_expression(std::string_view name, std::uint32_t at) {
    Expression column;
    column.kind = Expression::Kind::column;
    column.text = name;
    column.at = at;
    return column;
}

common::Result<QueryProgram, QueryProblem> PipePlanner::run(const Pipeline& pipes) {
    pipes_ = &pipes;
    program_.widths.push_back(0);
    program_.fields.emplace_back();
    for (const Pipe& pipe : pipes) {
        if (!step(pipe)) { return common::fail(problem_); }
    }
    program_.events = open_;
    program_.columns = std::move(columns_);
    program_.removed = std::move(removed_);
    mark_any_order(program_.steps);
    return std::move(program_);
}

std::nullopt_t PipePlanner::fail(QueryProblem problem) {
    problem_ = std::move(problem);
    return std::nullopt;
}

bool PipePlanner::refuse(QueryProblem problem) {
    problem_ = std::move(problem);
    return false;
}

bool PipePlanner::refuse(QueryErrc code, std::size_t at, std::string word) {
    problem_ = {code, at, std::move(word)};
    return false;
}

PlannedColumn* PipePlanner::known(std::string_view name) {
    const auto found = std::find_if(columns_.begin(), columns_.end(),
                                    [name](const PlannedColumn& column) { return column.name == name; });
    return found == columns_.end() ? nullptr : &*found;
}

const PlannedColumn* PipePlanner::resolve(std::string_view name) {
    if (const PlannedColumn* const column = known(name)) { return column; }
    if (!open_ || std::find(removed_.begin(), removed_.end(), name) != removed_.end()) { return nullptr; }
    std::vector<PlannedColumn>& fields = program_.fields.back();
    const auto read =
        std::find_if(fields.begin(), fields.end(), [name](const PlannedColumn& field) { return field.name == name; });
    if (read != fields.end()) { return &*read; }
    QueryType type = QueryType::any;
    if (name == "@timestamp" || name == "event.ingested") { type = QueryType::datetime; }
    if (name == "event.original" || name == "event.id") { type = QueryType::string; }
    fields.push_back({std::string(name), type, new_slot()});
    return &fields.back();
}

std::string PipePlanner::nearest_column(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const PlannedColumn& column : columns_) {
        names.push_back(column.name);
    }
    return nearest(name, names);
}

PipePlanner::Planned PipePlanner::expression(const Expression& source) {
    PlannedExpression planned;
    planned.kind = source.kind;
    planned.scalar = source.scalar;
    planned.negated = source.negated;
    switch (source.kind) {
    case Expression::Kind::literal:
        planned.type = source.literal_type;
        planned.literal = literal(source);
        return planned;
    case Expression::Kind::column: {
        const PlannedColumn* const column = resolve(source.text);
        if (column == nullptr) { return fail({QueryErrc::unknown_column, source.at, nearest_column(source.text)}); }
        planned.type = column->type;
        planned.slot = column->slot;
        return planned;
    }
    case Expression::Kind::call:
        break;
    }
    if (source.scalar == Scalar::previous || source.scalar == Scalar::next) { return neighbour(source); }
    for (const Expression& argument : source.arguments) {
        auto each = expression(argument);
        if (!each) { return each; }
        planned.arguments.push_back(std::move(*each));
    }
    if (auto problem = check_call(source, planned.arguments)) { return fail(std::move(*problem)); }
    planned.type = call_type(source.scalar, planned.arguments);
    if (source.scalar == Scalar::matches_regex) {
        auto regex = text::Regex::compile(source.arguments[1].text);
        if (!regex) { return fail({QueryErrc::bad_regex, source.arguments[1].at}); }
        planned.regex = std::make_shared<const text::Regex>(std::move(*regex));
    }
    return planned;
}

PipePlanner::Planned PipePlanner::neighbour(const Expression& source) {
    if (neighbours_ == nullptr) { return fail({QueryErrc::window_place, source.at}); }
    if (source.arguments[0].kind != Expression::Kind::column) {
        return fail({QueryErrc::expected_column, source.arguments[0].at});
    }
    Planned column = expression(source.arguments[0]);
    if (!column) { return column; }
    const PlannedNeighbour entry{column->slot, new_slot(), source.scalar == Scalar::next};
    neighbours_->push_back(entry);
    column->slot = entry.to;
    return column;
}

QueryValue PipePlanner::literal(const Expression& source) {
    switch (source.literal_type) {
    case QueryType::boolean:
        return QueryValue::boolean(source.number != 0);
    case QueryType::integer:
        return QueryValue::integer(source.number);
    case QueryType::real:
        return QueryValue::real(source.real);
    case QueryType::timespan:
        return QueryValue::timespan(source.number);
    case QueryType::datetime:
        return QueryValue::datetime(source.number);
    case QueryType::string:
        return QueryValue::string(program_.texts.emplace_back(source.text));
    case QueryType::null:
    case QueryType::list:
    case QueryType::any:
        break;
    }
    return {};
}

bool PipePlanner::step(const Pipe& pipe) {
    if (pipe.kind == Pipe::Kind::rare) {
        const Pipeline steps = spell_out_rare(pipe);
        return std::all_of(steps.begin(), steps.end(), [this](const Pipe& each) { return step(each); });
    }
    PlannedStep out;
    out.kind = pipe.kind;
    out.frame = program_.widths.size() - 1;
    out.count = pipe.count;
    if (!plan(pipe, out)) { return false; }
    program_.steps.push_back(std::move(out));
    return true;
}

bool PipePlanner::plan(const Pipe& pipe, PlannedStep& out) {
    switch (pipe.kind) {
    case Pipe::Kind::where:
        return where(pipe, out);
    case Pipe::Kind::project:
    case Pipe::Kind::extend:
        return assign(pipe, out);
    case Pipe::Kind::project_away:
        return project_away(pipe);
    case Pipe::Kind::distinct:
        return distinct(pipe, out);
    case Pipe::Kind::summarize:
        return summarize(pipe, out);
    case Pipe::Kind::sort:
    case Pipe::Kind::top:
        return keys(pipe, out);
    case Pipe::Kind::facets:
        return facets(pipe, out);
    case Pipe::Kind::count:
        start_frame(out, {{"Count", QueryType::integer, 0}});
        out.aggregates.emplace_back();
        return true;
    case Pipe::Kind::sequence:
        return sequence(pipe, out);
    case Pipe::Kind::around:
        return around(pipe, out);
    case Pipe::Kind::process_tree:
        return process_tree(pipe, out);
    case Pipe::Kind::expand:
        return expand(pipe, out);
    case Pipe::Kind::parse:
        return parse(pipe, out);
    case Pipe::Kind::join:
        return join(pipe, out);
    case Pipe::Kind::lookup:
        return lookup(pipe, out);
    case Pipe::Kind::tail:
        return only_row_steps(pipe);
    case Pipe::Kind::take:
    case Pipe::Kind::rare:
        return true;
    }
    return true;
}

bool PipePlanner::where(const Pipe& pipe, PlannedStep& out) {
    auto condition = expression(pipe.condition);
    if (!condition) { return false; }
    if (auto problem = check_condition(pipe.condition, *condition)) { return refuse(std::move(*problem)); }
    out.condition = std::move(*condition);
    return true;
}

bool PipePlanner::assign(const Pipe& pipe, PlannedStep& out) {
    neighbours_ = pipe.kind == Pipe::Kind::extend ? &out.neighbours : nullptr;
    std::vector<PlannedColumn> made;
    for (const NamedExpression& column : pipe.columns) {
        auto planned = expression(column.expression);
        if (!planned) { return false; }
        if (std::any_of(made.begin(), made.end(), [&](const auto& other) { return other.name == column.name; })) {
            return refuse(QueryErrc::duplicate_column, column.expression.at);
        }
        QuerySlot slot = planned->slot;
        const QueryType type = planned->type;
        if (planned->kind != Expression::Kind::column) {
            slot = new_slot();
            out.assignments.emplace_back(slot, std::move(*planned));
        }
        made.push_back({column.name, type, slot});
    }
    neighbours_ = nullptr;
    for (const NamedExpression& group : pipe.groups) {
        const auto planned = expression(group.expression);
        if (!planned) { return false; }
        out.groups.push_back(planned->slot);
    }
    if (pipe.kind == Pipe::Kind::project) {
        columns_ = std::move(made);
        open_ = false;
        return true;
    }
    for (PlannedColumn& column : made) {
        std::erase(removed_, column.name);
        if (PlannedColumn* const old = known(column.name)) {
            *old = std::move(column);
        } else {
            columns_.push_back(std::move(column));
        }
    }
    return columns_.size() <= kMaxPipeColumns || refuse(QueryErrc::too_many_columns, pipe.at);
}

bool PipePlanner::project_away(const Pipe& pipe) {
    for (const NamedExpression& column : pipe.columns) {
        if (!open_ && known(column.name) == nullptr) {
            return refuse(QueryErrc::unknown_column, column.expression.at, nearest_column(column.name));
        }
        std::erase_if(columns_, [&](const PlannedColumn& each) { return each.name == column.name; });
        if (open_) { removed_.push_back(column.name); }
    }
    return true;
}

void PipePlanner::start_frame(PlannedStep& out, std::vector<PlannedColumn> columns) {
    out.new_frame = true;
    columns_ = std::move(columns);
    removed_.clear();
    open_ = false;
    program_.widths.push_back(columns_.size());
    program_.fields.emplace_back();
}

bool PipePlanner::add_column(std::vector<PlannedColumn>& columns, std::string_view name, QueryType type,
                             std::size_t at) {
    if (std::any_of(columns.begin(), columns.end(), [name](const auto& other) { return other.name == name; })) {
        return refuse(QueryErrc::duplicate_column, at);
    }
    if (columns.size() == kMaxPipeColumns) { return refuse(QueryErrc::too_many_columns, at); }
    columns.push_back({std::string(name), type, static_cast<QuerySlot>(columns.size())});
    return true;
}

bool PipePlanner::by(const std::vector<NamedExpression>& sources, PlannedStep& out,
                     std::vector<PlannedColumn>& columns) {
    for (const NamedExpression& source : sources) {
        auto planned = expression(source.expression);
        if (!planned || !add_column(columns, source.name, planned->type, source.expression.at)) { return false; }
        out.by.push_back(std::move(*planned));
    }
    return true;
}

bool PipePlanner::distinct(const Pipe& pipe, PlannedStep& out) {
    std::vector<NamedExpression> every;
    if (pipe.every_column) {
        if (open_) { return refuse(QueryErrc::star_of_events, pipe.at); }
        for (const PlannedColumn& column : columns_) {
            every.push_back({column.name, column_expression(column.name, pipe.at)});
        }
    }
    std::vector<PlannedColumn> columns;
    if (!by(pipe.every_column ? every : pipe.columns, out, columns)) { return false; }
    start_frame(out, std::move(columns));
    return true;
}

bool PipePlanner::facets(const Pipe& pipe, PlannedStep& out) {
    std::vector<PlannedColumn> columns;
    if (!by(pipe.columns, out, columns)) { return false; }
    for (const PlannedColumn& column : columns) {
        out.names.push_back(column.name);
    }
    start_frame(out,
                {{"field", QueryType::string, 0}, {"value", QueryType::any, 1}, {"count_", QueryType::integer, 2}});
    return true;
}

bool PipePlanner::summarize(const Pipe& pipe, PlannedStep& out) {
    std::vector<PlannedColumn> columns;
    if (!by(pipe.columns, out, columns)) { return false; }
    for (const Aggregate& aggregate : pipe.aggregates) {
        if (!add_aggregate(aggregate, out, columns)) { return false; }
    }
    start_frame(out, std::move(columns));
    return true;
}

bool PipePlanner::add_aggregate(const Aggregate& source, PlannedStep& out, std::vector<PlannedColumn>& columns) {
    PlannedAggregate planned;
    planned.kind = source.kind;
    planned.most = kDefaultSetSize;
    planned.slot = static_cast<QuerySlot>(columns.size());
    for (const Expression& argument : source.arguments) {
        auto each = expression(argument);
        if (!each) { return false; }
        planned.arguments.push_back(std::move(*each));
    }
    if (source.arguments.size() == 2) {
        const Expression& second = source.arguments[1];
        planned.most = static_cast<std::uint64_t>(std::max<std::int64_t>(second.number, 0));
        planned.fraction =
            (second.literal_type == QueryType::real ? second.real : static_cast<double>(second.number)) / 100.0;
    }
    if (auto problem = check_aggregate(source, planned)) { return refuse(std::move(*problem)); }
    const QueryType type =
        aggregate_type(source.kind, planned.arguments.empty() ? QueryType::any : planned.arguments[0].type);
    if (!add_column(columns, source.name, type, source.at)) { return false; }
    const bool keeps = source.kind == AggregateKind::arg_max || source.kind == AggregateKind::arg_min;
    if (!keeps && source.arguments.size() > 1) { planned.arguments.pop_back(); }
    if (keeps && !keep_columns(source, planned, columns)) { return false; }
    out.aggregates.push_back(std::move(planned));
    return true;
}

bool PipePlanner::keep_columns(const Aggregate& source, PlannedAggregate& planned,
                               std::vector<PlannedColumn>& columns) {
    for (std::size_t i = 1; i < source.arguments.size(); ++i) {
        const Expression& kept = source.arguments[i];
        if (!add_column(columns, kept.text, planned.arguments[i].type, kept.at)) { return false; }
    }
    if (!source.every_column) { return true; }
    if (open_) { return refuse(QueryErrc::star_of_events, source.at); }
    for (const PlannedColumn& column : columns_) {
        const bool there =
            std::any_of(columns.begin(), columns.end(), [&](const auto& other) { return other.name == column.name; });
        if (there) { continue; }
        if (!add_column(columns, column.name, column.type, source.at)) { return false; }
        PlannedExpression& kept = planned.arguments.emplace_back();
        kept.kind = Expression::Kind::column;
        kept.type = column.type;
        kept.slot = column.slot;
    }
    return true;
}

bool PipePlanner::keys(const Pipe& pipe, PlannedStep& out) {
    for (const SortKey& key : pipe.keys) {
        auto planned = expression(key.expression);
        if (!planned) { return false; }
        out.keys.push_back({std::move(*planned), key.ascending, key.nulls_first});
    }
    return true;
}

common::Result<QueryProgram, QueryProblem> plan_pipes(const Pipeline& pipes) {
    return PipePlanner().run(pipes);
}

} // namespace canhgac::storage
