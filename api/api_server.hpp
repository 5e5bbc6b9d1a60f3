/// The HTTP API of the program: docs/reference/api.md, api/openapi.json. Every path but /healthz and /readyz needs
/// `Authorization: Bearer TOKEN`. Errors are problem documents (RFC 9457).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/services.hpp"
#include "net/io_threads.hpp"
#include "net/stream_server.hpp"

namespace canhgac::api {

struct ApiLimits {
    std::size_t max_body_bytes = 256 * 1024;
    std::size_t max_query_bytes = 16 * 1024;
    std::uint64_t max_search_rows = 1'000'000;
    std::uint64_t max_backtest_matches = 1'000'000;
    std::size_t max_alerts_per_page = 1'000;
    std::size_t workers = 2;                   ///< threads for short requests
    std::size_t searches = 4;                  ///< searches at once, a thread each
    std::size_t queued = 256;                  ///< requests waiting for a worker; then 503
    std::size_t streams = 64;                  ///< live streams at once; then 503
    std::size_t tails = 16;                    ///< live tails at once; then 503
    std::chrono::milliseconds tail_lag{5'000}; ///< so long behind before a tail is told
};

/// A documented operation.
struct RouteName {
    std::string method;
    std::string path; ///< with {names}, as in the OpenAPI document
    friend auto operator<=>(const RouteName&, const RouteName&) = default;
};

/// Threads: `workers` + `searches` + one for back-tests (at low priority) + one for live streams + one for live tails
/// (low priority too); sockets are read on `io`.
class ApiServer {
public:
    /// `token` is the secret people sign in with, `principal` what their actions are signed with in an alert's history.
    /// Binds; throws std::runtime_error with a message for the operator.
    ApiServer(net::IoThreads& io, net::StreamServerConfig address, std::string_view token, std::string principal,
              Services services, ApiLimits limits = {});
    ~ApiServer(); ///< stop()
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    void start();
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Answers what is being asked, ends streams. Blocks; a second call does nothing.
    void stop();

    /// Every route there is.
    [[nodiscard]] static std::vector<RouteName> routes();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The OpenAPI 3.1 document (api/openapi.json).
[[nodiscard]] std::string_view openapi_document() noexcept;

} // namespace canhgac::api
