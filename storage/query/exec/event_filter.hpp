/// A filter held against events that are already read: what a store cannot tell (rules), and the heads inside steps.
/// Means the same as RowFilter does inside the store; a test holds one against the other.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "event/query_plan.hpp"
#include "storage/query/query_sources.hpp"

namespace canhgac::storage {

/// Rules a query names, by the name it gives them. One query's own: they are not thread safe.
using QueryRules = std::map<std::string, std::shared_ptr<event::EventPredicate>, std::less<>>;

/// Not thread safe.
class EventFilter {
public:
    /// `filter` is one of a query that was parsed, without alerts; `rules` has every rule it names. `senders` (or null)
    /// gives `log.source`. All outlive the filter.
    EventFilter(const event::Filter& filter, const QueryRules& rules, const event::SourceRegistry* senders);
    EventFilter(EventFilter&&) noexcept;
    EventFilter& operator=(EventFilter&&) noexcept;
    ~EventFilter();

    [[nodiscard]] bool matches(const event::StoredEvent& event);

private:
    struct Node;
    bool matches(Node& node, const event::StoredEvent& event);
    bool leaf_matches(const Node& node, const event::StoredEvent& event);
    bool sender_matches(const Node& node, const event::StoredEvent& event);

    std::unique_ptr<Node> root_;
    const event::SourceRegistry* senders_;
    std::map<event::SourceId, std::string> names_; ///< of senders, read when one of them is wanted
};

/// Whether some leaf of it is a rule.
[[nodiscard]] bool names_rule(const event::Filter& filter) noexcept;

} // namespace canhgac::storage
