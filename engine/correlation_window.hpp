/// The events that one correlation remembers of one group key, and whether its condition holds in a window over them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/clock.hpp"
#include "engine/correlation_rule.hpp"
#include "engine/correlation_values.hpp"
#include "engine/seen_values.hpp"
#include "engine/sliding_vector.hpp"
#include "event/batch.hpp"

namespace canhgac::engine {

/// One event as windows order it. The tag tells apart what one event gives to a correlation twice: as two of its rules
/// (temporal types), or through two correlations below it.
struct SeenEvent {
    common::Nanos time = 0;
    std::uint64_t seq = 0;
    std::uint32_t index = 0;
    std::uint32_t tag = 0;
    friend auto operator<=>(const SeenEvent&, const SeenEvent&) = default;
    [[nodiscard]] event::EventId id() const noexcept { return {seq, index}; }
};

/// What a value type keeps beside the events.
struct WindowValues {
    SlidingVector<std::uint64_t> values; ///< one for each event: hash of a value, or the bits of a number
    std::uint32_t begin = 0;             ///< the part of the events that is added up below
    std::uint32_t end = 0;
    DistinctCounter distinct;
    ExactSum sum;
    OrderedValues ordered;
};

/// What a temporal type keeps beside the events.
struct WindowRules {
    std::vector<SlidingVector<SeenEvent>> by_rule; ///< one for each rule: its events
    SlidingVector<common::Nanos> deadlines;        ///< one for each event: when it is decided; 0 = it does not wait
    std::size_t decided = 0;                       ///< so many events at the front do not wait
};

class CorrelationWindow {
public:
    explicit CorrelationWindow(const CorrelationRule& rule);

    /// A place in events() and how many follow in the window; both ends included.
    struct Span {
        std::size_t begin = 0;
        std::size_t end = 0;
        double measured = 0.0; ///< what the condition compared
    };

    [[nodiscard]] const SlidingVector<SeenEvent>& events() const noexcept { return events_; }
    /// The newest time; the window must not be empty.
    [[nodiscard]] common::Nanos newest() const noexcept { return seen_ ? seen_->newest() : events_.back().time; }
    [[nodiscard]] bool empty() const noexcept { return seen_ ? seen_->empty() : events_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept;
    /// Its place if it is there.
    [[nodiscard]] std::optional<std::size_t> find(const SeenEvent& event) const noexcept;
    /// Not there yet. Returns its place.
    std::size_t insert(const CorrelationRule& rule, const SeenEvent& event, std::uint64_t value);
    /// Forgets the oldest.
    void pop_front(const CorrelationRule& rule, std::size_t count);

    /// The first window in which the condition holds, among those that contain the event at `place`: windows end at an
    /// event and reach `timespan` back from it.
    [[nodiscard]] std::optional<Span> first_holding(const CorrelationRule& rule, std::size_t place);
    /// Types that look back: inserts the event, and says whether its value is unusual in the `timespan` before it. The
    /// span is the part of events() that it was compared with (new_terms keeps none).
    [[nodiscard]] std::optional<Span> unusual(const CorrelationRule& rule, const SeenEvent& event, std::uint64_t value);
    /// Deferred: whether a result stands for the event at `place`.
    [[nodiscard]] std::optional<Span> decide(const CorrelationRule& rule, std::size_t place) const;

    /// 0 = not waiting to be decided.
    [[nodiscard]] common::Nanos deadline(std::size_t place) const noexcept { return rules_->deadlines[place]; }
    void set_deadline(std::size_t place, common::Nanos deadline) noexcept { rules_->deadlines[place] = deadline; }
    [[nodiscard]] std::size_t decided() const noexcept { return rules_->decided; }
    void set_decided(std::size_t count) noexcept { rules_->decided = count; }
    /// One for each event; nullptr for types without values.
    [[nodiscard]] const SlidingVector<std::uint64_t>* values() const noexcept {
        return values_ ? &values_->values : nullptr;
    }
    /// new_terms: what it keeps in place of events; else nullptr.
    [[nodiscard]] SeenValues* seen() noexcept { return seen_.get(); }

private:
    [[nodiscard]] std::size_t first_since(common::Nanos time) const noexcept;
    std::optional<double> measure(const CorrelationRule& rule, std::size_t begin, std::size_t end);
    double measure_values(const rules::Correlation& correlation, std::size_t begin, std::size_t end);
    void add_up(const rules::Correlation& correlation, std::size_t begin, std::size_t end);
    void count(const rules::Correlation& correlation, std::size_t place, bool enters);
    [[nodiscard]] std::optional<double> measure_rules(const CorrelationRule& rule, const SeenEvent& first,
                                                      const SeenEvent& last) const;
    [[nodiscard]] std::uint64_t present(const SeenEvent& first, const SeenEvent& last) const noexcept;
    [[nodiscard]] bool in_order(std::uint64_t rules, const SeenEvent& first, const SeenEvent& last) const noexcept;
    [[nodiscard]] std::size_t longest_in_order(const SeenEvent& first, const SeenEvent& last) const;

    SlidingVector<SeenEvent> events_;
    std::unique_ptr<WindowValues> values_; ///< value types, rare_value
    std::unique_ptr<WindowRules> rules_;   ///< temporal types
    std::unique_ptr<SeenValues> seen_;     ///< new_terms
};

} // namespace canhgac::engine
