#include "collector/listeners/tcp_listener.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/error.hpp>

#include "event/schema.hpp"
#include "net/address.hpp"

namespace canhgac::collector {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kFirstBuffer = 16 * 1024;
constexpr std::size_t kSmallBatch = 16 * 1024; ///< below, a copy is cheaper than giving the buffer away
constexpr std::size_t kFrameSlack = 64;        ///< count, blank and the byte that proves a frame too long

/// The bytes of one connection between the socket and the batches. The buffer becomes the batch: frames are not copied.
class Intake {
public:
    Intake(const SyslogFramingLimits& limits, event::PeerId peer)
        : framer_(limits), largest_(std::max(event::kBatchBytes, limits.max_frame_bytes + kFrameSlack)), peer_(peer) {}

    /// Room to read into; never empty while full() is false.
    [[nodiscard]] std::span<char> room() {
        if (filled_ == bytes_.size()) { grow(); }
        return {bytes_.data() + filled_, bytes_.size() - filled_};
    }
    /// `bytes` more were read.
    void add(std::size_t bytes) {
        filled_ += bytes;
        want_ = filled_ == bytes_.size() ? std::min(event::kBatchBytes, want_ * 4) : want_;
        from_ = framer_.feed({bytes_.data(), filled_}, from_, peer_, records_);
    }
    /// Nothing follows.
    void finish() {
        framer_.finish({bytes_.data(), filled_}, from_, peer_, records_);
        from_ = filled_;
    }
    [[nodiscard]] bool full() const noexcept { return filled_ >= event::kBatchBytes; }
    [[nodiscard]] bool has_records() const noexcept { return !records_.empty(); }
    [[nodiscard]] bool mid_frame() const noexcept { return framer_.mid_frame(filled_ - from_); }
    [[nodiscard]] std::uint64_t discarded_bytes() const noexcept { return framer_.discarded_bytes(); }

    /// Moves the finished frames into a batch; what is unfinished stays.
    [[nodiscard]] std::unique_ptr<event::RecordBatch> take() {
        auto batch = std::make_unique<event::RecordBatch>();
        const std::size_t left = filled_ - from_;
        if (from_ <= kSmallBatch) {
            batch->bytes.assign(bytes_, 0, from_);
            std::memmove(bytes_.data(), bytes_.data() + from_, left);
            if (from_ < want_ / 8) { want_ = std::max(kFirstBuffer, want_ / 2); }
        } else {
            std::string next;
            next.resize(std::max(want_, left + kFirstBuffer));
            std::memcpy(next.data(), bytes_.data() + from_, left);
            bytes_.resize(from_);
            batch->bytes = std::exchange(bytes_, std::move(next));
        }
        batch->records = std::exchange(records_, {});
        records_.reserve(batch->records.size());
        from_ = 0;
        filled_ = left;
        return batch;
    }

private:
    void grow() {
        if (from_ != 0 && records_.empty()) {
            std::memmove(bytes_.data(), bytes_.data() + from_, filled_ - from_);
            filled_ -= from_;
            from_ = 0;
        }
        if (filled_ == bytes_.size()) {
            bytes_.resize(std::clamp(bytes_.size() * 2, want_, std::max(largest_, filled_ + kFirstBuffer)));
        }
    }

    SyslogFramer framer_;
    std::size_t largest_;
    event::PeerId peer_;
    std::string bytes_;
    std::vector<event::Record> records_;
    std::size_t from_ = 0;   ///< frames before this are cut
    std::size_t filled_ = 0; ///< bytes read
    std::size_t want_ = kFirstBuffer;
};

} // namespace

struct TcpListener::Impl final : net::StreamHandler {
    Impl(net::IoThreads& io, TcpListenerConfig settings, const ListenerServices& given)
        : config(std::move(settings)), services(given), ledger(given.ledger.listener(config.server.name)),
          plaintext(config.server.name, net::parse_bind_address(config.server.address), config.server.tls != nullptr,
                    config.plaintext_from),
          server(io, config.server, *this, given.log) {}

    bool admit(const common::IpAddress& peer) override { return plaintext.allows(peer); }
    void refused(const common::IpAddress& peer, net::RefusedConnection why) override;
    asio::awaitable<void> serve(std::shared_ptr<net::Stream> stream) override;
    [[nodiscard]] asio::awaitable<void> submit(net::Stream& stream, Intake& intake, PeerCounters& counters);

    const TcpListenerConfig config;
    const ListenerServices services;
    ListenerLedger& ledger;
    const PlaintextPolicy plaintext;
    net::StreamServer server;
};

void TcpListener::Impl::refused(const common::IpAddress& peer, net::RefusedConnection why) {
    switch (why) {
    case net::RefusedConnection::not_admitted:
        ledger.refused(peer, Refused::not_allowed);
        break;
    case net::RefusedConnection::tls_failed:
        ledger.refused(peer, Refused::tls_failed);
        break;
    default:
        ledger.refused(peer, Refused::too_many_connections);
        break;
    }
}

asio::awaitable<void> TcpListener::Impl::submit(net::Stream& stream, Intake& intake, PeerCounters& counters) {
    std::unique_ptr<event::RecordBatch> batch = intake.take();
    batch->protocol = config.server.tls ? event::Protocol::syslog_tls : event::Protocol::syslog_tcp;
    batch->received = services.clock.now();
    const std::size_t count = batch->records.size();
    std::uint64_t bytes = 0;
    std::uint64_t cut = 0;
    for (const event::Record& record : batch->records) {
        bytes += record.size;
        cut += (record.flags & event::flag::kTruncated) != 0 ? 1U : 0U;
    }
    ledger.received(counters, count, bytes);
    if (cut != 0) { ledger.truncated(counters, cut); }
    batch->done = ledger.settle(counters, count);
    auto give_up = std::chrono::steady_clock::time_point::max();
    while (!services.sink.try_submit(batch)) {
        // Not reading is the back-pressure: the sender's window fills.
        const auto now = std::chrono::steady_clock::now();
        if (stream.stopping() && give_up == std::chrono::steady_clock::time_point::max()) {
            give_up = now + config.max_sink_wait;
        }
        if (now >= give_up) {
            ledger.rejected(counters, Rejected::stopping, count);
            co_return;
        }
        co_await stream.pause(config.retry_sink);
    }
}

asio::awaitable<void> TcpListener::Impl::serve(std::shared_ptr<net::Stream> stream) {
    const event::PeerId peer = services.peers.intern(stream->peer_address(), stream->peer_subject());
    PeerCounters& counters = ledger.peer(peer);
    Intake intake(config.framing, peer);
    const net::Stream::Duration idle =
        config.idle_limit.count() == 0 ? net::Stream::Duration::max() : net::Stream::Duration(config.idle_limit);
    std::uint64_t discarded = 0;
    for (;;) {
        const bool mid_frame = intake.mid_frame();
        const net::IoResult got =
            co_await stream->read_some(intake.room(), mid_frame ? net::Stream::Duration(config.stall_limit) : idle);
        if (got.error) {
            if (got.error == asio::error::timed_out && mid_frame) {
                ledger.refused(stream->peer_address(), Refused::stalled);
            }
            break;
        }
        intake.add(got.bytes);
        if (intake.discarded_bytes() != discarded) {
            ledger.discarded(intake.discarded_bytes() - discarded);
            discarded = intake.discarded_bytes();
        }
        if (intake.has_records() && (intake.full() || !stream->readable_now())) {
            co_await submit(*stream, intake, counters);
        }
    }
    intake.finish();
    if (intake.has_records()) { co_await submit(*stream, intake, counters); }
}

TcpListener::TcpListener(net::IoThreads& io, TcpListenerConfig config, const ListenerServices& services)
    : impl_(std::make_unique<Impl>(io, std::move(config), services)) {}

TcpListener::~TcpListener() {
    stop();
}

void TcpListener::start() {
    impl_->server.start();
}

std::uint16_t TcpListener::port() const noexcept {
    return impl_->server.port();
}

std::uint32_t TcpListener::connections() const noexcept {
    return impl_->server.connections();
}

void TcpListener::stop() {
    impl_->server.stop();
}

} // namespace canhgac::collector
