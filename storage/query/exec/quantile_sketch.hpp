/// Percentiles: exact (nearest rank) up to kExactQuantile values, beyond that within 1 % of the value that has the
/// rank, by buckets whose borders grow by a constant factor (Masson, Rim, Lee, "DDSketch", VLDB 2019), never collapsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace canhgac::storage {

inline constexpr std::size_t kExactQuantile = 1'024;
inline constexpr double kQuantileError = 0.01; ///< relative

/// Not thread safe.
class QuantileSketch {
public:
    /// `value` is finite. Bytes by which it grew.
    std::size_t add(double value);
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// The value of rank ceil(fraction * count), at least 1; 0 if there are none.
    [[nodiscard]] double quantile(double fraction) const;

private:
    std::size_t bucket(double value);

    std::uint64_t count_ = 0;
    std::vector<double> values_;                  ///< until there are too many
    std::map<std::int32_t, std::uint64_t> below_; ///< of negative values, by the bucket of their size
    std::map<std::int32_t, std::uint64_t> above_;
    std::uint64_t zeros_ = 0;
};

} // namespace canhgac::storage
