/// Correlation as alerting sees it: the correlator of the rules in use, its metrics, its place between two threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alerting/detection_transform.hpp"
#include "common/clock.hpp"
#include "common/metrics.hpp"
#include "engine/correlation.hpp"
#include "rules/ir.hpp"

namespace canhgac::app {

/// A reload replaces the correlator while alerting runs and keeps the state of correlations that did not change.
/// replace(): any thread; the rest: the thread of alerting.
class CorrelatorSlot final : public alerting::DetectionTransform {
public:
    CorrelatorSlot(engine::CorrelationLimits limits, common::MetricsRegistry& metrics);
    ~CorrelatorSlot() override;
    CorrelatorSlot(const CorrelatorSlot&) = delete;
    CorrelatorSlot& operator=(const CorrelatorSlot&) = delete;

    void replace(const std::vector<rules::Correlation>& correlations);

    void push(const event::DetectionRecord& record, Records& out) override;
    /// Also brings the metrics up to date, as do many pushes.
    bool advance(common::Nanos now, Records& out) override;
    [[nodiscard]] std::string save() override;
    [[nodiscard]] bool restore(std::string_view saved) override;

private:
    struct RuleMetrics;
    void publish();

    engine::CorrelationLimits limits_;
    common::MetricsRegistry& metrics_;
    common::Gauge bytes_;
    common::Gauge groups_;
    common::Gauge waiting_;
    std::mutex mutex_;
    std::unique_ptr<engine::Correlator> correlator_; ///< guarded by mutex_
    std::uint64_t pushed_ = 0;                       ///< of the thread of alerting
    /// By rule id; what was published so far. Of the thread of alerting.
    std::unordered_map<std::string, std::unique_ptr<RuleMetrics>> by_rule_;
};

} // namespace canhgac::app
