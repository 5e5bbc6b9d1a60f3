#include "app/correlator_slot.hpp"

#include <array>
#include <utility>

namespace canhgac::app {

namespace {

/// A counter of a correlation: its name in /metrics and where its value is.
struct RuleCounter {
    const char* name;
    const char* help;
    std::uint64_t engine::CorrelationRuleStats::*value;
};
constexpr std::array<RuleCounter, 8> kCounters = {{
    {"canhgac_correlation_events_total", "Events counted by a correlation", &engine::CorrelationRuleStats::events},
    {"canhgac_correlation_fired_total", "Records a correlation gave", &engine::CorrelationRuleStats::fired},
    {"canhgac_correlation_late_total", "Events too late for a correlation", &engine::CorrelationRuleStats::late},
    {"canhgac_correlation_unusable_total", "Events without the fields a correlation needs",
     &engine::CorrelationRuleStats::unusable},
    {"canhgac_correlation_repeated_total", "Events a correlation had counted already",
     &engine::CorrelationRuleStats::repeated},
    {"canhgac_correlation_evicted_groups_total", "Groups of a correlation forgotten for lack of memory",
     &engine::CorrelationRuleStats::evicted_groups},
    {"canhgac_correlation_evicted_events_total", "Events of a correlation forgotten for lack of room in their group",
     &engine::CorrelationRuleStats::evicted_events},
    {"canhgac_correlation_nanoseconds_total", "Time a correlation took", &engine::CorrelationRuleStats::nanoseconds},
}};

constexpr std::uint64_t kPushesPerPublish = 16'384;

} // namespace

struct CorrelatorSlot::RuleMetrics {
    std::array<common::Counter, kCounters.size()> counters;
    std::array<std::uint64_t, kCounters.size()> published{};
    common::Gauge groups;
    common::Gauge bytes;
    common::Gauge learning;
};

CorrelatorSlot::CorrelatorSlot(engine::CorrelationLimits limits, common::MetricsRegistry& metrics)
    : limits_(limits), metrics_(metrics),
      bytes_(metrics.gauge("canhgac_correlation_state_bytes", "Memory of all correlation windows")),
      groups_(metrics.gauge("canhgac_correlation_state_groups", "Groups of all correlations")),
      waiting_(metrics.gauge("canhgac_correlation_waiting", "Events whose correlation is decided when time is over")),
      correlator_(std::make_unique<engine::Correlator>(std::vector<rules::Correlation>{}, limits)) {}

CorrelatorSlot::~CorrelatorSlot() = default;

void CorrelatorSlot::replace(const std::vector<rules::Correlation>& correlations) {
    auto fresh = std::make_unique<engine::Correlator>(correlations, limits_);
    const std::lock_guard lock(mutex_);
    fresh->adopt(std::move(*correlator_));
    correlator_ = std::move(fresh);
}

void CorrelatorSlot::push(const event::DetectionRecord& record, Records& out) {
    {
        const std::lock_guard lock(mutex_);
        correlator_->push(record, out);
    }
    if (++pushed_ % kPushesPerPublish == 0) { publish(); } // when there is never time for advance()
}

bool CorrelatorSlot::advance(common::Nanos now, Records& out) {
    bool decided = false;
    {
        const std::lock_guard lock(mutex_);
        decided = correlator_->advance(now, out);
    }
    publish();
    return decided;
}

std::string CorrelatorSlot::save() {
    const std::lock_guard lock(mutex_);
    return correlator_->save();
}

bool CorrelatorSlot::restore(std::string_view saved) {
    const std::lock_guard lock(mutex_);
    return correlator_->restore(saved);
}

void CorrelatorSlot::publish() {
    engine::CorrelationStats all;
    std::vector<engine::CorrelationRuleStats> rules;
    {
        const std::lock_guard lock(mutex_);
        all = correlator_->stats();
        rules = correlator_->rule_stats();
    }
    bytes_.set(static_cast<double>(all.state_bytes));
    groups_.set(static_cast<double>(all.groups));
    waiting_.set(static_cast<double>(all.waiting));
    for (const auto& rule : rules) {
        auto& known = by_rule_[rule.id];
        if (!known) {
            const common::Labels labels{{"rule", rule.id}};
            known = std::make_unique<RuleMetrics>();
            for (std::size_t i = 0; i < kCounters.size(); ++i) {
                known->counters[i] = metrics_.counter(kCounters[i].name, kCounters[i].help, labels);
            }
            known->groups = metrics_.gauge("canhgac_correlation_groups", "Groups a correlation remembers", labels);
            known->bytes = metrics_.gauge("canhgac_correlation_bytes", "Memory of a correlation's windows", labels);
            known->learning = metrics_.gauge("canhgac_correlation_learning",
                                             "1 while a correlation only learns what is usual", labels);
        }
        for (std::size_t i = 0; i < kCounters.size(); ++i) {
            const std::uint64_t value = rule.*kCounters[i].value;
            // A correlation that was changed counts from nothing again.
            const std::uint64_t before = value < known->published[i] ? 0 : known->published[i];
            known->counters[i].add(static_cast<double>(value - before));
            known->published[i] = value;
        }
        known->groups.set(static_cast<double>(rule.groups));
        known->bytes.set(static_cast<double>(rule.bytes));
        known->learning.set(rule.learning ? 1.0 : 0.0);
    }
}

} // namespace canhgac::app
