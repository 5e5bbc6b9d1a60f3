/// Accepts TCP connections, plain or TLS, within limits, and gives each to a handler as a coroutine. Under the syslog
/// listeners and the HTTP server.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "common/ip.hpp"
#include "common/log.hpp"
#include "net/io_threads.hpp"
#include "net/stream.hpp"
#include "net/tls_context.hpp"

namespace canhgac::net {

/// Why a connection was turned away before its handler saw it.
enum class RefusedConnection : std::uint8_t { not_admitted, too_many, too_many_from_address, tls_failed };

struct StreamServerConfig {
    std::string name;                      ///< in messages to the operator, e.g. "syslog-tcp"
    std::string address = "127.0.0.1";     ///< see parse_bind_address()
    std::uint16_t port = 0;                ///< 0 = any free one; see StreamServer::port()
    std::shared_ptr<const TlsContext> tls; ///< empty = plain
    std::uint32_t max_connections = 1024;
    std::uint32_t max_connections_per_address = 256;
    std::chrono::milliseconds handshake_limit{10'000};
    std::chrono::milliseconds drain_limit{2'000}; ///< on stop: reading what has already arrived
    std::chrono::milliseconds stop_limit{10'000}; ///< on stop: then connections are cut
};

/// Called on I/O threads, from several at once.
class StreamHandler {
public:
    virtual ~StreamHandler() = default;
    /// Before anything is read.
    [[nodiscard]] virtual bool admit(const common::IpAddress& peer) = 0;
    virtual void refused(const common::IpAddress& peer, RefusedConnection why) = 0;
    /// Runs the connection to its end, on stream->executor(), after the TLS handshake. The server closes it afterwards.
    [[nodiscard]] virtual boost::asio::awaitable<void> serve(std::shared_ptr<Stream> stream) = 0;
};

class StreamServer {
public:
    /// Binds and listens (not yet accepting). Throws std::runtime_error: address, port, reason ("address in use").
    /// `handler` must outlive the server.
    StreamServer(IoThreads& io, StreamServerConfig config, StreamHandler& handler, common::Logger& log);
    ~StreamServer(); ///< stop()
    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;

    void start();
    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::uint32_t connections() const noexcept;
    /// Refuses new connections, lets the open ones drain, cuts what is left at stop_limit. Blocks; not from an I/O
    /// thread. A second call does nothing.
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace canhgac::net
