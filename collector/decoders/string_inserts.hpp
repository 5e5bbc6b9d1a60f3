/// Names for the values of Windows events that come without them: the order of `StringInserts` (Fluent Bit winevtlog)
/// for the events people write rules about, and the "Name: value" lines of Sysmon's message.
#pragma once

#include <span>
#include <string_view>

namespace canhgac::collector {

/// EventData names of (channel, event id) in the order of the event's manifest; empty = not in our table.
[[nodiscard]] std::span<const std::string_view> insert_names(std::string_view channel,
                                                             std::string_view event_id) noexcept;

} // namespace canhgac::collector
