/// Which types the operators and functions of the query language take and give.
#pragma once

#include <optional>
#include <span>

#include "storage/query/catalog.hpp"
#include "storage/query/planner.hpp"

namespace canhgac::storage {

/// What + - * / % of two types give; any if only the data tells, nothing if it is never anything but null. Strings
/// count as the numbers they may spell.
[[nodiscard]] std::optional<QueryType> arithmetic_type(Scalar scalar, QueryType left, QueryType right) noexcept;

/// What is wrong with the arguments of a call, or nothing. `source` has the offsets.
[[nodiscard]] std::optional<QueryProblem> check_call(const Expression& source,
                                                     std::span<const PlannedExpression> arguments);
[[nodiscard]] std::optional<QueryProblem> check_condition(const Expression& source, const PlannedExpression& planned);
/// The type of a call whose arguments are right.
[[nodiscard]] QueryType call_type(Scalar scalar, std::span<const PlannedExpression> arguments) noexcept;

[[nodiscard]] std::optional<QueryProblem> check_aggregate(const Aggregate& source, const PlannedAggregate& planned);
[[nodiscard]] QueryType aggregate_type(AggregateKind kind, QueryType argument) noexcept;

} // namespace canhgac::storage
