/// Answers of the API: JSON, and problem documents (RFC 9457).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_message.hpp"

namespace canhgac::api {

[[nodiscard]] net::HttpResponse json_response(unsigned status, std::string body);
/// {"type":"about:blank","title","status","detail"}; title is the reason phrase.
[[nodiscard]] net::HttpResponse problem(unsigned status, std::string_view detail);
/// Status 400 with "line" and "column" (from 1, in characters) of the text the request gave, besides.
[[nodiscard]] net::HttpResponse problem_at(std::string_view detail, std::uint32_t line, std::uint32_t column);
/// The object alone, for the last line of a stream.
[[nodiscard]] std::string problem_text(unsigned status, std::string_view detail);

} // namespace canhgac::api
