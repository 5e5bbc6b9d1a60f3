/// Computes planned expressions over one row. Null rules: docs/reference/query-language.md; those of comparison are
/// Kusto's (https://learn.microsoft.com/kusto/query/scalar-data-types/null-values): two nulls compare to null, a null
/// and a value are not equal, a null is neither less nor greater.
#pragma once

#include <optional>
#include <span>

#include "common/clock.hpp"
#include "event/arena.hpp"
#include "storage/query/planner.hpp"
#include "text/public_suffix.hpp"

namespace canhgac::storage {

/// Not thread safe: it writes texts and lists it makes into `scratch`, where they live until that is reset.
class Evaluator {
public:
    /// `now` is what now() and ago() go by.
    /// `suffixes` is what registered_domain() looks up, or null.
    Evaluator(event::Arena& scratch, common::Nanos now, const text::PublicSuffixes* suffixes = nullptr) noexcept
        : scratch_(&scratch), now_(now), suffixes_(suffixes) {}

    [[nodiscard]] QueryValue evaluate(const PlannedExpression& expression, std::span<const QueryValue> row);
    /// Whether a condition is true, neither false nor null.
    [[nodiscard]] bool holds(const PlannedExpression& condition, std::span<const QueryValue> row);

private:
    using Row = std::span<const QueryValue>;
    QueryValue call(const PlannedExpression& call, Row row);
    QueryValue logic(const PlannedExpression& call, Row row);
    QueryValue comparison(const PlannedExpression& call, Row row);
    QueryValue membership(const PlannedExpression& call, Row row);
    QueryValue text_search(const PlannedExpression& call, Row row);
    QueryValue choice(const PlannedExpression& call, Row row);
    QueryValue text_function(const PlannedExpression& call, Row row);
    QueryValue value_function(const PlannedExpression& call, Row row);
    QueryValue split(std::string_view text, const PlannedExpression& call, Row row);
    QueryValue concatenate(const PlannedExpression& call, Row row);
    /// The text a value is, made if need be; nothing for null.
    std::optional<std::string_view> text_of(const QueryValue& value);
    std::optional<std::int64_t> whole(const PlannedExpression& argument, Row row);

    event::Arena* scratch_;
    common::Nanos now_;
    const text::PublicSuffixes* suffixes_;
};

/// True, false, or nothing (null): a bool, or a string that says "true" or "false".
[[nodiscard]] std::optional<bool> truth(const QueryValue& value) noexcept;

/// + - * / % and bin(): null when the types do not fit, at division by zero and beyond the range of the result.
[[nodiscard]] QueryValue calculate(Scalar scalar, const QueryValue& left, const QueryValue& right) noexcept;

/// tolong(), todouble(), tobool(), todatetime(), totimespan().
[[nodiscard]] QueryValue convert(Scalar scalar, const QueryValue& value) noexcept;

} // namespace canhgac::storage
