/// ASCII characters, without a locale. Pure functions.
#pragma once

namespace canhgac::text {

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

} // namespace canhgac::text
