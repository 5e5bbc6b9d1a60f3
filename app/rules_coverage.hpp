/// `canhgac rules coverage PATH...`: which ATT&CK tactics and techniques rules claim, as a layer of the ATT&CK
/// Navigator, a table or JSON; by log source too, and, with a store, which of these log sources really arrive.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/cli.hpp"
#include "rules/ir.hpp"

namespace canhgac::app {

struct RulesCoverageOptions {
    std::vector<std::string> paths;
    bool pack = false;
    std::string placeholders;
    std::string output = "table"; ///< navigator, table or json
    ClientOptions client;         ///< `data` or `server`: look at what arrives
    std::string since = "7d";     ///< with a store: events from then on
};

/// The rules that bear one tag.
struct Covered {
    std::set<std::string> rules; ///< titles
    event::Severity highest = event::Severity::informational;
};

struct LogSourceUse {
    std::size_t rules = 0;
    std::optional<std::uint64_t> events; ///< stored events that these rules would see; nothing without a store
};

struct CoverageReport {
    std::map<std::string, Covered> tactics;    ///< "credential-access"
    std::map<std::string, Covered> techniques; ///< "T1110.001"
    std::map<rules::LogSource, LogSourceUse> logsources;
    std::vector<std::string> without_technique; ///< titles
    std::size_t rules = 0;                      ///< that give alerts of their own; correlations included
    std::vector<std::string> rejected;
};

/// Throws std::runtime_error: no store, no server, a bad placeholder file.
[[nodiscard]] CoverageReport rule_coverage(const RulesCoverageOptions& options);
/// A layer in version 4.5 of the Navigator's format.
[[nodiscard]] std::string navigator_layer(const CoverageReport& report);
/// Exit status: 0, or 1 when documents were rejected.
[[nodiscard]] int run_rules_coverage(const RulesCoverageOptions& options, std::ostream& output);

} // namespace canhgac::app
