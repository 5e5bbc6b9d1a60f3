/// Reads one YAML map key by key; what nobody asked for is an error. Used by config.cpp alone.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config.hpp"
#include "common/clock.hpp"
#include "common/yaml.hpp"

namespace canhgac::app {

/// Each reader leaves its target as it is when the key is absent and throws ConfigError when the value does not fit.
class ConfigMap {
public:
    ConfigMap(const common::yaml::Node& node, std::string file);

    void text(std::string_view key, std::string& target);
    void texts(std::string_view key, std::vector<std::string>& target);
    void path(std::string_view key, std::filesystem::path& target);
    void paths(std::string_view key, std::vector<std::filesystem::path>& target);
    void boolean(std::string_view key, bool& target);
    void endpoint(std::string_view key, Endpoint& target);
    void network(std::string_view key, common::IpNetwork& target);
    void networks(std::string_view key, std::vector<common::IpNetwork>& target);
    void seconds(std::string_view key, std::chrono::seconds& target);
    /// RFC 3339, or a date alone (its beginning in Vietnam).
    void timestamp(std::string_view key, common::Nanos& target);
    /// "+07:00", "-03:30", "UTC" or "Asia/Ho_Chi_Minh": seconds east of UTC.
    void zone(std::string_view key, int& target);

    template <typename Number>
    void number(std::string_view key, Number& target, Number least, Number most) {
        target = static_cast<Number>(integer(key, static_cast<std::int64_t>(target), static_cast<std::int64_t>(least),
                                             static_cast<std::int64_t>(most)));
    }
    /// As above; nothing when the key is absent.
    template <typename Number>
    void number(std::string_view key, std::optional<Number>& target, Number least, Number most) {
        if (!has(key)) { return; }
        number(key, target.emplace(), least, most);
    }
    template <typename Value>
    void choice(std::string_view key, Value& target,
                std::initializer_list<std::pair<std::string_view, Value>> choices) {
        const common::yaml::Node* node = take(key);
        if (node == nullptr) { return; }
        std::string names;
        for (const auto& [name, value] : choices) {
            if (node->is_scalar() && node->text == name) {
                target = value;
                return;
            }
            names += names.empty() ? "" : ", ";
            names += name;
        }
        fail(*node, std::string(key) + " must be one of " + names);
    }

    /// The map under a key; nothing when absent.
    [[nodiscard]] std::optional<ConfigMap> child(std::string_view key);
    /// Calls `read` for each map of a list.
    void each(std::string_view key, const std::function<void(ConfigMap)>& read);
    /// A listener: `enabled: false` or the scalar `off` removes it, anything else makes it (reset to its defaults if
    /// absent).
    template <typename Listener>
    [[nodiscard]] bool enabled(std::optional<Listener>& listener) {
        bool on = true;
        if (off_) { on = false; }
        boolean("enabled", on);
        if (!on) {
            listener.reset();
            finish();
            return false;
        }
        listener.emplace();
        return true;
    }
    void require(std::initializer_list<std::string_view> keys);
    /// Throws when the key's value is empty or `taken` says it is in use.
    void unique(std::string_view key, const std::string& value,
                const std::function<bool(const std::string&)>& taken) const;
    /// Throws for the first key nobody read.
    void finish();

private:
    [[nodiscard]] bool has(std::string_view key);
    const common::yaml::Node* take(std::string_view key);
    std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most);
    [[noreturn]] void fail(const common::yaml::Node& at, const std::string& message) const;

    const common::yaml::Node* node_;
    std::string file_;
    std::set<std::string, std::less<>> taken_;
    bool off_ = false;
};

/// The `intel` and `enrichment` maps (config_intel.cpp).
void read_intel(ConfigMap map, Config::Intel& intel);
void read_enrichment(ConfigMap map, Config::Enrichment& enrichment);

} // namespace canhgac::app
