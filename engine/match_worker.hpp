/// Matches batches of events against a rule set: one worker per shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/bytes.hpp"
#include "engine/rule_set.hpp"
#include "event/batch.hpp"
#include "event/detection.hpp"

namespace canhgac::engine {

struct MatchOptions {
    bool memo = true; ///< remember what values matched; off for tests and benchmarks
    std::size_t memo_bytes = 32 * common::kMiB;
};

struct MatchStats {
    std::uint64_t events = 0;
    std::uint64_t classified = 0; ///< events of at least one log source class
    std::uint64_t values = 0;     ///< field values looked at
    std::uint64_t memo_hits = 0;
    std::uint64_t evaluations = 0; ///< conditions evaluated
    std::uint64_t detections = 0;
};

/// Not thread safe. Allocates while it meets new kinds of events and when rules match, else nothing once warm.
class MatchWorker {
public:
    explicit MatchWorker(std::shared_ptr<const RuleSet> rules, MatchOptions options = {});
    ~MatchWorker();
    MatchWorker(MatchWorker&&) noexcept;
    MatchWorker& operator=(MatchWorker&&) noexcept;

    /// Appends a detection per (event, rule) that matches, by event, then rule id. Views in it live as long as the
    /// batch, the rule as long as the rule set in use.
    void match(const event::EventBatch& batch, std::vector<event::Detection>& out);
    /// Replaces the rule set; between batches only. Detections of the old set must have been consumed, or the caller
    /// holds the old set.
    void use(std::shared_ptr<const RuleSet> rules);
    [[nodiscard]] const std::shared_ptr<const RuleSet>& rules() const noexcept;
    [[nodiscard]] const MatchStats& stats() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace canhgac::engine
