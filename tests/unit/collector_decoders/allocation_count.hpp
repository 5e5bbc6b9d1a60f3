// Counts what this program takes from the heap: allocation_count.cpp replaces operator new.
#pragma once

#include <cstddef>

namespace canhgac::collector {

/// Calls of operator new so far, on all threads.
[[nodiscard]] std::size_t allocation_count() noexcept;

} // namespace canhgac::collector
