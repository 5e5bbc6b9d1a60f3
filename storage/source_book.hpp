/// The registry of sources: persistent ids, bounded, with totals that are committed with the events.
#pragma once

#include <cstdint>
#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/store.hpp"

namespace canhgac::storage {

/// What one batch adds to a source. Event times only grow totals, never shrink them.
struct SourceDelta {
    std::uint32_t id = 0;
    event::SourceTotals add; ///< counts to add; last_* to take the maximum with
};

/// Thread safe. Ids count from 1. New entries are durable before or with the first events that name them: the committer
/// writes take_pending() with every commit.
class SourceBook final : public event::SourceRegistry {
public:
    static constexpr std::uint32_t kLimit = 65'536;
    /// Of them kept for the overflow entries of peers; the last one is everybody's.
    static constexpr std::uint32_t kOverflowEntries = 1'024;
    /// Reporter (and, for everybody's, peer) of an overflow entry.
    static constexpr std::string_view kOverflowName = "(overflow)";

    [[nodiscard]] event::SourceId intern(const event::SourceKey& key, common::Nanos now) override;
    [[nodiscard]] std::vector<event::SourceEntry> sources() const override;
    [[nodiscard]] event::SourceTotals totals(event::SourceId id) const override;

    /// "peer" or "peer/reporter"; empty for an id never given out.
    [[nodiscard]] std::string name(std::uint32_t id) const;

    /// Stored form, column family `sources`: 'k' id u32 -> entry, 't' id u32 -> totals.
    struct Write {
        std::string key;
        std::string value;
    };
    /// Entries not written yet; confirm() with the same `up_to` once they are durable.
    [[nodiscard]] std::vector<Write> pending(std::uint32_t& up_to) const;
    void confirm(std::uint32_t up_to);
    /// The totals after adding `deltas`; apply() does it in memory once they are durable.
    [[nodiscard]] std::vector<Write> totals_with(const std::vector<SourceDelta>& deltas) const;
    void apply(const std::vector<SourceDelta>& deltas);
    /// Start-up: takes one stored pair; false if damaged.
    [[nodiscard]] bool restore(std::string_view key, std::string_view value);

private:
    struct Hash {
        std::size_t operator()(const std::pair<std::string, std::string>& key) const noexcept {
            return std::hash<std::string>()(key.first) * 31 + std::hash<std::string>()(key.second);
        }
    };
    [[nodiscard]] event::SourceId add_locked(std::string peer, std::string reporter, common::Nanos now);

    mutable std::shared_mutex mutex_;
    std::vector<event::SourceEntry> entries_; ///< id - 1
    std::vector<event::SourceTotals> totals_; ///< id - 1
    std::unordered_map<std::pair<std::string, std::string>, std::uint32_t, Hash> ids_;
    std::uint32_t plain_ = 0;     ///< entries that are not overflow entries
    std::uint32_t overflow_ = 0;  ///< overflow entries of peers
    std::uint32_t confirmed_ = 0; ///< ids up to here are on disk
};

} // namespace canhgac::storage
