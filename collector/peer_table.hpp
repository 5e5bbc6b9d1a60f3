/// Peers: who is at the other end of a connection, by address, client certificate or token, and what the configuration
/// says of them. A peer carries trust, tenant and time zone; host names inside the messages only name reporters under
/// it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/ip.hpp"
#include "event/record.hpp"

namespace canhgac::collector {

/// One line of the source table of the configuration. The most specific matching network wins.
struct SourceRule {
    common::IpNetwork network;
    std::string organization; ///< agency
    std::string service;      ///< information system
    std::uint8_t level = 0;   ///< 1..5; 0 = not approved yet
    int zone_offset_seconds = 7 * 3600;
    bool trusted_logsource = false;
    bool trusted_hosts = false; ///< a relay: the hosts it names are looked up in the asset inventory
};

/// Immutable once made.
struct PeerInfo {
    std::string name;    ///< as the ledger shows it: certificate subject or token name, else the address
    std::string address; ///< textual IP address; empty for files
    std::string subject; ///< TLS client certificate subject; empty without one
    std::string organization = "unregistered";
    std::string service;
    std::string level; ///< "1".."5" or empty
    int zone_offset_seconds = 7 * 3600;
    bool trusted_logsource = false;
    bool trusted_hosts = false;
    bool registered = false;
};

/// Thread safe; info() takes no lock. Bounded at kMaxPeers: later ones share the entry "overflow".
class PeerTable {
public:
    static constexpr std::uint32_t kMaxPeers = 65'536;

    explicit PeerTable(std::vector<SourceRule> rules = {});
    ~PeerTable();
    PeerTable(const PeerTable&) = delete;
    PeerTable& operator=(const PeerTable&) = delete;

    /// The peer at an address (unmapped first), with the subject of its certificate or the name of its token, if any.
    [[nodiscard]] event::PeerId intern(const common::IpAddress& address, std::string_view subject = {});
    /// A peer that is not on the network: a file, a test.
    [[nodiscard]] event::PeerId intern_local(std::string_view name);
    /// `id` must come from this table. The reference lives as long as the table.
    [[nodiscard]] const PeerInfo& info(event::PeerId id) const noexcept;
    [[nodiscard]] std::uint32_t size() const noexcept { return size_.load(std::memory_order_acquire); }

private:
    [[nodiscard]] event::PeerId add(std::string key, PeerInfo info);

    std::vector<SourceRule> rules_; ///< longest prefix first
    std::unique_ptr<std::unique_ptr<const PeerInfo>[]> peers_;
    std::atomic<std::uint32_t> size_{0};
    std::mutex mutex_;
    std::unordered_map<std::string, event::PeerId> ids_; ///< guarded by mutex_
};

} // namespace canhgac::collector
