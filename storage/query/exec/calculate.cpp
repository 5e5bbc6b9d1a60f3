// Arithmetic and conversions of the query language.
#include <cmath>
#include <limits>

#include "storage/query/exec/evaluator.hpp"

namespace canhgac::storage {

namespace {

using Integer = std::int64_t;
constexpr double kTwoTo63 = 9223372036854775808.0;

/// A double as a 64-bit number, cut towards zero; nothing beyond its range.
std::optional<Integer> truncated(double value) noexcept {
    if (!(value < kTwoTo63) || !(value >= -kTwoTo63)) { return std::nullopt; }
    return static_cast<Integer>(value);
}

QueryValue integers(Scalar scalar, Integer left, Integer right) noexcept {
    Integer result = 0;
    switch (scalar) {
    case Scalar::add:
        if (__builtin_add_overflow(left, right, &result)) { return {}; }
        return QueryValue::integer(result);
    case Scalar::subtract:
        if (__builtin_sub_overflow(left, right, &result)) { return {}; }
        return QueryValue::integer(result);
    case Scalar::multiply:
        if (__builtin_mul_overflow(left, right, &result)) { return {}; }
        return QueryValue::integer(result);
    case Scalar::divide:
    case Scalar::modulo:
        if (right == 0 || (right == -1 && left == std::numeric_limits<Integer>::min())) { return {}; }
        return QueryValue::integer(scalar == Scalar::divide ? left / right : left % right);
    default:
        return {};
    }
}

QueryValue reals(Scalar scalar, double left, double right) noexcept {
    switch (scalar) {
    case Scalar::add:
        return QueryValue::real(left + right);
    case Scalar::subtract:
        return QueryValue::real(left - right);
    case Scalar::multiply:
        return QueryValue::real(left * right);
    case Scalar::divide:
        return right == 0.0 ? QueryValue{} : QueryValue::real(left / right);
    case Scalar::modulo:
        return right == 0.0 ? QueryValue{} : QueryValue::real(std::fmod(left, right));
    default:
        return {};
    }
}

/// A timespan and a number.
QueryValue scaled(Scalar scalar, Integer span, const QueryValue& number) noexcept {
    const bool divide = scalar == Scalar::divide;
    if (number.type() == QueryType::integer) {
        const QueryValue result = integers(scalar, span, number.number());
        return result.is_null() ? result : QueryValue::timespan(result.number());
    }
    if (divide && number.real() == 0.0) { return {}; }
    const auto result =
        truncated(divide ? static_cast<double>(span) / number.real() : static_cast<double>(span) * number.real());
    return result ? QueryValue::timespan(*result) : QueryValue{};
}

/// Of which at least one is a timespan or a datetime.
QueryValue times(Scalar scalar, const QueryValue& left, const QueryValue& right) noexcept {
    const bool left_span = left.type() == QueryType::timespan;
    const bool right_span = right.type() == QueryType::timespan;
    const bool left_time = left.type() == QueryType::datetime;
    const bool right_time = right.type() == QueryType::datetime;
    if (scalar == Scalar::multiply && left_span && numeric(right)) {
        return scaled(scalar, left.number(), *numeric(right));
    }
    if (scalar == Scalar::multiply && right_span && numeric(left)) {
        return scaled(scalar, right.number(), *numeric(left));
    }
    if (scalar == Scalar::divide && left_span && numeric(right)) {
        return scaled(scalar, left.number(), *numeric(right));
    }
    if (!(left_span || left_time) || !(right_span || right_time)) { return {}; }
    const bool moves = scalar == Scalar::add || scalar == Scalar::subtract;
    if (moves) {
        const bool both_times = left_time && right_time;
        if ((both_times && scalar == Scalar::add) || (left_span && right_time && scalar == Scalar::subtract)) {
            return {};
        }
        const QueryValue result = integers(scalar, left.number(), right.number());
        if (result.is_null()) { return {}; }
        const bool is_time = left_time != right_time;
        return is_time ? QueryValue::datetime(result.number()) : QueryValue::timespan(result.number());
    }
    if (!left_span || !right_span) { return {}; }
    if (scalar == Scalar::divide) {
        return reals(scalar, static_cast<double>(left.number()), static_cast<double>(right.number()));
    }
    if (scalar != Scalar::modulo) { return {}; }
    const QueryValue rest = integers(scalar, left.number(), right.number());
    return rest.is_null() ? rest : QueryValue::timespan(rest.number());
}

std::optional<Integer> floored(Integer value, Integer step) noexcept {
    if (step <= 0) { return std::nullopt; }
    const Integer rest = value % step;
    Integer result = value - rest;
    if (rest < 0 && __builtin_sub_overflow(result, step, &result)) { return std::nullopt; }
    return result;
}

QueryValue binned(const QueryValue& value, const QueryValue& step) noexcept {
    const bool time = value.type() == QueryType::datetime || value.type() == QueryType::timespan;
    if (time) {
        const QueryValue span = convert(Scalar::to_timespan, step);
        const auto low = span.is_null() ? std::nullopt : floored(value.number(), span.number());
        if (!low) { return {}; }
        return value.type() == QueryType::datetime ? QueryValue::datetime(*low) : QueryValue::timespan(*low);
    }
    const auto number = numeric(value);
    const auto width = numeric(step);
    if (!number || !width) { return {}; }
    if (number->type() == QueryType::integer && width->type() == QueryType::integer) {
        const auto low = floored(number->number(), width->number());
        return low ? QueryValue::integer(*low) : QueryValue{};
    }
    const double size = to_double(*width);
    return size <= 0.0 ? QueryValue{} : QueryValue::real(std::floor(to_double(*number) / size) * size);
}

QueryValue to_long(const QueryValue& value) noexcept {
    if (value.type() == QueryType::boolean) { return QueryValue::integer(value.number()); }
    const auto number = numeric(value);
    if (!number || number->type() == QueryType::integer) { return number.value_or(QueryValue{}); }
    const auto whole = truncated(number->real());
    return whole ? QueryValue::integer(*whole) : QueryValue{};
}

} // namespace

QueryValue calculate(Scalar scalar, const QueryValue& left, const QueryValue& right) noexcept {
    if (left.is_null() || right.is_null()) { return {}; }
    if (scalar == Scalar::bin) { return binned(left, right); }
    const auto timed = [](const QueryValue& value) {
        return value.type() == QueryType::timespan || value.type() == QueryType::datetime;
    };
    if (timed(left) || timed(right)) { return times(scalar, left, right); }
    const auto a = numeric(left);
    const auto b = numeric(right);
    if (!a || !b) { return {}; }
    if (a->type() == QueryType::integer && b->type() == QueryType::integer) {
        return integers(scalar, a->number(), b->number());
    }
    return reals(scalar, to_double(*a), to_double(*b));
}

QueryValue convert(Scalar scalar, const QueryValue& value) noexcept {
    switch (scalar) {
    case Scalar::to_long:
        return to_long(value);
    case Scalar::to_real: {
        if (value.type() == QueryType::boolean) { return QueryValue::real(static_cast<double>(value.number())); }
        const auto number = numeric(value);
        return number ? QueryValue::real(to_double(*number)) : QueryValue{};
    }
    case Scalar::to_bool: {
        if (const auto is = truth(value)) { return QueryValue::boolean(*is); }
        const auto number = numeric(value);
        return number ? QueryValue::boolean(to_double(*number) != 0.0) : QueryValue{};
    }
    case Scalar::to_datetime: {
        if (value.type() == QueryType::datetime) { return value; }
        if (value.type() != QueryType::string) { return {}; }
        const auto time = parse_datetime(value.text());
        return time ? QueryValue::datetime(*time) : QueryValue{};
    }
    case Scalar::to_timespan: {
        if (value.type() == QueryType::timespan) { return value; }
        if (value.type() != QueryType::string) { return {}; }
        const auto span = parse_timespan(value.text());
        return span ? QueryValue::timespan(*span) : QueryValue{};
    }
    default:
        return {};
    }
}

} // namespace canhgac::storage
