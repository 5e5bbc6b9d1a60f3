/// Counts distinct values: exactly up to kExactDistinct, beyond that by HyperLogLog with 2^14 registers (16 KiB), whose
/// standard error is 1.04 / sqrt(2^14) = 0.81 %. Estimator: O. Ertl, "New cardinality estimation algorithms for
/// HyperLogLog sketches" (2017), algorithm 6, which has no bias at any size.
#pragma once

#include <cstdint>
#include <vector>

namespace canhgac::storage {

inline constexpr std::size_t kExactDistinct = 1'024;

/// Fed with 64-bit hashes. Not thread safe.
class DistinctCounter {
public:
    /// Bytes by which it grew.
    std::size_t add(std::uint64_t hash);
    [[nodiscard]] std::uint64_t count() const;

private:
    void set_register(std::uint64_t hash) noexcept;

    std::vector<std::uint64_t> hashes_; ///< sorted; until there are too many
    std::vector<std::uint8_t> registers_;
};

} // namespace canhgac::storage
