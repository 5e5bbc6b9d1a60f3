/// UTF-8 of received bytes: a fast check, and a repair that replaces what is broken with U+FFFD.
#pragma once

#include <string_view>

#include "event/arena.hpp"

namespace canhgac::collector {

/// True when all of `text` is valid UTF-8 (no surrogates, no overlong forms). Pure, thread safe.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// A copy of `text` in `arena` in which every maximal broken part is one U+FFFD (Unicode 15 section 3.9, "substitution
/// of maximal subparts"). The result is at most three times as long. NUL and other control characters stay.
[[nodiscard]] std::string_view repair_utf8(std::string_view text, event::Arena& arena);

/// `text` itself when it is valid, else the repaired copy with `repaired` set (it is never cleared).
[[nodiscard]] std::string_view valid_utf8(std::string_view text, event::Arena& arena, bool& repaired);

} // namespace canhgac::collector
