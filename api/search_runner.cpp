#include "api/search_runner.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "api/json_text.hpp"
#include "api/problem.hpp"
#include "storage/query/parser.hpp"

namespace canhgac::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPartBytes = 16 * 1024;       ///< lines sent together
constexpr std::chrono::milliseconds kPartDelay{50}; ///< but none waits longer for others

std::string stats_line(const event::QueryStats& stats, std::uint64_t rows, double seconds) {
    return fmt::format("{{\"stats\":{{\"rows\":{},\"rows_matched\":{},\"rows_scanned\":{},\"blocks_total\":{},"
                       "\"blocks_pruned\":{},\"stopped_early\":{},\"seconds\":{:.6f}}}}}\n",
                       rows, stats.rows_matched, stats.rows_scanned, stats.blocks_total, stats.blocks_pruned,
                       stats.stopped_early, seconds);
}

/// Collects lines and sends them in parts.
class LineWriter {
public:
    explicit LineWriter(net::HttpExchange& exchange) : exchange_(exchange) {}

    /// False when the client has gone.
    bool add(const event::StoredEvent& event) {
        append_event(part_, event);
        part_ += '\n';
        ++rows_;
        const bool due = part_.size() >= kPartBytes || SteadyClock::now() - flushed_ >= kPartDelay;
        return !due || flush();
    }
    bool finish(std::string_view last_line) {
        part_ += last_line;
        return flush();
    }
    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

private:
    bool flush() {
        const bool sent = exchange_.write(part_);
        part_.clear();
        flushed_ = SteadyClock::now();
        return sent;
    }

    net::HttpExchange& exchange_;
    std::string part_;
    std::uint64_t rows_ = 0;
    SteadyClock::time_point flushed_ = SteadyClock::now();
};

} // namespace

void run_search(const Services& services, const SearchRequest& request,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled) {
    const auto started = SteadyClock::now();
    auto query = storage::parse_query(request.query);
    if (!query) {
        exchange->respond(problem(400, "query, line:column " + storage::describe(query.error())));
        return;
    }
    if (!query->pipes.empty()) {
        exchange->respond(problem(400, "steps after \"|\" are read but not run yet"));
        return;
    }
    using Limits = std::numeric_limits<common::Nanos>;
    const event::QueryPlan plan =
        storage::plan_of(std::move(*query), services.clock.now(), request.from.value_or(Limits::min()),
                         request.to.value_or(Limits::max()), request.limit);
    if (!exchange->start_stream(net::make_response(200, "application/x-ndjson", ""))) { return; }
    LineWriter lines(*exchange);
    const auto stats = services.events.query(
        plan, [&](const event::StoredEvent& event) { return lines.add(event); }, &cancelled);
    const std::chrono::duration<double> took = SteadyClock::now() - started;
    if (stats) {
        lines.finish(stats_line(*stats, lines.rows(), took.count()));
    } else {
        services.logger.error("search: {}", stats.error().message());
        lines.finish(fmt::format("{{\"error\":{}}}\n", problem_text(500, stats.error().message())));
    }
    exchange->finish_stream();
}

} // namespace canhgac::api
