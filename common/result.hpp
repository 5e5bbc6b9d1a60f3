/// The error channel of everything that reads input: a value or a small error, never an exception.
/// The only header that names the library behind it (tl::expected, the interface of C++23 std::expected).
#pragma once

#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace canhgac::common {

template <typename T, typename E>
using Result = tl::expected<T, E>;

/// Makes an error that converts to any Result with that error type: `return fail(MyError{...});`
template <typename E>
[[nodiscard]] constexpr tl::unexpected<std::decay_t<E>> fail(E&& error) {
    return tl::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

/// Drops a result on purpose; `reason` is for the reader.
template <typename T>
constexpr void ignore(T&& /*result*/, const char* /*reason*/) noexcept {}

} // namespace canhgac::common
