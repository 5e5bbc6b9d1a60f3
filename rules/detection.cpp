#include "rules/detection.hpp"

#include <algorithm>
#include <numeric>
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

/// How many letters must be changed, added or taken away to make one word of the other.
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < left.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < right.size(); ++j) {
            const std::size_t changed = diagonal + (left[i] == right[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

/// "; did you mean 'contains'?" or where the names are listed.
std::string suggestion(std::string_view name) {
    static constexpr std::size_t kMostWrong = 2;
    std::string_view best;
    std::size_t best_distance = kMostWrong + 1;
    for (const std::string_view known : modifier_names()) {
        const std::size_t wrong = name.size() > 2 * known.size() ? best_distance : distance(name, known);
        if (wrong < best_distance && wrong < known.size()) {
            best = known;
            best_distance = wrong;
        }
    }
    return best.empty() ? "; the modifiers are listed in docs/reference/sigma.md"
                        : "; did you mean '" + std::string(best) + "'?";
}

ItemKey parse_key(std::string_view key, yaml::Position at) {
    ItemKey out;
    out.field = key.substr(0, key.find('|'));
    for (std::size_t bar = key.find('|'); bar != std::string_view::npos;) {
        const std::size_t next = key.find('|', bar + 1);
        const std::string_view name = key.substr(bar + 1, next == std::string_view::npos ? next : next - bar - 1);
        const auto kind = modifier_named(name);
        if (!kind) {
            refuse(at, "unknown modifier '" + std::string(name) + "' in '" + std::string(key) + "'" + suggestion(name));
        }
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
            if (selection.is_null()) {
                refuse(selection.at, "empty selection; give it an item such as 'field: value', or a text to look for");
            }
            return keyword(selection);
        }
        if (selection.items.empty()) {
            refuse(selection.at, "empty selection; give it an item such as 'field: value', or a text to look for");
        }
        DraftNode node;
        node.kind = DraftNode::Kind::any;
        for (const auto& item : selection.items) {
            if (item.is_sequence()) { refuse(item.at, "a list inside a list; put its values into the outer list"); }
            node.children.push_back(item.is_map() ? map(item) : keyword(item));
        }
        return node;
    }

private:
    DraftValue value(const ModifierChain& chain, const yaml::Node& node) {
        DraftValue out{chain.apply(node), node.at};
        count_ += out.variants.size();
        if (count_ > kMaxPredicates) { refuse(node.at, "the rule has more than 200,000 values; split it"); }
        return out;
    }

    DraftNode item(const std::string& key, yaml::Position at, const yaml::Node& value_node) {
        ItemKey parsed = parse_key(key, at);
        const ModifierChain chain(std::move(parsed.modifiers), parsed.field, placeholders_);
        chain.check(at);
        if (value_node.is_map()) {
            refuse(value_node.at,
                   "a map cannot be the value of '" + key + "'; the parts of a nested field are joined by dots");
        }
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
        if (map.entries.empty()) {
            refuse(map.at, "empty map in the detection; give it an item such as 'field: value'");
        }
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
