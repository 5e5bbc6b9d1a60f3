/// `canhgac rules backtest PATH...` and `canhgac search --rule FILE`: rules over stored events (engine/backtest.hpp),
/// through the API of a running server or straight from the store of a stopped one.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli.hpp"

namespace canhgac::app {

struct RulesBacktestOptions {
    std::vector<std::string> paths;       ///< rules, correlations, filters
    std::string text;                     ///< more documents
    std::vector<std::string> pipelines{}; ///< files, folders or built-in names; not together with `pack`
    bool pack = false;                    ///< the shipped rules too; only without a running server, they are long
    ClientOptions client;                 ///< `data` without `server`: a stopped store, or the server that has it open
    std::string from = "24h";             ///< RFC 3339, or a duration counted back from now
    std::string to;
    std::string bucket = "day"; ///< or hour
    std::uint64_t samples = 5;
    std::uint64_t limit = 1'000'000;  ///< most matches
    bool events = false;              ///< every match with its event; json output
    bool suppressed = false;          ///< what filters keep quiet, instead: rules are then called FILTER/RULE
    std::string polarity = "pysigma"; ///< of filters, or specification
    bool logsources = false;          ///< count events by log source class
};

/// Runs it; each line is a JSON object as POST /api/v1/rules/backtest gives it. Throws std::runtime_error with a
/// message for the operator: nothing to run, no store, no server, a mistake in a rule.
void stream_backtest(const RulesBacktestOptions& options, const std::function<bool(std::string_view line)>& line);

/// Prints a table for people, or the lines (`--output json` or `jsonl`). Exit status: 0, or 1 when the store failed.
[[nodiscard]] int run_rules_backtest(const RulesBacktestOptions& options, std::ostream& output);
/// The events that the rules of `rule` match, oldest first, as `canhgac search` prints events.
[[nodiscard]] int run_rule_search(const SearchOptions& options);

} // namespace canhgac::app
