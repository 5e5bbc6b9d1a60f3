/// The head of the query language: text to a filter and back. Grammar: docs/reference/query-language.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "event/query_plan.hpp"

namespace canhgac::storage {

enum class QueryErrc : std::uint8_t {
    expected_term,      ///< a word, a phrase, /regex/, field:value or "("
    expected_value,     ///< a value directly after ":"
    expected_number,    ///< after a comparison
    expected_time,      ///< after a comparison of a time field
    expected_range_end, ///< ".." or "]"
    expected_close,     ///< ")"
    unexpected_close,   ///< ")" without "("
    unclosed_phrase,
    unclosed_regex,
    bad_regex,
    bad_network, ///< host bits set or prefix too long
    bad_duration,
    last_in_group, ///< `last` inside "(", OR or NOT
    pipe,          ///< "|": not in this release
    sigma,         ///< sigma "..." and alert "...": not in this release
    too_long,
    too_deep,
    bad_utf8,
};

struct QueryError {
    QueryErrc code{};
    std::uint32_t line = 1;   ///< from 1
    std::uint32_t column = 1; ///< from 1, in characters
};
/// What was wrong or expected, in English, e.g. "pipes are not supported yet".
[[nodiscard]] std::string_view to_string(QueryErrc code) noexcept;
/// "1:14: expected a value directly after ':'".
[[nodiscard]] std::string describe(const QueryError& error);

inline constexpr std::size_t kMaxQueryBytes = 64 * 1024;
inline constexpr std::size_t kMaxQueryDepth = 64;

struct ParsedQuery {
    event::Filter filter;
    std::optional<common::Nanos> last; ///< `last DURATION`; of several the shortest
};

/// Reads a query; an empty one means every event. Field aliases (_time, host ...) become the names they stand for.
/// Times without zone are Vietnam's (UTC+7). Thread safe.
[[nodiscard]] common::Result<ParsedQuery, QueryError> parse_query(std::string_view text);

/// The query as text. Parsing it again gives a filter with the same meaning; the same filter, if it came from a query.
[[nodiscard]] std::string print_query(const ParsedQuery& query);
[[nodiscard]] std::string print_query(const event::Filter& filter);

/// The plan of a query: its filter, and [from, to) cut to the last `last` before `now`.
[[nodiscard]] event::QueryPlan plan_of(ParsedQuery query, common::Nanos now, common::Nanos from, common::Nanos to,
                                       std::uint64_t limit);

} // namespace canhgac::storage
