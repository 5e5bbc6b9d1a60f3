/// The tables behind NameTree: which names mean what, and which wrapped names are called what by Sigma. Looked at once
/// a distinct key; pure.
#pragma once

#include <string_view>

#include "collector/decoders/name_tree.hpp"

namespace canhgac::collector {

struct Meaning {
    Role role = Role::none;
    event::FieldId alias = event::field::kTimestamp; ///< kTimestamp = none
};

/// Of a final name outside the payload of a Windows event (top level, System, other JSON).
[[nodiscard]] Meaning meaning_at_top(std::string_view name) noexcept;
/// Of a final name inside the payload (EventData, UserData), or of a flat Windows event.
[[nodiscard]] Meaning meaning_in_payload(std::string_view name) noexcept;
/// Of a key in key=value text.
[[nodiscard]] Meaning meaning_in_flat(std::string_view name) noexcept;
/// Sigma's name for a dotted name ("winlog.channel" -> "Channel"), or the name itself.
[[nodiscard]] std::string_view sigma_name(std::string_view dotted) noexcept;

} // namespace canhgac::collector
