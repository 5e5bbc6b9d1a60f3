/// Which fields the events of a log source can have: the decoders' documented names (rules/fields/*.yaml; format: the
/// README there), and names seen in recorded events. Basis of the linter's field checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "rules/ir.hpp"
#include "rules/logsource_table.hpp"

namespace canhgac::rules {

/// Documented fields of the classes that this log source is contained in.
struct FieldList {
    LogSource logsource;
    bool complete = false; ///< no other names occur
    std::vector<std::string> fields;
    SourceLocation at;
};

/// What recorded events of one log source class had.
struct SeenFields {
    LogSource logsource;
    std::uint64_t events = 0;
    std::set<std::string> fields; ///< without blanks
};

struct FieldCatalog {
    std::vector<FieldList> lists;
    std::vector<SeenFields> seen; ///< empty: no recorded events were given
};

/// Reads one file of lists. Any thread.
[[nodiscard]] common::Result<std::vector<FieldList>, LogSourceError> parse_field_lists(std::string_view file,
                                                                                       std::string_view text);
/// The shipped lists. An error in them is a bug and ends the program.
[[nodiscard]] std::vector<FieldList> load_embedded_field_lists();

/// What is known of the events that a rule of a log source can see.
struct KnownFields {
    std::size_t classes = 0;      ///< entries of the log source table that serve the rule
    bool complete = false;        ///< every one of them has a complete list
    std::set<std::string> listed; ///< documented, without blanks; rule-side names of aliases included
    std::uint64_t events = 0;     ///< recorded events of these classes
    std::set<std::string> seen;
};
/// Allocates; any thread.
[[nodiscard]] KnownFields known_fields(const LogSource& rule, const LogSourceTable& table, const FieldCatalog& catalog);

/// A field's name as names are compared: without blanks (SIGMA.md 12).
[[nodiscard]] std::string field_key(std::string_view name);

} // namespace canhgac::rules
