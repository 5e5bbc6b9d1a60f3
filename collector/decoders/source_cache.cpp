#include "collector/decoders/source_cache.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace canhgac::collector {

SourceCache::SourceCache(const PeerTable& peers, event::SourceRegistry* registry)
    : peers_(&peers), registry_(registry), slots_(256, nullptr) {}

const CachedSource& SourceCache::find(event::PeerId peer, std::string_view reporter, common::Nanos now) {
    if (reporter.size() > kMaxReporterBytes) {
        std::size_t size = kMaxReporterBytes;
        while (size > 0 && (static_cast<unsigned char>(reporter[size]) & 0xC0U) == 0x80U) { // not inside a character
            --size;
        }
        reporter = reporter.substr(0, size);
    }
    const std::uint64_t hash = XXH3_64bits_withSeed(reporter.data(), reporter.size(), static_cast<std::uint64_t>(peer));
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at] != nullptr) {
        const CachedSource& source = *slots_[at];
        if (source.hash == hash && source.peer == peer && source.reporter == reporter) { return source; }
        at = (at + 1) & mask;
    }
    if (sources_.size() >= kMaxSources && !reporter.empty()) { return find(peer, {}, now); }
    if (sources_.size() * 2 >= slots_.size()) {
        grow();
        return find(peer, reporter, now);
    }
    CachedSource source;
    source.hash = hash;
    source.peer = peer;
    source.reporter = reporter;
    const PeerInfo& info = peers_->info(peer);
    source.ledger_name = info.name;
    if (!reporter.empty()) {
        source.ledger_name += '/';
        source.ledger_name += reporter;
    }
    if (registry_ != nullptr) { source.id = registry_->intern({info.name, std::string(reporter)}, now); }
    slots_[at] = &sources_.emplace_back(std::move(source));
    return sources_.back();
}

void SourceCache::grow() {
    slots_.assign(slots_.size() * 2, nullptr);
    const std::size_t mask = slots_.size() - 1;
    for (const CachedSource& source : sources_) {
        std::size_t at = source.hash & mask;
        while (slots_[at] != nullptr) {
            at = (at + 1) & mask;
        }
        slots_[at] = &source;
    }
}

} // namespace canhgac::collector
