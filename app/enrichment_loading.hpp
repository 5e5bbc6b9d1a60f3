/// Lists, inventory and geography of the configuration, loaded at start and again on reload.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/services.hpp"
#include "app/config.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "engine/enrichment/enrichment.hpp"

namespace canhgac::app {

/// Thread safe. All references must outlive it.
class EnrichmentLoader {
public:
    EnrichmentLoader(const Config& config, const std::filesystem::path& folder, const common::Clock& clock,
                     common::Logger& log, common::MetricsRegistry& metrics);

    /// Reads every file again and makes the result current. What is bad inside a file is logged and left out. When a
    /// file cannot be read: at the first load it is logged and left out; later nothing changes and this is false.
    bool load(bool first);
    /// What is in use; null when nothing is configured.
    [[nodiscard]] std::shared_ptr<const engine::Enrichment> current() const;
    [[nodiscard]] std::uint64_t indicators() const;
    /// The built-in rule of each list, as the API lists rules.
    [[nodiscard]] std::vector<api::RuleSummary> rules() const;

private:
    void publish(const std::vector<common::Nanos>& changed, double seconds);

    const Config& config_;
    std::filesystem::path folder_;
    const common::Clock& clock_;
    common::Logger& log_;
    common::MetricsRegistry& metrics_;
    mutable std::mutex mutex_;
    std::shared_ptr<const engine::Enrichment> current_; ///< guarded by mutex_
};

/// `canhgac check`: appends what is wrong with the files.
void check_enrichment(const Config& config, common::Nanos now, std::vector<std::string>& findings);

} // namespace canhgac::app
