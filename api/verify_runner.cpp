#include "api/verify_runner.hpp"

#include <chrono>
#include <string>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "api/problem.hpp"

namespace canhgac::api {

namespace {

constexpr int kVerifyPriority = 15; ///< nice value of the thread

boost::json::object progress_object(const storage::VerifyReport& report, double seconds) {
    return {{"batches", report.batches}, {"total", report.total}, {"events", report.events},
            {"reached", report.reached}, {"head", report.head},   {"seconds", seconds}};
}

boost::json::object report_object(const storage::VerifyReport& report, double seconds) {
    boost::json::object object = progress_object(report, seconds);
    object["ok"] = report.first_bad_seq == 0 && !report.cancelled;
    object["ended_early"] = report.cancelled;
    object["skipped"] = report.skipped;
    object["expired"] = report.expired;
    object["signed_heads"] = report.signed_heads;
    object["events_per_second"] =
        static_cast<std::uint64_t>(seconds > 0 ? static_cast<double>(report.events) / seconds : 0);
    boost::json::array& days = object["expired_days"].emplace_array();
    for (const storage::Order& order : report.orders) {
        if (order.kind != storage::OrderKind::drop_day) { continue; }
        days.push_back({{"day", order.subject},
                        {"dropped", common::format_rfc3339(order.at)},
                        {"events", order.rows},
                        {"by", order.actor},
                        {"reason", order.reason}});
    }
    object["held"] = report.held;
    boost::json::value& bad = object["first_bad"];
    if (report.first_bad_seq != 0) { bad = {{"batch", report.first_bad_seq}, {"problem", report.problem}}; }
    return object;
}

} // namespace

void write_verify(const VerifyStore& verify, storage::VerifyOptions options,
                  const std::function<bool(std::string_view line)>& sink) {
    const auto started = std::chrono::steady_clock::now();
    const auto seconds = [started] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    };
    std::atomic<bool> ended{false};
    const std::atomic<bool>* const cancelled = options.cancelled;
    options.cancelled = &ended;
    options.progress = [&](const storage::VerifyReport& report) {
        if (cancelled != nullptr && *cancelled) { ended = true; }
        if (!ended && !sink(serialize(boost::json::object{{"progress", progress_object(report, seconds())}}))) {
            ended = true;
        }
    };
    const auto report = verify(options);
    if (!report) {
        static_cast<void>(sink(fmt::format("{{\"error\":{}}}", problem_text(500, report.error().message()))));
        return;
    }
    static_cast<void>(sink(serialize(boost::json::object{{"verify", report_object(*report, seconds())}})));
}

void run_verify(const Services& services, const storage::VerifyOptions& options,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled) {
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kVerifyPriority) != 0) {
        services.logger.warning("verify: the thread keeps its priority");
    }
    if (!exchange->start_stream(net::make_response(200, "application/x-ndjson", ""))) { return; }
    storage::VerifyOptions wanted = options;
    wanted.cancelled = &cancelled;
    write_verify(services.verify, std::move(wanted),
                 [&](std::string_view line) { return exchange->write(std::string(line) + '\n'); });
    exchange->finish_stream();
}

} // namespace canhgac::api
