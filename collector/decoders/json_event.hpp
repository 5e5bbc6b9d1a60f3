/// JSON events: one pass over a record, every value a field. Layouts of Winlogbeat, NXLog, Fluent Bit and evtx_dump
/// become Sigma's names (NameTree); other nesting becomes dotted names, arrays become repeated values.
#pragma once

#include <string_view>

#include "collector/decoders/event_draft.hpp"
#include "collector/decoders/json_scan.hpp"
#include "common/result.hpp"

namespace canhgac::collector {

/// Reads the JSON object that `text` (living as long as the batch) consists of into `draft`, with the rules of level
/// `start` (NameTree::kRoot, kUpdate). White space and NUL around it are skipped. `text` need not be valid UTF-8:
/// broken_utf8 tells that it is not, and what was added is not either then.
/// On error the draft may hold fields; clear it. Sets flag::kRepaired when characters had to be replaced.
/// Errors: see JsonErrc; `offset` counts from the start of `text`.
[[nodiscard]] common::Result<void, JsonError> decode_json(std::string_view text, NodeId start, EventDraft& draft);

} // namespace canhgac::collector
