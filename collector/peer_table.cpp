#include "collector/peer_table.hpp"

#include <algorithm>
#include <utility>

#include "common/ensure.hpp"

namespace canhgac::collector {

PeerTable::PeerTable(std::vector<SourceRule> rules)
    : rules_(std::move(rules)), peers_(std::make_unique<std::unique_ptr<const PeerInfo>[]>(kMaxPeers + 1)) {
    std::stable_sort(rules_.begin(), rules_.end(), [](const SourceRule& a, const SourceRule& b) {
        return a.network.prefix_bits > b.network.prefix_bits;
    });
}

PeerTable::~PeerTable() = default;

event::PeerId PeerTable::intern(const common::IpAddress& address, std::string_view subject) {
    const common::IpAddress plain = common::unmapped(address);
    PeerInfo info;
    info.address = common::to_string(plain);
    info.subject = subject;
    info.name = subject.empty() ? info.address : std::string(subject);
    const auto rule =
        std::find_if(rules_.begin(), rules_.end(), [&plain](const SourceRule& r) { return r.network.contains(plain); });
    if (rule != rules_.end()) {
        info.organization = rule->organization;
        info.service = rule->service;
        if (rule->level != 0) { info.level = std::to_string(rule->level); }
        info.zone_offset_seconds = rule->zone_offset_seconds;
        info.trusted_logsource = rule->trusted_logsource;
        info.trusted_hosts = rule->trusted_hosts;
        info.registered = true;
    }
    std::string key = info.address + '\n' + info.subject;
    return add(std::move(key), std::move(info));
}

event::PeerId PeerTable::intern_local(std::string_view name) {
    PeerInfo info;
    info.name = name;
    return add("local\n" + std::string(name), std::move(info));
}

event::PeerId PeerTable::add(std::string key, PeerInfo info) {
    const std::lock_guard lock(mutex_);
    if (const auto found = ids_.find(key); found != ids_.end()) { return found->second; }
    std::uint32_t index = size_.load(std::memory_order_relaxed);
    if (index >= kMaxPeers) {
        index = kMaxPeers;
        if (peers_[index] == nullptr) {
            PeerInfo overflow;
            overflow.name = "overflow";
            peers_[index] = std::make_unique<const PeerInfo>(std::move(overflow));
            size_.store(kMaxPeers + 1, std::memory_order_release);
        }
        return event::PeerId{kMaxPeers};
    }
    peers_[index] = std::make_unique<const PeerInfo>(std::move(info));
    size_.store(index + 1, std::memory_order_release);
    ids_.emplace(std::move(key), event::PeerId{index});
    return event::PeerId{index};
}

const PeerInfo& PeerTable::info(event::PeerId id) const noexcept {
    const auto index = static_cast<std::uint32_t>(id);
    common::ensure(index < size(), "a peer id that no peer table gave out");
    return *peers_[index];
}

} // namespace canhgac::collector
