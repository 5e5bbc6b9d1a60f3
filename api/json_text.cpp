#include "api/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "alerting/alert.hpp"
#include "alerting/alert_codec.hpp"
#include "common/clock.hpp"

namespace canhgac::api {
namespace {

bool is_ascii(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

void append_escaped(std::string& out, std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (code >= 0x20) {
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += "\\u00";
            out += kHex[code >> 4U];
            out += kHex[code & 0xFU];
        }
    }
}

std::size_t digits(std::string_view text, std::size_t at) noexcept {
    std::size_t count = 0;
    while (at + count < text.size() && text[at + count] >= '0' && text[at + count] <= '9') {
        ++count;
    }
    return count;
}

void append_value(std::string& out, const event::Field& field) {
    switch (field.type()) {
    case event::ValueType::null:
        out += "null";
        return;
    case event::ValueType::boolean:
        out += field.text() == "true" ? "true" : "false";
        return;
    case event::ValueType::integer:
    case event::ValueType::real:
        if (is_json_number(field.text())) {
            out += field.text();
            return;
        }
        break;
    case event::ValueType::string:
        break;
    }
    append_json_string(out, field.text());
}

bool is_envelope(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 4> kNames = {"_id", "@timestamp", "event.ingested", "event.original"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void append_name(std::string& out, std::string_view name) {
    out += ',';
    append_json_string(out, name);
    out += ':';
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    if (is_ascii(text)) {
        append_escaped(out, text);
    } else {
        append_escaped(out, alerting::valid_utf8(text));
    }
    out += '"';
}

bool is_json_number(std::string_view text) noexcept {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const std::size_t whole = digits(text, at);
    if (whole == 0 || (whole > 1 && text[at] == '0')) { return false; }
    at += whole;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction = digits(text, at + 1);
        if (fraction == 0) { return false; }
        at += 1 + fraction;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) { ++at; }
        const std::size_t exponent = digits(text, at);
        if (exponent == 0) { return false; }
        at += exponent;
    }
    return at == text.size();
}

void append_event(std::string& out, const event::StoredEvent& event, std::span<const std::string_view> hidden) {
    const auto shows = [hidden](std::string_view name) {
        return std::find(hidden.begin(), hidden.end(), name) == hidden.end();
    };
    out += "{\"_id\":\"" + alerting::event_id_text(event.id) + '"';
    if (shows("@timestamp")) { out += ",\"@timestamp\":\"" + common::format_rfc3339(event.time) + '"'; }
    if (shows("event.ingested")) { out += ",\"event.ingested\":\"" + common::format_rfc3339(event.received) + '"'; }
    const auto& fields = event.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string_view name = fields[i].first;
        const auto same = [name](const auto& field) { return field.first == name; };
        if (is_envelope(name) || !shows(name) ||
            std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i), same)) {
            continue; // written already
        }
        append_name(out, name);
        const auto rest = fields.subspan(i + 1);
        if (std::none_of(rest.begin(), rest.end(), same)) {
            append_value(out, fields[i].second);
            continue;
        }
        out += '[';
        append_value(out, fields[i].second);
        for (const auto& [other, value] : rest) {
            if (other != name) { continue; }
            out += ',';
            append_value(out, value);
        }
        out += ']';
    }
    if (shows("event.original")) {
        append_name(out, "event.original");
        append_json_string(out, event.raw);
    }
    out += '}';
}

} // namespace canhgac::api
