/// What a rule said about an event: views on the match path, an owning record once it leaves the shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "event/batch.hpp"

namespace canhgac::event {

enum class Severity : std::uint8_t { informational, low, medium, high, critical };
/// "informational" ... "critical", as Sigma's `level` spells it.
[[nodiscard]] std::string_view to_string(Severity severity) noexcept;

/// What travels with every detection of a rule. Owned by the rule set snapshot, which outlives the batch it matched.
struct RuleInfo {
    std::string id;   ///< UUID text of the Sigma rule
    std::string name; ///< optional Sigma `name`
    std::string title;
    Severity level = Severity::medium;
    std::vector<std::string> tags; ///< e.g. attack.t1110
    std::vector<FieldId> entity;   ///< the rule's canhgac.entity fields; empty = the default order (DESIGN 8)
    std::vector<FieldId> capture;  ///< group-by fields that correlations over this rule need
    bool generates = true;         ///< false: feeds correlations only (SIGMA.md item 63)
};

/// One match inside a batch. `matched` views are valid as long as the batch.
struct Detection {
    std::uint32_t event_index = 0;
    const RuleInfo* rule = nullptr;
    /// (field name, value) pairs that made it true; keyword matches have the field name "keywords".
    std::vector<std::pair<std::string_view, std::string_view>> matched;
};

/// The owning form: stored in the same write as its event, read by correlation and alerting through a durable cursor.
/// It carries all that alerting needs, so no event has to be read back.
struct DetectionRecord {
    EventId event;
    common::Nanos time = 0;
    common::Nanos received = 0;
    std::string rule_id;
    std::string title;
    Severity level = Severity::medium;
    bool generates = true;
    std::vector<std::string> tags;
    std::vector<std::pair<std::string, std::string>> matched;
    /// Values of the entity and group-by fields present in the event, by field name, in the order of the rule's list.
    std::vector<std::pair<std::string, std::string>> captured;
    /// The entity: the first names and values that identify who or what this is about (DESIGN 8).
    std::vector<std::pair<std::string, std::string>> entity;
    std::string organization;
    std::string service;
    std::uint8_t asset_level = 0;
    std::string host;
    std::string log_source; ///< source as the ledger names it
    std::string message;    ///< first 1 KiB of `message` or of the raw line, for people
    /// Set for correlation results.
    bool is_correlation = false;
    bool begins_episode = false; ///< of a correlation: the first record of its episode; not stored
    double value = 0.0;          ///< of a correlation: what its condition compared; not stored
    std::uint64_t count = 1;
    std::vector<EventId> events; ///< of a correlation: those that made it fire, at most 100
    common::Nanos from = 0;
    common::Nanos to = 0;
};

} // namespace canhgac::event
