#include "rules/document.hpp"

#include <utility>

#include "rules/detection.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

std::string scalar_text(const yaml::Node& node, std::string_view key) {
    if (!node.is_scalar() || node.is_null()) {
        refuse(node.at, "'" + std::string(key) + "' must be text or, where several are allowed, a list of texts");
    }
    return node.text;
}

/// The detection of one rule, from its text to predicates and nodes.
class DetectionReader {
public:
    DetectionReader(Rule& rule, const yaml::Node& detection, const ReadContext& context, Section kind)
        : draft_{rule, {}, {}, detection.at}, detection_(detection), context_(context), kind_(kind) {}

    void run() {
        const yaml::Node* condition = collect();
        if (condition == nullptr) {
            refuse(detection_.at, "missing 'condition' in " + name() + "; it says which selections must hold");
        }
        if (selections_.empty()) {
            refuse(detection_.at, name() + " has no selection; add one such as 'selection: {field: value}'");
        }
        if (selections_.size() > kMaxSelections) {
            refuse(detection_.at, name() + " has more than 10,000 selections; split it");
        }
        read_conditions(*condition);
        read_selections();
        if (context_.change) { context_.change(draft_); }
        lower(draft_);
    }

private:
    static constexpr std::size_t kMaxSelections = 10'000;

    [[nodiscard]] std::string name() const { return kind_ == Section::filter ? "'filter'" : "'detection'"; }

    const yaml::Node* collect() {
        const yaml::Node* condition = nullptr;
        for (const auto& [name, node] : detection_.entries) {
            if (name == "condition") {
                condition = &node;
            } else if (kind_ == Section::filter && name == "rules") {
                continue;
            } else if (name != "timeframe") { // left over from aggregations: no selection (SIGMA.md 60)
                draft_.selections.push_back({name, {}});
                selections_.push_back(&node);
            }
        }
        return condition;
    }

    void read_selections() {
        std::size_t count = 0;
        for (std::size_t i = 0; i < selections_.size(); ++i) {
            DraftNode& node = draft_.selections[i].node;
            node = read_selection(*selections_[i], context_.placeholders);
            count += count_predicates(node);
            if (count > kMaxPredicates) {
                refuse(selections_[i]->at, "the rule has more than 200,000 values; split it");
            }
        }
    }

    /// A list of conditions: any of them (SIGMA.md 56).
    void read_conditions(const yaml::Node& condition) {
        const auto add = [&](const yaml::Node& node) {
            if (!node.is_string()) { refuse(node.at, "'condition' must be text or a list of texts"); }
            draft_.conditions.push_back({node.text, node.at});
        };
        if (condition.is_sequence()) {
            if (kind_ == Section::filter) {
                refuse(condition.at, "the condition of a filter is one text; join several with 'or'");
            }
            for (const auto& item : condition.items) {
                add(item);
            }
        } else {
            add(condition);
        }
        if (draft_.conditions.empty()) {
            refuse(condition.at, "'condition' is empty; name the selections that must hold");
        }
    }

    Draft draft_;
    const yaml::Node& detection_;
    const ReadContext& context_;
    Section kind_;
    std::vector<const yaml::Node*> selections_;
};

/// `lint: {allow: [check, ...]}`: read by rules/lint, here only held to its form.
void check_lint_key(const yaml::Node& lint) {
    const auto* allow = lint.find("allow");
    if (!lint.is_map() || lint.entries.size() != 1 || allow == nullptr) {
        refuse(lint.at, "'lint' in 'canhgac' must be {allow: [check, ...]}");
    }
    static_cast<void>(read_texts_key(lint, "allow"));
}

} // namespace

LogSource read_logsource(const yaml::Node& document) {
    const auto* node = document.find("logsource");
    if (node == nullptr) {
        refuse(document.at, "missing 'logsource'; it says which product, category or service the rule is for");
    }
    if (!node->is_map()) { refuse(node->at, "'logsource' must be a map such as {product: windows}"); }
    LogSource logsource{read_text_key(*node, "product"), read_text_key(*node, "category"),
                        read_text_key(*node, "service")};
    if (logsource == LogSource{}) { refuse(node->at, "'logsource' needs a product, a category or a service"); }
    return logsource;
}

void read_section(Rule& rule, const yaml::Node& section, const ReadContext& context, Section kind) {
    DetectionReader(rule, section, context, kind).run();
}

std::string read_text_key(const yaml::Node& map, std::string_view key) {
    const auto* node = map.find(key);
    return node == nullptr || node->is_null() ? std::string{} : scalar_text(*node, key);
}

std::vector<std::string> read_texts_key(const yaml::Node& map, std::string_view key) {
    const auto* node = map.find(key);
    if (node == nullptr || node->is_null()) { return {}; }
    if (!node->is_sequence()) { return {scalar_text(*node, key)}; }
    std::vector<std::string> texts;
    for (const auto& item : node->items) {
        texts.push_back(scalar_text(item, key));
    }
    return texts;
}

OwnKeys read_own_keys(const yaml::Node& document) {
    const auto* own = document.find("canhgac");
    if (own == nullptr) { return {}; }
    if (!own->is_map()) { refuse(own->at, "'canhgac' must be a map"); }
    for (std::size_t i = 0; i < own->entries.size(); ++i) {
        const std::string& key = own->entries[i].first;
        if (key == "lint") { check_lint_key(own->entries[i].second); }
        if (key == "learn" && document.find("correlation") != nullptr) { continue; }
        if (key != "entity" && key != "title_vi" && key != "response_vi" && key != "lint") {
            refuse(own->key_positions[i],
                   "unknown key '" + key + "' in 'canhgac'; entity, title_vi, response_vi and lint are known");
        }
    }
    OwnKeys keys;
    keys.entity = read_texts_key(*own, "entity");
    keys.title_vi = read_text_key(*own, "title_vi");
    keys.response_vi = read_text_key(*own, "response_vi");
    keys.learn = own->find("learn");
    return keys;
}

event::Severity read_level(const yaml::Node& document) {
    const std::string text = read_text_key(document, "level");
    if (text.empty()) { return event::Severity::medium; }
    for (const auto level : {event::Severity::informational, event::Severity::low, event::Severity::medium,
                             event::Severity::high, event::Severity::critical}) {
        if (event::to_string(level) == text) { return level; }
    }
    refuse(document.find("level")->at,
           "unknown level '" + text + "'; one of informational, low, medium, high and critical");
}

std::string read_identity(const yaml::Node& document) {
    for (const std::string_view key : {"id", "name", "title"}) {
        if (auto text = read_text_key(document, key); !text.empty()) { return text; }
    }
    refuse(document.at, "missing 'id'");
}

std::string id_of(const yaml::Node& document) {
    const auto* id = document.is_map() ? document.find("id") : nullptr;
    return id != nullptr && id->is_scalar() ? id->text : std::string{};
}

Rule read_rule(const yaml::Node& document, const ReadContext& context) {
    check_head(document, context.taxonomies);
    Rule rule;
    rule.id = read_identity(document);
    rule.name = read_text_key(document, "name");
    rule.title = read_text_key(document, "title");
    rule.level = read_level(document);
    read_about(document, rule);
    OwnKeys own = read_own_keys(document);
    rule.entity = std::move(own.entity);
    rule.title_vi = std::move(own.title_vi);
    rule.response_vi = std::move(own.response_vi);
    rule.logsource = read_logsource(document);
    const auto* detection = document.find("detection");
    if (detection == nullptr) { refuse(document.at, "missing 'detection'; it holds the selections and the condition"); }
    if (!detection->is_map()) { refuse(detection->at, "'detection' must be a map of selections and a condition"); }
    read_section(rule, *detection, context, Section::detection);
    return rule;
}

} // namespace canhgac::rules
