/// What a search may ask beside the events: rules, alerts and look-up tables, under interfaces so that the store knows
/// none of them. Implemented by engine and api, given to storage/query by the wiring of the program.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/batch.hpp"
#include "event/store.hpp"

namespace canhgac::event {

/// A question about one event. Not thread safe; one object a search.
class EventPredicate {
public:
    virtual ~EventPredicate() = default;
    [[nodiscard]] virtual bool matches(const StoredEvent& event) = 0;
};

/// Detection rules as predicates: `sigma "..."`.
class PredicateSource {
public:
    virtual ~PredicateSource() = default;
    /// The rule with this id or, in any case, this title; null when there is none that looks at single events. Thread
    /// safe. The predicate keeps what it needs.
    [[nodiscard]] virtual std::unique_ptr<EventPredicate> find(std::string_view reference) const = 0;
};

/// Events by their places in the store.
struct EventSet {
    std::vector<EventId> events;
    common::Nanos from = 0; ///< event times, both included
    common::Nanos to = 0;
};
/// Alerts as sets of events: `alert "..."`.
class EventSetSource {
public:
    virtual ~EventSetSource() = default;
    /// Nothing when there is no such alert. Thread safe.
    [[nodiscard]] virtual std::optional<EventSet> find(std::string_view id) const = 0;
};

/// What a look-up table says of a value. Views live as long as the table.
struct LookupHit {
    std::string_view name; ///< the indicator as the table has it
    std::string_view type; ///< "ipv4", "domain", "sha256" ...
    std::string_view list; ///< where it stands
    std::string_view level;
};
/// A snapshot of a table. Thread safe (const).
class LookupTable {
public:
    virtual ~LookupTable() = default;
    /// The first hit of a value; nothing if it has none or is not of the table's kind.
    [[nodiscard]] virtual std::optional<LookupHit> find(std::string_view value) const = 0;
};
/// Look-up tables by name: `lookup NAME on ...`. Thread safe.
class LookupSource {
public:
    virtual ~LookupSource() = default;
    [[nodiscard]] virtual std::vector<std::string> names() const = 0;
    /// Null when there is no table of this name.
    [[nodiscard]] virtual std::shared_ptr<const LookupTable> table(std::string_view name) const = 0;
};

} // namespace canhgac::event
