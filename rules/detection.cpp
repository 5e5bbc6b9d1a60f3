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

/// Any of what one value became.
std::uint32_t add_value(RuleBuilder& builder, const ModifierChain& chain, const yaml::Node& value) {
    std::vector<std::uint32_t> nodes;
    for (auto& predicate : chain.apply(value)) {
        nodes.push_back(builder.predicate(std::move(predicate)));
    }
    if (builder.is_full()) { refuse(value.at, "the rule has too many values"); }
    return builder.any(std::move(nodes));
}

std::uint32_t build_item(RuleBuilder& builder, const std::string& key, yaml::Position at, const yaml::Node& value,
                         const Placeholders& placeholders) {
    ItemKey parsed = parse_key(key, at);
    const ModifierChain chain(std::move(parsed.modifiers), parsed.field, placeholders);
    chain.check(at);
    if (value.is_map()) { refuse(value.at, "a map cannot be the value of '" + key + "'"); }
    std::vector<std::uint32_t> nodes;
    if (value.is_sequence()) {
        for (const auto& item : value.items) {
            nodes.push_back(add_value(builder, chain, item));
        }
    } else {
        nodes.push_back(add_value(builder, chain, value));
    }
    if (nodes.empty()) { // `field: []` means null (SIGMA.md 27)
        yaml::Node null;
        null.at = value.at;
        nodes.push_back(add_value(builder, chain, null));
    }
    const std::uint32_t joined = chain.joins_all() ? builder.all(std::move(nodes)) : builder.any(std::move(nodes));
    return chain.negates() ? builder.negate(joined) : joined;
}

std::uint32_t build_map(RuleBuilder& builder, const yaml::Node& map, const Placeholders& placeholders) {
    if (map.entries.empty()) { refuse(map.at, "empty map in the detection"); }
    std::vector<std::uint32_t> nodes;
    for (std::size_t i = 0; i < map.entries.size(); ++i) {
        const auto& [key, value] = map.entries[i];
        nodes.push_back(build_item(builder, key, map.key_positions[i], value, placeholders));
    }
    return builder.all(std::move(nodes));
}

std::uint32_t build_keyword(RuleBuilder& builder, const yaml::Node& value, const Placeholders& placeholders) {
    return add_value(builder, ModifierChain({}, {}, placeholders), value);
}

} // namespace

std::uint32_t build_selection(RuleBuilder& builder, const yaml::Node& selection, const Placeholders& placeholders) {
    if (selection.is_map()) { return build_map(builder, selection, placeholders); }
    if (!selection.is_sequence()) {
        if (selection.is_null()) { refuse(selection.at, "empty selection"); }
        return build_keyword(builder, selection, placeholders);
    }
    if (selection.items.empty()) { refuse(selection.at, "empty selection"); }
    std::vector<std::uint32_t> nodes;
    for (const auto& item : selection.items) {
        if (item.is_sequence()) { refuse(item.at, "a list inside a list"); }
        nodes.push_back(item.is_map() ? build_map(builder, item, placeholders)
                                      : build_keyword(builder, item, placeholders));
    }
    return builder.any(std::move(nodes));
}

} // namespace canhgac::rules
