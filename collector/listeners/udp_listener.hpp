/// Syslog over UDP (RFC 5426): one datagram, one record.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collector/listeners/services.hpp"
#include "common/ip.hpp"

namespace canhgac::collector {

struct UdpListenerConfig {
    std::string name = "syslog-udp";
    std::string address = "127.0.0.1"; ///< see net::parse_bind_address()
    std::uint16_t port = 5514;         ///< 0 = any free one
    std::uint32_t threads = 1;         ///< each with its own socket (SO_REUSEPORT)
    std::uint32_t receive_buffer_bytes = 64 * 1024 * 1024;
    std::vector<common::IpNetwork> plaintext_from;
    std::chrono::milliseconds max_wait{5};        ///< a batch leaves at the latest this long after its first datagram
    std::chrono::milliseconds drain_limit{2'000}; ///< on stop: handing over what has arrived
};

/// Own threads, recvmmsg(64). While the sink is full they wait, so that the kernel drops and counts (SO_RXQ_OVFL).
/// Trailing LF, CR and NUL are not part of a record; a datagram of nothing else is counted as rejected (empty).
class UdpListener {
public:
    /// Binds. Throws std::runtime_error or std::invalid_argument with a message for the operator.
    UdpListener(UdpListenerConfig config, const ListenerServices& services);
    ~UdpListener(); ///< stop()
    UdpListener(const UdpListener&) = delete;
    UdpListener& operator=(const UdpListener&) = delete;

    void start();
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Takes what the sockets already hold, hands it over, closes. Blocks. A second call does nothing.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::collector
