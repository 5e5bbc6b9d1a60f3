/// How fast batches may be acknowledged so that the journal stays small: as they come, and as fast as they are sealed
/// once many wait. Events a second of wall time.
#pragma once

#include <cstdint>

#include "common/clock.hpp"

namespace canhgac::storage {

/// Not thread safe: the sealing thread's.
class SealPace {
public:
    /// `rows`: of a full run.
    explicit SealPace(std::uint64_t rows) noexcept : rows_(rows) {}

    /// So many wait that sealing takes all the CPU time it gets.
    [[nodiscard]] bool hurries(std::uint64_t waiting) const noexcept { return waiting >= kHurryRuns * rows_; }
    /// One run done in a hurry, with the wall time from its start to its end.
    void sealed(std::uint64_t rows, common::Nanos took) noexcept;
    /// Events to acknowledge a second with so many waiting; 0 = no limit. Twice the speed of sealing where it begins,
    /// less the more wait, so that as many come as go before kFullRuns are exceeded by much.
    [[nodiscard]] double limit(std::uint64_t waiting) const noexcept;

    static constexpr std::uint64_t kHurryRuns = 16;
    static constexpr std::uint64_t kPaceRuns = 24;
    static constexpr std::uint64_t kFullRuns = 32;

private:
    std::uint64_t rows_;
    double per_second_ = 0; ///< of the last runs; 0 = not known yet
};

} // namespace canhgac::storage
