#include "rules/pipeline/run.hpp"

#include <algorithm>

#include "rules/pipeline/values.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

void mark(DraftNode& node, const std::string& id) {
    if (node.kind == DraftNode::Kind::item) { node.item.applied.insert(id); }
    for (auto& child : node.children) {
        mark(child, id);
    }
}

std::size_t count_all(const Draft& draft) {
    std::size_t count = 0;
    for (const auto& selection : draft.selections) {
        count += count_predicates(selection.node);
    }
    return count;
}

/// Keywords are looked for as text, numbers too.
void keep_as_keywords(std::vector<Predicate>& variants, common::yaml::Position at) {
    for (auto& variant : variants) {
        if (variant.op == Op::equal_number) { variant = text_value(number_text(variant.number)); }
        if (variant.op != Op::matches && variant.op != Op::regex) {
            refuse(at, "the pipelines make a keyword something else than text");
        }
    }
}

} // namespace

void PipelineRun::grow(std::size_t more) {
    predicates += more;
    if (predicates > kMaxPredicates) { refuse(at(), "the pipelines give the rule too many values"); }
}

const std::vector<PipelineItem>& Transformation::nested() const {
    static const std::vector<PipelineItem> none;
    return none;
}

void PipelineItem::run(PipelineRun& run) const {
    if (!rule_conditions.hold(run)) { return; }
    run.applied.insert(id);
    if (run.draft != nullptr) { run.predicates = count_all(*run.draft); }
    if (transformation->apply(*this, run)) { run.touched(*this); }
}

bool PipelineItem::wants(const DraftItem& item, const PipelineRun& run) const {
    if (!item_conditions.hold(item, run)) { return false; }
    if (field_conditions.hold(FieldSubject{item.field, &item}, run)) { return true; }
    // A name may also stand in a value, as a reference to a field.
    return std::any_of(item.values.begin(), item.values.end(), [&](const DraftValue& value) {
        return std::any_of(value.variants.begin(), value.variants.end(), [&](const Predicate& variant) {
            return !variant.other_field.empty() && field_conditions.hold(FieldSubject{variant.other_field}, run);
        });
    });
}

bool ItemTransformation::apply(const PipelineItem& item, PipelineRun& run) const {
    if (run.draft == nullptr) { return false; }
    bool changed = false;
    for (auto& selection : run.draft->selections) {
        changed = walk(selection.node, item, run) || changed;
    }
    return changed;
}

bool ItemTransformation::walk(DraftNode& node, const PipelineItem& item, PipelineRun& run) const {
    if (node.kind != DraftNode::Kind::item) {
        bool changed = false;
        for (auto& child : node.children) {
            changed = walk(child, item, run) || changed;
        }
        return changed;
    }
    if (!item.wants(node.item, run) || !change(node, item, run)) { return false; }
    mark(node, item.id);
    return true;
}

bool ValueTransformation::change(DraftNode& node, const PipelineItem& /*item*/, PipelineRun& run) const {
    bool changed = false;
    for (auto& value : node.item.values) {
        std::vector<Predicate> variants;
        for (const auto& variant : value.variants) {
            const std::size_t before = variants.size();
            changed = change_value(variant, value, run, variants) || changed;
            run.grow(variants.size() - before - 1);
        }
        if (node.item.field.empty()) { keep_as_keywords(variants, value.at); }
        value.variants = std::move(variants);
    }
    return changed;
}

void set_place(DraftNode& node, common::yaml::Position at) {
    node.item.at = at;
    for (auto& value : node.item.values) {
        value.at = at;
    }
    for (auto& child : node.children) {
        set_place(child, at);
    }
}

} // namespace canhgac::rules
