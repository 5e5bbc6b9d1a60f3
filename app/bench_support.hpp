/// What the benchmarks share: clocks, recordings, medians.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/bench_generator.hpp"
#include "app/cli.hpp"

namespace canhgac::app {

/// CPU time of this thread, of the process; wall clock. Nanoseconds.
[[nodiscard]] std::uint64_t thread_cpu() noexcept;
[[nodiscard]] std::uint64_t process_cpu() noexcept;
[[nodiscard]] std::uint64_t wall_clock() noexcept;
/// Highest resident memory so far, bytes.
[[nodiscard]] std::uint64_t peak_rss() noexcept;
/// Throws std::invalid_argument when empty.
[[nodiscard]] double median(std::vector<double> values);
/// A generator fed with the recordings; throws std::runtime_error when none can be read.
[[nodiscard]] EventGenerator make_generator(const BenchOptions& options);

} // namespace canhgac::app
