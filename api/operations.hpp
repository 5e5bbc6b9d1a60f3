/// The short operations of the API: a request in, an answer out. They may read the store, so they run on workers.
#pragma once

#include <span>
#include <string_view>

#include "api/api_server.hpp"
#include "api/services.hpp"
#include "net/http_message.hpp"

namespace canhgac::api {

[[nodiscard]] net::HttpResponse show_readiness(const Services& services);
[[nodiscard]] net::HttpResponse show_metrics(const Services& services);
/// `started` is our clock at start.
[[nodiscard]] net::HttpResponse show_status(const Services& services, common::Nanos started, std::size_t streams);

[[nodiscard]] net::HttpResponse list_alerts(const Services& services, const net::HttpRequest& request,
                                            const ApiLimits& limits);
[[nodiscard]] net::HttpResponse show_alert(const Services& services, const net::HttpRequest& request,
                                           std::string_view id);
[[nodiscard]] net::HttpResponse act_on_alert(const Services& services, const net::HttpRequest& request,
                                             std::string_view id, std::string who);

[[nodiscard]] net::HttpResponse list_holds(const Services& services);
[[nodiscard]] net::HttpResponse add_hold(const Services& services, const net::HttpRequest& request, std::string who,
                                         const ApiLimits& limits);
[[nodiscard]] net::HttpResponse release_hold(const Services& services, const net::HttpRequest& request,
                                             std::string_view name, std::string who);

[[nodiscard]] net::HttpResponse list_sources(const Services& services);
[[nodiscard]] net::HttpResponse list_rules(const Services& services);
[[nodiscard]] net::HttpResponse reload_rules(const Services& services);
[[nodiscard]] net::HttpResponse list_notices(const Services& services, const net::HttpRequest& request);
[[nodiscard]] net::HttpResponse resend_notice(const Services& services, std::string_view channel, std::string_view key);

} // namespace canhgac::api
