#include "api/api_server.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "api/alert_stream.hpp"
#include "api/backtest_runner.hpp"
#include "api/export_runner.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/request_reader.hpp"
#include "api/router.hpp"
#include "api/search_runner.hpp"
#include "api/tail_stream.hpp"
#include "api/verify_runner.hpp"
#include "api/worker_pool.hpp"
#include "net/digest.hpp"
#include "net/http_server.hpp"

namespace canhgac::api {
namespace {

constexpr std::size_t kLeastTokenBytes = 16;

net::HttpLimits http_limits(const ApiLimits& limits) {
    net::HttpLimits http;
    http.max_header_bytes = 16 * 1024;
    http.max_body_bytes = limits.max_body_bytes;
    http.max_body_bytes_total = 64 * limits.max_body_bytes;
    return http;
}

/// "Bearer TOKEN" (RFC 6750 section 2.1); the scheme's case does not matter.
std::optional<std::string_view> bearer_token(std::string_view header) noexcept {
    constexpr std::string_view kScheme = "bearer ";
    if (header.size() <= kScheme.size()) { return std::nullopt; }
    const bool is_bearer = std::equal(kScheme.begin(), kScheme.end(), header.begin(), [](char want, char got) {
        return want == (got >= 'A' && got <= 'Z' ? static_cast<char>(got - 'A' + 'a') : got);
    });
    if (!is_bearer) { return std::nullopt; }
    header.remove_prefix(kScheme.size());
    while (header.starts_with(' ')) {
        header.remove_prefix(1);
    }
    return header;
}

bool is_json(std::string_view content_type) noexcept {
    const std::string_view type = content_type.substr(0, content_type.find(';'));
    return type == "application/json" || type == "application/json ";
}

} // namespace

struct ApiServer::Impl final : net::HttpHandler {
    Impl(std::string_view token, std::string name, Services given, ApiLimits limit)
        : token_digest(net::sha256(token)), principal(std::move(name)), services(std::move(given)), limits(limit),
          started(services.clock.now()), workers(limits.workers, limits.queued),
          searches(limits.searches, limits.searches), backtests(1, 1), stream(services.alerts, limits.streams),
          tails(services, limits),
          denied(services.metrics.counter("canhgac_api_denied_total", "Requests without a good token")) {}

    std::optional<net::HttpResponse> check(const net::HttpRequest& head) override { return gate(head); }
    void handle(std::shared_ptr<net::HttpExchange> exchange) override;
    void decorate(net::HttpResponse& response) override;

    /// The answer to a request that may not pass; nothing for one that may.
    std::optional<net::HttpResponse> gate(const net::HttpRequest& head);
    [[nodiscard]] bool signed_in(const net::HttpRequest& head) const;
    net::HttpResponse answer(const net::HttpRequest& request);
    /// `run` on a worker; 503 when too many wait.
    void work(std::function<void()> run, net::HttpExchange& exchange);
    void start_search(const std::shared_ptr<net::HttpExchange>& exchange);
    void start_backtest(const std::shared_ptr<net::HttpExchange>& exchange);
    void start_verify(const std::shared_ptr<net::HttpExchange>& exchange);
    void start_export(const std::shared_ptr<net::HttpExchange>& exchange);
    /// `run` on a pool, with a flag that turns true when the client has gone; 503 when the pool is full.
    void start_long(WorkerPool& pool, std::string_view busy, const std::shared_ptr<net::HttpExchange>& exchange,
                    std::function<void(const std::atomic<bool>&)> run);

    net::Sha256 token_digest; ///< the token itself is not kept
    std::string principal;
    Services services;
    ApiLimits limits;
    common::Nanos started;
    WorkerPool workers;
    WorkerPool searches;
    WorkerPool backtests; ///< proofs and exports too; its thread has a low priority after the first one
    AlertStream stream;
    TailStream tails;
    common::Counter denied;
    std::optional<net::HttpServer> server;
};

bool ApiServer::Impl::signed_in(const net::HttpRequest& head) const {
    const auto token = bearer_token(head.header("Authorization"));
    return token && net::equal_constant_time(net::sha256(*token), token_digest);
}

std::optional<net::HttpResponse> ApiServer::Impl::gate(const net::HttpRequest& head) {
    const RouteMatch match = match_route(head.method, head.path);
    const bool open = match.route != nullptr && match.route->open;
    if (!open && !signed_in(head)) {
        denied.add();
        net::HttpResponse response = problem(401, "this needs Authorization: Bearer and the server's token");
        response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"canhgac\"");
        return response;
    }
    if (match.route == nullptr && match.allow.empty()) { return problem(404, "there is nothing at this path"); }
    if (match.route == nullptr) {
        net::HttpResponse response = problem(405, fmt::format("this path takes {}", match.allow));
        response.headers.emplace_back("Allow", match.allow);
        return response;
    }
    const std::string_view length = head.header("Content-Length");
    std::size_t bytes = 0;
    if (!length.empty()) { std::from_chars(length.data(), length.data() + length.size(), bytes); }
    if (bytes > limits.max_body_bytes) {
        return problem(413, fmt::format("a body has at most {} bytes", limits.max_body_bytes));
    }
    if (match.route->has_body && !is_json(head.header("Content-Type"))) {
        return problem(415, "the body must be application/json");
    }
    return std::nullopt;
}

void ApiServer::Impl::handle(std::shared_ptr<net::HttpExchange> exchange) {
    const net::HttpRequest& request = exchange->request();
    if (auto refusal = gate(request)) {
        exchange->respond(std::move(*refusal));
        return;
    }
    const Route& route = *match_route(request.method, request.path).route;
    switch (route.lane) {
    case Lane::inline_answer:
        exchange->respond(answer(request));
        return;
    case Lane::stream:
        if (request.method == "HEAD") {
            exchange->respond(net::make_response(200, "text/event-stream", ""));
        } else {
            stream.add(std::move(exchange));
        }
        return;
    case Lane::tail:
        if (request.method == "HEAD") {
            exchange->respond(net::make_response(200, "text/event-stream", ""));
        } else {
            work([this, exchange] { tails.add(exchange); }, *exchange);
        }
        return;
    case Lane::search:
        start_search(exchange);
        return;
    case Lane::backtest:
        start_backtest(exchange);
        return;
    case Lane::verify:
        start_verify(exchange);
        return;
    case Lane::evidence:
        start_export(exchange);
        return;
    case Lane::worker:
        break;
    }
    work([this, exchange] { exchange->respond(answer(exchange->request())); }, *exchange);
}

void ApiServer::Impl::work(std::function<void()> run, net::HttpExchange& exchange) {
    if (workers.submit(std::move(run))) { return; }
    net::HttpResponse response = problem(503, "too many requests are waiting");
    response.headers.emplace_back("Retry-After", "1");
    exchange.respond(std::move(response));
}

void ApiServer::Impl::start_search(const std::shared_ptr<net::HttpExchange>& exchange) {
    const auto request = read_search_request(exchange->request().body, services.clock.now(), limits);
    if (!request) {
        exchange->respond(request.error());
        return;
    }
    start_long(searches, "too many searches are running", exchange,
               [this, exchange, wanted = *request](const std::atomic<bool>& cancelled) {
                   run_search(services, wanted, exchange, cancelled);
               });
}

void ApiServer::Impl::start_backtest(const std::shared_ptr<net::HttpExchange>& exchange) {
    const auto request = read_backtest_request(exchange->request().body, services.clock.now(), limits);
    if (!request) {
        exchange->respond(request.error());
        return;
    }
    start_long(backtests, "another back-test is running", exchange,
               [this, exchange, wanted = *request](const std::atomic<bool>& cancelled) {
                   run_backtest(services, wanted, exchange, cancelled);
               });
}

void ApiServer::Impl::start_verify(const std::shared_ptr<net::HttpExchange>& exchange) {
    const auto options = read_verify_request(exchange->request().body, services.clock.now());
    if (!options) {
        exchange->respond(options.error());
        return;
    }
    start_long(backtests, "another export, proof or back-test is running", exchange,
               [this, exchange, wanted = *options](const std::atomic<bool>& cancelled) {
                   run_verify(services, wanted, exchange, cancelled);
               });
}

void ApiServer::Impl::start_export(const std::shared_ptr<net::HttpExchange>& exchange) {
    const auto request = read_evidence_request(exchange->request().body, services.clock.now(), limits, principal);
    if (!request) {
        exchange->respond(request.error());
        return;
    }
    start_long(backtests, "another export, proof or back-test is running", exchange,
               [this, exchange, wanted = *request](const std::atomic<bool>& cancelled) {
                   run_export(services, wanted, exchange, cancelled);
               });
}

void ApiServer::Impl::start_long(WorkerPool& pool, std::string_view busy,
                                 const std::shared_ptr<net::HttpExchange>& exchange,
                                 std::function<void(const std::atomic<bool>&)> run) {
    auto cancelled = std::make_shared<std::atomic<bool>>(false);
    const bool taken = pool.submit([exchange, cancelled, run = std::move(run)] {
        if (!exchange->closed()) { run(*cancelled); }
    });
    if (!taken) {
        net::HttpResponse response = problem(503, busy);
        response.headers.emplace_back("Retry-After", "2");
        exchange->respond(std::move(response));
        return;
    }
    stream.watch(exchange, std::move(cancelled));
}

net::HttpResponse ApiServer::Impl::answer(const net::HttpRequest& request) {
    const RouteMatch match = match_route(request.method, request.path);
    const auto& at = match.parameters;
    switch (match.route->operation) {
    case Operation::health:
        return json_response(200, "{\"alive\":true}");
    case Operation::ready:
        return show_readiness(services);
    case Operation::metrics:
        return show_metrics(services);
    case Operation::openapi:
        return json_response(200, std::string(openapi_document()));
    case Operation::status:
        return show_status(services, started, stream.clients() + tails.clients());
    case Operation::list_alerts:
        return list_alerts(services, request, limits);
    case Operation::show_alert:
        return show_alert(services, request, at[0]);
    case Operation::act_on_alert:
        return act_on_alert(services, request, at[0], principal);
    case Operation::list_sources:
        return list_sources(services);
    case Operation::list_rules:
        return list_rules(services);
    case Operation::reload_rules:
        return reload_rules(services);
    case Operation::list_notices:
        return list_notices(services, request);
    case Operation::resend_notice:
        return resend_notice(services, at[0], at[1]);
    case Operation::list_holds:
        return list_holds(services);
    case Operation::add_hold:
        return add_hold(services, request, principal, limits);
    case Operation::release_hold:
        return release_hold(services, request, at[0], principal);
    case Operation::stream_alerts:
    case Operation::search:
    case Operation::tail:
    case Operation::backtest_rules:
    case Operation::verify:
    case Operation::export_evidence:
        break; // have lanes of their own
    }
    return problem(500, "this operation has no answer");
}

void ApiServer::Impl::decorate(net::HttpResponse& response) {
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Cache-Control", "no-store");
}

ApiServer::ApiServer(net::IoThreads& io, net::StreamServerConfig address, std::string_view token, std::string principal,
                     Services services, ApiLimits limits) {
    if (token.size() < kLeastTokenBytes) { throw std::runtime_error("the token of the API is too short"); }
    impl_ = std::make_unique<Impl>(token, std::move(principal), std::move(services), limits);
    impl_->server.emplace(io, std::move(address), http_limits(limits), *impl_, impl_->services.logger);
}

ApiServer::~ApiServer() {
    stop();
}

void ApiServer::start() {
    impl_->server->start();
}

std::uint16_t ApiServer::port() const noexcept {
    return impl_->server->port();
}

void ApiServer::stop() {
    if (!impl_) { return; }
    impl_->server->stop();
    impl_->searches.stop();
    impl_->backtests.stop();
    impl_->workers.stop();
    impl_->stream.stop();
    impl_->tails.stop();
}

std::vector<RouteName> ApiServer::routes() {
    std::vector<RouteName> names;
    for (const auto& route : all_routes()) {
        names.push_back({std::string(route.method), std::string(route.pattern)});
    }
    return names;
}

} // namespace canhgac::api
