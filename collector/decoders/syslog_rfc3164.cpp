#include <algorithm>

#include "collector/decoders/syslog_header.hpp"
#include "collector/decoders/time_stamps.hpp"
#include "text/ascii.hpp"

namespace canhgac::collector {

namespace {

constexpr std::size_t kMaxTagBytes = 128;
constexpr std::size_t kMaxHostBytes = 255;

constexpr bool is_host_character(char c) noexcept {
    return text::is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' ||
           c == ':' || static_cast<unsigned char>(c) >= 0x80;
}

void skip_blanks(std::string_view& text) noexcept {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
}

std::string_view first_token(std::string_view text) noexcept {
    return text.substr(0, std::min(text.find(' '), text.size()));
}

/// BSD or ISO stamp, perhaps after Cisco's "*" or "." (clock not synchronised), perhaps followed by ":".
bool take_stamp(std::string_view& text, common::Nanos received, int zone, std::optional<common::Nanos>& time) noexcept {
    std::string_view rest = text;
    if (rest.starts_with('*') || rest.starts_with('.')) { rest.remove_prefix(1); }
    time = take_bsd_stamp(rest, received, zone);
    if (!time) {
        const std::size_t length = iso_stamp_length(rest);
        if (length == 0) { return false; }
        time = parse_iso_stamp(rest.substr(0, length), zone);
        rest.remove_prefix(length);
        if (!time || (!rest.empty() && rest.front() != ' ' && rest.front() != ':')) { return false; }
    }
    if (rest.starts_with(':')) { rest.remove_prefix(1); }
    skip_blanks(rest);
    text = rest;
    return true;
}

/// "29: " or "00029: ": Cisco's sequence number.
bool take_sequence(std::string_view& text) noexcept {
    std::size_t digits = 0;
    while (digits < text.size() && digits < 10 && text::is_digit(text[digits])) {
        ++digits;
    }
    if (digits == 0 || !text.substr(digits).starts_with(": ")) { return false; }
    text.remove_prefix(digits + 2);
    skip_blanks(text);
    return true;
}

/// "app[pid]:", "app:", "app[pid]" at the front; takes it and the blanks behind it.
bool take_tag(std::string_view& text, SyslogHeader& header) noexcept {
    std::string_view token = first_token(text.substr(0, kMaxTagBytes));
    if (token.empty() || token.front() == '[' || token.front() == '"' || token.front() == '{') { return false; }
    const bool colon = token.ends_with(':');
    std::size_t taken = token.size();
    if (colon) {
        token.remove_suffix(1);
    } else if (const std::size_t close = token.find("]:"); close != std::string_view::npos) {
        taken = close + 2; // "app[pid]:message" without a blank
        token = token.substr(0, close + 1);
    } else if (!token.ends_with(']')) {
        return false;
    }
    const std::size_t open = token.find('[');
    header.app = token.substr(0, open);
    if (open != std::string_view::npos) {
        if (!token.ends_with(']')) { return false; }
        header.procid = token.substr(open + 1, token.size() - open - 2);
    }
    if (header.app.empty()) { return false; }
    text.remove_prefix(taken);
    skip_blanks(text);
    return true;
}

bool looks_like_host(std::string_view token) noexcept {
    return !token.empty() && token.size() <= kMaxHostBytes &&
           std::all_of(token.begin(), token.end(), is_host_character);
}

/// "172.16.5.10 6705: Feb 17 13:40:03: ...": host and sequence number before the stamp.
bool take_host_and_sequence(std::string_view& text, common::Nanos received, int zone, SyslogHeader& header) noexcept {
    std::string_view rest = text;
    const std::string_view host = first_token(rest);
    if (!looks_like_host(host)) { return false; }
    rest.remove_prefix(host.size());
    skip_blanks(rest);
    if (!take_sequence(rest) || !take_stamp(rest, received, zone, header.time)) { return false; }
    header.host = host;
    text = rest;
    return true;
}

} // namespace

SyslogHeader parse_rfc3164(std::string_view text, bool had_priority, common::Nanos received,
                           int zone_offset_seconds) noexcept {
    SyslogHeader header;
    std::string_view rest = text;
    skip_blanks(rest);
    if (take_sequence(rest)) {
        // "29: router1: Mar  1 ...": a host with a colon may stand between
        const std::string_view token = first_token(rest);
        if (token.ends_with(':') && looks_like_host(token)) {
            std::string_view behind = rest.substr(token.size());
            skip_blanks(behind);
            if (take_stamp(behind, received, zone_offset_seconds, header.time)) {
                header.host = token.substr(0, token.size() - 1);
                rest = behind;
            }
        }
    }
    const bool early_host = header.time || take_host_and_sequence(rest, received, zone_offset_seconds, header);
    const bool stamped = early_host || take_stamp(rest, received, zone_offset_seconds, header.time);
    if (!stamped && !had_priority) {
        header.message = text;
        return header;
    }
    if (!take_tag(rest, header) && header.host.empty()) {
        // Not a tag: a host, if it looks like one and (without a stamp, to be sure) a tag follows it.
        const std::string_view host = first_token(rest);
        std::string_view behind = rest.substr(host.size());
        skip_blanks(behind);
        if (looks_like_host(host) && (behind.size() < rest.size() - host.size() || behind.empty())) {
            const bool tagged = take_tag(behind, header);
            if (tagged || (stamped && had_priority)) {
                header.host = host;
                rest = behind;
            }
        }
    }
    if (!had_priority && header.app.empty()) {
        header.host = {};
        rest = text;
    }
    header.message = rest;
    return header;
}

} // namespace canhgac::collector
