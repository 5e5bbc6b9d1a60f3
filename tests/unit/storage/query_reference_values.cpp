#include "tests/unit/storage/query_reference_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "storage/query/parser.hpp"
#include "storage/query/pipe_parser.hpp"

namespace canhgac::storage::reference {

Value make(T type, long long number) {
    Value value;
    value.type = type;
    value.number = number;
    return value;
}
static Value text(std::string from) {
    Value value;
    value.type = T::string;
    value.text = std::move(from);
    return value;
}
Value real(Wide number) {
    Value value;
    if (!std::isfinite(static_cast<double>(number))) { return value; }
    value.type = T::real;
    value.real = static_cast<double>(number);
    return value;
}
static Value yes(bool is) {
    return make(T::boolean, is ? 1 : 0);
}
static Value fit(T type, Wide number) {
    const bool fits = number <= static_cast<Wide>(std::numeric_limits<long long>::max()) &&
                      number >= static_cast<Wide>(std::numeric_limits<long long>::min());
    return fits ? make(type, static_cast<long long>(number)) : Value{};
}

const Value& get(const Row& row, const std::string& name) {
    static const Value kNull;
    for (const auto& [key, value] : row) {
        if (key == name) { return value; }
    }
    return kNull;
}
void set(Row& row, const std::string& name, Value value) {
    for (auto& [key, old] : row) {
        if (key == name) {
            old = std::move(value);
            return;
        }
    }
    row.emplace_back(name, std::move(value));
}

/// Strings of the tests spell numbers without exponents.
std::optional<Value> number_of(const Value& value) {
    if (value.type == T::integer || value.type == T::real) { return value; }
    if (value.type != T::string || value.text.empty()) { return std::nullopt; }
    const bool negative = value.text[0] == '-';
    const std::string digits = value.text.substr(negative ? 1 : 0);
    if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string::npos || digits == ".") {
        return std::nullopt;
    }
    if (std::count(digits.begin(), digits.end(), '.') > 1) { return std::nullopt; }
    if (digits.find('.') != std::string::npos) { return real(std::atof(value.text.c_str())); }
    return make(T::integer, std::atoll(value.text.c_str()));
}
double as_real(const Value& number) {
    return number.type == T::real ? number.real : static_cast<double>(number.number);
}

static std::string show(const Value& value);

static std::string show_json(const Value& value) {
    if (value.type == T::null) { return "null"; }
    if (value.type == T::string || value.type == T::datetime || value.type == T::timespan) {
        return '"' + show(value) + '"'; // the tests have nothing to escape
    }
    return show(value);
}

static std::string show(const Value& value) {
    switch (value.type) {
    case T::string:
        return value.text;
    case T::integer:
        return std::to_string(value.number);
    case T::real:
        return fmt::format("{}", value.real);
    case T::boolean:
        return value.number != 0 ? "true" : "false";
    case T::datetime:
        return common::format_rfc3339(value.number);
    case T::timespan: {
        const long long size = std::llabs(value.number);
        const long long seconds = size / common::kSecond;
        std::string text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        if (seconds >= 86'400) { text = fmt::format("{}.{}", seconds / 86'400, text); }
        if (const long long rest = size % common::kSecond; rest != 0) {
            text += fmt::format(".{:09}", rest);
            while (text.back() == '0') {
                text.pop_back();
            }
        }
        return (value.number < 0 ? "-" : "") + text;
    }
    case T::list: {
        std::string text = "[";
        for (const Value& item : value.items) {
            text += (text.size() == 1 ? "" : ",") + show_json(item);
        }
        return text + "]";
    }
    default:
        return {};
    }
}

static std::optional<int> compare(const Value& left, const Value& right) {
    if (left.type == T::null || right.type == T::null) { return std::nullopt; }
    const auto rank = [](T type) { return type == T::real ? T::integer : type; };
    if (rank(left.type) == rank(right.type)) { return order(left, right); }
    const auto with_text = [&](const Value& string, const Value& other) -> std::optional<Value> {
        if (other.type == T::integer || other.type == T::real) { return number_of(string); }
        if (other.type == T::boolean && (string.text == "true" || string.text == "false")) {
            return yes(string.text == "true");
        }
        return std::nullopt;
    };
    if (left.type == T::string) {
        const auto read = with_text(left, right);
        return read ? std::optional(order(*read, right)) : std::nullopt;
    }
    if (right.type == T::string) {
        const auto read = with_text(right, left);
        return read ? std::optional(order(left, *read)) : std::nullopt;
    }
    return std::nullopt;
}

static std::string lower(std::string from) {
    for (char& c : from) {
        if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
    }
    return from;
}

static bool term_in(const std::string& where, const std::string& term) {
    const auto inside = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    for (std::size_t at = 0; at + term.size() <= where.size(); ++at) {
        if (where.compare(at, term.size(), term) != 0) { continue; }
        const std::size_t end = at + term.size();
        const bool begins = at == 0 || term.empty() || !inside(where[at - 1]) || !inside(term.front());
        const bool ends = end == where.size() || term.empty() || !inside(where[end]) || !inside(term.back());
        if (begins && ends) { return true; }
    }
    return false;
}

static bool text_test(Scalar scalar, const Value& left, const Value& right) {
    if (left.type == T::list) {
        return std::any_of(left.items.begin(), left.items.end(),
                           [&](const Value& item) { return text_test(scalar, item, right); });
    }
    if (left.type == T::null || right.type == T::null) { return false; }
    const std::string a = lower(show(left));
    const std::string b = lower(show(right));
    switch (scalar) {
    case Scalar::equal_folded:
    case Scalar::in_folded:
        return a == b;
    case Scalar::contains:
        return a.find(b) != std::string::npos;
    case Scalar::starts_with:
        return a.rfind(b, 0) == 0;
    case Scalar::ends_with:
        return a.size() >= b.size() && a.compare(a.size() - b.size(), b.size(), b) == 0;
    default:
        return term_in(a, b);
    }
}

static bool equal(const Value& left, const Value& right) {
    if (left.type == T::list && right.type != T::list) {
        return std::any_of(left.items.begin(), left.items.end(), [&](const Value& item) { return equal(item, right); });
    }
    return compare(left, right) == 0;
}

static std::optional<bool> less_test(Scalar scalar, const Value& left, const Value& right) {
    const auto is = [scalar](int sign) {
        return scalar == Scalar::less         ? sign < 0
               : scalar == Scalar::less_equal ? sign <= 0
               : scalar == Scalar::greater    ? sign > 0
                                              : sign >= 0;
    };
    if (left.type == T::list && right.type != T::list) {
        return std::any_of(left.items.begin(), left.items.end(), [&](const Value& item) {
            const auto sign = compare(item, right);
            return sign && is(*sign);
        });
    }
    const auto sign = compare(left, right);
    return sign ? std::optional(is(*sign)) : std::nullopt;
}

Value arithmetic(Scalar scalar, const Value& left, const Value& right) {
    const bool times =
        left.type == T::timespan || left.type == T::datetime || right.type == T::timespan || right.type == T::datetime;
    if (left.type == T::null || right.type == T::null) { return {}; }
    if (times) {
        const Wide a = left.number;
        const Wide b = right.number;
        const bool both = (left.type == T::timespan || left.type == T::datetime) &&
                          (right.type == T::timespan || right.type == T::datetime);
        if (both && scalar == Scalar::subtract && left.type == right.type) { return fit(T::timespan, a - b); }
        if (both && scalar == Scalar::subtract && left.type == T::datetime) { return fit(T::datetime, a - b); }
        if (both && scalar == Scalar::add && (left.type != T::datetime || right.type != T::datetime)) {
            return fit(left.type == right.type ? T::timespan : T::datetime, a + b);
        }
        if (both && left.type == T::timespan && right.type == T::timespan) {
            if (scalar == Scalar::divide && right.number != 0) {
                return real(static_cast<double>(left.number) / static_cast<double>(right.number));
            }
            if (scalar == Scalar::modulo && right.number != 0) { return make(T::timespan, left.number % right.number); }
        }
        const auto factor = number_of(left.type == T::timespan ? right : left);
        if (both || !factor || left.type == T::datetime || right.type == T::datetime) { return {}; }
        const Wide span = left.type == T::timespan ? a : b;
        const Wide by = factor->type == T::real ? static_cast<Wide>(factor->real) : static_cast<Wide>(factor->number);
        if (scalar == Scalar::multiply) { return fit(T::timespan, std::trunc(span * by)); }
        if (scalar == Scalar::divide && left.type == T::timespan && by != 0) {
            return fit(T::timespan, std::trunc(span / by));
        }
        return {};
    }
    const auto a = number_of(left);
    const auto b = number_of(right);
    if (!a || !b) { return {}; }
    if (a->type == T::integer && b->type == T::integer) {
        const Wide x = a->number;
        const Wide y = b->number;
        switch (scalar) {
        case Scalar::add:
            return fit(T::integer, x + y);
        case Scalar::subtract:
            return fit(T::integer, x - y);
        case Scalar::multiply:
            return fit(T::integer, x * y);
        case Scalar::divide:
            return b->number == 0 ? Value{} : make(T::integer, a->number / b->number);
        default:
            return b->number == 0 ? Value{} : make(T::integer, a->number % b->number);
        }
    }
    const double x = as_real(*a);
    const double y = as_real(*b);
    switch (scalar) {
    case Scalar::add:
        return real(x + y);
    case Scalar::subtract:
        return real(x - y);
    case Scalar::multiply:
        return real(x * y);
    case Scalar::divide:
        return y == 0 ? Value{} : real(x / y);
    default:
        return y == 0 ? Value{} : real(std::fmod(x, y));
    }
}

std::optional<bool> truth_of(const Value& value) {
    if (value.type == T::boolean) { return value.number != 0; }
    if (value.type == T::string && value.text == "true") { return true; }
    if (value.type == T::string && value.text == "false") { return false; }
    return std::nullopt;
}

static Value functions(const Expression& e, const Row& row, long long now) {
    const auto arg = [&](std::size_t i) { return evaluate(e.arguments[i], row, now); };
    switch (e.scalar) {
    case Scalar::to_lower:
        return arg(0).type == T::null ? Value{} : text(lower(show(arg(0))));
    case Scalar::string_length:
        return arg(0).type == T::null ? Value{} : make(T::integer, static_cast<long long>(show(arg(0)).size()));
    case Scalar::substring: {
        const Value from = arg(0);
        if (from.type == T::null) { return {}; }
        const std::string s = show(from);
        const auto size = static_cast<long long>(s.size());
        const long long given = e.arguments[1].number;
        const long long start = given < 0 ? std::max(0LL, size + given) : std::min(given, size);
        const long long length = e.arguments.size() == 3 ? e.arguments[2].number : size;
        return text(length <= 0 ? "" : s.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(length)));
    }
    case Scalar::is_null:
        return yes(arg(0).type == T::null);
    case Scalar::is_not_null:
        return yes(arg(0).type != T::null);
    case Scalar::is_empty:
        return yes(arg(0).type == T::null || (arg(0).type == T::string && arg(0).text.empty()));
    case Scalar::if_then:
        return truth_of(arg(0)).value_or(false) ? arg(1) : arg(2);
    case Scalar::case_of:
        for (std::size_t i = 0; i + 1 < e.arguments.size(); i += 2) {
            if (truth_of(arg(i)).value_or(false)) { return arg(i + 1); }
        }
        return arg(e.arguments.size() - 1);
    case Scalar::coalesce:
        for (std::size_t i = 0; i < e.arguments.size(); ++i) {
            if (arg(i).type != T::null) { return arg(i); }
        }
        return {};
    case Scalar::to_long: {
        const Value value = arg(0);
        if (value.type == T::boolean) { return make(T::integer, value.number); }
        const auto number = number_of(value);
        if (!number) { return {}; }
        return number->type == T::integer ? *number : fit(T::integer, std::trunc(static_cast<Wide>(number->real)));
    }
    case Scalar::now:
        return make(T::datetime, now);
    case Scalar::ago:
        return arithmetic(Scalar::subtract, make(T::datetime, now), arg(0));
    case Scalar::bin: {
        const Value value = arg(0);
        const Value step = arg(1);
        if (value.type == T::datetime || value.type == T::timespan) {
            const long long low =
                static_cast<long long>(std::floor(static_cast<Wide>(value.number) / static_cast<Wide>(step.number)));
            return make(value.type, low * step.number);
        }
        const auto number = number_of(value);
        if (!number) { return {}; }
        if (number->type == T::integer) {
            const auto low =
                static_cast<long long>(std::floor(static_cast<Wide>(number->number) / static_cast<Wide>(step.number)));
            return make(T::integer, low * step.number);
        }
        return real(std::floor(number->real / static_cast<double>(step.number)) * static_cast<double>(step.number));
    }
    case Scalar::concatenate: {
        std::string all;
        for (std::size_t i = 0; i < e.arguments.size(); ++i) {
            all += show(arg(i));
        }
        return text(all);
    }
    case Scalar::negate: {
        const Value value = arg(0);
        return arithmetic(Scalar::subtract, make(value.type == T::timespan ? T::timespan : T::integer, 0), value);
    }
    default:
        std::abort();
    }
}

Value evaluate(const Expression& e, const Row& row, long long now) {
    const auto arg = [&](std::size_t i) { return evaluate(e.arguments[i], row, now); };
    if (e.kind == Expression::Kind::column) { return get(row, e.text); }
    if (e.kind == Expression::Kind::literal) {
        Value value = make(e.literal_type, e.number);
        value.real = e.real;
        value.text = e.text;
        return value;
    }
    switch (e.scalar) {
    case Scalar::logical_not: {
        const auto is = truth_of(arg(0));
        return is ? yes(!*is) : Value{};
    }
    case Scalar::logical_and:
    case Scalar::logical_or: {
        const auto a = truth_of(arg(0));
        const auto b = truth_of(arg(1));
        const bool wins = e.scalar == Scalar::logical_or;
        if ((a && *a == wins) || (b && *b == wins)) { return yes(wins); }
        return a && b ? yes(!wins) : Value{};
    }
    case Scalar::equal:
        if (arg(0).type == T::null && arg(1).type == T::null) { return {}; }
        return yes(equal(arg(0), arg(1)) != e.negated);
    case Scalar::less:
    case Scalar::less_equal:
    case Scalar::greater:
    case Scalar::greater_equal: {
        const auto is = less_test(e.scalar, arg(0), arg(1));
        return is ? yes(*is) : Value{};
    }
    case Scalar::between: {
        const auto low = less_test(Scalar::greater_equal, arg(0), arg(1));
        const auto high = less_test(Scalar::less_equal, arg(0), arg(2));
        if ((low && !*low) || (high && !*high)) { return yes(e.negated); }
        return low && high ? yes(!e.negated) : Value{};
    }
    case Scalar::in:
    case Scalar::in_folded:
    case Scalar::has_any: {
        bool found = false;
        for (std::size_t i = 1; i < e.arguments.size(); ++i) {
            found = found || (e.scalar == Scalar::in ? equal(arg(0), arg(i)) : text_test(e.scalar, arg(0), arg(i)));
        }
        return yes(found != e.negated);
    }
    case Scalar::has_all: {
        bool found = true;
        for (std::size_t i = 1; i < e.arguments.size(); ++i) {
            found = found && text_test(e.scalar, arg(0), arg(i));
        }
        return yes(found);
    }
    case Scalar::equal_folded:
    case Scalar::has:
    case Scalar::contains:
    case Scalar::starts_with:
    case Scalar::ends_with:
        return yes(text_test(e.scalar, arg(0), arg(1)) != e.negated);
    case Scalar::add:
    case Scalar::subtract:
    case Scalar::multiply:
    case Scalar::divide:
    case Scalar::modulo:
        return arithmetic(e.scalar, arg(0), arg(1));
    default:
        return functions(e, row, now);
    }
}

int order(const Value& left, const Value& right) {
    const auto rank = [](T type) { return static_cast<int>(type == T::real ? T::integer : type); };
    if (rank(left.type) != rank(right.type)) { return rank(left.type) < rank(right.type) ? -1 : 1; }
    const auto sign = [](const auto& a, const auto& b) { return a < b ? -1 : a > b ? 1 : 0; };
    switch (left.type) {
    case T::null:
        return 0;
    case T::integer:
    case T::real: {
        const auto wide = [](const Value& v) { return v.type == T::real ? static_cast<Wide>(v.real) : v.number; };
        return sign(wide(left), wide(right));
    }
    case T::string:
        return sign(left.text, right.text);
    case T::list:
        for (std::size_t i = 0; i < std::min(left.items.size(), right.items.size()); ++i) {
            if (const int item = order(left.items[i], right.items[i]); item != 0) { return item; }
        }
        return sign(left.items.size(), right.items.size());
    default:
        return sign(left.number, right.number);
    }
}

} // namespace canhgac::storage::reference
