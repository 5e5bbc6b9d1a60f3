#include "rules/logsource_table.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/yaml.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// Leaves the reading functions; caught in parse_logsource_table(). The table is read at start-up only.
struct Refused {
    yaml::Position at;
    std::string message;
};

[[noreturn]] void refuse(yaml::Position at, std::string message) {
    throw Refused{at, std::move(message)};
}

std::string text_of(const yaml::Node& node) {
    if (!node.is_scalar() || node.is_null()) { refuse(node.at, "expected text"); }
    return node.text;
}

/// One scalar or a list of at least one.
std::vector<std::string> texts_of(const yaml::Node& node) {
    if (!node.is_sequence()) { return {text_of(node)}; }
    if (node.items.empty()) { refuse(node.at, "expected at least one value"); }
    std::vector<std::string> texts;
    for (const auto& item : node.items) {
        texts.push_back(text_of(item));
    }
    return texts;
}

const yaml::Node& map_of(const yaml::Node& node) {
    if (!node.is_map()) { refuse(node.at, "expected a map"); }
    return node;
}

std::optional<event::Format> format_named(std::string_view name) {
    for (std::size_t i = 0; i < event::kFormatCount; ++i) {
        const auto format = static_cast<event::Format>(i);
        if (event::to_string(format) == name) { return format; }
    }
    return std::nullopt;
}

std::vector<event::Format> formats_of(const yaml::Node& node) {
    std::vector<event::Format> formats;
    for (const auto& name : texts_of(node)) {
        const auto format = format_named(name);
        if (!format) { refuse(node.at, "unknown format '" + name + "'"); }
        formats.push_back(*format);
    }
    return formats;
}

/// Takes one key of an entry, or of the file's head, where only product and formats may stand.
bool take_default(LogSourceEntry& entry, const std::string& key, const yaml::Node& value) {
    if (key == "product") {
        entry.logsource.product = text_of(value);
    } else if (key == "formats") {
        entry.formats = formats_of(value);
    } else {
        return false;
    }
    return true;
}

bool take_own(LogSourceEntry& entry, const std::string& key, const yaml::Node& value) {
    if (key == "category") {
        entry.logsource.category = text_of(value);
    } else if (key == "service") {
        entry.logsource.service = text_of(value);
    } else if (key == "when") {
        for (const auto& [field, values] : map_of(value).entries) {
            entry.conditions.push_back({field, texts_of(values)});
        }
    } else if (key == "aliases") {
        for (const auto& [field, name] : map_of(value).entries) {
            entry.aliases.push_back({field, text_of(name)});
        }
    } else {
        return false;
    }
    return true;
}

LogSourceEntry entry_of(const yaml::Node& node, const LogSourceEntry& defaults, std::string_view file) {
    LogSourceEntry entry = defaults;
    for (std::size_t i = 0; i < map_of(node).entries.size(); ++i) {
        const auto& [key, value] = node.entries[i];
        if (!take_default(entry, key, value) && !take_own(entry, key, value)) {
            refuse(node.key_positions[i], "unknown key '" + key + "'");
        }
    }
    if (entry.logsource == LogSource{}) { refuse(node.at, "an entry needs a product, a category or a service"); }
    entry.at = {std::string(file), node.at.line};
    return entry;
}

LogSourceTable table_of(const yaml::Node& root, std::string_view file) {
    LogSourceEntry defaults;
    const yaml::Node* entries = nullptr;
    for (std::size_t i = 0; i < map_of(root).entries.size(); ++i) {
        const auto& [key, value] = root.entries[i];
        if (key == "entries") {
            entries = &value;
        } else if (!take_default(defaults, key, value)) {
            refuse(root.key_positions[i], "unknown key '" + key + "'");
        }
    }
    if (entries == nullptr || !entries->is_sequence()) { refuse(root.at, "expected a list 'entries'"); }
    LogSourceTable table;
    for (const auto& node : entries->items) {
        table.push_back(entry_of(node, defaults, file));
    }
    return table;
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool attribute_serves(std::string_view rule, std::string_view offered) noexcept {
    return rule.empty() || std::equal(rule.begin(), rule.end(), offered.begin(), offered.end(),
                                      [](char left, char right) { return lower(left) == lower(right); });
}

} // namespace

common::Result<LogSourceTable, LogSourceError> parse_logsource_table(std::string_view file, std::string_view text) {
    const auto failed = [&](yaml::Position at, std::string message) {
        return common::fail(LogSourceError{{std::string(file), at.line}, std::move(message)});
    };
    const auto documents = yaml::parse(text);
    if (!documents) { return failed(documents.error().at, documents.error().message); }
    if (documents->size() != 1) { return failed({1, 1}, "expected one document"); }
    try {
        return table_of(documents->front(), file);
    } catch (const Refused& refused) { return failed(refused.at, refused.message); }
}

bool contains(const LogSource& rule, const LogSource& offered) noexcept {
    return attribute_serves(rule.product, offered.product) && attribute_serves(rule.category, offered.category) &&
           attribute_serves(rule.service, offered.service);
}

} // namespace canhgac::rules
