/// What a proof of the stored events against the hash chain is asked, and what it found (DESIGN 7, "Tamper evidence").
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "storage/order.hpp"

namespace canhgac::storage {

struct VerifyReport;

struct VerifyOptions {
    /// Commit times [from, to): the events of other batches are not read. The chain itself is walked as a whole.
    common::Nanos from = std::numeric_limits<common::Nanos>::min();
    common::Nanos to = std::numeric_limits<common::Nanos>::max();
    /// To go on with a proof that was ended: VerifyReport::reached and ::head. Events up to there are not read again.
    std::uint64_t after = 0;
    std::string after_head{};
    const std::atomic<bool>* cancelled = nullptr; ///< ends it before the next batch
    /// Called about twice a second, on the calling thread, with what was found so far.
    std::function<void(const VerifyReport&)> progress{};
};

struct VerifyReport {
    std::uint64_t batches = 0; ///< chain records walked
    std::uint64_t total = 0;   ///< there were when it began
    std::uint64_t skipped = 0; ///< of those walked, whose events were not read: outside of the range, or proven before
    std::uint64_t events = 0;  ///< events whose leaves were recomputed
    std::uint64_t expired = 0; ///< batches gone because their days were dropped
    std::uint64_t signed_heads = 0;
    std::uint64_t first_bad_seq = 0; ///< 0: everything holds
    std::string problem{};           ///< of first_bad_seq, for people
    std::uint64_t reached = 0;       ///< the last batch that holds
    std::string head{};              ///< its head in hexadecimal: to be noted elsewhere
    bool cancelled = false;
    std::uint64_t held = 0;      ///< events under legal hold whose copies were proven
    std::vector<Order> orders{}; ///< that hold: who had which day forgotten, when and why
};

} // namespace canhgac::storage
