/// HTTP/1.1 messages as handlers see them (RFC 9110, RFC 9112).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ip.hpp"

namespace canhgac::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The first value of a header, name in any case; empty when absent.
[[nodiscard]] std::string_view find_header(const HttpHeaders& headers, std::string_view name) noexcept;

struct HttpRequest {
    std::string method; ///< "GET", as sent
    std::string target; ///< as sent, e.g. "/a%20b?x=1"
    std::string path;   ///< before '?', percent-decoded; broken escapes stay as they are
    std::string query;  ///< after '?', not decoded
    HttpHeaders headers;
    std::string body; ///< as sent: Content-Encoding is not undone; see gzip.hpp
    common::IpAddress peer_address;
    std::uint16_t peer_port = 0;
    std::string peer_subject; ///< of the verified client certificate; empty without one
    bool is_tls = false;

    [[nodiscard]] std::string_view header(std::string_view name) const noexcept { return find_header(headers, name); }
    /// Decoded value ('+' is a blank) of the first query parameter of that name; empty when absent.
    [[nodiscard]] std::string query_value(std::string_view name) const;
    [[nodiscard]] bool has_query(std::string_view name) const noexcept;
};

/// Content-Length, Connection, Date and Transfer-Encoding are written by the server, not here.
struct HttpResponse {
    unsigned status = 200;
    HttpHeaders headers;
    std::string body;
};

/// A response with a Content-Type.
[[nodiscard]] HttpResponse make_response(unsigned status, std::string content_type, std::string body);

[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_blank = false);
/// "OK", "Not Found"...; "Status" for one nobody knows.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

} // namespace canhgac::net
