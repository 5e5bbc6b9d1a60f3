/// Table-driven tests of the Sigma language: a rule as text, events in few words, the stated answer for each. Both
/// evaluators must give it. One TEST per number of the checklist, named SIGMA_<group><number>_...;
/// script/check_sigma_checklist.py finds the numbers without one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "rules/logsource_table.hpp"
#include "rules/reader.hpp"

namespace canhgac::engine::kit {

struct TestField {
    std::string_view name;
    std::string_view value;
    event::ValueType type = event::ValueType::string;
};

inline TestField null_field(std::string_view name) {
    return {name, "", event::ValueType::null};
}

struct Row {
    std::vector<TestField> event;
    bool matches = false;
    event::Format format = event::Format::windows_event;
};

/// A rule around the lines of a detection, each indented by two blanks: `  s: {a: b}\n  condition: s\n`.
[[nodiscard]] std::string rule_of(std::string_view detection, std::string_view logsource = "{product: windows}");
/// The same for one selection: `item("f|contains: x")`.
[[nodiscard]] std::string item(std::string_view text);
/// For one selection and a condition of it: `item_and("f: x", "not s")`.
[[nodiscard]] std::string item_and(std::string_view text, std::string_view condition);

/// The text holds one rule, besides filters; both evaluators give each row's answer. Every rule sees every event.
void expect_rows(std::string_view text, const std::vector<Row>& rows, const rules::ReadOptions& options = {});
/// The same, but events reach the rule only through this table of log sources.
void expect_routed(std::string_view text, const std::vector<Row>& rows, const rules::LogSourceTable& table);
/// One value of the field `f` each.
struct Value {
    std::string_view value;
    bool matches = false;
};
void expect_values(std::string_view text, const std::vector<Value>& values, const rules::ReadOptions& options = {});

/// The rule is rejected with file, line, column, id and a reason that holds `reason`; a good rule after it loads.
void expect_rejected(std::string_view text, std::string_view reason, const rules::ReadOptions& options = {});

} // namespace canhgac::engine::kit
