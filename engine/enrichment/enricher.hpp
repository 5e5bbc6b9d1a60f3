/// Adds what we know to events between decoding and matching: indicators, geography, inventory. One worker per shard.
///
/// Written fields: threat.indicator.list|type|value|field (one of each per hit), tags, source.* and destination.* of
/// geography, asset.name and asset.owner; from peers registered `trusted_hosts` also organization.name, service.name
/// and asset.level of the inventory. All of them are receiver-only names: what a sender says under them is
/// sender.<name>.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/enrichment/enrichment.hpp"
#include "engine/enrichment/field_roles.hpp"
#include "engine/enrichment/value_memo.hpp"
#include "event/batch.hpp"
#include "event/detection.hpp"
#include "event/field_table.hpp"

namespace canhgac::engine {

/// One hit in an event.
struct EventHit {
    std::uint32_t list = 0;
    IndicatorType type = IndicatorType::ipv4;
    std::string_view indicator; ///< lives as long as the snapshot
    event::FieldId field{};     ///< that holds it
    std::string_view value;     ///< of that field
};

/// What the values of a role hold; the plain meaning without a memo, shared with tools. Appends.
void find_in_value(const IndicatorSet& set, FieldRole role, std::string_view value, IndicatorHits& out) noexcept;

struct EnrichStats {
    std::uint64_t events = 0;
    std::uint64_t lookups = 0; ///< values of fields with a role
    std::uint64_t memo_hits = 0;
    std::uint64_t hits = 0; ///< (event, indicator) pairs
};

/// Not thread safe. Allocates only when an event holds an indicator.
class Enricher {
public:
    static constexpr std::size_t kMaxHitsPerEvent = 16;

    explicit Enricher(event::FieldTable& fields, std::size_t memo_lines = 8'192);
    /// Replaces the snapshot; between batches only. Null = nothing is done. Texts added to batches and rules of
    /// detections view the old snapshot: they must have been consumed, or the caller holds it.
    void use(std::shared_ptr<const Enrichment> enrichment);
    [[nodiscard]] const std::shared_ptr<const Enrichment>& enrichment() const noexcept { return enrichment_; }

    /// Enriches every event; appends one detection per (event, list that was hit), by event.
    void enrich(event::EventBatch& batch, std::vector<event::Detection>& out);
    [[nodiscard]] const EnrichStats& stats() const noexcept { return stats_; }

private:
    void enrich_event(event::EventBatch& batch, event::Event& event, std::vector<event::Detection>& out);
    [[nodiscard]] const ValueFindings& look_up(FieldRole role, std::string_view value);
    void take_hits(const IndicatorHits& hits, const event::Field& field, common::Nanos now);
    /// What is known of the value; nullptr: it waits for its host.
    const ValueFindings* look_at(const event::Field& field, FieldRole role, common::Nanos now);
    void add_geo(const ValueFindings& findings, bool is_source, event::Arena& arena);
    void add_assets(event::EventBatch& batch, event::Event& event);
    void add_hits(std::uint32_t event_index, std::vector<event::Detection>& out);

    event::FieldTable* fields_;
    FieldRoles roles_;
    std::shared_ptr<const Enrichment> enrichment_;
    std::array<bool, kFieldRoles> active_{}; ///< roles that can find something
    std::size_t memo_lines_;
    ValueMemo memo_{0}; ///< made when there is something to look up
    ValueFindings scratch_;
    EnrichStats stats_;
    // Of the event being enriched:
    std::array<EventHit, kMaxHitsPerEvent> hits_{};
    std::size_t hit_count_ = 0;
    std::vector<event::Field> added_;
    const event::Field* host_ = nullptr;
    const event::Field* path_ = nullptr;
};

} // namespace canhgac::engine
