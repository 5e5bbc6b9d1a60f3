/// A detection between its text and the checked form: selections keep their names, detection items their field, their
/// values (after the modifiers) and how these are joined. Processing pipelines change rules here; then lower() resolves
/// the condition and what remains are the predicates and nodes of rules/ir.hpp. Internal to the module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/yaml.hpp"
#include "rules/ir.hpp"

namespace canhgac::rules {

/// One value of the text and what its modifiers made of it: any variant suffices. Predicate::field is not set yet.
struct DraftValue {
    std::vector<Predicate> variants; ///< at least one
    common::yaml::Position at;
};

/// `field|modifiers: values`.
struct DraftItem {
    std::string field;              ///< empty: keywords; their values have no wildcards around them yet
    std::vector<DraftValue> values; ///< at least one
    bool joins_all = false;         ///< modifier `all`
    bool is_negated = false;        ///< modifier `neq`
    common::yaml::Position at;
    std::set<std::string> applied;         ///< ids of the pipeline items that changed it
    std::vector<std::string> former_names; ///< of the field, the oldest first
};

struct DraftNode {
    enum class Kind : std::uint8_t { item, all, any };
    Kind kind = Kind::item;
    DraftItem item;                  ///< of kind item
    std::vector<DraftNode> children; ///< of the other kinds; none: nothing is left, the condition goes on without it
};

struct DraftSelection {
    std::string name;
    DraftNode node;
    /// Added by a pipeline: joined to the condition by `and`, and no `1 of them` finds it.
    bool is_added = false;
    bool is_negated = false; ///< only when added
};

struct DraftCondition {
    std::string text;
    common::yaml::Position at;
};

/// The rule's head is read, its predicates and nodes are still empty.
struct Draft {
    Rule& rule;
    std::vector<DraftSelection> selections;
    std::vector<DraftCondition> conditions; ///< any suffices; at least one
    common::yaml::Position at;              ///< of the detection
};

inline constexpr std::size_t kMaxPredicates = 200'000; ///< of one rule

/// The number of variants of all values.
[[nodiscard]] std::size_t count_predicates(const DraftNode& node) noexcept;

/// Fills predicates, nodes and root of the rule. Throws Refusal: mistakes of the condition, unresolved placeholders,
/// values that are not text, too many values, nothing left.
void lower(const Draft& draft);

} // namespace canhgac::rules
