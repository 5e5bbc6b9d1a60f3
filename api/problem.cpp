#include "api/problem.hpp"

#include <utility>

#include "api/json_text.hpp"

namespace canhgac::api {

net::HttpResponse json_response(unsigned status, std::string body) {
    return net::make_response(status, "application/json", std::move(body));
}

std::string problem_text(unsigned status, std::string_view detail) {
    std::string out = "{\"type\":\"about:blank\",\"title\":";
    append_json_string(out, net::reason_phrase(status));
    out += ",\"status\":" + std::to_string(status) + ",\"detail\":";
    append_json_string(out, detail);
    return out + "}";
}

net::HttpResponse problem(unsigned status, std::string_view detail) {
    return net::make_response(status, "application/problem+json", problem_text(status, detail));
}

net::HttpResponse problem_at(std::string_view detail, std::uint32_t line, std::uint32_t column) {
    std::string text = problem_text(400, detail);
    text.pop_back();
    text += ",\"line\":" + std::to_string(line) + ",\"column\":" + std::to_string(column) + "}";
    return net::make_response(400, "application/problem+json", std::move(text));
}

} // namespace canhgac::api
