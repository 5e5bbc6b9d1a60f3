/// Values of the query language's pipes: eight types and null, 24 bytes, texts and lists viewed, not owned.
///
/// Times are nanoseconds (UTC since 1970 for datetime). A real is always finite: what would not be becomes null.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/clock.hpp"
#include "event/arena.hpp"

namespace canhgac::storage {

/// In the order in which values of different types are sorted; integer and real count as one.
enum class QueryType : std::uint8_t {
    null,
    boolean,
    integer, ///< "long"
    real,    ///< "double"
    timespan,
    datetime,
    string,
    list, ///< several values of one field, make_set(), split()
    any,  ///< of an expression whose type only the data tells; no value has it
};
/// As Kusto calls it: "long", "double", "bool", "dynamic" (for list and any) ...
[[nodiscard]] std::string_view to_string(QueryType type) noexcept;

/// Trivially copyable. Texts and lists are views into an arena, an event or a plan, whichever it came from.
class QueryValue {
public:
    QueryValue() noexcept = default;
    [[nodiscard]] static QueryValue boolean(bool value) noexcept {
        return {QueryType::boolean, static_cast<std::int64_t>(value)};
    }
    [[nodiscard]] static QueryValue integer(std::int64_t value) noexcept { return {QueryType::integer, value}; }
    [[nodiscard]] static QueryValue timespan(common::Nanos value) noexcept { return {QueryType::timespan, value}; }
    [[nodiscard]] static QueryValue datetime(common::Nanos value) noexcept { return {QueryType::datetime, value}; }
    /// Null when `value` is not finite.
    [[nodiscard]] static QueryValue real(double value) noexcept;
    [[nodiscard]] static QueryValue string(std::string_view text) noexcept {
        QueryValue value;
        value.type_ = QueryType::string;
        value.chars_ = text.data();
        value.size_ = text.size();
        return value;
    }
    [[nodiscard]] static QueryValue list(std::span<const QueryValue> items) noexcept {
        QueryValue value;
        value.type_ = QueryType::list;
        value.items_ = items.data();
        value.size_ = items.size();
        return value;
    }

    [[nodiscard]] QueryType type() const noexcept { return type_; }
    [[nodiscard]] bool is_null() const noexcept { return type_ == QueryType::null; }
    [[nodiscard]] bool is_true() const noexcept { return type_ == QueryType::boolean && number_ != 0; }
    /// Of boolean, integer, timespan, datetime.
    [[nodiscard]] std::int64_t number() const noexcept { return number_; }
    [[nodiscard]] double real() const noexcept { return real_; }
    [[nodiscard]] std::string_view text() const noexcept { return {chars_, size_}; }
    [[nodiscard]] std::span<const QueryValue> items() const noexcept { return {items_, size_}; }

private:
    QueryValue(QueryType type, std::int64_t number) noexcept : type_(type), number_(number) {}

    QueryType type_ = QueryType::null;
    union {
        std::int64_t number_ = 0;
        double real_;
        const char* chars_;
        const QueryValue* items_;
    };
    std::size_t size_ = 0;
};
static_assert(sizeof(QueryValue) == 24);

/// The number a value is: an integer or real itself, or the one a string spells (all of it). Nothing otherwise.
/// A whole number that fits 64 bits comes as integer.
[[nodiscard]] std::optional<QueryValue> numeric(const QueryValue& value) noexcept;
/// An integer's or real's value as a double.
[[nodiscard]] double to_double(const QueryValue& number) noexcept;

/// How two values compare for == and <; unordered when either is null or they cannot be compared. A string beside a
/// number, datetime, timespan or bool is read as one first.
[[nodiscard]] std::partial_ordering compare_values(const QueryValue& left, const QueryValue& right) noexcept;
/// The total order of `sort`, min and max: null, then types as listed, then by value; strings by bytes.
[[nodiscard]] std::strong_ordering order_values(const QueryValue& left, const QueryValue& right) noexcept;
/// Appends bytes that are equal exactly for values that order_values() calls equal.
void append_value_key(std::string& out, const QueryValue& value);

/// As tostring() gives it: "4624", "1.5", "true", RFC 3339, "1.02:03:04.5", a list as JSON, null as "".
void append_value_text(std::string& out, const QueryValue& value);
/// Appends a value as JSON; datetime and timespan are strings. Broken UTF-8 becomes U+FFFD.
void append_value_json(std::string& out, const QueryValue& value);

/// A deep copy inside `arena`.
[[nodiscard]] QueryValue copy_value(const QueryValue& value, event::Arena& arena);
/// Memory for `count` values, aligned.
[[nodiscard]] std::span<QueryValue> allocate_values(event::Arena& arena, std::size_t count);

/// Kusto's form "1.02:03:04.5" or ours ("90s", "15m").
[[nodiscard]] std::optional<common::Nanos> parse_timespan(std::string_view text) noexcept;
/// RFC 3339, or a date alone (midnight). Without a zone it is Vietnam's time (UTC+7), as in the head.
[[nodiscard]] std::optional<common::Nanos> parse_datetime(std::string_view text) noexcept;

} // namespace canhgac::storage
