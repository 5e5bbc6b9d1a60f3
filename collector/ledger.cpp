#include "collector/ledger.hpp"

#include <algorithm>

namespace canhgac::collector {
namespace {

constexpr std::array<std::string_view, kRejectedReasons> kRejectedNames = {"not_allowed", "empty", "overload",
                                                                           "store_refused", "stopping"};
constexpr std::array<std::string_view, kRefusedReasons> kRefusedNames = {
    "not_allowed", "bad_credential", "tls_failed", "too_many_connections",
    "bad_request", "wrong_type",     "too_large",  "stalled"};

std::uint64_t load(const std::atomic<std::uint64_t>& counter) noexcept {
    return counter.load(std::memory_order_acquire);
}

PeerLine line_of(const std::string& listener, const PeerInfo& info, const PeerCounters& counters) {
    PeerLine line;
    line.listener = listener;
    line.peer = info.name;
    // Ends first, received last: a record settled in between would otherwise be missing on the left.
    line.committed = load(counters.committed);
    std::uint64_t settled = line.committed;
    for (std::size_t i = 0; i < kRejectedReasons; ++i) {
        line.rejected[i] = load(counters.rejected[i]);
        settled += line.rejected[i];
    }
    line.received = load(counters.received);
    line.in_flight = line.received - settled;
    line.bytes = load(counters.bytes);
    line.truncated = load(counters.truncated);
    line.last_seen = counters.last_seen.load(std::memory_order_relaxed);
    return line;
}

} // namespace

std::string_view to_string(Rejected reason) noexcept {
    return kRejectedNames[static_cast<std::size_t>(reason)];
}

std::string_view to_string(Refused reason) noexcept {
    return kRefusedNames[static_cast<std::size_t>(reason)];
}

ListenerLedger::ListenerLedger(std::string name, const PeerTable& peers, const common::Clock& clock,
                               common::MetricsRegistry* metrics)
    : name_(std::move(name)), peer_table_(peers), clock_(clock) {
    if (metrics == nullptr) { return; }
    const common::Labels labels{{"listener", name_}};
    received_metric_ = metrics->counter("canhgac_received_records_total", "Records received, before decoding", labels);
    bytes_metric_ = metrics->counter("canhgac_received_bytes_total", "Bytes of the records received", labels);
    committed_metric_ =
        metrics->counter("canhgac_committed_records_total", "Records durable, duplicates included", labels);
    truncated_metric_ =
        metrics->counter("canhgac_truncated_records_total", "Records longer than the limit, cut", labels);
    kernel_drops_metric_ =
        metrics->counter("canhgac_kernel_drops_total", "Datagrams the kernel dropped before we read them", labels);
    in_flight_metric_ = metrics->gauge("canhgac_in_flight_records", "Records received and not settled yet", labels);
    for (std::size_t i = 0; i < kRejectedReasons; ++i) {
        rejected_metric_[i] = metrics->counter("canhgac_rejected_records_total", "Records received and not kept",
                                               {{"listener", name_}, {"reason", std::string(kRejectedNames[i])}});
    }
    for (std::size_t i = 0; i < kRefusedReasons; ++i) {
        refused_metric_[i] = metrics->counter("canhgac_refused_total", "Connections and requests turned away",
                                              {{"listener", name_}, {"reason", std::string(kRefusedNames[i])}});
    }
}

PeerCounters& ListenerLedger::peer(event::PeerId id) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<PeerCounters>& counters = peers_[id];
    if (counters == nullptr) { counters = std::make_unique<PeerCounters>(); }
    return *counters;
}

void ListenerLedger::received(PeerCounters& peer, std::uint64_t records, std::uint64_t bytes) noexcept {
    peer.received.fetch_add(records, std::memory_order_release);
    peer.bytes.fetch_add(bytes, std::memory_order_relaxed);
    peer.last_seen.store(clock_.now(), std::memory_order_relaxed);
    received_metric_.add(static_cast<double>(records));
    bytes_metric_.add(static_cast<double>(bytes));
    in_flight_metric_.add(static_cast<double>(records));
}

void ListenerLedger::rejected(PeerCounters& peer, Rejected reason, std::uint64_t records) noexcept {
    peer.rejected[static_cast<std::size_t>(reason)].fetch_add(records, std::memory_order_release);
    rejected_metric_[static_cast<std::size_t>(reason)].add(static_cast<double>(records));
    in_flight_metric_.add(-static_cast<double>(records));
}

void ListenerLedger::committed(PeerCounters& peer, std::uint64_t records) noexcept {
    peer.committed.fetch_add(records, std::memory_order_release);
    committed_metric_.add(static_cast<double>(records));
    in_flight_metric_.add(-static_cast<double>(records));
}

void ListenerLedger::truncated(PeerCounters& peer, std::uint64_t records) noexcept {
    peer.truncated.fetch_add(records, std::memory_order_relaxed);
    truncated_metric_.add(static_cast<double>(records));
}

void ListenerLedger::kernel_drops(std::uint64_t datagrams) noexcept {
    kernel_drops_.fetch_add(datagrams, std::memory_order_relaxed);
    kernel_drops_metric_.add(static_cast<double>(datagrams));
}

void ListenerLedger::discarded(std::uint64_t bytes) noexcept {
    discarded_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void ListenerLedger::refused(const common::IpAddress& address, Refused reason) {
    refused_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
    refused_metric_[static_cast<std::size_t>(reason)].add();
    std::string text = common::to_string(common::unmapped(address));
    const std::lock_guard lock(mutex_);
    auto found = refused_by_address_.find({text, reason});
    if (found == refused_by_address_.end()) {
        if (refused_by_address_.size() >= kMaxRefusedAddresses) { text = "other"; }
        found = refused_by_address_.try_emplace({std::move(text), reason}).first;
    }
    ++found->second.count;
    found->second.last_seen = clock_.now();
}

std::function<void(bool)> ListenerLedger::settle(PeerCounters& peer, std::uint64_t records) {
    return [this, &peer, records](bool durable) {
        if (durable) {
            committed(peer, records);
        } else {
            rejected(peer, Rejected::store_refused, records);
        }
    };
}

void ListenerLedger::snapshot(LedgerSnapshot& into) const {
    ListenerLine line;
    line.listener = name_;
    line.kernel_drops = load(kernel_drops_);
    line.discarded_bytes = load(discarded_bytes_);
    for (std::size_t i = 0; i < kRefusedReasons; ++i) {
        line.refused[i] = load(refused_[i]);
    }
    into.listeners.push_back(std::move(line));
    const std::lock_guard lock(mutex_);
    for (const auto& entry : peers_) {
        into.peers.push_back(line_of(name_, peer_table_.info(entry.first), *entry.second));
    }
    for (const auto& entry : refused_by_address_) {
        into.refused.push_back(
            {name_, entry.first.first, entry.first.second, entry.second.count, entry.second.last_seen});
    }
}

Ledger::Ledger(const PeerTable& peers, const common::Clock& clock, common::MetricsRegistry* metrics)
    : peer_table_(peers), clock_(clock), metrics_(metrics) {}

ListenerLedger& Ledger::listener(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(listeners_.begin(), listeners_.end(), [&name](const auto& page) { return page->name() == name; });
    if (found != listeners_.end()) { return **found; }
    listeners_.push_back(std::make_unique<ListenerLedger>(name, peer_table_, clock_, metrics_));
    return *listeners_.back();
}

LedgerSnapshot Ledger::snapshot() const {
    LedgerSnapshot out;
    const std::lock_guard lock(mutex_);
    for (const auto& page : listeners_) {
        page->snapshot(out);
    }
    return out;
}

} // namespace canhgac::collector
