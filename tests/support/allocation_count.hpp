// Counts what a test program takes from the heap: allocation_count.cpp replaces every form of operator new.
#pragma once

#include <cstddef>

namespace canhgac::support {

/// Calls of operator new so far, on all threads.
[[nodiscard]] std::size_t allocation_count() noexcept;

} // namespace canhgac::support
