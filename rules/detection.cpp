#include "rules/detection.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/modifiers.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// "field|modifier|modifier".
struct ItemKey {
    std::string_view field;
    std::vector<UsedModifier> modifiers;
};

ItemKey parse_key(std::string_view key, yaml::Position at) {
    ItemKey out;
    out.field = key.substr(0, key.find('|'));
    for (std::size_t bar = key.find('|'); bar != std::string_view::npos;) {
        const std::size_t next = key.find('|', bar + 1);
        const std::string_view name = key.substr(bar + 1, next == std::string_view::npos ? next : next - bar - 1);
        const auto kind = modifier_named(name);
        if (!kind) { refuse(at, "unknown modifier '" + std::string(name) + "' in '" + std::string(key) + "'"); }
        out.modifiers.push_back({*kind, name});
        bar = next;
    }
    return out;
}

/// Counts what a selection grows to.
class SelectionReader {
public:
    explicit SelectionReader(const Placeholders& placeholders) : placeholders_(placeholders) {}

    DraftNode read(const yaml::Node& selection) {
        if (selection.is_map()) { return map(selection); }
        if (!selection.is_sequence()) {
            if (selection.is_null()) { refuse(selection.at, "empty selection"); }
            return keyword(selection);
        }
        if (selection.items.empty()) { refuse(selection.at, "empty selection"); }
        DraftNode node;
        node.kind = DraftNode::Kind::any;
        for (const auto& item : selection.items) {
            if (item.is_sequence()) { refuse(item.at, "a list inside a list"); }
            node.children.push_back(item.is_map() ? map(item) : keyword(item));
        }
        return node;
    }

private:
    DraftValue value(const ModifierChain& chain, const yaml::Node& node) {
        DraftValue out{chain.apply(node), node.at};
        count_ += out.variants.size();
        if (count_ > kMaxPredicates) { refuse(node.at, "the rule has too many values"); }
        return out;
    }

    DraftNode item(const std::string& key, yaml::Position at, const yaml::Node& value_node) {
        ItemKey parsed = parse_key(key, at);
        const ModifierChain chain(std::move(parsed.modifiers), parsed.field, placeholders_);
        chain.check(at);
        if (value_node.is_map()) { refuse(value_node.at, "a map cannot be the value of '" + key + "'"); }
        DraftNode node;
        DraftItem& item = node.item;
        item.field = std::string(parsed.field);
        item.joins_all = chain.joins_all();
        item.is_negated = chain.negates();
        item.at = at;
        if (value_node.is_sequence()) {
            for (const auto& one : value_node.items) {
                item.values.push_back(value(chain, one));
            }
        } else {
            item.values.push_back(value(chain, value_node));
        }
        if (item.values.empty()) { // `field: []` means null (SIGMA.md 27)
            yaml::Node null;
            null.at = value_node.at;
            item.values.push_back(value(chain, null));
        }
        return node;
    }

    DraftNode map(const yaml::Node& map) {
        if (map.entries.empty()) { refuse(map.at, "empty map in the detection"); }
        DraftNode node;
        node.kind = DraftNode::Kind::all;
        for (std::size_t i = 0; i < map.entries.size(); ++i) {
            node.children.push_back(item(map.entries[i].first, map.key_positions[i], map.entries[i].second));
        }
        return node;
    }

    DraftNode keyword(const yaml::Node& value_node) {
        DraftNode node;
        node.item.values.push_back(value(ModifierChain({}, {}, placeholders_), value_node));
        node.item.at = value_node.at;
        return node;
    }

    const Placeholders& placeholders_;
    std::size_t count_ = 0;
};

} // namespace

DraftNode read_selection(const yaml::Node& selection, const Placeholders& placeholders) {
    return SelectionReader(placeholders).read(selection);
}

} // namespace canhgac::rules
