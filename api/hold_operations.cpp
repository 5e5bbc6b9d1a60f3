// Legal holds.
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/alert_events.hpp"
#include "api/hold_text.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/request_reader.hpp"

namespace canhgac::api {
namespace {

net::HttpResponse hold_refused(const Services& services, const std::error_code& error, const std::string& name) {
    const std::string text = describe_hold_error(error, name);
    if (error == std::errc::invalid_argument) { return problem(400, text); }
    if (error == std::errc::file_exists) { return problem(409, text); }
    if (error == std::errc::no_such_file_or_directory) { return problem(404, text); }
    services.logger.error("hold {}: {}", name, error.message());
    return problem(500, text);
}

} // namespace

net::HttpResponse list_holds(const Services& services) {
    std::string body = "{\"holds\":[";
    if (services.holds) {
        for (const storage::HoldRecord& hold : services.holds()) {
            if (body.back() == '}') { body += ','; }
            body += encode_hold(hold);
        }
    }
    return json_response(200, body + "]}");
}

net::HttpResponse add_hold(const Services& services, const net::HttpRequest& request, std::string who,
                           const ApiLimits& limits) {
    if (!services.add_hold) { return problem(503, "events cannot be held now"); }
    const auto asked = read_hold_request(request.body, services.clock.now(), limits);
    if (!asked) { return asked.error(); }
    const AlertEvents alerts(services.alerts);
    storage::QuerySources sources;
    sources.alerts = &alerts;
    const auto plan = plan_hold(asked->query, services.clock.now(), sources);
    if (!plan) { return problem(400, plan.error()); }
    storage::HoldRecord hold;
    hold.name = asked->name;
    hold.incident = asked->incident;
    hold.query = asked->query.text;
    hold.actor = std::move(who);
    const auto made = services.add_hold(std::move(hold), *plan);
    if (!made) { return hold_refused(services, made.error(), asked->name); }
    services.logger.warning("{} events are held as {} by {}", made->rows, made->name, made->actor);
    return json_response(201, encode_hold(*made));
}

net::HttpResponse release_hold(const Services& services, const net::HttpRequest& request, std::string_view name,
                               std::string who) {
    if (!services.release_hold) { return problem(503, "events cannot be released now"); }
    const auto reason = read_release_request(request.body);
    if (!reason) { return reason.error(); }
    const auto released = services.release_hold(std::string(name), {who, *reason});
    if (!released) { return hold_refused(services, released.error(), std::string(name)); }
    services.logger.warning("the hold {} was released by {}: {}", name, who, *reason);
    return json_response(200, boost::json::serialize(boost::json::object{{"released", name}}));
}

} // namespace canhgac::api
