// Checks of a rule's logic as a whole: unused selections, common triggers; and the key by which equal rules are found.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "rules/lint_document.hpp"
#include "rules/print.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

// --- equal logic -----------------------------------------------------------------------------------------------------

/// What a node means, written in one order. A condition may name a selection many times: each node is written once.
class LogicKey {
public:
    explicit LogicKey(const Rule& rule) : rule_(rule) {}

    const std::string& of(std::uint32_t index, bool negated) {
        const auto known = keys_.find({index, negated});
        if (known != keys_.end()) { return known->second; }
        return keys_.emplace(std::pair(index, negated), write(index, negated)).first->second;
    }

private:
    using Parts = std::set<std::pair<std::uint32_t, bool>>;

    /// The parts of an "all" (or an "any"): through negations and parts of the same kind.
    void collect(std::uint32_t index, bool negated, bool every, Parts& seen, std::vector<std::string>& keys) {
        if (!seen.emplace(index, negated).second) { return; }
        const Node& node = rule_.nodes[index];
        if (node.kind == Node::Kind::negation) {
            collect(node.children.front(), !negated, every, seen, keys);
            return;
        }
        const bool joins =
            node.kind != Node::Kind::predicate && ((node.kind == Node::Kind::conjunction) != negated) == every;
        if (!joins) {
            keys.push_back(of(index, negated));
            return;
        }
        for (const std::uint32_t child : node.children) {
            collect(child, negated, every, seen, keys);
        }
    }

    std::string write(std::uint32_t index, bool negated) {
        const Node& node = rule_.nodes[index];
        if (node.kind == Node::Kind::negation) { return of(node.children.front(), !negated); }
        if (node.kind == Node::Kind::predicate) {
            return (negated ? "!" : "") + print(rule_.predicates[node.predicate]) + "\n";
        }
        const bool every = (node.kind == Node::Kind::conjunction) != negated;
        Parts seen;
        std::vector<std::string> keys;
        collect(index, negated, every, seen, keys);
        std::sort(keys.begin(), keys.end());
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
        if (keys.size() == 1) { return keys.front(); }
        std::string out = every ? "all(" : "any(";
        for (const std::string& key : keys) {
            out += key;
        }
        return out + ")\n";
    }

    const Rule& rule_;
    std::map<std::pair<std::uint32_t, bool>, std::string> keys_;
};

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

/// Looks at each node once for each sign.
class TriggerFinder {
public:
    explicit TriggerFinder(const Rule& rule) : rule_(rule) {}

    std::optional<Trigger> of(std::uint32_t index, bool negated) {
        const auto known = known_.find({index, negated});
        if (known != known_.end()) { return known->second; }
        const std::optional<Trigger> found = find(index, negated);
        known_.emplace(std::pair(index, negated), found);
        return found;
    }

private:
    std::optional<Trigger> find(std::uint32_t index, bool negated) {
        const Node& node = rule_.nodes[index];
        if (node.kind == Node::Kind::negation) { return of(node.children.front(), !negated); }
        if (node.kind == Node::Kind::predicate) {
            if (negated) { return std::nullopt; }
            const Predicate& predicate = rule_.predicates[node.predicate];
            return Trigger{rarity_of(predicate), &predicate};
        }
        const bool every = (node.kind == Node::Kind::conjunction) != negated;
        std::optional<Trigger> best;
        for (const std::uint32_t child : node.children) {
            const auto of_child = of(child, negated);
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

    const Rule& rule_;
    std::map<std::pair<std::uint32_t, bool>, std::optional<Trigger>> known_;
};

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
    return of.product + "\n" + of.category + "\n" + of.service + "\n" + LogicKey(rule).of(rule.root, false);
}

void lint_condition(const LintDocument& document, LintSink& sink) {
    check_unused(document, sink);
    const auto trigger = TriggerFinder(*document.rule).of(document.rule->root, false);
    if (!trigger || trigger->rarity != Rarity::common) { return; } // none at all: the engine says so
    sink.add("common-trigger", document.node.find("detection")->find("condition")->at,
             "nothing rarer than `" + print(*trigger->which) + "` has to hold: most events wake this rule");
}

} // namespace canhgac::rules
