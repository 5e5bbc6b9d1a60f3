#include "collector/decoders/access_log.hpp"

#include <algorithm>
#include <optional>

#include "collector/decoders/time_stamps.hpp"
#include "collector/decoders/utf8_repair.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

struct AccessLine {
    std::string_view virtual_host;
    std::string_view client;
    std::string_view user;
    common::Nanos time = 0;
    std::string_view request; ///< quoted parts are still escaped
    std::string_view status;
    std::string_view bytes;
    std::string_view referer;
    std::string_view agent;
};

std::string_view take_token(std::string_view& rest) noexcept {
    while (rest.starts_with(' ')) {
        rest.remove_prefix(1);
    }
    const std::string_view token = rest.substr(0, std::min(rest.find(' '), rest.size()));
    rest.remove_prefix(token.size());
    return token;
}

/// The inside of the quotes at the front (after blanks); a backslash protects what follows.
std::optional<std::string_view> take_quoted(std::string_view& rest) noexcept {
    while (rest.starts_with(' ')) {
        rest.remove_prefix(1);
    }
    if (!rest.starts_with('"')) { return std::nullopt; }
    std::size_t end = 1;
    while (end < rest.size() && rest[end] != '"') {
        end += rest[end] == '\\' ? 2U : 1U;
    }
    if (end >= rest.size()) { return std::nullopt; }
    const std::string_view inside = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return inside;
}

bool all_digits(std::string_view text) noexcept {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<AccessLine> split(std::string_view line) noexcept {
    AccessLine parts;
    const std::size_t open = line.find(" [");
    const std::size_t close = line.find("] \"", open);
    if (open == std::string_view::npos || close == std::string_view::npos || open > 512) { return std::nullopt; }
    const auto time = parse_access_log_stamp(line.substr(open + 2, close - open - 2));
    if (!time) { return std::nullopt; }
    parts.time = *time;
    std::string_view head = line.substr(0, open);
    parts.client = take_token(head);
    std::string_view ident = take_token(head);
    parts.user = take_token(head);
    if (std::string_view fourth = take_token(head); !fourth.empty() && head.empty()) { // vhost first
        parts.virtual_host = parts.client;
        parts.client = ident;
        parts.user = fourth;
    }
    std::string_view rest = line.substr(close + 2);
    const auto request = take_quoted(rest);
    if (!request) { return std::nullopt; }
    parts.request = *request;
    parts.status = take_token(rest);
    if (parts.status.size() != 3 || !all_digits(parts.status)) { return std::nullopt; }
    parts.bytes = take_token(rest);
    parts.referer = take_quoted(rest).value_or(std::string_view{});
    parts.agent = take_quoted(rest).value_or(std::string_view{});
    return parts;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') { return c - '0'; }
    if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
    if (c >= 'A' && c <= 'F') { return c - 'A' + 10; }
    return -1;
}

/// \" \\ \n \r \t and \xHH.
std::string_view unescaped(std::string_view text, EventDraft& draft) {
    if (text.find('\\') == std::string_view::npos) { return text; }
    char* const begin = draft.arena().allocate(text.size());
    char* out = begin;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            *out++ = text[i];
            continue;
        }
        const char letter = text[++i];
        if (letter == 'x' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            *out++ = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else if (letter == 'n' || letter == 'r' || letter == 't') {
            *out++ = letter == 'n' ? '\n' : letter == 'r' ? '\r' : '\t';
        } else if (letter == '"' || letter == '\\') {
            *out++ = letter;
        } else {
            *out++ = '\\';
            *out++ = letter;
        }
    }
    const auto used = static_cast<std::size_t>(out - begin);
    draft.arena().shrink_last(text.size(), used);
    bool repaired = false; // bytes of the client's choice, not damage to the log
    return valid_utf8({begin, used}, draft.arena(), repaired);
}

void add_request(std::string_view request, EventDraft& draft) {
    const std::size_t first = request.find(' ');
    const std::size_t last = request.rfind(' ');
    std::string_view uri = request;
    if (first != std::string_view::npos && first != 0 && request.substr(last + 1).starts_with("HTTP/")) {
        const std::string_view method = request.substr(0, first);
        draft.add(draft.intern("cs-method"), method);
        draft.add(field::kHttpMethod, method);
        draft.add(draft.intern("cs-version"), request.substr(last + 1));
        uri = last > first ? request.substr(first + 1, last - first - 1) : std::string_view{};
    }
    const std::size_t question = uri.find('?');
    draft.add(draft.intern("c-uri"), uri);
    draft.add(field::kUrlOriginal, uri);
    draft.add(draft.intern("cs-uri-stem"), uri.substr(0, question));
    if (question != std::string_view::npos) { draft.add(draft.intern("cs-uri-query"), uri.substr(question + 1)); }
}

} // namespace

bool decode_access_log(std::string_view line, EventDraft& draft) {
    const auto parts = split(line);
    if (!parts) { return false; }
    draft.set_format(event::Format::access_log);
    draft.set_time(parts->time, TimeRank::own);
    draft.add(draft.intern("c-ip"), parts->client);
    draft.propose(field::kSourceIp, parts->client);
    if (!parts->user.empty() && parts->user != "-") {
        draft.add(draft.intern("cs-username"), parts->user);
        draft.propose(field::kUserName, parts->user);
    }
    if (!parts->virtual_host.empty()) {
        const std::string_view host = parts->virtual_host;
        const std::size_t port = host.rfind(':');
        draft.add(draft.intern("cs-host"), all_digits(host.substr(port + 1)) ? host.substr(0, port) : host);
    }
    add_request(unescaped(parts->request, draft), draft);
    draft.add(draft.intern("sc-status"), parts->status, event::ValueType::integer);
    draft.add(field::kHttpStatus, parts->status, event::ValueType::integer);
    if (all_digits(parts->bytes)) { draft.add(draft.intern("sc-bytes"), parts->bytes, event::ValueType::integer); }
    if (!parts->referer.empty()) { draft.add(draft.intern("cs-referer"), unescaped(parts->referer, draft)); }
    if (!parts->agent.empty()) {
        const std::string_view agent = unescaped(parts->agent, draft);
        draft.add(draft.intern("cs-user-agent"), agent);
        draft.add(field::kUserAgent, agent);
    }
    return true;
}

} // namespace canhgac::collector
