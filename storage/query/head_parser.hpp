/// Reads the head of a query, or of a part of one: what to look for, before the steps. Grammar:
/// docs/reference/query-language.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "event/query_plan.hpp"
#include "storage/query/pipeline.hpp"
#include "storage/query/query_error.hpp"

namespace canhgac::storage {

/// What ends a head, beside "|".
enum class HeadEnd : std::uint8_t {
    query,   ///< the end of the text
    group,   ///< ")": of a query inside a query
    bracket, ///< "]": of a step of a sequence; `last` cannot stand there
};

struct ParsedHead {
    event::Filter filter;
    std::optional<common::Nanos> last; ///< of several the shortest
    std::size_t end = 0;               ///< byte offset of what ended it, or of the end of the text
};

/// Reads from byte `at` of `text` (valid UTF-8). An empty head means every event. Rules and alerts that are named are
/// added to `references`. Thread safe.
[[nodiscard]] common::Result<ParsedHead, QueryProblem> parse_head(std::string_view text, std::size_t at, HeadEnd end,
                                                                  std::vector<QueryReference>& references);

} // namespace canhgac::storage
