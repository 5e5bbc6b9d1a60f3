/// Writing JSON straight into a string: results of searches are many and large.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "event/store.hpp"

namespace canhgac::api {

/// Appends `text` as a JSON string; broken UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// Whether `text` is a number as JSON spells it (RFC 8259 section 6).
[[nodiscard]] bool is_json_number(std::string_view text) noexcept;
/// Appends an event as one object: "_id", "@timestamp", "event.ingested", its fields by name (a repeated name becomes
/// an array, numbers and booleans keep their type), "event.original".
/// Members named in `hidden` are left out, but for "_id".
void append_event(std::string& out, const event::StoredEvent& event, std::span<const std::string_view> hidden = {});

} // namespace canhgac::api
