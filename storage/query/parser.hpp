/// The query language: text to a filter and steps, and back. Grammar: docs/reference/query-language.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "event/query_plan.hpp"
#include "storage/query/pipeline.hpp"
#include "storage/query/query_error.hpp"

namespace canhgac::storage {

inline constexpr std::size_t kMaxQueryBytes = 64 * 1024;
inline constexpr std::size_t kMaxQueryDepth = 64;

/// Reads a query; an empty one means every event. Field aliases (_time, host ...) become the names they stand for.
/// Times without zone are Vietnam's (UTC+7). Thread safe.
[[nodiscard]] common::Result<ParsedQuery, QueryError> parse_query(std::string_view text);

/// The query as text. Parsing it again gives a filter with the same meaning; the same filter, if it came from a query.
[[nodiscard]] std::string print_query(const ParsedQuery& query);
[[nodiscard]] std::string print_query(const event::Filter& filter);

/// The plan of a query's head alone (see push_down.hpp for the steps): its filter, and [from, to) cut to the last
/// `last` before `now`.
[[nodiscard]] event::QueryPlan plan_of(ParsedQuery query, common::Nanos now, common::Nanos from, common::Nanos to,
                                       std::uint64_t limit);

} // namespace canhgac::storage
