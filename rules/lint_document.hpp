/// What the parts of the linter share. Internal to the module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/yaml.hpp"
#include "rules/lint.hpp"

namespace canhgac::rules {

/// One document as written (after `action` documents are joined), and what the reader made of it.
struct LintDocument {
    std::string file;
    common::yaml::Node node;    ///< a map
    std::string id;             ///< what messages and detections call it; may be empty
    const Rule* rule = nullptr; ///< nullptr: no rule, or rejected
    const Correlation* correlation = nullptr;
    bool is_piped = false;            ///< pipelines changed `rule`: its fields are not those of `node`
    bool alerts = true;               ///< false: a rule that correlations count, without results of its own
    std::vector<std::string> allowed; ///< checks it silences
};

/// Collects the findings of one document.
class LintSink {
public:
    LintSink(const LintDocument& document, std::vector<LintFinding>& out) : document_(document), out_(out) {}
    /// `check` must be in lint_checks().
    void add(std::string_view check, common::yaml::Position at, std::string message);

private:
    const LintDocument& document_;
    std::vector<LintFinding>& out_;
};

/// Title, id, status, level, author, dates, lists, unknown keys, expiry.
void lint_head(const LintDocument& document, common::Nanos now, LintSink& sink);
/// Tags: syntax, namespaces, tactics, techniques.
void lint_tags(const LintDocument& document, LintSink& sink);
/// Values of the detection that match too much, or are written in a roundabout way.
void lint_values(const LintDocument& document, LintSink& sink);
/// Selections that the condition does not name; triggers that are too common.
void lint_condition(const LintDocument& document, LintSink& sink);
/// Fields and log sources that no event brings.
void lint_fields(const LintDocument& document, const LogSourceTable& table, const FieldCatalog& catalog,
                 LintSink& sink);
/// Equal keys = rules that hold for the same events; the log source included.
[[nodiscard]] std::string logic_key(const Rule& rule);

/// A detection item's key: "field|modifier|modifier".
struct LintKey {
    std::string_view field;
    std::vector<std::string_view> modifiers;
    [[nodiscard]] bool has(std::string_view modifier) const noexcept;
};
[[nodiscard]] LintKey lint_key(std::string_view key);

} // namespace canhgac::rules
