/// Reads the steps of a query, from its first "|" on.
#pragma once

#include <string_view>

#include "common/result.hpp"
#include "storage/query/pipeline.hpp"
#include "storage/query/query_error.hpp"

namespace canhgac::storage {

/// The steps in `text` from byte `at`, which is a "|" or the name of a step, to its end. Names and types are not looked
/// at: see planner.hpp. Rules and alerts that are named are added to `references`. Thread safe.
[[nodiscard]] common::Result<Pipeline, QueryProblem> parse_pipes(std::string_view text, std::size_t at,
                                                                 std::vector<QueryReference>& references);

/// The name a column or an aggregate gets when the query gives none; empty if it has to give one.
[[nodiscard]] std::string default_name(const Expression& expression);
[[nodiscard]] std::string default_name(const Aggregate& aggregate);

/// " | where ... | take 5": parsing it again gives the same pipeline.
[[nodiscard]] std::string print_pipes(const Pipeline& pipes);
/// A head as it stands in "[...]".
[[nodiscard]] std::string print_bracket_head(const event::Filter& filter);
[[nodiscard]] std::string print_expression(const Expression& expression);

} // namespace canhgac::storage
