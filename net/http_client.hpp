/// HTTP requests to other systems (webhooks), by libcurl: HTTP/1.1 and 2, TLS 1.2 or later with verification, no
/// redirects, bounded answers. Blocks; one thread a client; the connection is kept for the next request.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.hpp"

namespace canhgac::net {

enum class TransferErrc : std::uint8_t {
    bad_request, ///< URL or argument not usable
    resolve,     ///< host name
    connect,
    tls,   ///< handshake or certificate
    login, ///< user name or password refused
    timeout,
    cancelled,
    refused, ///< SMTP: the server said no, see `reply`
    broken,  ///< connection lost, or the answer is not in the protocol
};
/// Short English text.
[[nodiscard]] std::string_view to_string(TransferErrc code) noexcept;

struct TransferError {
    TransferErrc code = TransferErrc::broken;
    int reply = 0; ///< last reply code of the server, 0 = none
};

struct UrlParts {
    std::string scheme{};   ///< lower case
    std::string host{};     ///< without brackets
    std::uint16_t port = 0; ///< the scheme's when not written
};
/// Nothing when it is not an absolute http or https URL.
[[nodiscard]] std::optional<UrlParts> split_url(const std::string& url);
/// "localhost", 127.0.0.0/8, ::1. Names are not resolved.
[[nodiscard]] bool is_loopback_host(std::string_view host) noexcept;

struct HttpClientSettings {
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds timeout{10'000};  ///< of the whole exchange
    std::string ca_file{};                      ///< PEM; empty = the system's
    std::string proxy{};                        ///< empty = none; the environment is not asked
    std::size_t max_response_bytes = 64 * 1024; ///< what is beyond is not kept
};

struct ClientRequest {
    std::string method = "POST";
    std::string url{};
    std::vector<std::pair<std::string, std::string>> headers{}; ///< CR, LF and NUL make it bad_request
    std::string_view body{};
    /// When set, gets the body of a 2xx answer as it arrives instead of ClientResponse::body; false ends the exchange
    /// (TransferErrc::cancelled). For streams: the time limit of the whole exchange does not apply.
    std::function<bool(std::string_view part)> on_body{};
};

struct ClientResponse {
    int status = 0;
    std::string body{};
    std::optional<std::chrono::seconds> retry_after{}; ///< Retry-After, seconds or HTTP date (RFC 9110 section 10.2.3)
};

class HttpClient {
public:
    explicit HttpClient(HttpClientSettings settings);
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    /// Any status is a response. Ends within about a second after `cancelled` turns true.
    [[nodiscard]] common::Result<ClientResponse, TransferError> send(const ClientRequest& request,
                                                                     const std::atomic<bool>& cancelled);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::net
