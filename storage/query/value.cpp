#include "storage/query/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "event/value.hpp"
#include "text/utf8.hpp"

namespace canhgac::storage {

namespace {

constexpr int kVietnamOffset = 7 * 3600;
constexpr double kTwo63 = 9223372036854775808.0;

bool is_number(const QueryValue& value) noexcept {
    return value.type() == QueryType::integer || value.type() == QueryType::real;
}

std::partial_ordering compare_mixed(std::int64_t left, double right) noexcept {
    if (right >= kTwo63) { return std::partial_ordering::less; }
    if (right < -kTwo63) { return std::partial_ordering::greater; }
    const double whole = std::trunc(right);
    const auto integral = static_cast<std::int64_t>(whole);
    if (left != integral) { return left <=> integral; }
    return 0.0 <=> (right - whole);
}

std::partial_ordering compare_numbers(const QueryValue& left, const QueryValue& right) noexcept {
    const bool left_real = left.type() == QueryType::real;
    const bool right_real = right.type() == QueryType::real;
    if (left_real && right_real) { return left.real() <=> right.real(); }
    if (left_real) {
        const auto turned = compare_mixed(right.number(), left.real());
        return 0 <=> turned;
    }
    if (right_real) { return compare_mixed(left.number(), right.real()); }
    return left.number() <=> right.number();
}

/// What `text` is when it stands beside a value of `type`.
std::optional<QueryValue> read_as(QueryType type, std::string_view text) noexcept {
    switch (type) {
    case QueryType::integer:
    case QueryType::real:
        return numeric(QueryValue::string(text));
    case QueryType::boolean:
        if (text == "true") { return QueryValue::boolean(true); }
        if (text == "false") { return QueryValue::boolean(false); }
        return std::nullopt;
    case QueryType::datetime:
        if (const auto time = parse_datetime(text)) { return QueryValue::datetime(*time); }
        return std::nullopt;
    case QueryType::timespan:
        if (const auto span = parse_timespan(text)) { return QueryValue::timespan(*span); }
        return std::nullopt;
    case QueryType::null:
    case QueryType::string:
    case QueryType::list:
    case QueryType::any:
        break;
    }
    return std::nullopt;
}

int rank_of(QueryType type) noexcept {
    return static_cast<int>(type == QueryType::real ? QueryType::integer : type);
}

std::string timespan_text(common::Nanos span) {
    const bool negative = span < 0;
    auto rest = negative ? 0 - static_cast<std::uint64_t>(span) : static_cast<std::uint64_t>(span);
    const auto take = [&rest](std::uint64_t unit) {
        const std::uint64_t count = rest / unit;
        rest %= unit;
        return count;
    };
    const auto days = take(common::kDay);
    const auto hours = take(common::kHour);
    const auto minutes = take(common::kMinute);
    const auto seconds = take(common::kSecond);
    std::string text = fmt::format("{}{}{:02}:{:02}:{:02}", negative ? "-" : "",
                                   days == 0 ? std::string() : fmt::format("{}.", days), hours, minutes, seconds);
    if (rest != 0) {
        text += fmt::format(".{:09}", rest);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text;
}

/// "[-][d.]hh:mm:ss[.fraction]".
std::optional<common::Nanos> parse_clock_span(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative) { text.remove_prefix(1); }
    std::array<std::uint64_t, 5> parts{}; // days, hours, minutes, seconds, nanoseconds
    const auto number = [&text](std::uint64_t& out) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (error != std::errc{} || end == text.data()) { return false; }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return true;
    };
    const auto sign = [&text](char c) {
        if (!text.starts_with(c)) { return false; }
        text.remove_prefix(1);
        return true;
    };
    if (!number(parts[1])) { return std::nullopt; }
    if (sign('.')) {
        parts[0] = parts[1];
        if (!number(parts[1])) { return std::nullopt; }
    }
    if (!sign(':') || !number(parts[2]) || !sign(':') || !number(parts[3])) { return std::nullopt; }
    if (sign('.')) {
        const std::size_t digits = text.size();
        if (digits == 0 || digits > 9 || !number(parts[4]) || !text.empty()) { return std::nullopt; }
        for (std::size_t i = digits; i < 9; ++i) {
            parts[4] *= 10;
        }
    }
    if (!text.empty() || parts[0] > 100'000 || parts[1] > 23 || parts[2] > 59 || parts[3] > 59) { return std::nullopt; }
    const auto span = static_cast<common::Nanos>(parts[0]) * common::kDay +
                      static_cast<common::Nanos>(parts[1]) * common::kHour +
                      static_cast<common::Nanos>(parts[2]) * common::kMinute +
                      static_cast<common::Nanos>(parts[3]) * common::kSecond + static_cast<common::Nanos>(parts[4]);
    return negative ? -span : span;
}

void append_json_text(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (code < 0x20) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            out += c;
        }
    }
    out += '"';
}

} // namespace

std::string_view to_string(QueryType type) noexcept {
    static constexpr std::array<std::string_view, 9> kNames = {"null",     "bool",   "long",    "double", "timespan",
                                                               "datetime", "string", "dynamic", "dynamic"};
    return kNames[static_cast<std::size_t>(type)];
}

QueryValue QueryValue::real(double value) noexcept {
    if (!std::isfinite(value)) { return {}; }
    QueryValue result;
    result.type_ = QueryType::real;
    result.real_ = value == 0.0 ? 0.0 : value; // one zero
    return result;
}

std::optional<QueryValue> numeric(const QueryValue& value) noexcept {
    if (is_number(value)) { return value; }
    if (value.type() != QueryType::string || value.text().empty()) { return std::nullopt; }
    const std::string_view text = value.text();
    std::int64_t integer = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (error == std::errc{} && end == text.data() + text.size()) { return QueryValue::integer(integer); }
    const auto real = event::parse_number(text);
    if (!real || !std::isfinite(*real)) { return std::nullopt; }
    return QueryValue::real(*real);
}

double to_double(const QueryValue& number) noexcept {
    return number.type() == QueryType::real ? number.real() : static_cast<double>(number.number());
}

std::partial_ordering compare_values(const QueryValue& left, const QueryValue& right) noexcept {
    if (left.is_null() || right.is_null()) { return std::partial_ordering::unordered; }
    if (rank_of(left.type()) == rank_of(right.type())) { return order_values(left, right); }
    if (left.type() == QueryType::string) {
        const auto read = read_as(right.type(), left.text());
        return read ? order_values(*read, right) : std::partial_ordering::unordered;
    }
    if (right.type() == QueryType::string) {
        const auto read = read_as(left.type(), right.text());
        return read ? order_values(left, *read) : std::partial_ordering::unordered;
    }
    return std::partial_ordering::unordered;
}

std::strong_ordering order_values(const QueryValue& left, const QueryValue& right) noexcept {
    if (const auto ranks = rank_of(left.type()) <=> rank_of(right.type()); ranks != 0) { return ranks; }
    switch (left.type()) {
    case QueryType::null:
    case QueryType::any:
        return std::strong_ordering::equal;
    case QueryType::integer:
    case QueryType::real: {
        const auto order = compare_numbers(left, right);
        return order < 0   ? std::strong_ordering::less
               : order > 0 ? std::strong_ordering::greater
                           : std::strong_ordering::equal;
    }
    case QueryType::boolean:
    case QueryType::timespan:
    case QueryType::datetime:
        return left.number() <=> right.number();
    case QueryType::string:
        return left.text().compare(right.text()) <=> 0;
    case QueryType::list:
        break;
    }
    const auto a = left.items();
    const auto b = right.items();
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (const auto order = order_values(a[i], b[i]); order != 0) { return order; }
    }
    return a.size() <=> b.size();
}

void append_value_key(std::string& out, const QueryValue& value) {
    const auto bytes = [&out](char tag, const auto& number) {
        out += tag;
        char copy[sizeof number];
        std::memcpy(copy, &number, sizeof number);
        out.append(copy, sizeof number);
    };
    switch (value.type()) {
    case QueryType::null:
    case QueryType::any:
        out += 'n';
        return;
    case QueryType::real: {
        const double real = value.real();
        if (std::trunc(real) == real && real < kTwo63 && real >= -kTwo63) {
            bytes('i', static_cast<std::int64_t>(real)); // 1.0 is 1
        } else {
            bytes('r', real);
        }
        return;
    }
    case QueryType::integer:
        bytes('i', value.number());
        return;
    case QueryType::boolean:
    case QueryType::timespan:
    case QueryType::datetime:
        bytes(static_cast<char>('A' + static_cast<int>(value.type())), value.number());
        return;
    case QueryType::string:
        bytes('s', static_cast<std::uint64_t>(value.text().size()));
        out += value.text();
        return;
    case QueryType::list:
        bytes('l', static_cast<std::uint64_t>(value.items().size()));
        for (const QueryValue& item : value.items()) {
            append_value_key(out, item);
        }
    }
}

void append_value_text(std::string& out, const QueryValue& value) {
    switch (value.type()) {
    case QueryType::null:
    case QueryType::any:
        return;
    case QueryType::boolean:
        out += value.number() != 0 ? "true" : "false";
        return;
    case QueryType::integer:
        out += std::to_string(value.number());
        return;
    case QueryType::real:
        out += fmt::format("{}", value.real());
        return;
    case QueryType::timespan:
        out += timespan_text(value.number());
        return;
    case QueryType::datetime:
        out += common::format_rfc3339(value.number());
        return;
    case QueryType::string:
        out += value.text();
        return;
    case QueryType::list:
        append_value_json(out, value);
    }
}

void append_value_json(std::string& out, const QueryValue& value) {
    switch (value.type()) {
    case QueryType::null:
    case QueryType::any:
        out += "null";
        return;
    case QueryType::boolean:
    case QueryType::integer:
    case QueryType::real:
        append_value_text(out, value);
        return;
    case QueryType::timespan:
    case QueryType::datetime: {
        out += '"';
        append_value_text(out, value);
        out += '"';
        return;
    }
    case QueryType::string:
        if (text::is_valid_utf8(value.text())) {
            append_json_text(out, value.text());
        } else {
            append_json_text(out, text::repair_utf8(value.text()));
        }
        return;
    case QueryType::list:
        break;
    }
    out += '[';
    for (const QueryValue& item : value.items()) {
        if (&item != value.items().data()) { out += ','; }
        append_value_json(out, item);
    }
    out += ']';
}

std::span<QueryValue> allocate_values(event::Arena& arena, std::size_t count) {
    void* memory = arena.allocate(count * sizeof(QueryValue) + alignof(QueryValue));
    std::size_t space = count * sizeof(QueryValue) + alignof(QueryValue);
    auto* first = static_cast<QueryValue*>(std::align(alignof(QueryValue), count * sizeof(QueryValue), memory, space));
    std::uninitialized_default_construct_n(first, count);
    return {first, count};
}

QueryValue copy_value(const QueryValue& value, event::Arena& arena) {
    if (value.type() == QueryType::string) { return QueryValue::string(arena.copy(value.text())); }
    if (value.type() != QueryType::list) { return value; }
    const auto items = allocate_values(arena, value.items().size());
    std::transform(value.items().begin(), value.items().end(), items.begin(),
                   [&arena](const QueryValue& item) { return copy_value(item, arena); });
    return QueryValue::list(items);
}

std::optional<common::Nanos> parse_timespan(std::string_view text) noexcept {
    if (const auto span = common::parse_duration(text)) { return span; }
    return parse_clock_span(text);
}

std::optional<common::Nanos> parse_datetime(std::string_view text) noexcept {
    if (const auto time = common::parse_rfc3339(text, kVietnamOffset)) { return time; }
    constexpr std::string_view kMidnight = "T00:00:00";
    constexpr std::size_t kDate = 10;
    if (text.size() != kDate) { return std::nullopt; }
    std::array<char, kDate + kMidnight.size()> stamp{};
    std::copy(kMidnight.begin(), kMidnight.end(), std::copy(text.begin(), text.end(), stamp.begin()));
    return common::parse_rfc3339({stamp.data(), stamp.size()}, kVietnamOffset);
}

} // namespace canhgac::storage
