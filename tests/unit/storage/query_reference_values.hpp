/// Values and expressions of the plain implementation; see query_reference.hpp.
#pragma once

#include <optional>
#include <string>

#include "tests/unit/storage/query_reference.hpp"

namespace canhgac::storage::reference {

using T = QueryType;
using Wide = long double;

[[nodiscard]] Value make(T type, long long number);
[[nodiscard]] Value real(Wide number);
/// A name that is missing is null.
[[nodiscard]] const Value& get(const Row& row, const std::string& name);
void set(Row& row, const std::string& name, Value value);
[[nodiscard]] std::optional<Value> number_of(const Value& value);
[[nodiscard]] double as_real(const Value& number);
[[nodiscard]] std::optional<bool> truth_of(const Value& value);
[[nodiscard]] Value arithmetic(Scalar scalar, const Value& left, const Value& right);
[[nodiscard]] Value evaluate(const Expression& e, const Row& row, long long now);

} // namespace canhgac::storage::reference
