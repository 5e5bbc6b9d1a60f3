#include "rules/document_actions.hpp"

#include <algorithm>
#include <utility>

#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

yaml::Node* find(yaml::Node& map, const std::string& key) {
    const auto found =
        std::find_if(map.entries.begin(), map.entries.end(), [&key](const auto& entry) { return entry.first == key; });
    return found == map.entries.end() ? nullptr : &found->second;
}

void put(yaml::Node& map, const std::string& key, yaml::Position at, yaml::Node value) {
    map.entries.emplace_back(key, std::move(value));
    map.key_positions.push_back(at);
}

/// What `map` does not say is taken from `other`.
void add_missing(yaml::Node& map, const yaml::Node& other) {
    for (std::size_t i = 0; i < other.entries.size(); ++i) {
        const auto& [key, value] = other.entries[i];
        yaml::Node* own = find(map, key);
        if (own == nullptr) {
            put(map, key, other.key_positions[i], value);
        } else if (own->is_map() && value.is_map()) {
            add_missing(*own, value);
        }
    }
}

yaml::Node without_action(yaml::Node document) {
    for (std::size_t i = 0; i < document.entries.size(); ++i) {
        if (document.entries[i].first != "action") { continue; }
        document.entries.erase(document.entries.begin() + static_cast<std::ptrdiff_t>(i));
        document.key_positions.erase(document.key_positions.begin() + static_cast<std::ptrdiff_t>(i));
        break;
    }
    return document;
}

} // namespace

std::optional<yaml::Node> DocumentActions::apply(const yaml::Node& document) {
    const yaml::Node* action = document.is_map() ? document.find("action") : nullptr;
    if (action == nullptr) {
        if (!document.is_map()) { return document; }
        yaml::Node whole = document;
        add_missing(whole, global_);
        make_id_unique(whole, document);
        previous_ = whole;
        return whole;
    }
    if (action->text == "global") {
        global_ = without_action(document);
        return std::nullopt;
    }
    if (action->text == "reset") {
        global_ = {};
        return std::nullopt;
    }
    if (action->text != "repeat") { refuse(action->at, "action must be global, reset or repeat"); }
    if (!previous_.is_map()) { refuse(action->at, "action: repeat needs a rule before it in the same file"); }
    yaml::Node whole = without_action(document);
    add_missing(whole, previous_);
    make_id_unique(whole, document);
    previous_ = whole;
    return whole;
}

void DocumentActions::make_id_unique(yaml::Node& document, const yaml::Node& own) {
    yaml::Node* id = find(document, "id");
    if (id == nullptr || !id->is_scalar()) { return; }
    if (own.find("id") != nullptr) {
        inherited_.try_emplace(id->text, 1);
        return;
    }
    // "x-2" handed down again is the third "x".
    std::string base = id->text;
    if (const auto dash = base.rfind('-'); dash != std::string::npos && inherited_.contains(base.substr(0, dash))) {
        base.resize(dash);
    }
    const std::size_t times = ++inherited_[base];
    if (times > 1) { id->text = base + "-" + std::to_string(times); }
}

} // namespace canhgac::rules
