#include "api/router.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace canhgac::api {
namespace {

constexpr std::array<Route, 22> kRoutes = {{
    {"GET", "/healthz", Operation::health, Lane::inline_answer, true, false},
    {"GET", "/readyz", Operation::ready, Lane::worker, true, false},
    {"GET", "/metrics", Operation::metrics, Lane::worker, false, false},
    {"GET", "/api/openapi.json", Operation::openapi, Lane::inline_answer, false, false},
    {"GET", "/api/v1/status", Operation::status, Lane::worker, false, false},
    {"GET", "/api/v1/alerts", Operation::list_alerts, Lane::worker, false, false},
    {"GET", "/api/v1/alerts/stream", Operation::stream_alerts, Lane::stream, false, false},
    {"GET", "/api/v1/alerts/{id}", Operation::show_alert, Lane::worker, false, false},
    {"POST", "/api/v1/alerts/{id}/actions", Operation::act_on_alert, Lane::worker, false, true},
    {"POST", "/api/v1/search", Operation::search, Lane::search, false, true},
    {"GET", "/api/v1/tail", Operation::tail, Lane::tail, false, false},
    {"GET", "/api/v1/sources", Operation::list_sources, Lane::worker, false, false},
    {"GET", "/api/v1/rules", Operation::list_rules, Lane::worker, false, false},
    {"POST", "/api/v1/rules/backtest", Operation::backtest_rules, Lane::backtest, false, true},
    {"POST", "/api/v1/rules/reload", Operation::reload_rules, Lane::worker, false, false},
    {"GET", "/api/v1/notices", Operation::list_notices, Lane::worker, false, false},
    {"POST", "/api/v1/notices/{channel}/{key}/resend", Operation::resend_notice, Lane::worker, false, false},
    {"POST", "/api/v1/export", Operation::export_evidence, Lane::evidence, false, true},
    {"POST", "/api/v1/verify", Operation::verify, Lane::verify, false, true},
    {"GET", "/api/v1/holds", Operation::list_holds, Lane::worker, false, false},
    {"POST", "/api/v1/holds", Operation::add_hold, Lane::worker, false, true},
    {"POST", "/api/v1/holds/{name}/release", Operation::release_hold, Lane::worker, false, true},
}};

/// Takes the next "/segment" off `path`.
std::string_view next_segment(std::string_view& path) noexcept {
    const auto end = path.find('/', 1);
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
    return segment;
}

std::optional<std::vector<std::string_view>> match_path(std::string_view pattern, std::string_view path) {
    std::vector<std::string_view> parameters;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view want = next_segment(pattern);
        const std::string_view got = next_segment(path);
        if (want.starts_with("/{")) {
            if (got.size() < 2) { return std::nullopt; }
            parameters.push_back(got.substr(1));
        } else if (want != got) {
            return std::nullopt;
        }
    }
    if (!pattern.empty() || !path.empty()) { return std::nullopt; }
    return parameters;
}

} // namespace

std::span<const Route> all_routes() noexcept {
    return kRoutes;
}

RouteMatch match_route(std::string_view method, std::string_view path) {
    RouteMatch match;
    if (!path.starts_with('/')) { return match; }
    std::string_view literal; // the first pattern that fits: later ones with a {name} in its place do not count
    for (const auto& route : kRoutes) {
        if (!literal.empty() && route.pattern != literal) { continue; }
        auto parameters = match_path(route.pattern, path);
        if (!parameters) { continue; }
        literal = route.pattern;
        if (route.method == method || (route.method == "GET" && method == "HEAD")) {
            match.route = &route;
            match.parameters = std::move(*parameters);
            return match;
        }
        match.allow += match.allow.empty() ? "" : ", ";
        match.allow += route.method;
        if (route.method == "GET") { match.allow += ", HEAD"; }
    }
    return match;
}

} // namespace canhgac::api
