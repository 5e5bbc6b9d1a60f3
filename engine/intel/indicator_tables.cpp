#include "engine/intel/indicator_tables.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/enrichment/enricher.hpp"

namespace canhgac::engine {

namespace {

struct TableEntry {
    std::string_view name;
    std::array<FieldRole, 4> roles; ///< tried in order; none: no more
};

constexpr std::array kTables = {
    TableEntry{"ioc", {FieldRole::address, FieldRole::domain, FieldRole::hashes, FieldRole::url}},
    TableEntry{"ioc_addresses", {FieldRole::address}},
    TableEntry{"ioc_domains", {FieldRole::domain}},
    TableEntry{"ioc_urls", {FieldRole::url}},
    TableEntry{"ioc_hashes", {FieldRole::hashes}},
};

class IndicatorTable final : public event::LookupTable {
public:
    IndicatorTable(std::shared_ptr<const IndicatorSet> set, const TableEntry& entry, common::Nanos now)
        : set_(std::move(set)), entry_(&entry), now_(now) {}

    [[nodiscard]] std::optional<event::LookupHit> find(std::string_view value) const override {
        if (set_ == nullptr) { return std::nullopt; }
        for (const FieldRole role : entry_->roles) {
            IndicatorHits hits;
            find_in_value(*set_, role, value, hits);
            for (const IndicatorHit& hit : hits.all()) {
                const ListInfo& list = set_->lists()[hit.list];
                if (list.expires != 0 && now_ >= list.expires) { continue; }
                return event::LookupHit{hit.text, to_string(hit.type), list.name, event::to_string(list.level)};
            }
        }
        return std::nullopt;
    }

private:
    std::shared_ptr<const IndicatorSet> set_;
    const TableEntry* entry_;
    common::Nanos now_;
};

} // namespace

IndicatorTables::IndicatorTables(std::function<std::shared_ptr<const IndicatorSet>()> current,
                                 const common::Clock& clock)
    : current_(std::move(current)), clock_(&clock) {}

std::vector<std::string> IndicatorTables::names() const {
    std::vector<std::string> names;
    for (const TableEntry& entry : kTables) {
        names.emplace_back(entry.name);
    }
    return names;
}

std::shared_ptr<const event::LookupTable> IndicatorTables::table(std::string_view name) const {
    const auto* const found =
        std::find_if(kTables.begin(), kTables.end(), [name](const TableEntry& entry) { return entry.name == name; });
    if (found == kTables.end()) { return nullptr; }
    return std::make_shared<IndicatorTable>(current_(), *found, clock_->now());
}

} // namespace canhgac::engine
