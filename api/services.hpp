/// What the API serves: given by the wiring of the program, so that tests can give something else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "alerting/alert_book.hpp"
#include "alerting/outbox.hpp"
#include "api/evidence_request.hpp"
#include "collector/ledger.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "event/query_sources.hpp"
#include "event/store.hpp"
#include "storage/hold_record.hpp"
#include "storage/verify_report.hpp"
#include "text/public_suffix.hpp"

namespace canhgac::api {

/// GET /api/v1/status, beside what the API knows itself.
struct StatusReport {
    std::string version;
    std::map<std::string, std::uint16_t> listeners; ///< port by name
    std::map<std::string, std::uint64_t> numbers;   ///< e.g. rules, committed_batch, alerting_batch
    std::map<std::string, std::string> texts;       ///< e.g. last reload
};

/// One rule in use, for GET /api/v1/rules.
struct RuleSummary {
    std::string id;
    std::string title;
    std::string level;
    std::vector<std::string> tags;
    std::string file;
};

struct ReloadResult {
    bool ok = false;
    std::string message;
};

/// Proves the stored events against their hash chain (storage::JournalStore::verify).
using VerifyStore =
    std::function<common::Result<storage::VerifyReport, std::error_code>(const storage::VerifyOptions& options)>;

/// References outlive the server. Functions are thread safe and may block for a while.
struct Services {
    event::EventStore& events;
    event::SourceRegistry& sources;
    alerting::AlertBook& alerts;
    alerting::Outbox& outbox;
    const collector::Ledger& ledger;
    common::MetricsRegistry& metrics;
    const common::Clock& clock;
    common::Logger& logger;
    std::function<StatusReport()> status{};
    std::function<std::vector<RuleSummary>()> rules{};
    std::function<ReloadResult()> reload_rules{};
    /// What is not ready yet, for people; empty = everything works.
    std::function<std::string()> not_ready{};
    /// Legal holds; see storage::JournalStore.
    std::function<std::vector<storage::HoldRecord>()> holds{};
    std::function<common::Result<storage::HoldRecord, std::error_code>(storage::HoldRecord, const event::QueryPlan&)>
        add_hold{};
    std::function<common::Result<void, std::error_code>(const std::string&, const event::DropOrder&)> release_hold{};
    /// What searches may ask besides; null: not there.
    const event::PredicateSource* rule_filters = nullptr; ///< sigma "..."
    const event::LookupSource* lookup_tables = nullptr;   ///< lookup
    const text::PublicSuffixes* suffixes = nullptr;       ///< registered_domain()
    VerifyStore verify{};
    ExportEvidence export_evidence{};
};

} // namespace canhgac::api
