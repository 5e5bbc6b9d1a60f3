/// Reads one map of a pipeline key by key; what nobody asked for is refused, with the keys that are known there.
/// Internal to the module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/yaml.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

/// Throws Refusal at a place in the pipeline. Keeps a reference to the node.
class MapReader {
public:
    /// `what`: for messages, e.g. "transformation 'nest'".
    MapReader(const common::yaml::Node& node, std::string what);

    [[nodiscard]] const common::yaml::Node& node() const noexcept { return node_; }
    [[nodiscard]] const std::string& what() const noexcept { return what_; }
    void rename(std::string what) { what_ = std::move(what); }

    /// The value of a key, or nullptr when it is absent or null.
    const common::yaml::Node* take(std::string_view key);
    const common::yaml::Node& require(std::string_view key);
    std::string text(std::string_view key);
    std::optional<std::string> text_if(std::string_view key);
    bool flag(std::string_view key, bool fallback);
    /// One text or a list of texts, at least one.
    std::vector<std::string> texts(std::string_view key);
    /// name -> one text or a list of texts (at least one), in the order written.
    std::vector<std::pair<std::string, std::vector<std::string>>> mapping(std::string_view key);
    /// One of the texts; its index.
    std::size_t choice(std::string_view key, std::initializer_list<std::string_view> names,
                       std::optional<std::size_t> fallback);
    /// Refuses the first key nobody asked for.
    void finish() const;

    /// Text of a scalar, as written.
    [[nodiscard]] static std::string scalar(const common::yaml::Node& node, std::string_view what);
    [[nodiscard]] static std::vector<std::string> scalars(const common::yaml::Node& node, std::string_view what);

private:
    const common::yaml::Node& node_;
    std::string what_;
    std::vector<std::string> asked_;
};

} // namespace canhgac::rules
