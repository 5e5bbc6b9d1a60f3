/// The summary of a scan: what happened when on which host, for whoever has to decide what to look at first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/scan_worker.hpp"

namespace canhgac::app {

struct SummaryTotals {
    std::uint64_t files = 0;
    std::uint64_t events = 0;
    std::uint64_t parse_errors = 0;
    std::optional<common::Nanos> first_event; ///< of all events that have a time of their own
    std::optional<common::Nanos> last_event;
};

/// Collects matches by (host, rule). Bounded: 100,000 such pairs; matches of further ones are only counted. Not thread
/// safe; the rule set must outlive it.
class ScanSummary {
public:
    static constexpr std::size_t kMaxRows = 100'000;

    void add(const std::string& file, const ScanHit& hit);
    void add(const event::DetectionRecord& correlation) { correlations_.push_back(correlation); }

    /// One JSON object: `files`, `events`, `parse_errors`, `matches`, `first_event`, `last_event`, `levels`, `timeline`
    /// (by first match: `first`, `last`, `count`, `host`, `level`, `rule`, `title`, `techniques`, `file`, `event` of
    /// the first match), `hosts`, `techniques`, `correlations`, `not_listed`. Times are RFC 3339 or null.
    [[nodiscard]] std::string json(const SummaryTotals& totals) const;
    /// The same for people.
    [[nodiscard]] std::string table(const SummaryTotals& totals) const;

private:
    struct Row {
        const event::RuleInfo* rule = nullptr;
        std::string host;
        std::uint64_t count = 0;
        std::optional<common::Nanos> first;
        std::optional<common::Nanos> last;
        std::string file; ///< of the first match
        std::uint64_t event = 0;
    };
    /// Rows counted together: of a host, a technique.
    struct Group {
        std::uint64_t count = 0;
        std::uint64_t rules = 0;
        event::Severity highest = event::Severity::informational;
        std::optional<common::Nanos> first;
        std::optional<common::Nanos> last;
    };
    using Groups = std::map<std::string, Group>;

    [[nodiscard]] std::vector<const Row*> timeline() const;
    [[nodiscard]] Groups hosts() const;
    [[nodiscard]] Groups techniques() const;
    [[nodiscard]] std::map<event::Severity, std::uint64_t> levels() const;
    static void count(const Row& row, Group& group);

    std::map<std::pair<std::string, std::string>, Row> rows_; ///< by host, rule id
    std::vector<event::DetectionRecord> correlations_;
    std::uint64_t matches_ = 0;
    std::uint64_t not_listed_ = 0;
};

/// "T1059.001" of the tags "attack.t1059.001", in their order.
[[nodiscard]] std::vector<std::string> techniques_of(const event::RuleInfo& rule);

} // namespace canhgac::app
