/// Syslog over TCP (RFC 6587, both framings detected per frame) and over TLS (RFC 5425).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collector/listeners/services.hpp"
#include "collector/protocols/syslog_framing.hpp"
#include "common/ip.hpp"
#include "net/io_threads.hpp"
#include "net/stream_server.hpp"

namespace canhgac::collector {

struct TcpListenerConfig {
    net::StreamServerConfig server; ///< name, address, port, tls, connection limits
    SyslogFramingLimits framing;
    std::vector<common::IpNetwork> plaintext_from;   ///< for plain listeners beyond loopback
    std::chrono::milliseconds idle_limit{0};         ///< between frames; 0 = none (quiet devices are normal)
    std::chrono::milliseconds stall_limit{60'000};   ///< within a frame: what came is kept as a cut record, then closed
    std::chrono::milliseconds retry_sink{2};         ///< the queue was full: reading stops, tried again after this
    std::chrono::milliseconds max_sink_wait{10'000}; ///< while stopping only: then what is left counts as rejected
};

/// The peer is the sender's address, or the subject of its certificate. A connection reads up to 256 KiB at a time and
/// hands a batch over when it is full or when nothing more has arrived.
class TcpListener {
public:
    /// Binds. Throws std::runtime_error or std::invalid_argument with a message for the operator.
    TcpListener(net::IoThreads& io, TcpListenerConfig config, const ListenerServices& services);
    ~TcpListener(); ///< stop()
    TcpListener(const TcpListener&) = delete;
    TcpListener& operator=(const TcpListener&) = delete;

    void start();
    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::uint32_t connections() const noexcept;
    /// Reads what has arrived, hands it over, closes. Blocks; not from an I/O thread. A second call does nothing.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::collector
