/// Reading what a request asks for: parameters and JSON bodies. Errors are problem documents, ready to be sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alerting/alert_book.hpp"
#include "api/backtest_runner.hpp"
#include "api/evidence_request.hpp"
#include "api/hold_text.hpp"
#include "common/clock.hpp"
#include "common/result.hpp"
#include "net/http_message.hpp"
#include "storage/verify_report.hpp"

namespace canhgac::api {

struct ApiLimits;

/// What POST /api/v1/search asks for.
struct SearchRequest {
    std::string query;
    std::optional<common::Nanos> from; ///< inclusive
    std::optional<common::Nanos> to;   ///< exclusive
    std::uint64_t limit = 1'000;
};

/// What POST /api/v1/holds asks for.
struct HoldRequest {
    std::string name;
    std::string incident;
    HoldQuery query;
};

/// RFC 3339, or a duration counted back from now ("24h").
[[nodiscard]] std::optional<common::Nanos> parse_moment(std::string_view text, common::Nanos now) noexcept;

/// ?status= (names separated by commas; "open" = every status that is not closed) &level= &since= &cursor= &limit=
[[nodiscard]] common::Result<alerting::AlertQuery, net::HttpResponse>
read_alert_query(const net::HttpRequest& request, common::Nanos now, const ApiLimits& limits);
[[nodiscard]] common::Result<alerting::AlertAction, net::HttpResponse>
read_alert_action(const net::HttpRequest& request, std::string_view body, std::string who);
/// {"name","incident","query","from","to"}; name and incident are required.
[[nodiscard]] common::Result<HoldRequest, net::HttpResponse> read_hold_request(std::string_view body, common::Nanos now,
                                                                               const ApiLimits& limits);
/// {"reason"}, which is required.
[[nodiscard]] common::Result<std::string, net::HttpResponse> read_release_request(std::string_view body);
[[nodiscard]] common::Result<SearchRequest, net::HttpResponse>
read_search_request(std::string_view body, common::Nanos now, const ApiLimits& limits);
[[nodiscard]] common::Result<BacktestRequest, net::HttpResponse>
read_backtest_request(std::string_view body, common::Nanos now, const ApiLimits& limits);
/// What POST /api/v1/export asks for; the exporter is set.
[[nodiscard]] common::Result<EvidenceRequest, net::HttpResponse>
read_evidence_request(std::string_view body, common::Nanos now, const ApiLimits& limits, std::string exporter);
/// What POST /api/v1/verify asks for.
[[nodiscard]] common::Result<storage::VerifyOptions, net::HttpResponse> read_verify_request(std::string_view body,
                                                                                            common::Nanos now);
/// ?limit=: 1 to `most`; `fallback` when absent.
[[nodiscard]] common::Result<std::size_t, net::HttpResponse> read_limit(const net::HttpRequest& request,
                                                                        std::size_t fallback, std::size_t most);

} // namespace canhgac::api
