#include "collector/listeners/udp_listener.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "collector/listeners/udp_socket.hpp"
#include "net/address.hpp"

namespace canhgac::collector {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kIdleWait{100};
constexpr std::chrono::milliseconds kSinkRetry{1};
constexpr std::size_t kMaxCachedSenders = 65'536;

std::string_view without_line_end(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) {
        text.remove_suffix(1);
    }
    return text;
}

struct AddressHash {
    std::size_t operator()(const common::IpAddress& address) const noexcept {
        std::uint64_t halves[2];
        std::memcpy(halves, address.bytes.data(), sizeof halves);
        return static_cast<std::size_t>((halves[0] * 0x9E3779B97F4A7C15U) ^
                                        (halves[1] + 0x7F4A7C15U) * 0xC2B2AE3D27D4EB4FU);
    }
};

struct Sender {
    event::PeerId peer{};
    PeerCounters* counters = nullptr;
    bool allowed = false;
};

/// How many records of each peer a batch holds.
struct Share {
    PeerCounters* counters = nullptr;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
};

/// One thread with its own socket.
class Worker {
public:
    Worker(const UdpListenerConfig& config, const ListenerServices& services, ListenerLedger& ledger,
           const PlaintextPolicy& plaintext, UdpSocket socket)
        : config_(config), services_(services), ledger_(ledger), plaintext_(plaintext), socket_(std::move(socket)) {}

    void start() {
        thread_ = std::thread([this] { run(); });
        pthread_setname_np(thread_.native_handle(), "syslog-udp");
    }
    void ask_stop() { stop_.store(true, std::memory_order_relaxed); }
    void join() {
        if (thread_.joinable()) { thread_.join(); }
    }

private:
    void run();
    void drain();
    void take(const UdpSocket::Datagram& datagram);
    void count_drops();
    void flush();
    void submit(std::unique_ptr<event::RecordBatch> batch, const std::vector<Share>& shares);
    Sender& sender(const common::IpAddress& address);
    [[nodiscard]] std::chrono::milliseconds wait_time() const;

    const UdpListenerConfig& config_;
    const ListenerServices services_;
    ListenerLedger& ledger_;
    const PlaintextPolicy& plaintext_;
    UdpSocket socket_;
    std::atomic<bool> stop_{false};
    std::thread thread_;

    std::unordered_map<common::IpAddress, Sender, AddressHash> senders_;
    std::unique_ptr<event::RecordBatch> batch_ = std::make_unique<event::RecordBatch>();
    std::vector<Share> shares_;
    SteadyClock::time_point first_{}; ///< when the oldest datagram of the batch came
    std::size_t last_bytes_ = 0;      ///< of the batch before: room for the next one
    std::size_t last_records_ = 0;
};

Sender& Worker::sender(const common::IpAddress& address) {
    const auto found = senders_.find(address);
    if (found != senders_.end()) { return found->second; }
    if (senders_.size() >= kMaxCachedSenders) { senders_.clear(); } // forged addresses must not fill memory
    Sender made;
    made.allowed = plaintext_.allows(address);
    // Those who may not speak share one entry in the table of peers: it is bounded, and addresses can be forged.
    made.peer = made.allowed ? services_.peers.intern(address) : services_.peers.intern_local("refused senders");
    made.counters = &ledger_.peer(made.peer);
    return senders_.emplace(address, made).first->second;
}

void Worker::take(const UdpSocket::Datagram& datagram) {
    const Sender& from = sender(datagram.from);
    if (!from.allowed) {
        ledger_.refused(datagram.from, Refused::not_allowed);
        ledger_.received(*from.counters, 1, datagram.bytes.size());
        ledger_.rejected(*from.counters, Rejected::not_allowed, 1);
        return;
    }
    const std::string_view text = without_line_end(datagram.bytes);
    if (text.empty()) {
        ledger_.received(*from.counters, 1, 0);
        ledger_.rejected(*from.counters, Rejected::empty, 1);
        return;
    }
    if (batch_->bytes.size() + text.size() > event::kBatchBytes) { flush(); }
    if (batch_->records.empty()) {
        first_ = SteadyClock::now();
        batch_->received = services_.clock.now();
        batch_->bytes.reserve(last_bytes_);
        batch_->records.reserve(last_records_);
    }
    event::Record record;
    record.offset = static_cast<std::uint32_t>(batch_->bytes.size());
    record.size = static_cast<std::uint32_t>(text.size());
    record.peer = from.peer;
    batch_->bytes.append(text);
    batch_->records.push_back(record);
    if (shares_.empty() || shares_.back().counters != from.counters) { shares_.push_back({from.counters, 0, 0}); }
    ++shares_.back().records;
    shares_.back().bytes += text.size();
}

void Worker::flush() {
    if (batch_->records.empty()) { return; }
    last_bytes_ = batch_->bytes.size();
    last_records_ = batch_->records.size();
    std::unique_ptr<event::RecordBatch> full = std::exchange(batch_, std::make_unique<event::RecordBatch>());
    const std::vector<Share> shares = std::exchange(shares_, {});
    full->protocol = event::Protocol::syslog_udp;
    for (const Share& share : shares) {
        ledger_.received(*share.counters, share.records, share.bytes);
    }
    submit(std::move(full), shares);
}

void Worker::submit(std::unique_ptr<event::RecordBatch> batch, const std::vector<Share>& shares) {
    batch->done = [&ledger = ledger_, shares](bool durable) {
        for (const Share& share : shares) {
            if (durable) {
                ledger.committed(*share.counters, share.records);
            } else {
                ledger.rejected(*share.counters, Rejected::store_refused, share.records);
            }
        }
    };
    std::optional<SteadyClock::time_point> give_up;
    while (!services_.sink.try_submit(batch)) {
        // Not reading meanwhile: the kernel's buffer takes what comes, and counts what it drops.
        if (stop_.load(std::memory_order_relaxed)) {
            if (!give_up) { give_up = SteadyClock::now() + config_.drain_limit; }
            if (SteadyClock::now() >= *give_up) {
                for (const Share& share : shares) {
                    ledger_.rejected(*share.counters, Rejected::stopping, share.records);
                }
                return;
            }
        }
        std::this_thread::sleep_for(kSinkRetry);
    }
}

void Worker::count_drops() {
    if (const std::uint64_t drops = socket_.new_drops(); drops != 0) { ledger_.kernel_drops(drops); }
}

std::chrono::milliseconds Worker::wait_time() const {
    if (batch_->records.empty()) { return kIdleWait; }
    const auto left = first_ + config_.max_wait - SteadyClock::now();
    return std::max(std::chrono::milliseconds{0}, std::chrono::ceil<std::chrono::milliseconds>(left));
}

void Worker::run() {
    while (!stop_.load(std::memory_order_relaxed)) {
        const std::span<const UdpSocket::Datagram> datagrams = socket_.receive();
        for (const UdpSocket::Datagram& datagram : datagrams) {
            take(datagram);
        }
        if (datagrams.size() == UdpSocket::kBatch) {
            if (!batch_->records.empty() && SteadyClock::now() >= first_ + config_.max_wait) { flush(); }
            continue;
        }
        if (!batch_->records.empty() && wait_time().count() == 0) { flush(); }
        count_drops();
        socket_.wait(wait_time());
    }
    drain();
}

/// What the socket already holds is evidence too.
void Worker::drain() {
    const auto until = SteadyClock::now() + config_.drain_limit;
    while (SteadyClock::now() < until) {
        const std::span<const UdpSocket::Datagram> datagrams = socket_.receive();
        if (datagrams.empty()) { break; }
        for (const UdpSocket::Datagram& datagram : datagrams) {
            take(datagram);
        }
    }
    flush();
    count_drops();
    socket_.close();
}

} // namespace

struct UdpListener::Impl {
    Impl(UdpListenerConfig settings, const ListenerServices& given)
        : config(std::move(settings)), services(given), ledger(given.ledger.listener(config.name)),
          address(net::parse_bind_address(config.address)),
          plaintext(config.name, address, false, config.plaintext_from) {
        port = config.port;
        for (std::uint32_t i = 0; i < std::max(config.threads, 1U); ++i) {
            UdpSocket socket(config.name, address, port, config.receive_buffer_bytes);
            port = socket.port();
            if (i == 0 && socket.receive_buffer_bytes() < config.receive_buffer_bytes) {
                services.log.warning("{}: the kernel gives a receive buffer of {} bytes instead of {}; raise "
                                     "net.core.rmem_max to lose less in bursts",
                                     config.name, socket.receive_buffer_bytes(), config.receive_buffer_bytes);
            }
            workers.push_back(std::make_unique<Worker>(config, services, ledger, plaintext, std::move(socket)));
        }
    }

    const UdpListenerConfig config;
    const ListenerServices services;
    ListenerLedger& ledger;
    const common::IpAddress address;
    const PlaintextPolicy plaintext;
    std::uint16_t port = 0;
    std::vector<std::unique_ptr<Worker>> workers;
};

UdpListener::UdpListener(UdpListenerConfig config, const ListenerServices& services)
    : impl_(std::make_unique<Impl>(std::move(config), services)) {}

UdpListener::~UdpListener() {
    stop();
}

void UdpListener::start() {
    for (const auto& worker : impl_->workers) {
        worker->start();
    }
}

std::uint16_t UdpListener::port() const noexcept {
    return impl_->port;
}

void UdpListener::stop() {
    for (const auto& worker : impl_->workers) {
        worker->ask_stop();
    }
    for (const auto& worker : impl_->workers) {
        worker->join();
    }
}

} // namespace canhgac::collector
