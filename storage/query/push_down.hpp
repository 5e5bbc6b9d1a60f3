/// What the steps of a query say of the events they need, told to the store, so that it need not read others. Always
/// weaker than the steps, which look again: it saves reading and changes no answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/query_plan.hpp"
#include "storage/query/pipeline.hpp"
#include "storage/query/planner.hpp"

namespace canhgac::storage {

/// The plan for the store: the head without rules, what the first steps imply, [from, to) cut by `last` and by
/// conditions on _time. `now` is what last, now() and ago() go by.
[[nodiscard]] event::QueryPlan plan_for_store(const ParsedQuery& query, common::Nanos now, common::Nanos from,
                                              common::Nanos to, std::uint64_t limit);

/// What of the events is looked at (event::QueryPlan::fields), when the result is a table and no step or rule looks at
/// whole events; otherwise nothing, which means everything.
[[nodiscard]] std::optional<std::vector<std::string>> fields_for_store(const ParsedQuery& query,
                                                                       const QueryProgram& program);

/// Whether the steps give the same result in whatever order the events come (event::QueryPlan::any_order).
[[nodiscard]] bool takes_any_order(const QueryProgram& program) noexcept;

/// Whether the first step is a proctree that asks the store itself for one generation after the other: then
/// plan_for_store() asks for the root and its children alone, and QueryRunOptions::query has to be given.
[[nodiscard]] bool tree_asks_store(const ParsedQuery& query) noexcept;

/// A filter that every event with field == value passes; nothing if none can be told.
[[nodiscard]] std::optional<event::Filter> filter_of_equal(std::string_view field, const QueryValue& value);

/// What the filter without its rules passes; never less than the filter.
[[nodiscard]] event::Filter without_rules(const event::Filter& filter);

/// Both, in one; every event if there are none.
[[nodiscard]] event::Filter both(event::Filter left, event::Filter right);
[[nodiscard]] event::Filter either(std::vector<event::Filter> filters);

} // namespace canhgac::storage
