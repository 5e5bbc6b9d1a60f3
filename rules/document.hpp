/// One YAML document as a Sigma rule (SIGMA.md A-H). Internal to the module.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/yaml.hpp"
#include "rules/draft.hpp"
#include "rules/ir.hpp"
#include "rules/modifiers_encoding.hpp"

namespace canhgac::rules {

/// What reading needs beside the document.
struct ReadContext {
    const Placeholders& placeholders;
    std::function<void(Draft&)> change; ///< called once the detection is read, before its condition is resolved
    const std::set<std::string>* taxonomies = nullptr; ///< accepted beside `sigma`
};

/// Throws Refusal, and what `context.change` throws.
[[nodiscard]] Rule read_rule(const common::yaml::Node& document, const ReadContext& context);

/// `logsource` of a rule or a filter: at least one of product, category and service. Throws Refusal.
[[nodiscard]] LogSource read_logsource(const common::yaml::Node& document);

/// What a map of selections and a condition belongs to. A filter has one condition, and its key `rules` is no
/// selection.
enum class Section : std::uint8_t { detection, filter };
/// Adds the selections to `rule` and sets its root to the condition. Throws as read_rule().
void read_section(Rule& rule, const common::yaml::Node& section, const ReadContext& context, Section kind);

/// The `id` of any document, for messages; empty when it has none that can be read.
[[nodiscard]] std::string id_of(const common::yaml::Node& document);

/// Reading of the keys that rules and correlations share. A key that is absent or null gives what is empty.
[[nodiscard]] std::string read_text_key(const common::yaml::Node& map, std::string_view key);
/// One text or a list of texts.
[[nodiscard]] std::vector<std::string> read_texts_key(const common::yaml::Node& map, std::string_view key);
[[nodiscard]] event::Severity read_level(const common::yaml::Node& document);
/// `id`, else `name`, else `title`: what detections and references call the document.
[[nodiscard]] std::string read_identity(const common::yaml::Node& document);
/// Our own key `canhgac`: entity, title_vi, response_vi, learn of correlations, and lint, which rules/lint reads; any
/// other key is refused.
struct OwnKeys {
    std::vector<std::string> entity;
    std::string title_vi;
    std::string response_vi;
    const common::yaml::Node* learn = nullptr; ///< of correlations only; as written
};
[[nodiscard]] OwnKeys read_own_keys(const common::yaml::Node& document);
/// Title present and not too long; status, dates and taxonomy as the specification allows them.
void check_head(const common::yaml::Node& document, const std::set<std::string>* taxonomies = nullptr);
/// The keys of a rule that only people read: author, license, dates, references, scope, related, custom ones ...
void read_about(const common::yaml::Node& document, Rule& rule);

} // namespace canhgac::rules
