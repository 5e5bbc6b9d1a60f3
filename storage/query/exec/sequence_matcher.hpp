/// Events in a given order within a given time, in one pass. For each position of the sequence the chain of events up
/// to there whose first event is the latest is kept: if any chain can be completed in time, this one can. So every
/// match is found whose last event comes first; then all chains are dropped, so that no event is in two matches.
#pragma once

#include <cstdint>
#include <vector>

#include "common/clock.hpp"

namespace canhgac::storage {

/// Not thread safe.
class SequenceMatcher {
public:
    /// `positions`: the part that each event of a match has to fit, e.g. 0 0 0 1 for three of part 0, then part 1; not
    /// empty. Last and first event are at most `span` apart.
    SequenceMatcher(std::vector<std::uint32_t> positions, common::Nanos span);

    /// Takes the next event in order of time: number `event`, which fits the parts whose bits are set. True: it ends a
    /// match, whose events are in `match`, in order.
    bool add(std::uint32_t event, common::Nanos time, std::uint32_t parts, std::vector<std::uint32_t>& match);
    /// Drops all chains.
    void reset() noexcept;
    /// Bytes held; at most a few MiB.
    [[nodiscard]] std::size_t bytes() const noexcept { return links_.capacity() * sizeof(Link); }

private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    struct Link {
        std::uint32_t event;
        std::uint32_t before; ///< into links_
    };
    struct Chain {
        std::uint32_t last = kNone; ///< into links_; kNone: there is no chain
        common::Nanos start = 0;
    };
    void compact();

    std::vector<std::uint32_t> positions_;
    common::Nanos span_;
    std::vector<Chain> chains_; ///< one a position
    std::vector<Link> links_;
    std::size_t compact_at_;
};

} // namespace canhgac::storage
