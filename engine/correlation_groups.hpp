/// The groups of all correlations: found by key, and in the order in which they were last fed. Internal to the
/// correlator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.hpp"
#include "engine/correlation_window.hpp"
#include "event/batch.hpp"

namespace canhgac::engine {

/// An episode that goes on.
struct CorrelationEpisode {
    bool firing = false;
    common::Nanos from = 0;
    common::Nanos to = 0;
    std::uint64_t count = 0;
    std::vector<event::EventId> listed;
};

struct CorrelationGroup {
    CorrelationGroup(const CorrelationRule& rule, std::uint32_t of) : correlation(of), window(rule) {}

    const std::string* key = nullptr; ///< of the table's entry
    CorrelationGroup* older = nullptr;
    CorrelationGroup* newer = nullptr;
    common::Nanos fed = 0;                       ///< receive time of the newest detection
    std::unique_ptr<CorrelationEpisode> episode; ///< once there was one
    std::uint64_t turn = 0;                      ///< when it was last fed, counted in feedings of all groups
    std::uint32_t correlation = 0;
    std::uint32_t waiting = 0;     ///< events to be decided
    std::size_t waiting_bytes = 0; ///< of what is kept for them
    std::size_t bytes = 0;         ///< as accounted
    CorrelationWindow window;
};

struct SeededHash {
    using is_transparent = void; // NOLINT(readability-identifier-naming)
    std::uint64_t seed = 0;
    std::size_t operator()(std::string_view key) const noexcept { return seeded_hash(key, seed); }
};
using CorrelationTable = std::unordered_map<std::string, CorrelationGroup, SeededHash, std::equal_to<>>;

/// The groups of one correlation, least recently fed first. Links only; groups are owned by their tables.
class FedOrder {
public:
    [[nodiscard]] CorrelationGroup* oldest() const noexcept { return oldest_; }
    void append(CorrelationGroup& group) noexcept {
        group.older = newest_;
        group.newer = nullptr;
        (newest_ != nullptr ? newest_->newer : oldest_) = &group;
        newest_ = &group;
    }
    void remove(CorrelationGroup& group) noexcept {
        (group.older != nullptr ? group.older->newer : oldest_) = group.newer;
        (group.newer != nullptr ? group.newer->older : newest_) = group.older;
    }
    void touch(CorrelationGroup& group) noexcept {
        if (newest_ == &group) { return; }
        remove(group);
        append(group);
    }

private:
    CorrelationGroup* oldest_ = nullptr;
    CorrelationGroup* newest_ = nullptr;
};

} // namespace canhgac::engine
