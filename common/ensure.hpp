/// Assertions that stay on in every build: a broken one is our bug, never a sender's.
#pragma once

namespace canhgac::common {

/// Prints "file:line: why" to stderr and aborts.
[[noreturn]] void ensure_failed(const char* why, const char* file, int line) noexcept;

/// Aborts with `why` unless `condition` holds. No input may reach a failing call.
constexpr void ensure(bool condition, const char* why, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) noexcept {
    if (!condition) [[unlikely]] { ensure_failed(why, file, line); }
}

} // namespace canhgac::common
