/// POST /api/v1/rules/backtest: rules over stored events as lines of JSON: {"match":...} for each match if wanted, then
/// {"rule":...} for each rule, then {"stats":...} (or {"error":...} when the store failed on the way). The same lines
/// come from `canhgac rules backtest` over a stopped store.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/services.hpp"
#include "common/result.hpp"
#include "engine/backtest.hpp"
#include "net/http_server.hpp"
#include "rules/pipeline/pipeline.hpp"
#include "rules/reader.hpp"

namespace canhgac::api {

/// What to run.
struct BacktestRequest {
    std::string rules;                          ///< Sigma documents
    std::vector<rules::PipelineText> pipelines; ///< change all of them
    engine::BacktestOptions options;
    bool events = false; ///< a line for each match, with its event
    /// What filters keep quiet, instead of what rules find: for each filter and rule that it narrows, the rule with the
    /// filter turned round, called "FILTER/RULE".
    bool suppressed = false;
    rules::FilterPolarity polarity = rules::FilterPolarity::pysigma;
    std::uint64_t limit = 1'000'000; ///< most matches; then it ends early
};

/// Takes a line without its end; false when nobody reads any more.
using LineSink = std::function<bool(std::string_view line)>;

/// Reads and checks the rules of a request; error: what is wrong with them, for a person.
[[nodiscard]] common::Result<engine::CompileInput, std::string> read_backtest_rules(const BacktestRequest& request);
/// Runs to its end on this thread. Lines go to `sink` as they are made.
void write_backtest(const engine::CompileInput& rules, const BacktestRequest& request, event::EventStore& events,
                    const LineSink& sink, const std::atomic<bool>* cancelled = nullptr);

/// The request over HTTP, on this thread, which it gives a low priority: ingest and detection go first.
void run_backtest(const Services& services, const BacktestRequest& request,
                  const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled);

} // namespace canhgac::api
