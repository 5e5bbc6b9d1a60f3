#include "storage/query/exec/sequence_matcher.hpp"

#include <algorithm>
#include <utility>

namespace canhgac::storage {

namespace {

constexpr std::size_t kFirstCompaction = 65'536; ///< links

} // namespace

SequenceMatcher::SequenceMatcher(std::vector<std::uint32_t> positions, common::Nanos span)
    : positions_(std::move(positions)), span_(span), chains_(positions_.size()), compact_at_(kFirstCompaction) {}

void SequenceMatcher::reset() noexcept {
    std::fill(chains_.begin(), chains_.end(), Chain{});
    links_.clear();
}

bool SequenceMatcher::add(std::uint32_t event, common::Nanos time, std::uint32_t parts,
                          std::vector<std::uint32_t>& match) {
    for (std::size_t i = positions_.size(); i-- > 0;) { // from behind: an event takes one place of a chain
        if ((parts >> positions_[i] & 1U) == 0) { continue; }
        Chain next{kNone, time};
        std::uint32_t before = kNone;
        if (i > 0) {
            Chain& shorter = chains_[i - 1];
            if (shorter.last == kNone) { continue; }
            const auto apart = static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(shorter.start);
            if (apart > static_cast<std::uint64_t>(span_)) {
                shorter = {};
                continue;
            }
            before = shorter.last;
            next.start = shorter.start;
        }
        next.last = static_cast<std::uint32_t>(links_.size());
        links_.push_back({event, before});
        if (i + 1 < positions_.size()) {
            chains_[i] = next;
            continue;
        }
        match.clear();
        for (std::uint32_t link = next.last; link != kNone; link = links_[link].before) {
            match.push_back(links_[link].event);
        }
        std::reverse(match.begin(), match.end());
        reset();
        return true;
    }
    if (links_.size() > compact_at_) { compact(); }
    return false;
}

/// Keeps the links that chains are made of.
void SequenceMatcher::compact() {
    std::vector<Link> kept;
    std::vector<std::uint32_t> events;
    for (Chain& chain : chains_) {
        if (chain.last == kNone) { continue; }
        events.clear();
        for (std::uint32_t link = chain.last; link != kNone; link = links_[link].before) {
            events.push_back(links_[link].event);
        }
        std::uint32_t before = kNone;
        for (auto each = events.rbegin(); each != events.rend(); ++each) {
            kept.push_back({*each, before});
            before = static_cast<std::uint32_t>(kept.size() - 1);
        }
        chain.last = before;
    }
    links_ = std::move(kept);
    compact_at_ = std::max(kFirstCompaction, 4 * links_.size());
}

} // namespace canhgac::storage
