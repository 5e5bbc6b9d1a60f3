/// The rules in use as predicates of searches: `sigma "id or title"` finds the stored events that the rule would match
/// now, by the matcher that matches events as they come. So a rule that is new finds what is old.
#pragma once

#include <functional>
#include <memory>

#include "engine/rule_set.hpp"
#include "event/field_table.hpp"
#include "event/query_sources.hpp"

namespace canhgac::engine {

/// Thread safe. Correlations are not found: they look at more than one event.
class RulePredicates final : public event::PredicateSource {
public:
    /// `current` gives the rules in use (never null) and is thread safe; `fields` is the table they were compiled with
    /// and outlives the object and its predicates.
    RulePredicates(std::function<std::shared_ptr<const RuleSet>()> current, event::FieldTable& fields);
    [[nodiscard]] std::unique_ptr<event::EventPredicate> find(std::string_view reference) const override;

private:
    std::function<std::shared_ptr<const RuleSet>()> current_;
    event::FieldTable* fields_;
};

/// Appends a stored event to `batch` as the decoder once made it; its texts live as long as the call that gave it.
void add_stored(const event::StoredEvent& stored, event::FieldCache& names, event::EventBatch& batch);

} // namespace canhgac::engine
