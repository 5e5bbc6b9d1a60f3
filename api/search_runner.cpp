#include "api/search_runner.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "api/alert_events.hpp"
#include "api/problem.hpp"
#include "api/result_rows.hpp"
#include "storage/query/exec/query_run.hpp"
#include "storage/query/prepare.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPartBytes = 16 * 1024;            ///< lines sent together
constexpr std::chrono::milliseconds kPartDelay{50};      ///< but none waits longer for others
constexpr std::chrono::milliseconds kProgressDelay{500}; ///< between two reports
constexpr std::uint64_t kEventsBetweenLooks = 1'024;     ///< at the clock
constexpr unsigned kUnprocessable = 422;
constexpr unsigned kServerError = 500;

double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// Collects lines and sends them in parts.
class LineWriter {
public:
    explicit LineWriter(net::HttpExchange& exchange) : exchange_(exchange) {}

    /// Where the next line is written, without its end.
    [[nodiscard]] std::string& line() noexcept { return part_; }
    /// Ends the line. False when the client has gone.
    bool end_line() {
        part_ += '\n';
        const bool due = part_.size() >= kPartBytes || SteadyClock::now() - flushed_ >= kPartDelay;
        return !due || flush();
    }
    bool finish(std::string_view last_line) {
        part_ += last_line;
        return flush();
    }

private:
    bool flush() {
        const bool sent = exchange_.write(part_);
        part_.clear();
        flushed_ = SteadyClock::now();
        return sent;
    }

    net::HttpExchange& exchange_;
    std::string part_;
    SteadyClock::time_point flushed_ = SteadyClock::now();
};

/// Writes the rows of a result as they come.
class ResultLines final : public storage::QueryResultSink {
public:
    ResultLines(const storage::QueryProgram& program, LineWriter& lines) : rows_(program), lines_(lines) {
        if (!rows_.has_columns()) { return; }
        rows_.append_columns(lines_.line());
        static_cast<void>(lines_.end_line());
    }

    bool row(std::span<const storage::QueryValue> values, const event::StoredEvent* event) override {
        rows_.append_row(lines_.line(), values, event);
        return lines_.end_line();
    }

private:
    ResultRows rows_;
    LineWriter& lines_;
};

/// Tells now and then how far a query with steps is.
class ProgressLines {
public:
    ProgressLines(LineWriter& lines, SteadyClock::time_point start) : lines_(lines), start_(start) {}
    bool look(const storage::QueryRunProgress& progress) {
        if (progress.events % kEventsBetweenLooks != 0) { return true; }
        const auto now = SteadyClock::now();
        if (now - told_ < kProgressDelay) { return true; }
        told_ = now;
        lines_.line() += fmt::format("{{\"progress\":{{\"events\":{},\"rows\":{},\"memory\":{},\"reached\":\"{}\","
                                     "\"seconds\":{:.3f}}}}}",
                                     progress.events, progress.rows, progress.memory,
                                     common::format_rfc3339(progress.reached), seconds_since(start_));
        return lines_.end_line();
    }

private:
    LineWriter& lines_;
    SteadyClock::time_point start_;
    SteadyClock::time_point told_ = SteadyClock::now();
};

std::string stats_line(const event::QueryStats& stats, const storage::QueryRunProgress& progress, double seconds) {
    const std::string partial =
        stats.blocks_unreachable == 0
            ? std::string()
            : fmt::format(",\"partial\":\"{} blocks of old events are on a volume that cannot be reached\"",
                          stats.blocks_unreachable);
    return fmt::format("{{\"stats\":{{\"rows\":{},\"rows_matched\":{},\"rows_scanned\":{},\"blocks_total\":{},"
                       "\"blocks_pruned\":{},\"stopped_early\":{},\"memory_peak\":{},\"seconds\":{:.6f}{}}}}}\n",
                       progress.rows, stats.rows_matched, stats.rows_scanned, stats.blocks_total, stats.blocks_pruned,
                       stats.stopped_early || progress.cut, progress.memory_peak, seconds, partial);
}

void add_stats(event::QueryStats& stats, const event::QueryStats& more) noexcept {
    stats.rows_matched += more.rows_matched;
    stats.rows_scanned += more.rows_scanned;
    stats.blocks_total += more.blocks_total;
    stats.blocks_pruned += more.blocks_pruned;
    stats.blocks_unreachable += more.blocks_unreachable;
}

std::string error_line(unsigned status, std::string_view detail) {
    return fmt::format("{{\"error\":{}}}\n", problem_text(status, detail));
}

/// Without steps, or with "take" at once, the store need not look for more.
std::uint64_t rows_wanted(const storage::ParsedQuery& query, std::uint64_t limit) {
    if (storage::names_rule(query.filter)) { return UINT64_MAX; } // the store cannot tell which
    if (query.pipes.empty()) { return limit; }
    return query.pipes.front().kind == storage::Pipe::Kind::take ? query.pipes.front().count : UINT64_MAX;
}

} // namespace

void run_search(const Services& services, const SearchRequest& request,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled) {
    const auto started = SteadyClock::now();
    const AlertEvents alerts(services.alerts);
    const storage::QuerySources sources = query_sources(services, alerts);
    const auto prepared = storage::prepare_query(request.query, sources);
    if (!prepared) {
        const storage::QueryError& error = prepared.error();
        exchange->respond(problem_at("query, line:column " + storage::describe(error), error.line, error.column));
        return;
    }
    const storage::ParsedQuery& query = prepared->query;
    if (storage::is_followed(query.pipes)) {
        const auto error = storage::locate(request.query, {storage::QueryErrc::tail_here, query.pipes.back().at, {}});
        exchange->respond(problem_at("query, line:column " + storage::describe(error), error.line, error.column));
        return;
    }
    storage::QueryRunOptions options;
    options.now = services.clock.now();
    options.limit = request.limit;
    options.cancelled = &cancelled;
    options.query = &query;
    options.rules = &prepared->rules;
    options.sources = sources;
    options.from = request.from.value_or(options.from);
    options.to = request.to.value_or(options.to);
    options.any_order = storage::takes_any_order(prepared->program);
    event::QueryPlan plan =
        storage::plan_for_store(query, options.now, options.from, options.to, rows_wanted(query, request.limit));
    plan.fields = storage::fields_for_store(query, prepared->program);
    plan.any_order = options.any_order;
    if (!exchange->start_stream(net::make_response(200, "application/x-ndjson", ""))) { return; }
    LineWriter lines(*exchange);
    ResultLines result(prepared->program, lines);
    ProgressLines progress(lines, started);
    storage::QueryRun run(prepared->program, result, options);
    common::Result<event::QueryStats, std::error_code> stats;
    if (run.start()) {
        const bool steps = !query.pipes.empty();
        stats = services.events.query(
            plan,
            [&](const event::StoredEvent& event) {
                return run.feed(event) && (!steps || progress.look(run.progress()));
            },
            &cancelled);
    }
    if (!stats) {
        services.logger.error("search: {}", stats.error().message());
        lines.finish(error_line(kServerError, stats.error().message()));
    } else if (const auto end = run.finish(); !end && end.error() != storage::QueryRunErrc::cancelled) {
        if (end.error() == storage::QueryRunErrc::store) {
            services.logger.error("search: {}", run.store_error().message());
        }
        const bool store = end.error() == storage::QueryRunErrc::store;
        lines.finish(error_line(store ? kServerError : kUnprocessable, storage::to_string(end.error())));
    } else {
        add_stats(*stats, run.read_besides());
        lines.finish(stats_line(*stats, run.progress(), seconds_since(started)));
    }
    exchange->finish_stream();
}

} // namespace canhgac::api
