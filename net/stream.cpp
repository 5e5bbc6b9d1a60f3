#include "net/stream.hpp"

#include <algorithm>
#include <array>
#include <poll.h>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/address.hpp"
#include "net/awaitable.hpp"

namespace canhgac::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr Stream::Duration kForEver = std::chrono::hours(24 * 365);

Stream::TimePoint deadline_after(Stream::Duration limit) {
    return limit >= kForEver ? Stream::TimePoint::max() : std::chrono::steady_clock::now() + limit;
}

std::string certificate_subject(SSL* ssl) {
    X509* certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) { return {}; }
    BIO* text = BIO_new(BIO_s_mem());
    if (text == nullptr) { return {}; }
    // RFC 4514 order and escapes, but letters beyond ASCII as UTF-8.
    X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(text, &bytes);
    std::string out(bytes, static_cast<std::size_t>(std::max(size, 0L)));
    BIO_free(text);
    return out;
}

class PlainStream final : public Stream {
public:
    explicit PlainStream(tcp::socket socket) : Stream(socket), socket_(std::move(socket)) {}

    bool readable_now() override {
        ErrorCode error;
        return socket_.available(error) != 0;
    }
    std::string peer_subject() const override { return {}; }
    bool is_tls() const noexcept override { return false; }

protected:
    asio::awaitable<IoResult> do_read(std::span<char> into) override {
        auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), kTuple);
        co_return IoResult{error, bytes};
    }
    asio::awaitable<IoResult> do_write(std::string_view text) override {
        auto [error, bytes] = co_await asio::async_write(socket_, asio::buffer(text.data(), text.size()), kTuple);
        co_return IoResult{error, bytes};
    }
    asio::awaitable<IoResult> do_handshake() override { co_return IoResult{}; }
    asio::awaitable<void> do_shutdown() override { co_return; }
    tcp::socket& socket() noexcept override { return socket_; }

private:
    tcp::socket socket_;
};

class TlsStream final : public Stream {
public:
    TlsStream(tcp::socket socket, std::shared_ptr<const TlsContext> tls)
        : Stream(socket), tls_(std::move(tls)), stream_(std::move(socket), tls_->native()) {}

    bool readable_now() override {
        SSL* ssl = stream_.native_handle();
        if (SSL_has_pending(ssl) == 1 || BIO_ctrl_pending(SSL_get_rbio(ssl)) != 0) { return true; }
        ErrorCode error;
        return stream_.next_layer().available(error) != 0;
    }
    std::string peer_subject() const override { return subject_; }
    bool is_tls() const noexcept override { return true; }

protected:
    asio::awaitable<IoResult> do_read(std::span<char> into) override {
        auto [error, bytes] = co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), kTuple);
        co_return IoResult{error, bytes};
    }
    asio::awaitable<IoResult> do_write(std::string_view text) override {
        auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(text.data(), text.size()), kTuple);
        co_return IoResult{error, bytes};
    }
    asio::awaitable<IoResult> do_handshake() override {
        auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kTuple);
        if (!error) { subject_ = certificate_subject(stream_.native_handle()); }
        established_ = !error;
        co_return IoResult{error, 0};
    }
    asio::awaitable<void> do_shutdown() override {
        if (!established_) { co_return; }
        auto [error] = co_await stream_.async_shutdown(kTuple);
        static_cast<void>(error); // the peer may have gone already
    }
    tcp::socket& socket() noexcept override { return stream_.next_layer(); }

private:
    std::shared_ptr<const TlsContext> tls_;
    mutable asio::ssl::stream<tcp::socket> stream_;
    std::string subject_;
    bool established_ = false;
};

} // namespace

Stream::Stream(tcp::socket& socket) : timer_(socket.get_executor()) {
    ErrorCode error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (!error) {
        peer_address_ = common::unmapped(to_ip(peer.address()));
        peer_port_ = peer.port();
    }
}

bool Stream::peer_gone() {
    pollfd state{.fd = socket().native_handle(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

Stream::~Stream() = default;

void Stream::arm(TimePoint when) {
    armed_until_ = when;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
        if (error) { return; }
        if (const auto self = weak.lock()) { self->on_timer(); }
    });
}

void Stream::on_timer() {
    armed_until_ = TimePoint::max();
    const TimePoint nearest = std::min(deadlines_[0], deadlines_[1]);
    if (nearest == TimePoint::max()) { return; }
    if (nearest > std::chrono::steady_clock::now()) {
        arm(nearest);
        return;
    }
    timed_out_ = true;
    ErrorCode error;
    socket().cancel(error);
}

void Stream::start_deadline(Operation operation, Duration limit) {
    TimePoint& deadline = deadlines_[static_cast<std::size_t>(operation)];
    deadline = deadline_after(limit);
    if (deadline < armed_until_) { arm(deadline); }
}

IoResult Stream::finish(Operation operation, IoResult result) noexcept {
    deadlines_[static_cast<std::size_t>(operation)] = TimePoint::max();
    if (result.error == asio::error::operation_aborted && timed_out_) { result.error = asio::error::timed_out; }
    return result;
}

asio::awaitable<IoResult> Stream::read_some(std::span<char> into, Duration limit) {
    for (;;) {
        if (stopping_ && (std::chrono::steady_clock::now() >= drain_until_ || !readable_now())) {
            co_return IoResult{asio::error::operation_aborted, 0};
        }
        start_deadline(Operation::read, limit);
        reading_ = true;
        IoResult result = co_await do_read(into);
        reading_ = false;
        result = finish(Operation::read, result);
        if (result.error != asio::error::operation_aborted || !stopping_) { co_return result; }
    }
}

asio::awaitable<IoResult> Stream::write_all(std::string_view bytes, Duration limit) {
    start_deadline(Operation::write, limit);
    writing_ = true;
    const IoResult result = co_await do_write(bytes);
    writing_ = false;
    co_return finish(Operation::write, result);
}

asio::awaitable<IoResult> Stream::handshake(Duration limit) {
    start_deadline(Operation::read, limit);
    reading_ = true;
    const IoResult result = co_await do_handshake();
    reading_ = false;
    co_return finish(Operation::read, result);
}

asio::awaitable<void> Stream::discard_input(Duration limit) {
    std::array<char, 4096> scratch; // NOLINT(*-member-init): only written
    deadlines_[0] = deadline_after(limit);
    if (deadlines_[0] < armed_until_) { arm(deadlines_[0]); }
    for (;;) {
        auto [error, bytes] = co_await socket().async_read_some(asio::buffer(scratch), kTuple);
        if (error) { break; }
    }
    deadlines_[0] = TimePoint::max();
}

asio::awaitable<void> Stream::close(Duration limit) {
    ErrorCode error;
    if (!socket().is_open()) { co_return; }
    if (!timed_out_) {
        start_deadline(Operation::write, limit);
        co_await do_shutdown();
        static_cast<void>(finish(Operation::write, {}));
    }
    // Closing with unread input would reset the connection and could take our last words with it.
    socket().shutdown(tcp::socket::shutdown_send, error);
    if (!error && !timed_out_) { co_await discard_input(limit); }
    socket().close(error);
}

asio::awaitable<void> Stream::pause(Duration time) {
    asio::steady_timer timer(executor(), time);
    auto [error] = co_await timer.async_wait(kTuple);
    static_cast<void>(error); // nobody cancels it
}

void Stream::request_stop(Duration drain) {
    asio::post(executor(), [self = shared_from_this(), drain] {
        if (self->stopping_) { return; }
        self->stopping_ = true;
        self->drain_until_ = std::chrono::steady_clock::now() + drain;
        ErrorCode error;
        if (self->reading_ && !self->writing_) { self->socket().cancel(error); }
    });
}

void Stream::abort() {
    asio::post(executor(), [self = shared_from_this()] {
        self->stopping_ = true;
        self->drain_until_ = TimePoint::min();
        ErrorCode error;
        self->socket().close(error);
    });
}

std::shared_ptr<Stream> make_plain_stream(tcp::socket socket) {
    return std::make_shared<PlainStream>(std::move(socket));
}

std::shared_ptr<Stream> make_tls_stream(tcp::socket socket, std::shared_ptr<const TlsContext> tls) {
    return std::make_shared<TlsStream>(std::move(socket), std::move(tls));
}

} // namespace canhgac::net
