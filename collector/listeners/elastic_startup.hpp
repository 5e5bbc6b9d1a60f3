/// What shippers ask an Elasticsearch server before they send anything, and the answers that let them go on
/// (PROTOCOLS 3.a). Text only: no sockets, no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http_message.hpp"

namespace canhgac::collector {

struct ElasticIdentity {
    std::string version;
    std::string cluster_name;
    std::string node_name;
    std::string cluster_uuid;
    std::string publish_address; ///< "127.0.0.1:9200"
};

/// The version to report: `ours`, or that of a newer Beats in `user_agent` ("Elastic-Filebeat/8.30.1 (linux; ...)"):
/// Beats refuse a server older than themselves. Majors above 9 and broken versions are not followed.
[[nodiscard]] std::string reported_version(std::string_view ours, std::string_view user_agent);

/// The answer to a start-up call; nothing for a path that is none. `_bulk` is not among them.
[[nodiscard]] std::optional<net::HttpResponse> answer_startup_call(const net::HttpRequest& request,
                                                                   const ElasticIdentity& identity);

/// True for `/_bulk` and `/<index>/_bulk`, with or without a slash at the end; `index` = the latter's, else empty.
[[nodiscard]] bool is_bulk_path(std::string_view path, std::string_view& index) noexcept;

/// `{"error":{"type":...,"reason":...},"status":N}` with the root cause clients look for.
[[nodiscard]] net::HttpResponse elastic_error(unsigned status, std::string_view type, std::string_view reason);

/// Text made safe inside a JSON string: quotes, backslashes and control characters escaped, broken UTF-8 replaced.
[[nodiscard]] std::string json_text(std::string_view text);

} // namespace canhgac::collector
