/// key=value text: FortiGate, Linux audit, Sophos and kin.
#pragma once

#include <optional>
#include <string_view>

#include "collector/decoders/event_draft.hpp"

namespace canhgac::collector {

struct KeyValue {
    std::string_view key;
    std::string_view value; ///< without its quotes; may hold the escapes \" and \\ when `quoted`
    bool quoted = false;
};

/// Takes the next pair off `text`, skipping words that are no pair (counted in `words`). Values are quoted ("" or '')
/// or end at a blank; a comma before the blank belongs to neither. Nothing at the end.
[[nodiscard]] std::optional<KeyValue> next_pair(std::string_view& text, std::size_t& words) noexcept;

/// True when `text` starts with a pair and consists of pairs mostly.
[[nodiscard]] bool looks_like_key_value(std::string_view text) noexcept;

/// Adds every pair of `text` as a field and settles format (fortigate, auditd or key_value), time, host and outcome.
void decode_key_value(std::string_view text, EventDraft& draft);

} // namespace canhgac::collector
