#include "storage/query/exec/quantile_sketch.hpp"

#include <algorithm>
#include <cmath>

namespace canhgac::storage {

namespace {

constexpr double kGrowth = (1.0 + kQuantileError) / (1.0 - kQuantileError);
constexpr std::size_t kBucketBytes = 64; ///< a node of the map
constexpr double kSmallest = 1e-300;     ///< nearer to zero is zero

std::int32_t bucket_of(double size) noexcept {
    return static_cast<std::int32_t>(std::ceil(std::log(size) / std::log(kGrowth)));
}
/// Within kQuantileError of every value in the bucket.
double middle_of(std::int32_t bucket) noexcept {
    return 2.0 * std::exp(bucket * std::log(kGrowth)) / (kGrowth + 1.0);
}

} // namespace

std::size_t QuantileSketch::add(double value) {
    ++count_;
    if (count_ <= kExactQuantile) {
        const std::size_t before = values_.capacity();
        values_.push_back(value);
        return (values_.capacity() - before) * sizeof value;
    }
    std::size_t grown = 0;
    for (const double known : values_) {
        grown += bucket(known);
    }
    values_ = {};
    return grown + bucket(value);
}

std::size_t QuantileSketch::bucket(double value) {
    const double size = std::fabs(value);
    if (size < kSmallest) {
        ++zeros_;
        return 0;
    }
    auto& buckets = value < 0.0 ? below_ : above_;
    const auto [at, is_new] = buckets.try_emplace(bucket_of(size), 0);
    ++at->second;
    return is_new ? kBucketBytes : 0;
}

double QuantileSketch::quantile(double fraction) const {
    if (count_ == 0) { return 0.0; }
    auto rank = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
    rank = std::clamp<std::uint64_t>(rank, 1, count_);
    if (count_ <= kExactQuantile) {
        std::vector<double> sorted = values_;
        const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(rank - 1);
        std::nth_element(sorted.begin(), nth, sorted.end());
        return *nth;
    }
    for (auto bucket = below_.rbegin(); bucket != below_.rend(); ++bucket) {
        if (rank <= bucket->second) { return -middle_of(bucket->first); }
        rank -= bucket->second;
    }
    if (rank <= zeros_) { return 0.0; }
    rank -= zeros_;
    for (const auto& [bucket, count] : above_) {
        if (rank <= count) { return middle_of(bucket); }
        rank -= count;
    }
    return above_.empty() ? 0.0 : middle_of(above_.rbegin()->first);
}

} // namespace canhgac::storage
