#include "rules/draft.hpp"

#include <optional>
#include <utility>

#include "rules/condition.hpp"
#include "rules/refusal.hpp"
#include "rules/rule_builder.hpp"
#include "rules/sigma_string.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// A keyword is looked for anywhere in a value (SIGMA.md 31).
Predicate finished(Predicate predicate, const std::string& field, yaml::Position at) {
    predicate.field = field;
    if (predicate.op != Op::matches) { return predicate; }
    predicate.text.clear();
    if (field.empty()) {
        add_leading_any(predicate.pattern);
        add_trailing_any(predicate.pattern);
    }
    for (const auto& part : predicate.pattern) {
        if (part.kind == PatternPart::Kind::placeholder) { refuse_placeholder(at, part.text); }
        if (!is_utf8(part.text)) {
            refuse(at, "the UTF-16 form of this value is no text; add base64 or base64offset after the modifier");
        }
    }
    return predicate;
}

std::uint32_t lower_item(RuleBuilder& builder, const DraftItem& item) {
    std::vector<std::uint32_t> nodes;
    for (const auto& value : item.values) {
        std::vector<std::uint32_t> variants;
        for (const auto& variant : value.variants) {
            variants.push_back(builder.predicate(finished(variant, item.field, value.at)));
        }
        if (builder.is_full()) { refuse(value.at, "the rule has more than 200,000 values; split it"); }
        nodes.push_back(builder.any(std::move(variants)));
    }
    const std::uint32_t joined = item.joins_all ? builder.all(std::move(nodes)) : builder.any(std::move(nodes));
    return item.is_negated ? builder.negate(joined) : joined;
}

std::uint32_t lower_node(RuleBuilder& builder, const DraftNode& node) {
    if (node.kind == DraftNode::Kind::item) { return lower_item(builder, node.item); }
    std::vector<std::uint32_t> children;
    for (const auto& child : node.children) {
        children.push_back(lower_node(builder, child));
    }
    return node.kind == DraftNode::Kind::all ? builder.all(std::move(children)) : builder.any(std::move(children));
}

/// Selections are lowered when the condition first names them, and the others aside, so that their mistakes are found
/// as well.
class Lowering {
public:
    explicit Lowering(const Draft& draft) : draft_(draft), builder_(draft.rule) {
        for (std::size_t i = 0; i < draft.selections.size(); ++i) {
            if (draft.selections[i].is_added) { continue; }
            scope_.names.push_back(draft.selections[i].name);
            own_.push_back(i);
        }
        nodes_.resize(own_.size());
        scope_.node_of = [this](std::size_t index) { return node_of(index); };
    }

    void run() {
        std::vector<std::uint32_t> roots;
        for (const auto& condition : draft_.conditions) {
            roots.push_back(build_condition(builder_, condition.text, condition.at, scope_));
        }
        std::vector<std::uint32_t> all{builder_.any(std::move(roots))};
        for (const auto& selection : draft_.selections) {
            if (!selection.is_added) { continue; }
            const std::uint32_t node = lower_node(builder_, selection.node);
            all.push_back(selection.is_negated ? builder_.negate(node) : node);
        }
        draft_.rule.root = builder_.all(std::move(all));
        if (draft_.rule.root == RuleBuilder::kNothing) {
            refuse(draft_.at, "the pipelines left nothing of the detection");
        }
        for (std::size_t i = 0; i < own_.size(); ++i) {
            if (nodes_[i].value_or(RuleBuilder::kNothing) == RuleBuilder::kNothing) { continue; }
            draft_.rule.selections.emplace_back(draft_.selections[own_[i]].name, *nodes_[i]);
        }
        check_unused();
    }

private:
    std::uint32_t node_of(std::size_t index) {
        auto& node = nodes_[index];
        if (!node) { node = lower_node(builder_, draft_.selections[own_[index]].node); }
        return *node;
    }

    void check_unused() {
        Rule aside;
        RuleBuilder builder(aside);
        for (std::size_t i = 0; i < own_.size(); ++i) {
            if (!nodes_[i]) { static_cast<void>(lower_node(builder, draft_.selections[own_[i]].node)); }
        }
    }

    const Draft& draft_;
    RuleBuilder builder_;
    ConditionScope scope_;
    std::vector<std::size_t> own_; ///< which selections the condition may name
    std::vector<std::optional<std::uint32_t>> nodes_;
};

} // namespace

std::size_t count_predicates(const DraftNode& node) noexcept {
    std::size_t count = 0;
    for (const auto& value : node.item.values) {
        count += value.variants.size();
    }
    for (const auto& child : node.children) {
        count += count_predicates(child);
    }
    return count;
}

void lower(const Draft& draft) {
    Lowering(draft).run();
}

} // namespace canhgac::rules
