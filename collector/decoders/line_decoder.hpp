/// Lines and syslog messages: finds out what a text is and has the right decoder read it.
#pragma once

#include <string_view>

#include "collector/decoders/event_draft.hpp"

namespace canhgac::collector {

/// All take the record's bytes as they came; what is not valid UTF-8 is repaired in a copy and flag::kRepaired set.

/// A record of a syslog listener: header (RFC 5424, RFC 3164 or kin), then the message by its content. Always yields
/// an event; a text without any header is Format::text, a header without anything known behind it Format::syslog.
void decode_syslog_record(std::string_view text, EventDraft& draft);

/// A line or a JSON value of a file: JSON, syslog, access log, key=value or plain text.
void decode_file_record(std::string_view text, EventDraft& draft);

/// A record that must be JSON (`_bulk`); `start` is NameTree::kRoot or kUpdate. A text log inside `message` (as Filebeat
/// and Fluent Bit ship files) is decoded too when `inner` is set.
void decode_json_record(std::string_view text, NodeId start, bool inner, EventDraft& draft);

} // namespace canhgac::collector
