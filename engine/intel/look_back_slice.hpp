/// What a look-back finds in one slice of time, grouped by list, indicator and source address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "engine/enrichment/field_roles.hpp"
#include "engine/intel/indicator_set.hpp"
#include "event/store.hpp"

namespace canhgac::engine {

/// Roles as stored events name their fields.
using RolesByName = std::map<std::string_view, FieldRole>;
[[nodiscard]] RolesByName roles_by_name();

/// Hits of one list, indicator and source address; texts are of the first event seen.
struct LookBackGroup {
    IndicatorType type{};
    std::string field;
    std::string value; ///< first KiB
    std::string host;
    std::string organization;
    std::string service;
    std::string level; ///< asset.level as text
    std::string log_source;
    event::EventId first_event; ///< by event time
    common::Nanos first = 0;
    common::Nanos last = 0;
    std::uint64_t count = 0; ///< events
};

/// Not thread safe. The set and the roles must outlive it.
class LookBackSlice {
public:
    /// List, indicator, source address.
    using Key = std::tuple<std::uint32_t, std::string, std::string>;
    using Groups = std::map<Key, LookBackGroup>;
    using Found = Groups::value_type;

    LookBackSlice(const IndicatorSet& set, const RolesByName& roles, std::size_t max_groups)
        : set_(set), roles_(roles), max_groups_(max_groups) {}

    /// Looks at an event; what it was hit by when it arrived (threat.indicator.*) is left out.
    void add(const event::StoredEvent& stored);

    [[nodiscard]] const IndicatorSet& set() const noexcept { return set_; }
    [[nodiscard]] const Groups& groups() const noexcept { return groups_; }
    [[nodiscard]] std::uint64_t hits() const noexcept { return hits_; }
    /// Hits beyond max_groups, not in groups().
    [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }

private:
    using NamedField = std::pair<std::string_view, event::Field>;
    void take(const event::StoredEvent& stored, const IndicatorHits& found, const NamedField& from);
    void add_hit(const event::StoredEvent& stored, const IndicatorHit& hit, const NamedField& from);

    const IndicatorSet& set_;
    const RolesByName& roles_;
    std::size_t max_groups_;
    Groups groups_;
    std::uint64_t hits_ = 0;
    std::uint64_t left_out_ = 0;
    std::vector<IndicatorHit> seen_; ///< of one event
};

} // namespace canhgac::engine
