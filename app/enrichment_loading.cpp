#include "app/enrichment_loading.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "engine/intel/list_loader.hpp"

namespace canhgac::app {

namespace {

struct Loaded {
    std::shared_ptr<const engine::Enrichment> enrichment; ///< null: nothing is configured
    std::vector<std::string> findings;                    ///< what is bad inside files
    std::vector<std::string> failures;                    ///< files that could not be read
    std::vector<common::Nanos> changed;                   ///< of each list: when its file was written
};

void report_lists(const engine::LoadedIndicators& lists, Loaded& loaded) {
    for (std::size_t i = 0; i < lists.lists.size(); ++i) {
        const engine::LoadedList& list = lists.lists[i];
        const std::string& path = lists.set->lists()[i].path;
        loaded.changed.push_back(list.changed);
        if (list.error) { loaded.failures.push_back(fmt::format("{}: {}", path, list.error.message())); }
        for (const engine::BadEntry& bad : list.report.bad_entries) {
            loaded.findings.push_back(fmt::format("{}:{}:{}: {}", path, bad.line, bad.column, bad.reason));
        }
        if (list.report.bad > list.report.bad_entries.size()) {
            loaded.findings.push_back(
                fmt::format("{}: {} more bad entries", path, list.report.bad - list.report.bad_entries.size()));
        }
    }
}

std::shared_ptr<const engine::IndicatorSet> load_lists(const Config::Intel& intel, const std::filesystem::path& folder,
                                                       common::Nanos now, Loaded& loaded) {
    if (intel.lists.empty()) { return nullptr; }
    auto lists = engine::load_indicators(intel.lists, folder, now, intel.max_entries);
    if (!lists) {
        loaded.failures.push_back(fmt::format("{}: {}", folder.string(), lists.error().message()));
        return nullptr;
    }
    report_lists(*lists, loaded);
    return lists->set;
}

Loaded load_all(const Config& config, const std::filesystem::path& folder, common::Nanos now) {
    Loaded loaded;
    auto indicators = load_lists(config.intel, folder, now, loaded);
    std::shared_ptr<const engine::AssetInventory> inventory;
    if (!config.enrichment.inventory.empty()) {
        engine::LoadedInventory assets = engine::load_inventory(config.enrichment.inventory);
        for (const engine::InventoryError& error : assets.errors) {
            loaded.findings.push_back(fmt::format("{}:{}:{}: {}", error.file, error.line, error.column, error.reason));
        }
        inventory = std::move(assets.inventory);
    }
    std::shared_ptr<const engine::GeoDatabase> geo;
    if (!config.enrichment.geoip_country.empty() || !config.enrichment.geoip_asn.empty()) {
        auto opened = engine::GeoDatabase::open(config.enrichment.geoip_country, config.enrichment.geoip_asn, folder);
        if (opened) {
            geo = std::move(*opened);
        } else {
            loaded.failures.push_back(opened.error());
        }
    }
    if (indicators != nullptr || inventory != nullptr || geo != nullptr) {
        loaded.enrichment = engine::make_enrichment(std::move(indicators), std::move(inventory), std::move(geo));
    }
    return loaded;
}

} // namespace

EnrichmentLoader::EnrichmentLoader(const Config& config, const std::filesystem::path& folder,
                                   const common::Clock& clock, common::Logger& log, common::MetricsRegistry& metrics)
    : config_(config), folder_(folder), clock_(clock), log_(log), metrics_(metrics) {}

bool EnrichmentLoader::load(bool first) {
    const auto start = std::chrono::steady_clock::now();
    Loaded loaded = load_all(config_, folder_, clock_.now());
    for (const std::string& finding : loaded.findings) {
        log_.warning("left out: {}", finding);
    }
    for (const std::string& failure : loaded.failures) {
        log_.error("not read: {}", failure);
    }
    if (!first && !loaded.failures.empty()) {
        log_.error("lists, inventory and geography not reloaded, the old ones stay in use");
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        current_ = std::move(loaded.enrichment);
    }
    publish(loaded.changed, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return true;
}

void EnrichmentLoader::publish(const std::vector<common::Nanos>& changed, double seconds) {
    const auto now = current();
    metrics_.gauge("canhgac_intel_load_seconds", "Time the last load of lists, inventory and geography took")
        .set(seconds);
    metrics_.gauge("canhgac_intel_loaded_timestamp_seconds", "When they were loaded, since 1970")
        .set(static_cast<double>(clock_.now()) / 1e9);
    const engine::IndicatorSet* const set = now == nullptr ? nullptr : now->indicators.get();
    if (set == nullptr) { return; }
    metrics_.gauge("canhgac_intel_memory_bytes", "Memory of the indicators, without their texts on disk")
        .set(static_cast<double>(set->memory_bytes()));
    for (std::size_t i = 0; i < set->lists().size(); ++i) {
        const engine::ListInfo& list = set->lists()[i];
        metrics_.gauge("canhgac_intel_entries", "Indicators in use", {{"list", list.name}})
            .set(static_cast<double>(list.size()));
        metrics_
            .gauge("canhgac_intel_changed_timestamp_seconds", "When the list's file was written, since 1970",
                   {{"list", list.name}})
            .set(i < changed.size() ? static_cast<double>(changed[i]) / 1e9 : 0.0);
    }
    log_.info("{} indicators of {} lists in use, {} bytes of memory", set->size(), set->lists().size(),
              set->memory_bytes());
}

std::shared_ptr<const engine::Enrichment> EnrichmentLoader::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

std::uint64_t EnrichmentLoader::indicators() const {
    const auto now = current();
    return now == nullptr || now->indicators == nullptr ? 0 : now->indicators->size();
}

std::vector<api::RuleSummary> EnrichmentLoader::rules() const {
    std::vector<api::RuleSummary> list;
    const auto now = current();
    if (now == nullptr || now->indicators == nullptr) { return list; }
    for (std::size_t i = 0; i < now->list_rules.size(); ++i) {
        const event::RuleInfo& rule = now->list_rules[i];
        list.push_back({rule.id, rule.title, std::string(event::to_string(rule.level)), rule.tags,
                        now->indicators->lists()[i].path});
    }
    return list;
}

void check_enrichment(const Config& config, common::Nanos now, std::vector<std::string>& findings) {
    const Loaded loaded = load_all(config, std::filesystem::temp_directory_path(), now);
    findings.insert(findings.end(), loaded.failures.begin(), loaded.failures.end());
    findings.insert(findings.end(), loaded.findings.begin(), loaded.findings.end());
}

} // namespace canhgac::app
