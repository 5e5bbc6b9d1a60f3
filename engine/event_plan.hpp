/// Which matchers look at which field of an event, for each combination of log source classes met so far.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/compiled_rules.hpp"
#include "event/batch.hpp"

namespace canhgac::engine {

/// A set of matchers that look at one value; 0 = nobody looks.
using Slot = std::uint32_t;

struct PlanComparison {
    std::string left; ///< event's field names without blanks
    std::string right;
    rules::Op op{};
    bool cased = false;
    Atom atom = 0;
};

/// What to do with events of one combination of classes.
struct EventPlan {
    bool idle = true;             ///< no rules: nothing to do
    std::vector<Slot> slot_of;    ///< by field id, as far as ids were known
    Slot other_payload = 0;       ///< payload fields no rule names (keywords)
    bool joined_keywords = false; ///< the matchers of other_payload may look at values together
    std::size_t min_keyword_bytes = 0;
    std::vector<std::uint32_t> always;
    std::vector<PlanComparison> comparisons;
    std::unordered_map<std::string, Slot> slot_by_name; ///< names without blanks

    [[nodiscard]] Slot slot(event::FieldId field) const noexcept {
        const auto index = static_cast<std::size_t>(field);
        return index < slot_of.size() ? slot_of[index] : kUnknownSlot;
    }
    static constexpr Slot kUnknownSlot = kNone;
};

/// Finds the plan of an event; makes plans when new combinations turn up. One per worker, not thread safe.
class EventPlanner {
public:
    explicit EventPlanner(const CompiledRules& rules);

    /// Never null; valid until the planner dies.
    [[nodiscard]] EventPlan& plan(const event::EventBatch& batch, const event::Event& event);
    /// The slot of a field the plan has not seen: names made after it. Slow; remembers.
    [[nodiscard]] Slot learn(EventPlan& plan, event::FieldId field);
    /// The matchers of a slot, as indexes into CompiledRules::matchers.
    [[nodiscard]] std::span<const std::uint32_t> matchers(Slot slot) const noexcept { return slots_[slot]; }

private:
    /// A group that serves an event, and the entry whose aliases it uses (kNone: none).
    struct Served {
        std::uint32_t group = 0;
        std::uint32_t entry = kNone;
        friend auto operator<=>(const Served&, const Served&) = default;
    };
    struct CachedValue {
        static constexpr std::size_t kMaxText = 58;
        std::uint32_t number = kNone; ///< kNone: nothing cached
        std::uint8_t size = 0;
        std::array<char, kMaxText> text{};
    };
    [[nodiscard]] std::uint32_t number_of(std::uint32_t field, std::string_view value);
    [[nodiscard]] EventPlan& plan_slowly(const event::EventBatch& batch, const event::Event& event);
    [[nodiscard]] std::vector<Served> serve(std::span<const std::uint32_t> classes, const rules::LogSource* told) const;
    [[nodiscard]] EventPlan& plan_of(std::vector<Served> served);
    void fill(EventPlan& plan, const std::vector<Served>& served);
    [[nodiscard]] Slot slot_of(std::vector<std::uint32_t> matchers);

    const CompiledRules* rules_;
    std::map<std::vector<std::uint32_t>, Slot> slot_index_;
    std::vector<std::vector<std::uint32_t>> slots_;
    std::map<std::vector<Served>, std::unique_ptr<EventPlan>> plans_;
    std::unordered_map<std::uint64_t, EventPlan*> by_values_; ///< packed format and value numbers -> plan
    std::vector<std::uint8_t> condition_field_;         ///< by field id: index + 1 of the condition field, 0 = none
    std::vector<std::vector<CachedValue>> value_cache_; ///< per condition field, direct-mapped
    std::uint64_t last_key_ = ~0ULL;
    EventPlan* last_plan_ = nullptr;
};

} // namespace canhgac::engine
