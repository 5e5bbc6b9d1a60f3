#include "engine/enrichment/enrichment.hpp"

#include <utility>

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "event/schema.hpp"

namespace canhgac::engine {

std::string list_rule_id(std::string_view list_name) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(list_name.data(), list_name.size(), 0x696e74656cU); // "intel"
    const std::uint64_t high = (hash.high64 & ~std::uint64_t{0xF000}) | 0x8000U;
    const std::uint64_t low = (hash.low64 & ~(std::uint64_t{3} << 62U)) | std::uint64_t{2} << 62U;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, high >> 16U & 0xFFFFU, high & 0xFFFFU,
                       low >> 48U, low & 0xFFFF'FFFF'FFFFU);
}

std::shared_ptr<const Enrichment> make_enrichment(std::shared_ptr<const IndicatorSet> indicators,
                                                  std::shared_ptr<const AssetInventory> inventory,
                                                  std::shared_ptr<const GeoDatabase> geo) {
    auto made = std::make_shared<Enrichment>();
    if (indicators != nullptr) {
        for (const ListInfo& list : indicators->lists()) {
            event::RuleInfo rule;
            rule.id = list_rule_id(list.name);
            rule.name = "intel_" + list.name;
            rule.title = "Indicator of the list '" + list.name + "'";
            rule.level = list.level;
            rule.tags = list.tags;
            rule.tags.emplace_back("threat-intel");
            rule.entity = {event::field::kIndicatorValue, event::field::kSourceIp};
            made->list_rules.push_back(std::move(rule));
        }
    }
    made->indicators = std::move(indicators);
    made->inventory = std::move(inventory);
    made->geo = std::move(geo);
    return made;
}

} // namespace canhgac::engine
