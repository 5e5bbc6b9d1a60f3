/// The loss ledger: every record, as its protocol delimits it, is counted before anybody looks inside, and ends up in
/// exactly one place:
///
///     received = committed + rejected (by reason) + in flight          committed = stored + duplicates
///
/// The left side is counted here; stored and duplicates are committed with the events and come from
/// event::SourceRegistry under the same peer name (DESIGN section 5).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/peer_table.hpp"
#include "common/clock.hpp"
#include "common/ip.hpp"
#include "common/metrics.hpp"
#include "event/record.hpp"

namespace canhgac::collector {

/// Why a received record did not become an event.
enum class Rejected : std::uint8_t {
    not_allowed,   ///< a datagram of a plain-text sender outside plaintext_from; all such senders share one peer
    empty,         ///< a datagram without a byte
    overload,      ///< the queue stayed full; the client was told to come again (429)
    store_refused, ///< the store could not keep it (disk full)
    stopping,      ///< the program ended while the queue was full
};
inline constexpr std::size_t kRejectedReasons = 5;
[[nodiscard]] std::string_view to_string(Rejected reason) noexcept;

/// Why a connection or a request was turned away before it held any record.
enum class Refused : std::uint8_t {
    not_allowed,    ///< plain-text sender outside plaintext_from
    bad_credential, ///< 401: a shipper with a wrong key drops its data (PROTOCOLS 3.0 item 5)
    tls_failed,
    too_many_connections,
    bad_request, ///< HTTP that cannot be read, unknown path
    wrong_type,  ///< 406, 415: content type or coding
    too_large,   ///< 413: body or decompression ratio
    stalled,     ///< a frame or a request never came to its end
};
inline constexpr std::size_t kRefusedReasons = 8;
[[nodiscard]] std::string_view to_string(Refused reason) noexcept;

/// Counters of one peer at one listener. All relaxed atomics; lives as long as the ledger.
struct PeerCounters {
    std::atomic<std::uint64_t> received{0};  ///< records
    std::atomic<std::uint64_t> bytes{0};     ///< of those records, as framed
    std::atomic<std::uint64_t> committed{0}; ///< records durable, or known to be stored already
    std::array<std::atomic<std::uint64_t>, kRejectedReasons> rejected{};
    std::atomic<std::uint64_t> truncated{0}; ///< of `received`: longer than the limit and cut
    std::atomic<common::Nanos> last_seen{0};
};

struct PeerLine {
    std::string listener;
    std::string peer; ///< PeerInfo::name
    std::uint64_t received = 0;
    std::uint64_t bytes = 0;
    std::uint64_t committed = 0;
    std::array<std::uint64_t, kRejectedReasons> rejected{};
    std::uint64_t truncated = 0;
    std::uint64_t in_flight = 0; ///< received - committed - rejected, read in an order that never goes below zero
    common::Nanos last_seen = 0;
};

/// Datagrams the kernel dropped and connections turned away hold no record we could count: they stand beside the
/// equation, not in it.
struct ListenerLine {
    std::string listener;
    std::uint64_t kernel_drops = 0;
    std::uint64_t discarded_bytes = 0; ///< cut off records that were too long
    std::array<std::uint64_t, kRefusedReasons> refused{};
};

struct RefusedLine {
    std::string listener;
    std::string address; ///< "other" once kMaxRefusedAddresses are known
    Refused reason{};
    std::uint64_t count = 0;
    common::Nanos last_seen = 0;
};

struct LedgerSnapshot {
    std::vector<PeerLine> peers;
    std::vector<ListenerLine> listeners;
    std::vector<RefusedLine> refused;
};

class Ledger;

/// A listener's own page. Counting is thread safe and takes no lock, except peer() and refused().
class ListenerLedger {
public:
    ListenerLedger(std::string name, const PeerTable& peers, const common::Clock& clock,
                   common::MetricsRegistry* metrics);

    /// The counters of a peer; look up once per connection, or cache.
    [[nodiscard]] PeerCounters& peer(event::PeerId id);
    /// Counts records of one peer as received. Call before they are submitted.
    void received(PeerCounters& peer, std::uint64_t records, std::uint64_t bytes) noexcept;
    void rejected(PeerCounters& peer, Rejected reason, std::uint64_t records) noexcept;
    void committed(PeerCounters& peer, std::uint64_t records) noexcept;
    void truncated(PeerCounters& peer, std::uint64_t records) noexcept;
    void kernel_drops(std::uint64_t datagrams) noexcept;
    void discarded(std::uint64_t bytes) noexcept;
    void refused(const common::IpAddress& address, Refused reason);

    /// Makes `done` of a batch of one peer's records settle them: committed, or rejected as store_refused. The peer
    /// and this ledger must outlive the batch.
    [[nodiscard]] std::function<void(bool)> settle(PeerCounters& peer, std::uint64_t records);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    void snapshot(LedgerSnapshot& into) const;

    static constexpr std::size_t kMaxRefusedAddresses = 4096;

private:
    struct RefusedCount {
        std::uint64_t count = 0;
        common::Nanos last_seen = 0;
    };

    std::string name_;
    const PeerTable& peer_table_;
    const common::Clock& clock_;
    std::atomic<std::uint64_t> kernel_drops_{0};
    std::atomic<std::uint64_t> discarded_bytes_{0};
    std::array<std::atomic<std::uint64_t>, kRefusedReasons> refused_{};

    common::Counter received_metric_;
    common::Counter bytes_metric_;
    common::Counter committed_metric_;
    common::Counter truncated_metric_;
    common::Counter kernel_drops_metric_;
    common::Gauge in_flight_metric_;
    std::array<common::Counter, kRejectedReasons> rejected_metric_;
    std::array<common::Counter, kRefusedReasons> refused_metric_;

    mutable std::mutex mutex_;
    std::map<event::PeerId, std::unique_ptr<PeerCounters>> peers_;               ///< guarded by mutex_
    std::map<std::pair<std::string, Refused>, RefusedCount> refused_by_address_; ///< guarded by mutex_
};

/// All listeners' pages. Thread safe.
class Ledger {
public:
    /// `metrics` may be null (tests). Everything given must outlive the ledger.
    Ledger(const PeerTable& peers, const common::Clock& clock, common::MetricsRegistry* metrics = nullptr);

    /// The page of a listener, by its name in the configuration; made on first use, kept for ever.
    [[nodiscard]] ListenerLedger& listener(const std::string& name);
    [[nodiscard]] LedgerSnapshot snapshot() const;

private:
    const PeerTable& peer_table_;
    const common::Clock& clock_;
    common::MetricsRegistry* metrics_;
    mutable std::mutex mutex_;
    std::deque<std::unique_ptr<ListenerLedger>> listeners_; ///< guarded by mutex_
};

} // namespace canhgac::collector
