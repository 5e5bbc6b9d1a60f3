/// What a rule's author should know before the rule goes to work: form of the head, tags, patterns that match too much,
/// fields no decoder yields, selections nobody uses, logic that another rule has already. Findings name file, line and
/// column; a rule silences a check by `canhgac: {lint: {allow: [check]}}`.
/// Sources: Sigma specification 2.1 (rules, taxonomy, tags appendix); SigmaHQ rule conventions; MITRE ATT&CK tactics.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "rules/field_catalog.hpp"
#include "rules/logsource_table.hpp"
#include "rules/reader.hpp"

namespace canhgac::rules {

/// error: the rule is not used. warning: it probably does not do what its author wants. info: a habit, or a hint.
enum class LintSeverity : std::uint8_t { info, warning, error };
/// "info", "warning", "error".
[[nodiscard]] std::string_view to_string(LintSeverity severity) noexcept;

struct LintCheck {
    std::string_view name;
    LintSeverity severity = LintSeverity::info;
    std::string_view what; ///< one line, for a person
};
/// Every check there is, by name; also those that a caller reports (Linter::report).
[[nodiscard]] std::span<const LintCheck> lint_checks() noexcept;
/// Nothing for an unknown name.
[[nodiscard]] const LintCheck* lint_check(std::string_view name) noexcept;

struct LintFinding {
    std::string file;
    std::uint32_t line = 0;   ///< from 1; 0 = the file as a whole
    std::uint32_t column = 0; ///< from 1, in bytes
    LintSeverity severity = LintSeverity::info;
    std::string_view check; ///< static storage
    std::string message;    ///< English, for a person
    std::string rule;       ///< id, when it has one
};
/// "file:line:column: severity: message [check]".
[[nodiscard]] std::string to_string(const LintFinding& finding);

struct LintContext {
    LogSourceTable logsources;
    FieldCatalog fields;
    common::Nanos now = 0; ///< today, for dates and expiry
    ReadOptions read;
};

/// Not thread safe. add_text() for every file, then read(), then report() at will, then finish().
class Linter {
public:
    explicit Linter(LintContext context);
    ~Linter();
    Linter(const Linter&) = delete;
    Linter& operator=(const Linter&) = delete;

    /// Whether LintContext::read.pipelines change the rules added from here on; at first they do.
    void use_pipelines(bool use) noexcept;
    void add_text(std::string_view file, std::string_view text);
    /// Ends adding; the rules as the reader takes them. Valid until the linter dies.
    [[nodiscard]] const ReadResult& read();
    /// A finding of the caller (the engine's view of a rule), placed at the rule's condition or at what a
    /// correlation says. `check` must be known.
    void report(const std::string& rule_id, std::string_view check, std::string message);
    /// All findings by file (in the order added), line, column; without those that rules allow.
    [[nodiscard]] std::vector<LintFinding> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace canhgac::rules
