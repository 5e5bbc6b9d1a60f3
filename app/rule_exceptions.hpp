/// `canhgac rules exception add|list|remove`: exceptions of rules as Sigma filter documents with an end, a reason and
/// who wanted them, in the folder `exceptions` of a data folder, which the server reads with its rules.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/cli.hpp"
#include "rules/ir.hpp"

namespace canhgac::app {

struct RuleExceptionOptions {
    std::string rule;                ///< add: id, name or title of a rule or correlation
    std::string field;               ///< add
    std::vector<std::string> values; ///< add: any of them
    std::string modifier;            ///< add: contains, startswith, endswith, cidr, re; empty: the whole value
    std::string until;               ///< add: day or time, see docs/reference/rule-exceptions.md
    std::string reason;              ///< add
    std::string who;                 ///< add; empty: the user who runs the command
    std::string id;                  ///< remove
    std::vector<std::string> paths;  ///< where the rules are, beside the shipped pack
    std::string folder;              ///< instead of the data folder's
    ClientOptions client;            ///< `data`
    std::string from = "30d";        ///< list: count what was kept quiet since
    std::string polarity = "pysigma";
    bool count = false;    ///< list: count in the stored events
    common::Nanos now = 0; ///< 0: ask the clock
};

/// The text of the filter document. Throws std::runtime_error: a value that cannot be written, an end that has passed
/// or is none. `rules`: those that it narrows; at least one, all of one log source.
[[nodiscard]] std::string exception_document(const RuleExceptionOptions& options, const std::vector<rules::Rule>& rules,
                                             const std::string& id);

/// Each prints what it did. Exit status: 0, or 1 when something was not as wanted. Throw std::runtime_error with a
/// message for the operator.
[[nodiscard]] int add_rule_exception(const RuleExceptionOptions& options, std::ostream& output);
[[nodiscard]] int list_rule_exceptions(const RuleExceptionOptions& options, std::ostream& output);
[[nodiscard]] int remove_rule_exception(const RuleExceptionOptions& options, std::ostream& output);

} // namespace canhgac::app
