#include "rules/pipeline/item_reader.hpp"

#include <array>
#include <utility>

#include "rules/pipeline/conditions.hpp"
#include "rules/pipeline/logic.hpp"
#include "rules/pipeline/map_reader.hpp"
#include "rules/pipeline/transformations.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// Known to pySigma, without a sense here; each with a way out.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kRefused = {{
    {"query_expression_placeholders", "it writes query text, and rules are not turned into queries here; "
                                      "give the values with 'value_placeholders' and 'vars'"},
    {"file_placeholders", "pipelines read no other files; put the values into 'vars' and use 'value_placeholders'"},
    {"http_placeholders", "pipelines fetch nothing; put the values into 'vars' and use 'value_placeholders'"},
    {"command_placeholders", "pipelines run no programs; put the values into 'vars' and use 'value_placeholders'"},
}};

class Nest : public Transformation {
public:
    explicit Nest(std::vector<PipelineItem> items) : items_(std::move(items)) {}
    bool apply(const PipelineItem& /*item*/, PipelineRun& run) const override {
        bool changed = false;
        const auto outer = run.touched;
        run.touched = [&](const PipelineItem& item) {
            changed = true;
            outer(item);
        };
        for (const auto& item : items_) {
            item.run(run);
        }
        run.touched = outer;
        return changed;
    }
    [[nodiscard]] const std::vector<PipelineItem>& nested() const override { return items_; }

private:
    std::vector<PipelineItem> items_;
};

template <typename Test>
Test read_condition(const yaml::Node& node, const std::string& name,
                    Test (*read)(std::string_view type, MapReader& map)) {
    MapReader map(node, "condition '" + name + "'");
    const std::string type = map.text("type");
    map.rename("condition '" + name + "' of type " + type);
    Test test = read(type, map);
    map.finish();
    return test;
}

/// `KIND_conditions`, `KIND_cond_op`, `KIND_cond_not`, `KIND_cond_expr`.
template <typename Test>
ConditionSet<Test> read_conditions(MapReader& map, const std::string& kind,
                                   Test (*read)(std::string_view type, MapReader& map)) {
    ConditionSet<Test> set;
    const yaml::Node* list = map.take(kind + "_conditions");
    const yaml::Node* op = map.take(kind + "_cond_op");
    const bool is_any = map.choice(kind + "_cond_op", {"and", "or"}, 0) == 1;
    const bool is_negated = map.flag(kind + "_cond_not", false);
    const yaml::Node* expression = map.take(kind + "_cond_expr");
    if (expression == nullptr) { expression = map.take(kind + "_cond_expression"); }
    std::vector<std::string> names;
    if (list != nullptr && list->is_map()) {
        for (const auto& [name, node] : list->entries) {
            names.push_back(name);
            set.tests.push_back(read_condition(node, name, read));
        }
    } else if (list != nullptr && list->is_sequence()) {
        for (const auto& node : list->items) {
            set.tests.push_back(read_condition(node, std::to_string(set.tests.size() + 1), read));
        }
    } else if (list != nullptr) {
        refuse(list->at, "'" + kind + "_conditions' must be a list, or a map of names to conditions");
    }
    if (set.tests.empty() && (op != nullptr || is_negated || expression != nullptr)) {
        refuse(map.node().at, map.what() + " joins '" + kind + "_conditions', but has none");
    }
    if (expression == nullptr) {
        set.logic = join_tests(set.tests.size(), is_any && !set.tests.empty());
    } else {
        if (op != nullptr) { refuse(op->at, "give '" + kind + "_cond_op' or an expression, not both"); }
        if (!list->is_map()) {
            refuse(list->at, "an expression needs names: write '" + kind + "_conditions' as a map of names");
        }
        set.logic = parse_logic(MapReader::scalar(*expression, "the expression"), expression->at, names);
    }
    if (is_negated) {
        Logic negation;
        negation.kind = Logic::Kind::negation;
        negation.children.push_back(std::move(set.logic));
        set.logic = std::move(negation);
    }
    return set;
}

TransformationPtr make_transformation(const std::string& type, MapReader& map, const std::string& prefix,
                                      ItemReading& reading) {
    for (const auto& [name, why] : kRefused) {
        if (type == name) {
            refuse(map.node().at, "transformation '" + type + "' is not supported: " + std::string(why));
        }
    }
    if (type == "nest") {
        return std::make_unique<Nest>(read_pipeline_items(map.require("items"), prefix + ".", reading));
    }
    for (auto* make : {make_field_transformation, make_rule_transformation, make_item_transformation,
                       make_value_transformation, make_replacement}) {
        if (auto made = make(type, map)) { return made; }
    }
    refuse(map.require("type").at, "unknown transformation '" + type + "'; docs/reference/pipelines.md lists them");
}

PipelineItem read_item(const yaml::Node& node, const std::string& number, ItemReading& reading) {
    MapReader map(node, "transformation " + number);
    const std::string type = map.text("type");
    map.rename("transformation " + number + " (" + type + ")");
    PipelineItem item;
    item.at = node.at;
    item.id = map.text_if("id").value_or("");
    if (item.id.empty()) { item.id = type + "-" + number; }
    item.rule_conditions = read_conditions(map, "rule", read_rule_condition);
    item.item_conditions = read_conditions(map, "detection_item", read_item_condition);
    item.field_conditions = read_conditions(map, "field_name", read_field_condition);
    item.transformation = make_transformation(type, map, number, reading);
    map.finish();
    const bool looks_at_items = item.transformation->scope() == Transformation::Scope::items;
    for (const char* key : {"detection_item_conditions", "field_name_conditions"}) {
        if (const auto* idle = node.find(key); idle != nullptr && !looks_at_items) {
            reading.idle.push_back({idle->at, item.id,
                                    "'" + std::string(key) + "' has no effect on " + type +
                                        ", which changes the rule as a whole; use 'rule_conditions'"});
        }
    }
    return item;
}

} // namespace

std::vector<PipelineItem> read_pipeline_items(const yaml::Node& list, const std::string& prefix, ItemReading& reading) {
    if (!list.is_sequence()) { refuse(list.at, "expected a list of transformations"); }
    std::vector<PipelineItem> items;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        try {
            items.push_back(read_item(list.items[i], prefix + std::to_string(i + 1), reading));
        } catch (const Refusal& mistake) { reading.mistakes.push_back(mistake); }
    }
    return items;
}

} // namespace canhgac::rules
