/// Syslog headers: RFC 5424, RFC 3164 and what devices make of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/clock.hpp"
#include "common/result.hpp"

namespace canhgac::collector {

enum class SyslogErrc : std::uint8_t {
    truncated,           ///< the text ends inside the header
    bad_priority,        ///< no PRI, or not 0..191
    bad_version,         ///< not version 1
    bad_timestamp,       ///< neither "-" nor RFC 3339
    bad_structured_data, ///< neither "-" nor well-formed elements
};
struct SyslogError {
    SyslogErrc code{};
    std::uint32_t offset = 0; ///< bytes from the start of the text given
};

/// Views into the text. Empty = absent or "-".
struct SyslogHeader {
    std::optional<std::uint8_t> priority; ///< facility * 8 + severity
    std::optional<common::Nanos> time;
    std::string_view version; ///< "1" for RFC 5424
    std::string_view host;
    std::string_view app;
    std::string_view procid;
    std::string_view msgid;
    std::string_view structured_data; ///< with its brackets
    std::string_view message;         ///< what follows the header
};

/// Reads PRI, "<" 1*3DIGIT ">", value 0..191 (RFC 5424 section 6.2.1). On success `text` starts after '>'; on error it
/// is left as it was. Errors: truncated, bad_priority.
[[nodiscard]] common::Result<std::uint8_t, SyslogError> parse_priority(std::string_view& text) noexcept;

/// RFC 5424 section 6 behind the PRI: version, time stamp, host, app, procid, msgid, structured data, message (without
/// BOM). Errors: truncated, bad_version, bad_timestamp, bad_structured_data.
[[nodiscard]] common::Result<SyslogHeader, SyslogError> parse_rfc5424(std::string_view text) noexcept;

/// RFC 3164 section 4.1 behind the PRI, and its kin: BSD or ISO stamp, with or without year, Cisco sequence numbers and
/// `%FAC-SEV-NAME:` tags, host or tag missing. Never fails: what is not there stays empty, the rest is the message.
/// Without PRI a text only counts as syslog when a tag follows the stamp; else all of it is the message.
/// Stamps without year take the year nearest to `received`; without zone, `zone_offset_seconds` east of UTC.
[[nodiscard]] SyslogHeader parse_rfc3164(std::string_view text, bool had_priority, common::Nanos received,
                                         int zone_offset_seconds) noexcept;

/// One parameter of structured data; `value` may hold the escapes \" \\ \].
struct StructuredParameter {
    std::string_view element; ///< SD-ID
    std::string_view name;
    std::string_view value;
};
/// Takes the next parameter off `data` (structured data with its brackets, well formed); nothing at the end. `element`
/// carries the SD-ID between calls: start with an empty one.
[[nodiscard]] std::optional<StructuredParameter> next_parameter(std::string_view& data,
                                                                std::string_view& element) noexcept;

} // namespace canhgac::collector
