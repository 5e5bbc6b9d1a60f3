#include "app/config_reader.hpp"

#include <charconv>

#include <fmt/format.h>

#include "common/clock.hpp"

namespace canhgac::app {

using common::yaml::Node;

ConfigMap::ConfigMap(const Node& node, std::string file) : node_(&node), file_(std::move(file)) {
    if (node.is_scalar() && node.text == "off") { off_ = true; }
    if (!node.is_map() && !node.is_null() && !off_) { fail(node, "expected a map of keys and values"); }
}

const Node* ConfigMap::take(std::string_view key) {
    taken_.emplace(key);
    const Node* found = node_->find(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

bool ConfigMap::has(std::string_view key) {
    return take(key) != nullptr;
}

void ConfigMap::fail(const Node& at, const std::string& message) const {
    throw ConfigError(fmt::format("{}:{}:{}: {}", file_, at.at.line, at.at.column, message));
}

void ConfigMap::text(std::string_view key, std::string& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    if (!node->is_scalar()) { fail(*node, fmt::format("{} must be a text", key)); }
    target = node->text;
}

void ConfigMap::texts(std::string_view key, std::vector<std::string>& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    target.clear();
    if (node->is_scalar()) {
        target.push_back(node->text);
        return;
    }
    for (const Node& item : node->items) {
        if (!item.is_scalar()) { fail(item, fmt::format("{} must be a list of texts", key)); }
        target.push_back(item.text);
    }
    if (!node->is_sequence()) { fail(*node, fmt::format("{} must be a list of texts", key)); }
}

void ConfigMap::path(std::string_view key, std::filesystem::path& target) {
    std::string value = target.string();
    text(key, value);
    target = value;
}

void ConfigMap::paths(std::string_view key, std::vector<std::filesystem::path>& target) {
    std::vector<std::string> values;
    values.reserve(target.size());
    for (const auto& path : target) {
        values.push_back(path.string());
    }
    texts(key, values);
    target.assign(values.begin(), values.end());
}

void ConfigMap::boolean(std::string_view key, bool& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    if (node->kind != common::yaml::Kind::boolean) { fail(*node, fmt::format("{} must be true or false", key)); }
    target = node->boolean;
}

void ConfigMap::endpoint(std::string_view key, Endpoint& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    const auto parsed = node->is_scalar() ? parse_endpoint(node->text) : std::nullopt;
    if (!parsed) { fail(*node, fmt::format("{} must be ADDRESS:PORT, e.g. 127.0.0.1:5514 or [::1]:5514", key)); }
    target = *parsed;
}

void ConfigMap::network(std::string_view key, common::IpNetwork& target) {
    std::vector<common::IpNetwork> list;
    networks(key, list);
    if (!list.empty()) { target = list.front(); }
}

void ConfigMap::networks(std::string_view key, std::vector<common::IpNetwork>& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    target.clear();
    const auto add = [&](const Node& item) {
        common::CidrError why{};
        const auto network = item.is_scalar() ? common::parse_cidr(item.text, &why) : std::nullopt;
        if (!network) {
            fail(item,
                 fmt::format("{}: '{}' is not a network (10.1.0.0/16, 2001:db8::/32){}", key, item.text,
                             item.is_scalar() && why == common::CidrError::host_bits_set ? ": host bits are set" : ""));
        }
        target.push_back(*network);
    };
    if (node->is_sequence()) {
        for (const Node& item : node->items) {
            add(item);
        }
    } else {
        add(*node);
    }
}

void ConfigMap::seconds(std::string_view key, std::chrono::seconds& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    const auto duration = node->is_scalar() ? common::parse_duration(node->text) : std::nullopt;
    if (!duration) { fail(*node, fmt::format("{} must be a duration such as 30s, 15m or 1h", key)); }
    target = std::chrono::seconds(*duration / common::kSecond);
}

void ConfigMap::unique(std::string_view key, const std::string& value,
                       const std::function<bool(const std::string&)>& taken) const {
    const Node* node = node_->find(key);
    if (value.empty()) { fail(node != nullptr ? *node : *node_, fmt::format("{} must not be empty", key)); }
    if (taken(value)) { fail(node != nullptr ? *node : *node_, fmt::format("{} '{}' is used twice", key, value)); }
}

void ConfigMap::timestamp(std::string_view key, common::Nanos& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    constexpr int kVietnam = 7 * 3600;
    auto stamp = node->is_scalar() ? common::parse_rfc3339(node->text, kVietnam) : std::nullopt;
    if (!stamp && node->is_scalar()) { stamp = common::parse_rfc3339(node->text + "T00:00:00", kVietnam); }
    if (!stamp) {
        fail(*node, fmt::format("{} must be a date or a time such as 2027-01-31 or 2027-01-31T08:00:00Z", key));
    }
    target = *stamp;
}

void ConfigMap::zone(std::string_view key, int& target) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    if (node->text == "UTC" || node->text == "Z") {
        target = 0;
        return;
    }
    if (node->text == "Asia/Ho_Chi_Minh") {
        target = 7 * 3600;
        return;
    }
    const std::string probe = "1970-01-02T00:00:00" + node->text;
    const auto shifted = common::parse_rfc3339(probe);
    if (!shifted || node->text.empty()) {
        fail(*node, fmt::format("{} must be an offset such as +07:00, or UTC", key));
    }
    target = static_cast<int>((common::kDay - *shifted) / common::kSecond);
}

std::int64_t ConfigMap::integer(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most) {
    const Node* node = take(key);
    if (node == nullptr) { return fallback; }
    if (node->kind != common::yaml::Kind::integer || node->integer < least || node->integer > most) {
        fail(*node, fmt::format("{} must be a whole number from {} to {}", key, least, most));
    }
    return node->integer;
}

std::optional<ConfigMap> ConfigMap::child(std::string_view key) {
    const Node* node = take(key);
    if (node == nullptr) { return std::nullopt; }
    return ConfigMap(*node, file_);
}

void ConfigMap::each(std::string_view key, const std::function<void(ConfigMap)>& read) {
    const Node* node = take(key);
    if (node == nullptr) { return; }
    if (!node->is_sequence()) { fail(*node, fmt::format("{} must be a list", key)); }
    for (const Node& item : node->items) {
        read(ConfigMap(item, file_));
    }
}

void ConfigMap::require(std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) {
        const Node* found = node_->find(key);
        if (found == nullptr || found->is_null()) { fail(*node_, fmt::format("the key '{}' is missing here", key)); }
    }
}

void ConfigMap::finish() {
    for (std::size_t i = 0; i < node_->entries.size(); ++i) {
        const std::string& key = node_->entries[i].first;
        if (taken_.contains(key)) { continue; }
        const common::yaml::Position at = node_->key_positions[i];
        std::string known;
        for (const std::string& name : taken_) {
            known += (known.empty() ? "" : ", ") + name;
        }
        throw ConfigError(
            fmt::format("{}:{}:{}: unknown key '{}' (known here: {})", file_, at.line, at.column, key, known));
    }
}

} // namespace canhgac::app
