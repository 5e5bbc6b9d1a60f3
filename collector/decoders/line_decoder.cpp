#include "collector/decoders/line_decoder.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "collector/decoders/access_log.hpp"
#include "collector/decoders/json_event.hpp"
#include "collector/decoders/key_value.hpp"
#include "collector/decoders/linux_message.hpp"
#include "collector/decoders/syslog_header.hpp"
#include "collector/decoders/text_cursor.hpp"
#include "collector/decoders/time_stamps.hpp"
#include "collector/decoders/utf8_repair.hpp"
#include "collector/decoders/windows_event.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

/// Numbers of facilities and severities as text, so that no event formats them.
constexpr std::array<std::string_view, 24> kSmallNumbers = {"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",
                                                            "8",  "9",  "10", "11", "12", "13", "14", "15",
                                                            "16", "17", "18", "19", "20", "21", "22", "23"};

/// `bytes`, or a repaired copy.
std::string_view valid_text(std::string_view bytes, EventDraft& draft) {
    bool repaired = false;
    const std::string_view text = valid_utf8(bytes, draft.arena(), repaired);
    if (repaired) { draft.set_flag(event::flag::kRepaired); }
    return text;
}

/// "JSON: <what> at byte <where>" in the arena.
std::string_view describe(const JsonError& error, event::Arena& arena) {
    std::array<char, 12> digits{};
    const auto number = std::to_chars(digits.data(), digits.data() + digits.size(), error.offset);
    const std::array<std::string_view, 4> parts = {
        "JSON: ", to_string(error.code), " at byte ",
        std::string_view(digits.data(), static_cast<std::size_t>(number.ptr - digits.data()))};
    std::size_t size = 0;
    for (const std::string_view part : parts) {
        size += part.size();
    }
    char* const text = arena.allocate(size);
    char* out = text;
    for (const std::string_view part : parts) {
        std::memcpy(out, part.data(), part.size());
        out += part.size();
    }
    return {text, size};
}

/// The value of a structured data parameter: \" \\ \] decoded (RFC 5424 section 6.3.3).
std::string_view parameter_value(std::string_view value, event::Arena& arena) {
    if (value.find('\\') == std::string_view::npos) { return value; }
    char* const begin = arena.allocate(value.size());
    char* out = begin;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool escape = value[i] == '\\' && i + 1 < value.size() &&
                            (value[i + 1] == '"' || value[i + 1] == '\\' || value[i + 1] == ']');
        if (escape) { ++i; }
        *out++ = value[i];
    }
    const auto used = static_cast<std::size_t>(out - begin);
    arena.shrink_last(value.size(), used);
    return {begin, used};
}

void add_structured_data(std::string_view data, EventDraft& draft) {
    draft.add(field::kSyslogStructuredData, data);
    std::string_view element;
    while (const auto parameter = next_parameter(data, element)) {
        const std::size_t size = parameter->element.size() + 1 + parameter->name.size();
        char* const name = draft.arena().allocate(size);
        parameter->element.copy(name, parameter->element.size());
        name[parameter->element.size()] = '.';
        parameter->name.copy(name + parameter->element.size() + 1, parameter->name.size());
        draft.add(draft.tree().find(NameTree::kOther, {name, size}), parameter_value(parameter->value, draft.arena()));
    }
}

void add_header(const SyslogHeader& header, EventDraft& draft) {
    if (header.time) { draft.set_time(*header.time, TimeRank::header); }
    if (header.priority) {
        draft.add(field::kSyslogFacility, kSmallNumbers[*header.priority / 8U], event::ValueType::integer);
        draft.add(field::kSyslogSeverity, kSmallNumbers[*header.priority % 8U], event::ValueType::integer);
    }
    if (!header.version.empty()) { draft.add(field::kSyslogVersion, header.version, event::ValueType::integer); }
    if (!header.host.empty()) { draft.add(field::kHostName, header.host); }
    if (!header.app.empty()) {
        const std::string_view name = program_of(header.app).name;
        draft.add(field::kSyslogAppname, name);
        draft.propose(field::kProcessName, name);
        if (header.app.starts_with('%')) { draft.propose(field::kCode, header.app.substr(1)); } // Cisco
    }
    if (!header.procid.empty()) {
        draft.add(field::kSyslogProcid, header.procid);
        draft.propose(field::kProcessPid, header.procid);
    }
    if (!header.msgid.empty()) { draft.add(field::kSyslogMsgid, header.msgid); }
    if (!header.structured_data.empty()) { add_structured_data(header.structured_data, draft); }
}

/// JSON behind a header, also behind the "@cee:" cookie. False: not JSON; the draft then holds only the header.
bool decode_json_payload(const SyslogHeader& header, std::string_view message, EventDraft& draft) {
    common::ignore(take_prefix(message, "@cee:"), "optional");
    message = trimmed(message);
    if (!message.starts_with('{')) { return false; }
    if (!decode_json(message, NameTree::kRoot, draft)) {
        draft.clear();
        add_header(header, draft);
        return false;
    }
    if (!finish_windows_event(draft)) { draft.set_format(event::Format::json); }
    return true;
}

/// Reads a message by its content; always sets the format. `fallback` is the format of a message nobody knows.
void decode_content(const SyslogHeader& header, event::Format fallback, EventDraft& draft) {
    const std::string_view message = header.message;
    if (decode_json_payload(header, message, draft)) { return; }
    if (!header.app.empty() && decode_linux_message(program_of(header.app), message, draft)) {
        draft.set_format(event::Format::syslog);
        draft.add(field::kMessage, message);
        return;
    }
    if (looks_like_key_value(message)) {
        decode_key_value(message, draft);
        if (draft.format() == event::Format::key_value) { draft.add(field::kMessage, message); }
        return;
    }
    if (decode_access_log(message, draft)) { return; }
    draft.set_format(fallback);
    draft.add(field::kMessage, message);
}

/// What framing leaves at the end of a record.
std::string_view without_line_end(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) {
        text.remove_suffix(1);
    }
    return text;
}

SyslogHeader parse_header(std::string_view text, const EventDraft& draft) noexcept {
    std::string_view rest = text;
    const auto priority = parse_priority(rest);
    if (priority && rest.starts_with("1 ")) {
        if (auto header = parse_rfc5424(rest)) {
            header->priority = *priority;
            return *header;
        }
    }
    SyslogHeader header = parse_rfc3164(rest, priority.has_value(), draft.received(), draft.zone());
    if (priority) { header.priority = *priority; }
    return header;
}

/// A stamp at the front of a plain line ("2026-11-22 08:00:00, Info ...", "[Sun Dec 04 04:47:44 2005] [error] ...").
void read_leading_stamp(std::string_view text, EventDraft& draft) {
    const bool bracket = take_prefix(text, "[");
    if (const std::size_t length = iso_stamp_length(text); length != 0) {
        if (const auto time = parse_iso_stamp(text.substr(0, length), draft.zone())) {
            draft.set_time(*time, TimeRank::header);
        }
        return;
    }
    if (bracket && text.size() > 4 && text[3] == ' ') { text.remove_prefix(4); } // day of the week
    if (const auto time = take_bsd_stamp(text, draft.received(), draft.zone())) {
        draft.set_time(*time, TimeRank::header);
    }
}

/// A line without any header.
void decode_bare_line(std::string_view text, EventDraft& draft) {
    SyslogHeader header;
    header.message = text;
    read_leading_stamp(text, draft);
    decode_content(header, event::Format::text, draft);
}

/// Text logs that an agent shipped inside a JSON document.
void decode_inner_message(EventDraft& draft) {
    const std::string_view message = draft.envelope(field::kMessage);
    if (message.size() < 16 || draft.format() != event::Format::json || message.starts_with('{')) { return; }
    if (decode_access_log(message, draft)) { return; }
    const SyslogHeader header = parse_header(without_line_end(message), draft);
    if (header.app.empty() || !header.time) { return; }
    draft.set_time(*header.time, TimeRank::own);
    draft.propose(field::kHostName, header.host);
    const ProgramName program = program_of(header.app);
    if (!draft.has(field::kSyslogAppname)) { draft.add(field::kSyslogAppname, program.name); }
    draft.propose(field::kProcessName, program.name);
    draft.propose(field::kProcessPid, header.procid);
    draft.set_format(event::Format::syslog);
    decode_linux_message(program, header.message, draft);
}

} // namespace

void decode_syslog_record(std::string_view bytes, EventDraft& draft) {
    const std::string_view text = without_line_end(valid_text(bytes, draft));
    const SyslogHeader header = parse_header(text, draft);
    if (!header.priority && header.host.empty() && header.app.empty()) {
        decode_bare_line(text, draft);
        return;
    }
    add_header(header, draft);
    decode_content(header, event::Format::syslog, draft);
}

void decode_file_record(std::string_view text, EventDraft& draft) {
    const std::string_view trimmed_text = trimmed(text);
    if (trimmed_text.starts_with('{')) {
        decode_json_record(text, NameTree::kRoot, true, draft);
        return;
    }
    decode_syslog_record(text, draft);
}

void decode_json_record(std::string_view bytes, NodeId start, bool inner, EventDraft& draft) {
    std::string_view text = bytes;
    auto result = decode_json(text, start, draft);
    if (!result) {
        text = valid_text(bytes, draft);
        draft.clear();
        if (result.error().code == JsonErrc::broken_utf8) { result = decode_json(text, start, draft); }
    }
    if (!result) {
        draft.set_unparsed(text, describe(result.error(), draft.arena()));
        return;
    }
    if (finish_windows_event(draft)) { return; }
    draft.set_format(event::Format::json);
    if (inner) { decode_inner_message(draft); }
}

} // namespace canhgac::collector
