/// Rules over stored history: what they would have found, how often, about whom, and how many alerts a day that makes.
/// Uses the engine's own matcher and correlator over event::EventStore::scan.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "engine/rule_set.hpp"
#include "event/store.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

struct BacktestOptions {
    common::Nanos from = 0; ///< event time, [from, to)
    common::Nanos to = 0;
    common::Nanos bucket = common::kDay;    ///< width of the bars of the histogram
    common::Nanos grouping = common::kHour; ///< alerts of one rule and entity this close are one (DESIGN 8)
    std::size_t samples = 5;                ///< event ids kept of each rule: the first ones
    std::size_t top = 10;                   ///< entries of each list of frequent values
    std::uint64_t max_matches = 1'000'000;  ///< of all rules together; then it ends early
    bool classify = false;                  ///< also count the events of each log source class
};

/// A value and how often it was there.
using Frequent = std::vector<std::pair<std::string, std::uint64_t>>;

/// What one rule (or correlation) would have found.
struct BacktestRule {
    std::string id;
    std::string title;
    event::Severity level = event::Severity::medium;
    bool is_correlation = false;
    bool generates = true;                          ///< false: feeds correlations only, no alerts
    std::uint64_t matches = 0;                      ///< events; of a correlation, times it fired
    std::uint64_t alerts = 0;                       ///< after grouping; 0 when it gives none
    std::map<common::Nanos, std::uint64_t> buckets; ///< by start of the bar, UTC
    Frequent hosts;                                 ///< most frequent first
    std::map<std::string, Frequent> values;         ///< by matched field
    std::vector<event::EventId> samples;
    bool is_cut = false; ///< more distinct values or groups than are counted: numbers are lower bounds
};

struct BacktestReport {
    std::vector<BacktestRule> rules;                   ///< by id; also those without a match
    std::vector<RejectedRule> rejected;                ///< could not be compiled, were not run
    std::map<rules::LogSource, std::uint64_t> classes; ///< events by class, if asked for
    std::uint64_t events = 0;                          ///< looked at
    std::uint64_t matches = 0;
    common::Nanos first_event = 0; ///< earliest and latest event time looked at; 0 = none
    common::Nanos last_event = 0;
    double seconds = 0.0;
    bool stopped_early = false; ///< cancelled, or max_matches reached

    /// Days that the events looked at span, at least a part of one.
    [[nodiscard]] double days() const noexcept;
};

/// Called for each match in commit order; the event's views live during the call. False ends the back-test.
using BacktestMatch = std::function<bool(const event::RuleInfo& rule, const event::StoredEvent& event)>;

/// Most distinct values counted of a rule's host or field, and most groups remembered of a rule.
inline constexpr std::size_t kMaxBacktestValues = 10'000;
inline constexpr std::size_t kMaxBacktestGroups = 100'000;

/// Compiles `input` and runs it over the store. Slow: reads every stored event of the time. Blocks; looks at
/// `cancelled` every event. Error: the store's. Throws what compile() throws.
[[nodiscard]] common::Result<BacktestReport, std::error_code>
backtest(const CompileInput& input, event::EventStore& store, const BacktestOptions& options,
         const BacktestMatch& on_match = {}, const std::atomic<bool>* cancelled = nullptr);

} // namespace canhgac::engine
