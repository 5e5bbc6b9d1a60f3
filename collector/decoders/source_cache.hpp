/// (peer, reporter) -> source, per worker: the registry is asked once a pair, not once an event.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "collector/peer_table.hpp"
#include "event/store.hpp"

namespace canhgac::collector {

struct CachedSource {
    std::uint64_t hash = 0;
    event::PeerId peer{};
    std::string reporter;
    std::string ledger_name; ///< "peer" or "peer/reporter", as the event field log.source has it
    event::SourceId id{};
};

/// Not thread safe. Bounded at kMaxSources pairs; beyond, all reporters of a peer share the peer's own entry.
class SourceCache {
public:
    static constexpr std::size_t kMaxSources = 65'536;
    static constexpr std::size_t kMaxReporterBytes = 255; ///< a longer reporter is cut (DNS names are shorter)

    /// `registry` may be null: then every source is SourceId 0. All outlive the cache.
    SourceCache(const PeerTable& peers, event::SourceRegistry* registry);
    /// The reference lives as long as the cache.
    [[nodiscard]] const CachedSource& find(event::PeerId peer, std::string_view reporter, common::Nanos now);

private:
    void grow();

    const PeerTable* peers_;
    event::SourceRegistry* registry_;
    std::deque<CachedSource> sources_;
    std::vector<const CachedSource*> slots_; ///< open addressing, power of two
};

} // namespace canhgac::collector
