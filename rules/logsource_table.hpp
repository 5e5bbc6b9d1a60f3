/// Which events belong to which Sigma log source, read from rules/logsources/*.yaml (format: the README there). Plain
/// data: the engine compiles it into its classifier. Sources: SIGMA.md items 7-11 and section 4.
///
/// Meaning. An entry holds for an event when the event's format is one of `formats` and every condition holds. Each
/// entry that holds makes the event a member of the entry's class (product, category, service), with two reductions:
///   - an entry whose class is contained in the class of another entry that holds (every attribute it gives, the other
///     gives with the same value) adds nothing and is dropped; of equal classes the first in table order stands;
///   - the remaining classes are all the event's classes: mostly one, two for Sysmon registry events, up to four for
///   syslog.
/// A rule sees the event, once, if at least one of these classes gives every attribute that the rule gives with the
/// same value. So Sysmon event 1 is {windows, process_creation, sysmon}, which serves rules of category
/// process_creation, of service sysmon and of product windows alone.
/// Aliases are used for rules that name the entry's category (rules of a service alone use the event's own names): such
/// a rule's field `rule_field` is looked up as `event_field`, also when the event has a field of the rule's name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "event/schema.hpp"
#include "rules/ir.hpp"

namespace canhgac::rules {

/// A field of the event has one of these values: whole value, ignoring case; numbers as decimal text. An absent field
/// fails; of a repeated field any value suffices.
struct LogSourceCondition {
    std::string field;
    std::vector<std::string> values; ///< at least one
    friend bool operator==(const LogSourceCondition&, const LogSourceCondition&) = default;
};

struct FieldAlias {
    std::string rule_field;  ///< as Sigma rules of this class name it
    std::string event_field; ///< as the event names it
    friend bool operator==(const FieldAlias&, const FieldAlias&) = default;
};

struct LogSourceEntry {
    LogSource logsource;
    std::vector<event::Format> formats; ///< empty = any
    std::vector<LogSourceCondition> conditions;
    std::vector<FieldAlias> aliases;
    SourceLocation at;
};

using LogSourceTable = std::vector<LogSourceEntry>;

struct LogSourceError {
    SourceLocation at;
    std::string message;
};

/// Reads one file of the table; entries stay in their order. Any thread.
[[nodiscard]] common::Result<LogSourceTable, LogSourceError> parse_logsource_table(std::string_view file,
                                                                                   std::string_view text);

/// True when a class serves rules of a log source: every attribute that `rule` gives, `offered` gives with the same
/// value (pySigma's containment, SIGMA.md 8). Ignores case of ASCII letters.
[[nodiscard]] bool contains(const LogSource& rule, const LogSource& offered) noexcept;

} // namespace canhgac::rules
