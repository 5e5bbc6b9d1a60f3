/// From a query's text to what can be run: rules, alerts and tables found, names and types planned.
#pragma once

#include <string_view>

#include "common/result.hpp"
#include "storage/query/exec/event_filter.hpp"
#include "storage/query/parser.hpp"
#include "storage/query/planner.hpp"
#include "storage/query/query_error.hpp"
#include "storage/query/query_sources.hpp"

namespace canhgac::storage {

/// One run's own: rules are not thread safe. Moves only.
struct PreparedQuery {
    ParsedQuery query; ///< alerts are replaced by their events
    QueryProgram program;
    QueryRules rules;
};

/// Errors: those of parse_query(), and unknown_rule, unknown_alert, unknown_table, no_rules. Thread safe.
[[nodiscard]] common::Result<PreparedQuery, QueryError> prepare_query(std::string_view text,
                                                                      const QuerySources& sources);

/// Alerts keep times in other ways than the store does; an event may be so far outside of its alert.
inline constexpr common::Nanos kAlertSlack = common::kSecond;

} // namespace canhgac::storage
