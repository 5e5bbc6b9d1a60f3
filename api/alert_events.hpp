/// Alerts as sets of events, for searches: `alert "ID"`.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "alerting/alert_book.hpp"
#include "api/services.hpp"
#include "event/query_sources.hpp"
#include "storage/query/query_sources.hpp"

namespace canhgac::api {

/// The events an alert keeps: the first kMaxAlertEvents, and the newest counted. Thread safe.
class AlertEvents final : public event::EventSetSource {
public:
    explicit AlertEvents(const alerting::AlertBook& alerts) noexcept : alerts_(&alerts) {}
    /// Nothing also when the book cannot be read.
    [[nodiscard]] std::optional<event::EventSet> find(std::string_view id) const override {
        const auto alert = alerts_->find(id);
        if (!alert || !*alert) { return std::nullopt; }
        event::EventSet set{(*alert)->events, (*alert)->first_seen, (*alert)->last_seen};
        if (std::find(set.events.begin(), set.events.end(), (*alert)->last_event) == set.events.end()) {
            set.events.push_back((*alert)->last_event);
        }
        return set;
    }

private:
    const alerting::AlertBook* alerts_;
};

/// All that a query may ask beside the events.
[[nodiscard]] inline storage::QuerySources query_sources(const Services& services, const AlertEvents& alerts) noexcept {
    return {&services.events, &services.sources,      services.rule_filters,
            &alerts,          services.lookup_tables, services.suffixes};
}

} // namespace canhgac::api
