/// The query language's steps once more, row by row and as simply as can be: what the fast one is held against. Exact
/// counts, sorted copies, no memory limit.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "storage/query/pipeline.hpp"

namespace canhgac::storage::reference {

struct Value {
    QueryType type = QueryType::null;
    long long number = 0;
    double real = 0.0;
    std::string text;
    std::vector<Value> items;
};
using Row = std::vector<std::pair<std::string, Value>>; ///< by name; a name that is missing is null
struct Table {
    bool events = true;               ///< rows may have any name
    std::vector<std::string> columns; ///< else these
    std::vector<Row> rows;
};

[[nodiscard]] Table run(const Pipeline& pipes, std::vector<Row> events, long long now);
/// Null first, then types in order, then values.
[[nodiscard]] int order(const Value& left, const Value& right);

} // namespace canhgac::storage::reference
