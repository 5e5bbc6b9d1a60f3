/// The slow, obvious reading of rules against events: what the fast matcher must agree with. Shares with it only the
/// rule form, the log source table and case folding; own routing, own matching, no cache.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "rules/ir.hpp"
#include "rules/logsource_table.hpp"

namespace canhgac::engine {

/// How an event and a rule meet.
struct PlainRoute {
    std::vector<rules::LogSource> classes;  ///< of the event
    bool sees = false;                      ///< the rule looks at the event
    std::vector<rules::FieldAlias> aliases; ///< in force for this rule
};

/// Whether one value that is there and not null passes a test of a value: every Op but regex, presence and comparisons
/// of fields (false).
[[nodiscard]] bool plain_value_holds(const rules::Predicate& predicate, std::string_view value);

/// Thread safe when const, if the FieldTable is. For tests, `rules explain` and back-tests of one rule.
class PlainEvaluator {
public:
    /// Rules and fields must outlive it. A regular expression RE2 refuses never matches.
    PlainEvaluator(const std::vector<rules::Rule>& rules, const rules::LogSourceTable& logsources,
                   const event::FieldTable& fields, bool route_by_logsource = true);
    ~PlainEvaluator();

    /// Indexes of the rules that match, ascending.
    [[nodiscard]] std::vector<std::size_t> match(const event::EventBatch& batch, const event::Event& event) const;
    /// Truth of each node of a rule for an event, whether or not its log source fits; for explanations.
    [[nodiscard]] std::vector<bool> explain(const event::EventBatch& batch, const event::Event& event,
                                            std::size_t rule) const;
    [[nodiscard]] PlainRoute route(const event::EventBatch& batch, const event::Event& event, std::size_t rule) const;

private:
    struct State;
    std::unique_ptr<const State> state_;
};

} // namespace canhgac::engine
