/// A correlation made ready to run: which fields make the key and the value for each rule that feeds it, how long its
/// events are remembered, and what its condition says about a measured number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/detection.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

/// What one rule gives to one correlation; names are resolved through the aliases.
struct CorrelationFeed {
    std::size_t correlation = 0;         ///< place in the list of correlations
    std::uint32_t tag = 0;               ///< temporal types: place in rule_ids; else 0 for rules, 1.. for correlations
    std::vector<std::string> key_fields; ///< one for each group-by
    std::vector<std::string> value_fields; ///< one for each field
};

class CorrelationRule {
public:
    CorrelationRule(rules::Correlation correlation, common::Nanos lateness);

    [[nodiscard]] const rules::Correlation& correlation() const noexcept { return correlation_; }
    /// Decided only when the time of an event is over, because something must not occur.
    [[nodiscard]] bool is_deferred() const noexcept { return is_deferred_; }
    [[nodiscard]] bool is_temporal() const noexcept { return rules::is_temporal(correlation_.type); }
    /// Each event is compared with the history of its group.
    [[nodiscard]] bool looks_back() const noexcept { return rules::looks_back(correlation_.type); }
    [[nodiscard]] bool measures_values() const noexcept { return !correlation_.fields.empty(); }
    /// How far behind the newest event of a group its events are kept.
    [[nodiscard]] common::Nanos memory() const noexcept { return memory_; }
    /// A group that got nothing for longer than this, in receive time, is forgotten.
    [[nodiscard]] common::Nanos idle() const noexcept { return memory_; }
    /// All that decides what comes out, and nothing else: titles, levels and texts may change without a loss of state.
    [[nodiscard]] const std::string& definition() const noexcept { return definition_; }
    /// A longer pause begins another episode.
    [[nodiscard]] common::Nanos episode_pause() const noexcept {
        return looks_back() ? kUnusualPause : correlation_.timespan;
    }
    /// "value_count(user.name)"; empty for types that measure no values.
    [[nodiscard]] const std::string& measure_name() const noexcept { return measure_name_; }
    [[nodiscard]] bool holds(double measured) const noexcept;
    /// temporal_ordered where every rule must occur: its plain and usual form.
    [[nodiscard]] bool wants_all_in_order() const noexcept { return wants_all_in_order_; }
    /// Rules that may complete a result.
    [[nodiscard]] std::uint64_t positive() const noexcept { return positive_; }

private:
    static constexpr common::Nanos kUnusualPause = common::kHour; ///< histories are far too long for it

    rules::Correlation correlation_;
    bool is_deferred_ = false;
    bool wants_all_in_order_ = false;
    std::uint64_t positive_ = 0;
    common::Nanos memory_ = 0;
    std::string definition_;
    std::string measure_name_;
};

[[nodiscard]] std::uint64_t seeded_hash(std::string_view bytes, std::uint64_t seed) noexcept;

using NameValues = std::vector<std::pair<std::string, std::string>>;

/// The name under which `rule_id` has the field that a correlation calls `name`.
[[nodiscard]] std::string_view resolve_alias(const rules::Correlation& correlation, std::string_view name,
                                             std::string_view rule_id) noexcept;
[[nodiscard]] std::string_view value_of(const NameValues& pairs, std::string_view name) noexcept;

/// Appends the values of the fields, each with its length before it. False when none of them is there (and there is at
/// least one); `all` = when one of them is not there.
bool append_values(const std::vector<std::string>& fields, const NameValues& captured, bool all, std::string& out);
/// Names and values of a key, without empty ones.
[[nodiscard]] NameValues key_pairs(const std::vector<std::string>& group_by, std::string_view key);

} // namespace canhgac::engine
