/// One accepted connection, plain or TLS, behind one face: reads and writes with a deadline, an orderly end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include "common/ip.hpp"
#include "net/tls_context.hpp"

namespace canhgac::net {

struct IoResult {
    boost::system::error_code error; ///< timed_out, operation_aborted (being stopped), eof, or what the system says
    std::size_t bytes = 0;
};

/// Everything but request_stop() and abort() is called from coroutines on executor(), a strand. One read and one write
/// at a time. Owned by shared_ptr.
class Stream : public std::enable_shared_from_this<Stream> {
public:
    using Duration = std::chrono::steady_clock::duration;
    using TimePoint = std::chrono::steady_clock::time_point;

    virtual ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Reads at least one byte. Being stopped, it still gives what has already arrived, then operation_aborted.
    [[nodiscard]] boost::asio::awaitable<IoResult> read_some(std::span<char> into, Duration limit);
    /// Writes everything; `limit` is for the whole.
    [[nodiscard]] boost::asio::awaitable<IoResult> write_all(std::string_view bytes, Duration limit);
    /// TLS: the handshake. Plain: nothing to do.
    [[nodiscard]] boost::asio::awaitable<IoResult> handshake(Duration limit);
    /// Orderly end: close_notify on TLS (waiting for the answer at most `limit`), then both directions are shut.
    [[nodiscard]] boost::asio::awaitable<void> close(Duration limit);
    /// Waits, e.g. before trying a full queue again.
    [[nodiscard]] boost::asio::awaitable<void> pause(Duration time);

    /// True when a read would give something at once (a hint: false negatives happen with TLS).
    [[nodiscard]] virtual bool readable_now() = 0;
    /// The peer has closed its side, or the connection is broken: nobody reads what a stream would still write.
    [[nodiscard]] bool peer_gone();
    /// Subject of the verified client certificate ("CN=web1,O=..."), empty without one. After the handshake.
    [[nodiscard]] virtual std::string peer_subject() const = 0;
    [[nodiscard]] virtual bool is_tls() const noexcept = 0;
    [[nodiscard]] const common::IpAddress& peer_address() const noexcept { return peer_address_; }
    [[nodiscard]] std::uint16_t peer_port() const noexcept { return peer_port_; }
    [[nodiscard]] boost::asio::any_io_executor executor() { return timer_.get_executor(); }
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }

    /// No further waiting for the peer: what has arrived until now may still be read for at most `drain`. Thread safe.
    void request_stop(Duration drain);
    /// Cuts the connection. Thread safe.
    void abort();

protected:
    explicit Stream(boost::asio::ip::tcp::socket& socket);
    [[nodiscard]] virtual boost::asio::awaitable<IoResult> do_read(std::span<char> into) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<IoResult> do_write(std::string_view bytes) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<IoResult> do_handshake() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<void> do_shutdown() = 0;
    [[nodiscard]] virtual boost::asio::ip::tcp::socket& socket() noexcept = 0;

private:
    enum class Operation : std::uint8_t { read, write };
    void start_deadline(Operation operation, Duration limit);
    void arm(TimePoint when);
    void on_timer();
    [[nodiscard]] IoResult finish(Operation operation, IoResult result) noexcept;
    [[nodiscard]] boost::asio::awaitable<void> discard_input(Duration limit);

    boost::asio::steady_timer timer_; ///< one watch for both deadlines, set back only when a nearer one comes
    TimePoint armed_until_ = TimePoint::max();
    TimePoint deadlines_[2] = {TimePoint::max(), TimePoint::max()};
    TimePoint drain_until_ = TimePoint::max();
    bool timed_out_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool stopping_ = false;
    common::IpAddress peer_address_;
    std::uint16_t peer_port_ = 0;
};

/// `socket` must be connected and bound to a strand.
[[nodiscard]] std::shared_ptr<Stream> make_plain_stream(boost::asio::ip::tcp::socket socket);
/// `tls` must outlive the stream; it is kept alive by it.
[[nodiscard]] std::shared_ptr<Stream> make_tls_stream(boost::asio::ip::tcp::socket socket,
                                                      std::shared_ptr<const TlsContext> tls);

} // namespace canhgac::net
