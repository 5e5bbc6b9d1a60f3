/// One rule on its way through the pipelines, and what a transformation is made of. Internal to the module.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/yaml.hpp"
#include "rules/draft.hpp"
#include "rules/ir.hpp"
#include "rules/modifiers_encoding.hpp"

namespace canhgac::rules {

struct PipelineItem;

/// What transformations know and change. Either `draft` or `correlation` is set.
struct PipelineRun {
    Draft* draft = nullptr;
    Correlation* correlation = nullptr;
    const common::yaml::Node* document = nullptr;
    std::vector<LogSource> sources;                       ///< of the rule, or of the rules of a correlation
    const Placeholders* vars = nullptr;                   ///< of all pipelines
    std::set<std::string> applied;                        ///< ids of the items whose rule conditions held
    std::map<std::string, common::yaml::Node> state;      ///< set_state
    std::map<std::string, common::yaml::Node> attributes; ///< set_custom_attribute
    /// Ids of the items that changed a name outside the detection, by its name now.
    std::map<std::string, std::set<std::string>, std::less<>> field_applied;
    std::set<std::string> mapped_fields; ///< names that were mapped, and what they became
    std::size_t predicates = 0;          ///< of the draft, counted before each item, plus what was added since
    /// Told of each item that changed the rule, and of what looks wrong.
    std::function<void(const PipelineItem&)> touched;
    std::function<void(const PipelineItem&, std::string)> warn;

    /// To be called before `more` predicates are added: a chain of mappings could grow without bound. Throws Refusal.
    void grow(std::size_t more);
    [[nodiscard]] common::yaml::Position at() const { return document->at; }
};

/// A field name in question and, when it is that of a detection item, the item. Empty: keywords.
struct FieldSubject {
    std::string_view field;
    const DraftItem* item = nullptr;
};

using RuleTest = std::function<bool(const PipelineRun&)>;
using ItemTest = std::function<bool(const DraftItem&, const PipelineRun&)>;
using FieldTest = std::function<bool(const FieldSubject&, const PipelineRun&)>;

/// How the results of tests are joined.
struct Logic {
    enum class Kind : std::uint8_t { test, all, any, negation };
    Kind kind = Kind::all;
    std::size_t test = 0;
    std::vector<Logic> children;

    template <typename Ask>
    [[nodiscard]] bool holds(const Ask& ask) const {
        const auto child_holds = [&ask](const Logic& child) { return child.holds(ask); };
        switch (kind) {
        case Kind::test:
            return ask(test);
        case Kind::all:
            return std::all_of(children.begin(), children.end(), child_holds);
        case Kind::any:
            return std::any_of(children.begin(), children.end(), child_holds);
        case Kind::negation:
            return !children.front().holds(ask);
        }
        return false;
    }
};

/// No test: always true.
template <typename Test>
struct ConditionSet {
    std::vector<Test> tests;
    Logic logic;

    template <typename... Subject>
    [[nodiscard]] bool hold(const Subject&... subject) const {
        return logic.holds([&](std::size_t test) { return tests[test](subject...); });
    }
};

class Transformation {
public:
    Transformation() = default;
    virtual ~Transformation() = default;
    Transformation(const Transformation&) = delete;
    Transformation& operator=(const Transformation&) = delete;

    /// Changes the rule or correlation; whether it did. Throws Refusal at a place in the rule.
    virtual bool apply(const PipelineItem& item, PipelineRun& run) const = 0;
    /// Which conditions beside the rule's it looks at.
    enum class Scope : std::uint8_t { rule, items };
    [[nodiscard]] virtual Scope scope() const { return Scope::rule; }
    /// Items inside it, for reports.
    [[nodiscard]] virtual const std::vector<PipelineItem>& nested() const;
};

struct PipelineItem {
    std::string id; ///< as written, else made from type and place: "field_name_mapping-3"
    common::yaml::Position at;
    ConditionSet<RuleTest> rule_conditions;
    ConditionSet<ItemTest> item_conditions;
    ConditionSet<FieldTest> field_conditions;
    std::unique_ptr<const Transformation> transformation;

    /// Applies the transformation if the rule conditions hold.
    void run(PipelineRun& run) const;
    [[nodiscard]] bool wants(const DraftItem& item, const PipelineRun& run) const;
};

/// For transformations of detection items: goes through all selections.
class ItemTransformation : public Transformation {
public:
    bool apply(const PipelineItem& item, PipelineRun& run) const override;
    [[nodiscard]] Scope scope() const override { return Scope::items; }

protected:
    /// `node` is a detection item that the conditions chose; it may become a group, or an empty group: dropped.
    virtual bool change(DraftNode& node, const PipelineItem& item, PipelineRun& run) const = 0;

private:
    bool walk(DraftNode& node, const PipelineItem& item, PipelineRun& run) const;
};

/// For transformations of single values.
class ValueTransformation : public ItemTransformation {
protected:
    bool change(DraftNode& node, const PipelineItem& item, PipelineRun& run) const override;
    /// Replaces `variant` by what is added to `out`; whether that differs. What is not meant is added as it is.
    virtual bool change_value(Predicate variant, const DraftValue& value, const PipelineRun& run,
                              std::vector<Predicate>& out) const = 0;
};

/// Calls `visit(item)` for every detection item; until it returns true: then returns true.
template <typename Visit>
bool any_item(const DraftNode& node, const Visit& visit) {
    if (node.kind == DraftNode::Kind::item) { return visit(node.item); }
    return std::any_of(node.children.begin(), node.children.end(),
                       [&](const DraftNode& child) { return any_item(child, visit); });
}

/// Sets the place of a node and all below it, e.g. to that of the rule it was added to.
void set_place(DraftNode& node, common::yaml::Position at);

} // namespace canhgac::rules
