#include "storage/query/typing.hpp"

#include <algorithm>
#include <string>

#include "common/ip.hpp"

namespace canhgac::storage {

namespace {

bool is_open(QueryType type) noexcept {
    return type == QueryType::any || type == QueryType::null;
}
bool counts_as_number(QueryType type) noexcept {
    return type == QueryType::integer || type == QueryType::real || type == QueryType::string || is_open(type);
}
bool counts_as(QueryType wanted, QueryType type) noexcept {
    return type == wanted || type == QueryType::string || is_open(type);
}
bool is_condition(QueryType type) noexcept {
    return type == QueryType::boolean || is_open(type);
}

/// Types that == and < can tell apart or order.
bool comparable(QueryType left, QueryType right) noexcept {
    if (is_open(left) || is_open(right) || left == right) { return true; }
    if (left == QueryType::string || right == QueryType::string) { return true; }
    if (left == QueryType::list || right == QueryType::list) { return true; } // one of its items
    const auto number = [](QueryType type) { return type == QueryType::integer || type == QueryType::real; };
    return number(left) && number(right);
}

QueryType common_type(std::span<const PlannedExpression> values, std::size_t first, std::size_t step) noexcept {
    QueryType type = QueryType::null;
    for (std::size_t i = first; i < values.size(); i += step) {
        const QueryType other = values[i].type;
        if (other == QueryType::null) { continue; }
        if (type != QueryType::null && type != other) { return QueryType::any; }
        type = other;
    }
    return type == QueryType::null ? QueryType::any : type;
}

QueryProblem wrong_type(const Expression& at, std::string_view wanted) {
    return {QueryErrc::argument_type, at.at, std::string(wanted)};
}

std::optional<QueryProblem> check_comparison(const Expression& source, std::span<const PlannedExpression> arguments) {
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (!comparable(arguments[0].type, arguments[i].type)) {
            return QueryProblem{QueryErrc::cannot_compare, source.arguments[i].at};
        }
    }
    return std::nullopt;
}

std::optional<QueryProblem> check_conditions(const Expression& source, std::span<const PlannedExpression> arguments,
                                             std::size_t count, std::size_t step) {
    for (std::size_t i = 0; i < count; i += step) {
        if (auto problem = check_condition(source.arguments[i], arguments[i])) { return problem; }
    }
    return std::nullopt;
}

std::optional<QueryProblem> check_text_call(const Expression& source, std::span<const PlannedExpression> arguments,
                                            std::size_t texts) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const QueryType type = arguments[i].type;
        if (i < texts && !counts_as(QueryType::string, type)) { return wrong_type(source.arguments[i], "string"); }
        if (i >= texts && !counts_as_number(type)) { return wrong_type(source.arguments[i], "long"); }
    }
    return std::nullopt;
}

std::optional<QueryProblem> check_bin(const Expression& source, std::span<const PlannedExpression> arguments) {
    const QueryType value = arguments[0].type;
    const QueryType step = arguments[1].type;
    const bool time = value == QueryType::datetime || value == QueryType::timespan;
    if (!time && !counts_as_number(value)) {
        return wrong_type(source.arguments[0], "long, double, datetime or timespan");
    }
    if (time && !counts_as(QueryType::timespan, step)) { return wrong_type(source.arguments[1], "timespan"); }
    if (step != QueryType::timespan && !counts_as_number(step)) {
        return wrong_type(source.arguments[1], "long, double or timespan");
    }
    return std::nullopt;
}

} // namespace

std::optional<QueryType> arithmetic_type(Scalar scalar, QueryType left, QueryType right) noexcept {
    using enum QueryType;
    const auto number = [](QueryType type) { return type == integer || type == real; };
    if (left == string || is_open(left) || right == string || is_open(right)) {
        const auto never = [](QueryType type) { return type == boolean || type == list; };
        if (never(left) || never(right)) { return std::nullopt; }
        return any;
    }
    if (number(left) && number(right)) { return left == real || right == real ? real : integer; }
    switch (scalar) {
    case Scalar::add:
        if (left == timespan && right == timespan) { return timespan; }
        if (left == datetime && right == timespan) { return datetime; }
        if (left == timespan && right == datetime) { return datetime; }
        return std::nullopt;
    case Scalar::subtract:
        if (left == timespan && right == timespan) { return timespan; }
        if (left == datetime && right == timespan) { return datetime; }
        if (left == datetime && right == datetime) { return timespan; }
        return std::nullopt;
    case Scalar::multiply:
        if ((left == timespan && number(right)) || (number(left) && right == timespan)) { return timespan; }
        return std::nullopt;
    case Scalar::divide:
        if (left == timespan && number(right)) { return timespan; }
        if (left == timespan && right == timespan) { return real; }
        return std::nullopt;
    case Scalar::modulo:
        if (left == timespan && right == timespan) { return timespan; }
        return std::nullopt;
    default:
        return std::nullopt;
    }
}

std::optional<QueryProblem> check_condition(const Expression& source, const PlannedExpression& planned) {
    if (is_condition(planned.type)) { return std::nullopt; }
    return QueryProblem{QueryErrc::expected_bool, source.at};
}

std::optional<QueryProblem> check_call(const Expression& source, std::span<const PlannedExpression> arguments) {
    switch (source.scalar) {
    case Scalar::logical_or:
    case Scalar::logical_and:
    case Scalar::logical_not:
        return check_conditions(source, arguments, arguments.size(), 1);
    case Scalar::if_then:
        return check_conditions(source, arguments, 1, 1);
    case Scalar::case_of:
        return check_conditions(source, arguments, arguments.size() - 1, 2);
    case Scalar::equal:
    case Scalar::less:
    case Scalar::less_equal:
    case Scalar::greater:
    case Scalar::greater_equal:
    case Scalar::in:
    case Scalar::between:
        return check_comparison(source, arguments);
    case Scalar::add:
    case Scalar::subtract:
    case Scalar::multiply:
    case Scalar::divide:
    case Scalar::modulo:
        if (arithmetic_type(source.scalar, arguments[0].type, arguments[1].type)) { return std::nullopt; }
        return QueryProblem{QueryErrc::argument_type, source.at,
                            "that \"" + std::string(entry_of(source.scalar).name) + "\" can take on both sides"};
    case Scalar::negate:
        if (arguments[0].type == QueryType::timespan || counts_as_number(arguments[0].type)) { return std::nullopt; }
        return wrong_type(source.arguments[0], "long, double or timespan");
    case Scalar::to_lower:
    case Scalar::to_upper:
    case Scalar::string_length:
    case Scalar::base_name:
    case Scalar::directory_name:
    case Scalar::registered_domain:
    case Scalar::substring:
        return check_text_call(source, arguments, 1);
    case Scalar::split:
        return check_text_call(source, arguments, 2);
    case Scalar::ipv4_is_in_range: {
        const Expression& network = source.arguments[1];
        if (network.literal_type == QueryType::string && !common::parse_cidr(network.text)) {
            return QueryProblem{QueryErrc::bad_network, network.at};
        }
        return check_text_call(source, arguments, 2);
    }
    case Scalar::ago:
        if (counts_as(QueryType::timespan, arguments[0].type)) { return std::nullopt; }
        return wrong_type(source.arguments[0], "timespan");
    case Scalar::array_length:
        if (arguments[0].type == QueryType::list || is_open(arguments[0].type)) { return std::nullopt; }
        return wrong_type(source.arguments[0], "dynamic");
    case Scalar::bin:
        return check_bin(source, arguments);
    default:
        return std::nullopt;
    }
}

QueryType call_type(Scalar scalar, std::span<const PlannedExpression> arguments) noexcept {
    switch (scalar) {
    case Scalar::add:
    case Scalar::subtract:
    case Scalar::multiply:
    case Scalar::divide:
    case Scalar::modulo:
        return arithmetic_type(scalar, arguments[0].type, arguments[1].type).value_or(QueryType::any);
    case Scalar::negate:
    case Scalar::bin:
        return counts_as(QueryType::any, arguments[0].type) ? QueryType::any : arguments[0].type;
    case Scalar::split:
        return arguments.size() == 3 ? QueryType::string : QueryType::list;
    case Scalar::if_then:
        return common_type(arguments, 1, 1);
    case Scalar::coalesce:
        return common_type(arguments, 0, 1);
    case Scalar::case_of: {
        const QueryType results = common_type(arguments.first(arguments.size() - 1), 1, 2);
        const QueryType otherwise = arguments.back().type;
        return otherwise == QueryType::null || otherwise == results ? results : QueryType::any;
    }
    default:
        return entry_of(scalar).result;
    }
}

std::optional<QueryProblem> check_aggregate(const Aggregate& source, const PlannedAggregate& planned) {
    switch (source.kind) {
    case AggregateKind::count_if:
        return check_condition(source.arguments[0], planned.arguments[0]);
    case AggregateKind::percentile: {
        const Expression& part = source.arguments[1];
        const bool number = part.literal_type == QueryType::integer || part.literal_type == QueryType::real;
        if (part.kind != Expression::Kind::literal || !number || planned.fraction < 0.0 || planned.fraction > 1.0) {
            return wrong_type(part, "double, from 0 to 100, written in the query");
        }
        break;
    }
    case AggregateKind::make_set: {
        if (source.arguments.size() < 2) { return std::nullopt; }
        const Expression& most = source.arguments[1];
        const bool number = most.kind == Expression::Kind::literal && most.literal_type == QueryType::integer;
        if (!number || most.number < 1 || planned.most > kMaxSetSize) {
            return wrong_type(most, "long, from 1 to 100000, written in the query");
        }
        return std::nullopt;
    }
    case AggregateKind::sum:
    case AggregateKind::average:
    case AggregateKind::deviation:
        break;
    default:
        return std::nullopt;
    }
    const QueryType type = planned.arguments[0].type;
    if (counts_as_number(type) || type == QueryType::timespan) { return std::nullopt; }
    return wrong_type(source.arguments[0], "long, double or timespan");
}

QueryType aggregate_type(AggregateKind kind, QueryType argument) noexcept {
    switch (kind) {
    case AggregateKind::sum:
        return argument == QueryType::string ? QueryType::any : argument;
    case AggregateKind::average:
    case AggregateKind::deviation:
    case AggregateKind::percentile:
        if (argument == QueryType::integer || argument == QueryType::real || argument == QueryType::string) {
            return QueryType::real;
        }
        return argument;
    case AggregateKind::minimum:
    case AggregateKind::maximum:
    case AggregateKind::arg_max:
    case AggregateKind::arg_min:
    case AggregateKind::take_any:
        return argument;
    default:
        return entry_of(kind).result;
    }
}

} // namespace canhgac::storage
