/// A UDP socket read in batches (recvmmsg), with the kernel's count of datagrams it dropped.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/ip.hpp"

namespace canhgac::collector {

/// Used by one thread; moves before that.
class UdpSocket {
public:
    static constexpr std::size_t kBatch = 64;

    /// Views until the next receive().
    struct Datagram {
        common::IpAddress from; ///< unmapped
        std::string_view bytes;
    };

    /// Binds with SO_REUSEPORT. Throws std::runtime_error naming `name`, address, port and reason.
    UdpSocket(const std::string& name, const common::IpAddress& address, std::uint16_t port,
              std::uint32_t receive_buffer_bytes);
    ~UdpSocket();
    UdpSocket(UdpSocket&&) noexcept;
    UdpSocket& operator=(UdpSocket&&) = delete;
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;

    /// What has arrived, at most kBatch datagrams; never waits.
    [[nodiscard]] std::span<const Datagram> receive();
    /// Until something can be read or the time is up.
    void wait(std::chrono::milliseconds at_most) noexcept;
    /// Datagrams dropped by the kernel since the last call.
    [[nodiscard]] std::uint64_t new_drops() noexcept;
    void close() noexcept;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// What the kernel granted.
    [[nodiscard]] std::uint32_t receive_buffer_bytes() const noexcept { return granted_; }

private:
    struct Buffers;
    int socket_ = -1;
    std::uint16_t port_ = 0;
    std::uint32_t granted_ = 0;
    std::uint32_t last_drops_ = 0; ///< the kernel's 32-bit counter, which wraps
    std::unique_ptr<Buffers> buffers_;
};

} // namespace canhgac::collector
