#include "engine/explain.hpp"

#include <algorithm>
#include <map>

#include "engine/classifier.hpp"
#include "engine/explain_hint.hpp"
#include "rules/print.hpp"

namespace canhgac::engine {
namespace {

using NodeKind = ExplainedNode::Kind;

std::string cut(std::string_view text) {
    if (text.size() <= kMaxShownBytes) { return std::string(text); }
    std::size_t end = kMaxShownBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end; // not inside a character
    }
    return std::string(text.substr(0, end)) + "...";
}

NodeKind kind_of(rules::Node::Kind kind) {
    switch (kind) {
    case rules::Node::Kind::predicate:
        return NodeKind::test;
    case rules::Node::Kind::conjunction:
        return NodeKind::all;
    case rules::Node::Kind::disjunction:
        return NodeKind::any;
    case rules::Node::Kind::negation:
        return NodeKind::negation;
    }
    return NodeKind::test;
}

/// Builds the tree of one rule for one event.
class Explainer {
public:
    Explainer(const rules::Rule& rule, std::vector<bool> truth, const std::vector<rules::FieldAlias>& aliases)
        : rule_(rule), truth_(std::move(truth)) {
        for (const rules::FieldAlias& alias : aliases) {
            aliases_.emplace(without_blanks(alias.rule_field), without_blanks(alias.event_field));
        }
        for (const auto& [name, node] : rule.selections) {
            selections_.emplace(node, name);
        }
    }

    void add_event(const event::EventBatch& batch, const event::Event& event, const event::FieldTable& fields) {
        for (const event::Field& field : batch.fields(event)) {
            const std::string name = without_blanks(fields.name(field.name()));
            shown_[name].push_back(field.is_null() ? std::string("null") : cut(field.text()));
            if (!field.is_null()) { values_.emplace_back(name, field.text()); }
        }
    }

    /// `wanted`: the truth this node should have had for the rule to match.
    [[nodiscard]] ExplainedNode node(std::uint32_t index, bool decides, bool wanted) {
        const rules::Node& from = rule_.nodes[index];
        ExplainedNode out;
        out.kind = kind_of(from.kind);
        out.truth = truth_[index];
        out.decides = decides;
        if (const auto selection = selections_.find(index); selection != selections_.end()) {
            out.selection = selection->second;
        }
        if (out.kind == NodeKind::test) {
            test(rule_.predicates[from.predicate], wanted, out);
            return out;
        }
        for (const std::uint32_t child : from.children) {
            if (++nodes_ > kMaxExplainedNodes) {
                out.is_cut = true;
                break;
            }
            // A true "all" needs every child, a false one fails by each false child; "any" is its mirror.
            const bool child_decides = decides && (out.kind == NodeKind::negation || truth_[child] == out.truth);
            out.children.push_back(node(child, child_decides, (out.kind == NodeKind::negation) != wanted));
        }
        return out;
    }

private:
    void test(const rules::Predicate& predicate, bool wanted, ExplainedNode& out) {
        out.test = rules::print(predicate);
        out.field = predicate.field;
        if (predicate.field.empty()) { return; }
        const std::string name = without_blanks(predicate.field);
        const auto alias = aliases_.find(name);
        const std::string& real = alias == aliases_.end() ? name : alias->second;
        out.event_field = alias == aliases_.end() ? predicate.field : alias->second;
        const auto found = shown_.find(real);
        out.absent = found == shown_.end();
        if (!out.absent) { out.values = found->second; }
        if (out.truth || !wanted || !out.decides || hints_ == kMaxHints) { return; }
        ++hints_;
        out.hint = near_miss(predicate, real, values_);
    }

    const rules::Rule& rule_;
    std::vector<bool> truth_;
    std::map<std::string, std::string> aliases_;            ///< rule's name -> event's name, without blanks
    std::map<std::uint32_t, std::string> selections_;       ///< by node
    std::map<std::string, std::vector<std::string>> shown_; ///< by name without blanks
    NamedValues values_;
    std::size_t hints_ = 0;
    std::size_t nodes_ = 0;
};

std::string shown(const rules::LogSource& source) {
    std::string out;
    for (const auto& [name, value] : {std::pair("product", &source.product), std::pair("category", &source.category),
                                      std::pair("service", &source.service)}) {
        if (!value->empty()) { out += (out.empty() ? "" : ", ") + std::string(name) + " " + *value; }
    }
    return out.empty() ? "any" : out;
}

std::string quoted(const std::vector<std::string>& values) {
    constexpr std::size_t kMaxValues = 4;
    std::string out;
    for (std::size_t i = 0; i < values.size() && i < kMaxValues; ++i) {
        out += (i == 0 ? "\"" : ", \"") + values[i] + "\"";
    }
    if (values.size() > kMaxValues) { out += ", and " + std::to_string(values.size() - kMaxValues) + " more"; }
    return out;
}

class TextWriter {
public:
    void node(const ExplainedNode& node, std::size_t depth) {
        out_ += node.decides ? "  > " : "    ";
        out_.append(2 * depth, ' ');
        out_ += node.truth ? "true   " : "false  ";
        if (!node.selection.empty()) { out_ += node.selection + ": "; }
        switch (node.kind) {
        case NodeKind::test:
            test(node, depth);
            return;
        case NodeKind::all:
            out_ += "all of\n";
            break;
        case NodeKind::any:
            out_ += "any of\n";
            break;
        case NodeKind::negation:
            out_ += "not\n";
            break;
        }
        children(node, depth + 1);
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    static constexpr std::size_t kShownAlike = 3;

    void test(const ExplainedNode& node, std::size_t depth) {
        out_ += node.test;
        if (!node.field.empty()) {
            if (node.event_field != node.field) { out_ += " (here: " + node.event_field + ")"; }
            out_ += node.absent ? " -- the event has no such field" : " -- it is " + quoted(node.values);
        }
        out_ += "\n";
        if (node.hint.empty()) { return; }
        out_.append(4 + 2 * depth + 7, ' ');
        out_ += "nearly: " + node.hint + "\n";
    }

    /// Of a long list of tests that fail alike, the first few and those with a hint.
    void children(const ExplainedNode& node, std::size_t depth) {
        std::size_t alike = 0;
        std::size_t hidden = 0;
        for (const ExplainedNode& child : node.children) {
            const bool plain = child.kind == NodeKind::test && !child.truth && child.hint.empty();
            if (plain && ++alike > kShownAlike) {
                ++hidden;
                continue;
            }
            this->node(child, depth);
        }
        if (hidden == 0) { return; }
        out_.append(4 + 2 * depth, ' ');
        out_ += "false  ... and " + std::to_string(hidden) + " more tests that fail\n";
    }

    std::string out_;
};

} // namespace

Explanation explain(const PlainEvaluator& evaluator, const std::vector<rules::Rule>& rules, std::size_t rule,
                    const event::EventBatch& batch, const event::Event& event, const event::FieldTable& fields) {
    const rules::Rule& of = rules[rule];
    PlainRoute route = evaluator.route(batch, event, rule);
    std::vector<bool> truth = evaluator.explain(batch, event, rule);
    Explanation out;
    out.rule_id = of.id;
    out.title = of.title;
    out.wanted = of.logsource;
    out.sees = route.sees;
    out.condition = truth[of.root];
    Explainer explainer(of, std::move(truth), route.aliases);
    explainer.add_event(batch, event, fields);
    out.root = explainer.node(of.root, true, true);
    out.classes = std::move(route.classes);
    return out;
}

std::string to_text(const Explanation& explanation) {
    std::string out = "rule " + explanation.rule_id + ": " + explanation.title + "\n";
    out += explanation.verdict() ? "MATCH\n" : "NO MATCH\n";
    out += "log source: the rule wants " + shown(explanation.wanted) + "; the event is ";
    for (std::size_t i = 0; i < explanation.classes.size(); ++i) {
        out += (i == 0 ? "" : " and ") + shown(explanation.classes[i]);
    }
    if (explanation.classes.empty()) { out += "of no known log source"; }
    out += explanation.sees ? " -- the rule sees it\n" : " -- the rule does not see it\n";
    out += explanation.sees ? "condition:\n" : "condition, if it saw the event:\n";
    TextWriter writer;
    writer.node(explanation.root, 0);
    return out + writer.take();
}

} // namespace canhgac::engine
