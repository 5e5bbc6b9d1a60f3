/// Sizes in bytes.
#pragma once

#include <cstddef>

namespace canhgac::common {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::size_t kGiB = 1024 * kMiB;

} // namespace canhgac::common
