/// All that enrichment knows, as one immutable snapshot: indicators, inventory, geography. Replaced as a whole.
#pragma once

#include <memory>
#include <vector>

#include "engine/enrichment/asset_inventory.hpp"
#include "engine/enrichment/geo_database.hpp"
#include "engine/intel/indicator_set.hpp"
#include "event/detection.hpp"
#include "event/field_table.hpp"

namespace canhgac::engine {

/// Thread safe (const). Detections of the enricher point into `list_rules`.
struct Enrichment {
    std::shared_ptr<const IndicatorSet> indicators;  ///< null: none
    std::vector<event::RuleInfo> list_rules;         ///< one per list of `indicators`
    std::shared_ptr<const AssetInventory> inventory; ///< null: none
    std::shared_ptr<const GeoDatabase> geo;          ///< null: none
};

/// Makes the snapshot and the built-in rule of each list: its id depends on the list's name alone, its level and tags
/// come from the list. The entity is the indicator and the source address.
[[nodiscard]] std::shared_ptr<const Enrichment> make_enrichment(std::shared_ptr<const IndicatorSet> indicators,
                                                                std::shared_ptr<const AssetInventory> inventory,
                                                                std::shared_ptr<const GeoDatabase> geo);
/// The UUID (version 8, RFC 9562) of the built-in rule of a list.
[[nodiscard]] std::string list_rule_id(std::string_view list_name);

} // namespace canhgac::engine
