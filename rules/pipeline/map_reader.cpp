#include "rules/pipeline/map_reader.hpp"

#include <algorithm>

namespace canhgac::rules {

namespace yaml = common::yaml;

MapReader::MapReader(const yaml::Node& node, std::string what) : node_(node), what_(std::move(what)) {
    if (!node.is_map()) { refuse(node.at, what_ + " must be a map of keys and values"); }
}

const yaml::Node* MapReader::take(std::string_view key) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) { asked_.emplace_back(key); }
    const auto* value = node_.find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

const yaml::Node& MapReader::require(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) { refuse(node_.at, what_ + " needs the key '" + std::string(key) + "'"); }
    return *value;
}

std::string MapReader::scalar(const yaml::Node& node, std::string_view what) {
    if (!node.is_scalar() || node.is_null()) { refuse(node.at, std::string(what) + " must be text"); }
    return node.text;
}

std::vector<std::string> MapReader::scalars(const yaml::Node& node, std::string_view what) {
    if (!node.is_sequence()) { return {scalar(node, what)}; }
    std::vector<std::string> texts;
    for (const auto& item : node.items) {
        texts.push_back(scalar(item, "each of " + std::string(what)));
    }
    if (texts.empty()) { refuse(node.at, std::string(what) + " must not be empty"); }
    return texts;
}

std::string MapReader::text(std::string_view key) {
    return scalar(require(key), "'" + std::string(key) + "'");
}

std::optional<std::string> MapReader::text_if(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) { return std::nullopt; }
    return scalar(*value, "'" + std::string(key) + "'");
}

bool MapReader::flag(std::string_view key, bool fallback) {
    const auto* value = take(key);
    if (value == nullptr) { return fallback; }
    if (value->kind != yaml::Kind::boolean) { refuse(value->at, "'" + std::string(key) + "' must be true or false"); }
    return value->boolean;
}

std::vector<std::string> MapReader::texts(std::string_view key) {
    return scalars(require(key), "'" + std::string(key) + "'");
}

std::vector<std::pair<std::string, std::vector<std::string>>> MapReader::mapping(std::string_view key) {
    const auto& map = require(key);
    if (!map.is_map() || map.entries.empty()) {
        refuse(map.at, "'" + std::string(key) + "' must be a map with at least one entry");
    }
    std::vector<std::pair<std::string, std::vector<std::string>>> out;
    for (const auto& [name, value] : map.entries) {
        out.emplace_back(name, scalars(value, "the value of '" + name + "'"));
    }
    return out;
}

std::size_t MapReader::choice(std::string_view key, std::initializer_list<std::string_view> names,
                              std::optional<std::size_t> fallback) {
    const auto* value = fallback ? take(key) : &require(key);
    if (value == nullptr) { return *fallback; }
    std::string known;
    std::size_t index = 0;
    for (const auto name : names) {
        if (value->is_scalar() && value->text == name) { return index; }
        ++index;
        known += known.empty() ? "" : ", ";
        known += name;
    }
    refuse(value->at, "'" + std::string(key) + "' must be one of " + known);
}

void MapReader::finish() const {
    for (std::size_t i = 0; i < node_.entries.size(); ++i) {
        const auto& key = node_.entries[i].first;
        if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) { continue; }
        std::string known;
        for (const auto& name : asked_) {
            if (!known.empty()) { known += ", "; }
            known += name;
        }
        refuse(node_.key_positions[i], "unknown key '" + key + "' in " + what_ + "; known are: " + known);
    }
}

} // namespace canhgac::rules
