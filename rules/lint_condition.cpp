// Checks of a rule's logic as a whole: unused selections, common triggers; and the key by which equal rules are found.
#include <algorithm>
#include <optional>

#include "rules/lint_document.hpp"
#include "rules/print.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

// --- equal logic -----------------------------------------------------------------------------------------------------

std::string node_key(const Rule& rule, std::uint32_t index, bool negated);

/// Keys of the parts of an "all" (or an "any"): through negations and parts of the same kind.
void part_keys(const Rule& rule, std::uint32_t index, bool negated, bool every, std::vector<std::string>& keys) {
    const Node& node = rule.nodes[index];
    if (node.kind == Node::Kind::negation) {
        part_keys(rule, node.children.front(), !negated, every, keys);
        return;
    }
    const bool joins =
        node.kind != Node::Kind::predicate && ((node.kind == Node::Kind::conjunction) != negated) == every;
    if (!joins) {
        keys.push_back(node_key(rule, index, negated));
        return;
    }
    for (const std::uint32_t child : node.children) {
        part_keys(rule, child, negated, every, keys);
    }
}

std::string node_key(const Rule& rule, std::uint32_t index, bool negated) {
    const Node& node = rule.nodes[index];
    if (node.kind == Node::Kind::negation) { return node_key(rule, node.children.front(), !negated); }
    if (node.kind == Node::Kind::predicate) {
        return (negated ? "!" : "") + print(rule.predicates[node.predicate]) + "\n";
    }
    const bool every = (node.kind == Node::Kind::conjunction) != negated;
    std::vector<std::string> keys;
    part_keys(rule, index, negated, every, keys);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    if (keys.size() == 1) { return keys.front(); }
    std::string out = every ? "all(" : "any(";
    for (const std::string& key : keys) {
        out += key;
    }
    return out + ")\n";
}

// --- triggers --------------------------------------------------------------------------------------------------------

/// How rare the events are for which something must look at a rule.
enum class Rarity : std::uint8_t { common, rare };

/// The best test that must hold for a node to hold; `which` = the common one, for the message. Nothing: no such test.
struct Trigger {
    Rarity rarity = Rarity::rare;
    const Predicate* which = nullptr;
};

Rarity rarity_of(const Predicate& predicate) {
    if (predicate.op == Op::exists || predicate.op == Op::is_null) { return Rarity::common; }
    if (predicate.op != Op::matches) { return Rarity::rare; }
    std::size_t longest = 0;
    bool wildcard = false;
    for (const PatternPart& part : predicate.pattern) {
        wildcard = wildcard || part.kind == PatternPart::Kind::any;
        longest = std::max(longest, part.text.size()); // bytes: a character outside ASCII is rare
    }
    return wildcard && longest < 3 ? Rarity::common : Rarity::rare;
}

std::optional<Trigger> trigger_of(const Rule& rule, std::uint32_t index, bool negated) {
    const Node& node = rule.nodes[index];
    if (node.kind == Node::Kind::negation) { return trigger_of(rule, node.children.front(), !negated); }
    if (node.kind == Node::Kind::predicate) {
        if (negated) { return std::nullopt; }
        const Predicate& predicate = rule.predicates[node.predicate];
        return Trigger{rarity_of(predicate), &predicate};
    }
    const bool every = (node.kind == Node::Kind::conjunction) != negated;
    std::optional<Trigger> best;
    for (const std::uint32_t child : node.children) {
        const auto of_child = trigger_of(rule, child, negated);
        if (every) {
            if (of_child && (!best || of_child->rarity > best->rarity)) { best = of_child; }
        } else if (!of_child) {
            return std::nullopt;
        } else if (!best || of_child->rarity < best->rarity) {
            best = of_child;
        }
    }
    return best;
}

// --- selections ------------------------------------------------------------------------------------------------------

void check_unused(const LintDocument& document, LintSink& sink) {
    const yaml::Node& detection = *document.node.find("detection");
    for (std::size_t i = 0; i < detection.entries.size(); ++i) {
        const std::string& name = detection.entries[i].first;
        if (name == "condition" || name == "timeframe") { continue; }
        const auto& used = document.rule->selections;
        if (std::any_of(used.begin(), used.end(), [&name](const auto& one) { return one.first == name; })) { continue; }
        sink.add("unused-selection", detection.key_positions[i], "the condition does not use '" + name + "'");
    }
}

} // namespace

std::string logic_key(const Rule& rule) {
    const LogSource& of = rule.logsource;
    return of.product + "\n" + of.category + "\n" + of.service + "\n" + node_key(rule, rule.root, false);
}

void lint_condition(const LintDocument& document, LintSink& sink) {
    check_unused(document, sink);
    const auto trigger = trigger_of(*document.rule, document.rule->root, false);
    if (!trigger || trigger->rarity != Rarity::common) { return; } // none at all: the engine says so
    sink.add("common-trigger", document.node.find("detection")->find("condition")->at,
             "nothing rarer than `" + print(*trigger->which) + "` has to hold: most events wake this rule");
}

} // namespace canhgac::rules
