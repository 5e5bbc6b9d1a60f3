/// Why a rule did or did not match an event: log source, then the condition step by step, with the event's values and
/// what nearly matched. The verdict is the plain evaluator's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/plain_evaluator.hpp"
#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

/// One step of the condition.
struct ExplainedNode {
    enum class Kind : std::uint8_t { test, all, any, negation };
    Kind kind = Kind::test;
    bool truth = false;
    bool decides = false;            ///< with another truth here, the rule's verdict could have been another
    std::string selection;           ///< the name, when this node is a selection of the rule
    std::string test;                ///< of kind test, as rules::print() writes it
    std::string field;               ///< as the rule names it; empty: any value (keyword)
    std::string event_field;         ///< as the event names it (an alias of the log source); equal to `field` mostly
    bool absent = false;             ///< the event has no such field
    std::vector<std::string> values; ///< of the field, the first kMaxShownBytes of each; "null" for JSON null
    std::string hint;                ///< what is nearly there, for a person; may be empty
    bool is_cut = false;             ///< children left out: kMaxExplainedNodes
    std::vector<ExplainedNode> children;
};

struct Explanation {
    std::string rule_id;
    std::string title;
    rules::LogSource wanted;
    std::vector<rules::LogSource> classes; ///< of the event
    bool sees = false;                     ///< the rule looks at events of these classes
    bool condition = false;                ///< what the condition gives, whether or not the log source fits
    ExplainedNode root;
    [[nodiscard]] bool verdict() const noexcept { return sees && condition; }
};

inline constexpr std::size_t kMaxShownBytes = 1024;
/// Hints are looked for at this many tests of a rule at most: each looks at the whole event.
inline constexpr std::size_t kMaxHints = 200;

/// A condition that names a selection many times makes a tree larger than the rule: no larger than this.
inline constexpr std::size_t kMaxExplainedNodes = 500'000;

/// `rules[rule]` against `event`; `evaluator` must have been made from `rules`, and `fields` be its table. Allocates.
[[nodiscard]] Explanation explain(const PlainEvaluator& evaluator, const std::vector<rules::Rule>& rules,
                                  std::size_t rule, const event::EventBatch& batch, const event::Event& event,
                                  const event::FieldTable& fields);

/// For people: a few lines, indented. Lists of tests that all fail alike are cut after a few.
[[nodiscard]] std::string to_text(const Explanation& explanation);

} // namespace canhgac::engine
