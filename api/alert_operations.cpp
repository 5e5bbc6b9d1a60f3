// Alerts and notices.
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "alerting/alert_codec.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/request_reader.hpp"

namespace canhgac::api {
namespace {

namespace json = boost::json;
using alerting::AlertErrc;

constexpr std::size_t kNoticesListed = 100;
constexpr std::size_t kMostNotices = 1'000;

net::HttpResponse alert_response(const alerting::Alert& alert) {
    net::HttpResponse response = json_response(200, encode_alert(alert));
    response.headers.emplace_back("ETag", fmt::format("\"{}\"", alert.version));
    return response;
}

net::HttpResponse store_failed(const Services& services, const std::error_code& error) {
    services.logger.error("api: {}", error.message());
    return problem(500, fmt::format("the store could not be read: {}", error.message()));
}

net::HttpResponse refused(AlertErrc error) {
    switch (error) {
    case AlertErrc::not_found:
        return problem(404, "there is no alert with this id");
    case AlertErrc::version_conflict:
        return problem(412, "the alert was changed meanwhile: read it again and repeat the action");
    case AlertErrc::closed:
        return problem(409, "the alert is closed: it takes comments only");
    case AlertErrc::store:
        break;
    }
    return problem(503, "the change could not be written; try again");
}

} // namespace

net::HttpResponse list_alerts(const Services& services, const net::HttpRequest& request, const ApiLimits& limits) {
    const auto query = read_alert_query(request, services.clock.now(), limits);
    if (!query) { return query.error(); }
    const std::uint64_t sequence = services.alerts.sequence(); // before reading: a stream from here misses nothing
    const auto page = services.alerts.list(*query);
    if (!page) { return store_failed(services, page.error()); }
    std::string body = "{\"alerts\":[";
    for (std::size_t i = 0; i < page->alerts.size(); ++i) {
        if (i > 0) { body += ','; }
        body += encode_alert(page->alerts[i]);
    }
    const json::value next = page->next.empty() ? json::value(nullptr) : json::value(page->next);
    body += fmt::format("],\"next\":{},\"sequence\":{}}}", json::serialize(next), sequence);
    return json_response(200, std::move(body));
}

net::HttpResponse show_alert(const Services& services, const net::HttpRequest& request, std::string_view id) {
    const auto alert = services.alerts.find(id);
    if (!alert) { return store_failed(services, alert.error()); }
    if (!*alert) { return refused(AlertErrc::not_found); }
    // The ETag names what people may edit; counters change below it, so it does not answer If-None-Match.
    common::ignore(request, "no conditions on reading");
    return alert_response(**alert);
}

net::HttpResponse act_on_alert(const Services& services, const net::HttpRequest& request, std::string_view id,
                               std::string who) {
    const auto action = read_alert_action(request, request.body, std::move(who));
    if (!action) { return action.error(); }
    const auto alert = services.alerts.act(id, *action);
    return alert ? alert_response(*alert) : refused(alert.error());
}

net::HttpResponse list_notices(const Services& services, const net::HttpRequest& request) {
    const auto limit = read_limit(request, kNoticesListed, kMostNotices);
    if (!limit) { return limit.error(); }
    const std::string state = request.query_value("state");
    const auto entries = state == "dead"        ? services.outbox.dead_letters(*limit)
                         : state == "delivered" ? services.outbox.receipts(*limit)
                                                : services.outbox.waiting(*limit);
    if (state != "dead" && state != "delivered" && state != "waiting" && !state.empty()) {
        return problem(400, "state must be waiting, delivered or dead");
    }
    if (!entries) { return store_failed(services, entries.error()); }
    json::array list;
    for (const auto& entry : *entries) {
        list.push_back(json::object{{"channel", entry.channel},
                                    {"key", entry.key},
                                    {"kind", entry.kind},
                                    {"alert_id", entry.alert_id},
                                    {"created", common::format_rfc3339(entry.created)},
                                    {"time", common::format_rfc3339(entry.finished)},
                                    {"attempts", entry.attempts},
                                    {"detail", entry.detail}});
    }
    return json_response(200, json::serialize(json::object{{"notices", std::move(list)}}));
}

net::HttpResponse resend_notice(const Services& services, std::string_view channel, std::string_view key) {
    const auto sent = services.outbox.resend(channel, key);
    if (!sent) { return store_failed(services, sent.error()); }
    if (!*sent) { return problem(404, "there is no such dead letter"); }
    return json_response(202, "{\"queued\":true}");
}

} // namespace canhgac::api
