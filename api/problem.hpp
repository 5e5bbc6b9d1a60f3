/// Answers of the API: JSON, and problem documents (RFC 9457).
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.hpp"

namespace canhgac::api {

[[nodiscard]] net::HttpResponse json_response(unsigned status, std::string body);
/// {"type":"about:blank","title","status","detail"}; title is the reason phrase.
[[nodiscard]] net::HttpResponse problem(unsigned status, std::string_view detail);
/// The object alone, for the last line of a stream.
[[nodiscard]] std::string problem_text(unsigned status, std::string_view detail);

} // namespace canhgac::api
