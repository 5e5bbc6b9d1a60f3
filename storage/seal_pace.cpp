#include "storage/seal_pace.hpp"

#include <algorithm>

namespace canhgac::storage {

namespace {

constexpr double kNewestWeight = 0.5;
constexpr double kMostOfSpeed = 2;
constexpr double kLeastOfSpeed = 0.25; ///< senders are slowed, never stopped

} // namespace

void SealPace::sealed(std::uint64_t rows, common::Nanos took) noexcept {
    if (rows == 0 || took <= 0) { return; }
    const double speed = static_cast<double>(rows) * common::kSecond / static_cast<double>(took);
    per_second_ = per_second_ == 0 ? speed : per_second_ + (speed - per_second_) * kNewestWeight;
}

double SealPace::limit(std::uint64_t waiting) const noexcept {
    const std::uint64_t begin = kPaceRuns * rows_;
    if (waiting < begin || per_second_ == 0) { return 0; }
    const double span = static_cast<double>((kFullRuns - kPaceRuns) * rows_);
    const double share = kMostOfSpeed - static_cast<double>(waiting - begin) / span;
    return per_second_ * std::max(share, kLeastOfSpeed);
}

} // namespace canhgac::storage
