#include "net/http_message.hpp"

#include <algorithm>

namespace canhgac::net {
namespace {

bool equal_any_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [lower](char x, char y) { return lower(x) == lower(y); });
}

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') { return c - '0'; }
    if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
    if (c >= 'A' && c <= 'F') { return c - 'A' + 10; }
    return -1;
}

/// The next "name=value" of a query; moves `rest` behind it.
std::string_view next_parameter(std::string_view& rest) noexcept {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view parameter = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return parameter;
}

} // namespace

std::string_view find_header(const HttpHeaders& headers, std::string_view name) noexcept {
    for (const auto& header : headers) {
        if (equal_any_case(header.first, name)) { return header.second; }
    }
    return {};
}

std::string percent_decode(std::string_view text, bool plus_is_blank) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
            out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i] == '+' && plus_is_blank ? ' ' : text[i]);
        }
    }
    return out;
}

std::string HttpRequest::query_value(std::string_view name) const {
    for (std::string_view rest = query; !rest.empty();) {
        const std::string_view parameter = next_parameter(rest);
        const std::size_t equals = std::min(parameter.find('='), parameter.size());
        if (percent_decode(parameter.substr(0, equals), true) == name) {
            return percent_decode(parameter.substr(std::min(equals + 1, parameter.size())), true);
        }
    }
    return {};
}

bool HttpRequest::has_query(std::string_view name) const noexcept {
    for (std::string_view rest = query; !rest.empty();) {
        const std::string_view parameter = next_parameter(rest);
        if (parameter.substr(0, parameter.find('=')) == name) { return true; }
    }
    return false;
}

HttpResponse make_response(unsigned status, std::string content_type, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", std::move(content_type));
    response.body = std::move(body);
    return response;
}

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Status";
    }
}

} // namespace canhgac::net
