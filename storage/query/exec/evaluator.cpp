#include "storage/query/exec/evaluator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "common/ip.hpp"
#include "storage/query/exec/text_functions.hpp"
#include "text/fold.hpp"
#include "text/regex.hpp"

namespace canhgac::storage {

namespace {

QueryValue answer(bool value, bool negated) noexcept {
    return QueryValue::boolean(value != negated);
}

/// A value of several holds if one of them does.
template <typename Predicate>
bool any_item(const QueryValue& value, const Predicate& predicate) {
    if (value.type() != QueryType::list) { return predicate(value); }
    return std::any_of(value.items().begin(), value.items().end(), predicate);
}

bool equal_values(const QueryValue& left, const QueryValue& right) noexcept {
    if (left.type() == QueryType::list && right.type() == QueryType::list) { return order_values(left, right) == 0; }
    return any_item(left, [&right](const QueryValue& item) { return compare_values(item, right) == 0; });
}

bool in_order(Scalar scalar, std::partial_ordering order) noexcept {
    switch (scalar) {
    case Scalar::less:
        return order < 0;
    case Scalar::less_equal:
        return order <= 0;
    case Scalar::greater:
        return order > 0;
    default:
        return order >= 0;
    }
}

/// < <= > >=: null when the values have no order.
std::optional<bool> ordered(Scalar scalar, const QueryValue& left, const QueryValue& right) noexcept {
    if (left.type() == QueryType::list && right.type() != QueryType::list) {
        return any_item(left, [&](const QueryValue& item) { return in_order(scalar, compare_values(item, right)); });
    }
    const auto order = compare_values(left, right);
    if (order == std::partial_ordering::unordered) { return std::nullopt; }
    return in_order(scalar, order);
}

bool text_holds(Scalar scalar, std::string_view text, std::string_view part) {
    switch (scalar) {
    case Scalar::equal_folded:
    case Scalar::in_folded:
        return text::equals_folded(text, part);
    case Scalar::contains:
        return text::contains_folded(text, part);
    case Scalar::starts_with:
        return text::starts_folded(text, part);
    case Scalar::ends_with:
        return text::ends_folded(text, part);
    default:
        return has_term(text, part);
    }
}

QueryValue in_range(std::string_view address, std::string_view network) noexcept {
    const auto ip = common::parse_ip(address);
    const auto range = common::parse_cidr(network);
    if (!ip || !range || range->address.is_v6) { return {}; }
    const common::IpAddress plain = common::unmapped(*ip);
    return plain.is_v6 ? QueryValue{} : QueryValue::boolean(range->contains(plain));
}

} // namespace

std::optional<bool> truth(const QueryValue& value) noexcept {
    if (value.type() == QueryType::boolean) { return value.number() != 0; }
    if (value.type() != QueryType::string) { return std::nullopt; }
    if (value.text() == "true") { return true; }
    if (value.text() == "false") { return false; }
    return std::nullopt;
}

bool Evaluator::holds(const PlannedExpression& condition, std::span<const QueryValue> row) {
    return truth(evaluate(condition, row)).value_or(false);
}

QueryValue Evaluator::evaluate(const PlannedExpression& expression, std::span<const QueryValue> row) {
    switch (expression.kind) {
    case Expression::Kind::literal:
        return expression.literal;
    case Expression::Kind::column:
        return row[expression.slot];
    case Expression::Kind::call:
        break;
    }
    return call(expression, row);
}

QueryValue Evaluator::call(const PlannedExpression& call, Row row) {
    switch (call.scalar) {
    case Scalar::logical_or:
    case Scalar::logical_and:
    case Scalar::logical_not:
        return logic(call, row);
    case Scalar::equal:
    case Scalar::less:
    case Scalar::less_equal:
    case Scalar::greater:
    case Scalar::greater_equal:
    case Scalar::between:
        return comparison(call, row);
    case Scalar::in:
    case Scalar::in_folded:
    case Scalar::has_any:
    case Scalar::has_all:
        return membership(call, row);
    case Scalar::equal_folded:
    case Scalar::has:
    case Scalar::contains:
    case Scalar::starts_with:
    case Scalar::ends_with:
    case Scalar::matches_regex:
        return text_search(call, row);
    case Scalar::if_then:
    case Scalar::case_of:
    case Scalar::coalesce:
        return choice(call, row);
    case Scalar::add:
    case Scalar::subtract:
    case Scalar::multiply:
    case Scalar::divide:
    case Scalar::modulo:
    case Scalar::bin: {
        const QueryValue left = evaluate(call.arguments[0], row);
        return calculate(call.scalar, left, evaluate(call.arguments[1], row));
    }
    case Scalar::to_lower:
    case Scalar::to_upper:
    case Scalar::string_length:
    case Scalar::substring:
    case Scalar::split:
    case Scalar::base_name:
    case Scalar::directory_name:
    case Scalar::ipv4_is_in_range:
    case Scalar::registered_domain:
        return text_function(call, row);
    default:
        return value_function(call, row);
    }
}

/// Three values: null and false is false, null or true is true, else null stays.
QueryValue Evaluator::logic(const PlannedExpression& call, Row row) {
    const auto left = truth(evaluate(call.arguments[0], row));
    if (call.scalar == Scalar::logical_not) { return left ? QueryValue::boolean(!*left) : QueryValue{}; }
    const bool decides = call.scalar == Scalar::logical_or;
    if (left && *left == decides) { return QueryValue::boolean(decides); }
    const auto right = truth(evaluate(call.arguments[1], row));
    if (right && *right == decides) { return QueryValue::boolean(decides); }
    return left && right ? QueryValue::boolean(!decides) : QueryValue{};
}

QueryValue Evaluator::comparison(const PlannedExpression& call, Row row) {
    const QueryValue left = evaluate(call.arguments[0], row);
    const QueryValue right = evaluate(call.arguments[1], row);
    if (call.scalar == Scalar::equal) {
        if (left.is_null() && right.is_null()) { return {}; }
        return answer(equal_values(left, right), call.negated);
    }
    if (call.scalar == Scalar::between) {
        const auto low = ordered(Scalar::greater_equal, left, right);
        const auto high = ordered(Scalar::less_equal, left, evaluate(call.arguments[2], row));
        if ((low && !*low) || (high && !*high)) { return answer(false, call.negated); }
        return low && high ? answer(true, call.negated) : QueryValue{};
    }
    const auto result = ordered(call.scalar, left, right);
    return result ? QueryValue::boolean(*result) : QueryValue{};
}

QueryValue Evaluator::membership(const PlannedExpression& call, Row row) {
    const QueryValue left = evaluate(call.arguments[0], row);
    const bool all = call.scalar == Scalar::has_all;
    bool found = all;
    for (std::size_t i = 1; i < call.arguments.size() && found == all; ++i) {
        const QueryValue right = evaluate(call.arguments[i], row);
        if (call.scalar == Scalar::in) {
            found = equal_values(left, right);
            continue;
        }
        const auto part = text_of(right);
        found = part && any_item(left, [&](const QueryValue& item) {
                    const auto text = text_of(item);
                    return text && text_holds(call.scalar, *text, *part);
                });
    }
    return answer(found, call.negated);
}

QueryValue Evaluator::text_search(const PlannedExpression& call, Row row) {
    const QueryValue left = evaluate(call.arguments[0], row);
    const auto part = text_of(evaluate(call.arguments[1], row));
    const bool found = part && any_item(left, [&](const QueryValue& item) {
                           const auto text = text_of(item);
                           if (!text) { return false; }
                           return call.regex ? call.regex->search(*text) : text_holds(call.scalar, *text, *part);
                       });
    return answer(found, call.negated);
}

QueryValue Evaluator::choice(const PlannedExpression& call, Row row) {
    if (call.scalar == Scalar::coalesce) {
        for (const PlannedExpression& argument : call.arguments) {
            const QueryValue value = evaluate(argument, row);
            if (!value.is_null()) { return value; }
        }
        return {};
    }
    for (std::size_t i = 0; i + 1 < call.arguments.size(); i += 2) {
        if (holds(call.arguments[i], row)) { return evaluate(call.arguments[i + 1], row); }
    }
    return evaluate(call.arguments.back(), row);
}

std::optional<std::string_view> Evaluator::text_of(const QueryValue& value) {
    if (value.is_null()) { return std::nullopt; }
    if (value.type() == QueryType::string) { return value.text(); }
    std::string text;
    append_value_text(text, value);
    return scratch_->copy(text);
}

std::optional<std::int64_t> Evaluator::whole(const PlannedExpression& argument, Row row) {
    const QueryValue value = convert(Scalar::to_long, evaluate(argument, row));
    if (value.is_null()) { return std::nullopt; }
    return value.number();
}

QueryValue Evaluator::text_function(const PlannedExpression& call, Row row) {
    const auto text = text_of(evaluate(call.arguments[0], row));
    if (!text) { return {}; }
    switch (call.scalar) {
    case Scalar::to_lower:
        return QueryValue::string(scratch_->copy(text::fold(*text)));
    case Scalar::to_upper:
        return QueryValue::string(scratch_->copy(to_upper(*text)));
    case Scalar::string_length:
        return QueryValue::integer(static_cast<std::int64_t>(count_characters(*text)));
    case Scalar::base_name:
        return QueryValue::string(base_name_of(*text));
    case Scalar::directory_name:
        return QueryValue::string(directory_of(*text));
    case Scalar::split:
        return split(*text, call, row);
    case Scalar::registered_domain: {
        if (suffixes_ == nullptr) { return QueryValue::string("unknown"); }
        const auto domain = suffixes_->registered_domain(*text);
        return domain ? QueryValue::string(scratch_->copy(*domain)) : QueryValue{};
    }
    case Scalar::ipv4_is_in_range: {
        const auto network = text_of(evaluate(call.arguments[1], row));
        return network ? in_range(*text, *network) : QueryValue{};
    }
    default:
        break;
    }
    const auto start = whole(call.arguments[1], row);
    if (!start) { return {}; }
    if (call.arguments.size() == 2) { return QueryValue::string(substring_of(*text, *start, std::nullopt)); }
    const auto length = whole(call.arguments[2], row);
    return length ? QueryValue::string(substring_of(*text, *start, length)) : QueryValue{};
}

QueryValue Evaluator::split(std::string_view text, const PlannedExpression& call, Row row) {
    const auto separator = text_of(evaluate(call.arguments[1], row));
    if (!separator) { return {}; }
    std::vector<QueryValue> parts;
    for (;;) {
        const auto at = separator->empty() ? std::string_view::npos : text.find(*separator);
        parts.push_back(QueryValue::string(text.substr(0, at)));
        if (at == std::string_view::npos) { break; }
        text.remove_prefix(at + separator->size());
    }
    if (call.arguments.size() == 3) {
        const auto index = whole(call.arguments[2], row);
        if (!index || *index < 0 || static_cast<std::size_t>(*index) >= parts.size()) { return {}; }
        return parts[static_cast<std::size_t>(*index)];
    }
    const auto items = allocate_values(*scratch_, parts.size());
    std::copy(parts.begin(), parts.end(), items.begin());
    return QueryValue::list(items);
}

QueryValue Evaluator::concatenate(const PlannedExpression& call, Row row) {
    std::string text;
    for (const PlannedExpression& argument : call.arguments) {
        append_value_text(text, evaluate(argument, row));
    }
    return QueryValue::string(scratch_->copy(text));
}

QueryValue Evaluator::value_function(const PlannedExpression& call, Row row) {
    if (call.scalar == Scalar::now) { return QueryValue::datetime(now_); }
    if (call.scalar == Scalar::concatenate) { return concatenate(call, row); }
    const QueryValue value = evaluate(call.arguments[0], row);
    const bool empty = value.is_null() || (value.type() == QueryType::string && value.text().empty());
    switch (call.scalar) {
    case Scalar::is_null:
        return QueryValue::boolean(value.is_null());
    case Scalar::is_not_null:
        return QueryValue::boolean(!value.is_null());
    case Scalar::is_empty:
        return QueryValue::boolean(empty);
    case Scalar::is_not_empty:
        return QueryValue::boolean(!empty);
    case Scalar::negate:
        if (value.type() == QueryType::timespan) { return calculate(Scalar::subtract, QueryValue::timespan(0), value); }
        return calculate(Scalar::subtract, QueryValue::integer(0), value);
    case Scalar::ago:
        return calculate(Scalar::subtract, QueryValue::datetime(now_), convert(Scalar::to_timespan, value));
    case Scalar::to_text:
        return QueryValue::string(text_of(value).value_or(std::string_view{}));
    case Scalar::array_length:
        return value.type() == QueryType::list ? QueryValue::integer(static_cast<std::int64_t>(value.items().size()))
                                               : QueryValue{};
    default:
        return convert(call.scalar, value);
    }
}

} // namespace canhgac::storage
