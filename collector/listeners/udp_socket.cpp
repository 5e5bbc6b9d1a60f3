#include "collector/listeners/udp_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace canhgac::collector {
namespace {

constexpr std::size_t kDatagramBytes = 65'536; ///< more than UDP can carry

socklen_t fill(sockaddr_storage& out, const common::IpAddress& address, std::uint16_t port) noexcept {
    out = {};
    if (address.is_v6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
        return sizeof v6;
    }
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    return sizeof v4;
}

common::IpAddress address_of(const sockaddr_storage& from) noexcept {
    common::IpAddress out;
    if (from.ss_family == AF_INET6) {
        out.is_v6 = true;
        std::memcpy(out.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, 16);
        return common::unmapped(out);
    }
    std::memcpy(out.bytes.data(), &reinterpret_cast<const sockaddr_in&>(from).sin_addr, 4);
    return out;
}

void set_flag(int socket, int level, int option, int value) noexcept {
    static_cast<void>(setsockopt(socket, level, option, &value, sizeof value)); // best effort; the bind decides
}

std::uint32_t set_receive_buffer(int socket, std::uint32_t bytes) noexcept {
    const int wanted = static_cast<int>(std::min<std::uint32_t>(bytes, INT32_MAX));
    if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0) {
        set_flag(socket, SOL_SOCKET, SO_RCVBUF, wanted);
    }
    int granted = 0;
    socklen_t size = sizeof granted;
    static_cast<void>(getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &size));
    return static_cast<std::uint32_t>(granted) / 2; // the kernel doubles it for its own book-keeping
}

} // namespace

struct UdpSocket::Buffers {
    std::array<mmsghdr, kBatch> headers{};
    std::array<iovec, kBatch> parts{};
    std::array<sockaddr_storage, kBatch> from{};
    std::array<Datagram, kBatch> datagrams{};
    std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kBatch * kDatagramBytes);
};

UdpSocket::UdpSocket(const std::string& name, const common::IpAddress& address, std::uint16_t port,
                     std::uint32_t receive_buffer_bytes)
    : socket_(::socket(address.is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      buffers_(std::make_unique<Buffers>()) {
    const auto fail = [&](const char* what) {
        const int problem = errno;
        close();
        throw std::runtime_error(name + ": cannot " + what + " " + common::to_string(address) + " port " +
                                 std::to_string(port) + ": " + std::generic_category().message(problem));
    };
    if (socket_ < 0) { fail("open a UDP socket for"); }
    set_flag(socket_, SOL_SOCKET, SO_REUSEPORT, 1);
    if (address.is_v6) { set_flag(socket_, IPPROTO_IPV6, IPV6_V6ONLY, 0); }
    granted_ = set_receive_buffer(socket_, receive_buffer_bytes);
    sockaddr_storage local{};
    const socklen_t size = fill(local, address, port);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&local), size) != 0) { fail("listen on"); }
    socklen_t bound_size = sizeof local;
    if (getsockname(socket_, reinterpret_cast<sockaddr*>(&local), &bound_size) != 0) { fail("listen on"); }
    port_ = ntohs(address.is_v6 ? reinterpret_cast<const sockaddr_in6&>(local).sin6_port
                                : reinterpret_cast<const sockaddr_in&>(local).sin_port);
    for (std::size_t i = 0; i < kBatch; ++i) {
        buffers_->parts[i] = {buffers_->bytes.get() + i * kDatagramBytes, kDatagramBytes};
        buffers_->headers[i].msg_hdr.msg_iov = &buffers_->parts[i];
        buffers_->headers[i].msg_hdr.msg_iovlen = 1;
        buffers_->headers[i].msg_hdr.msg_name = &buffers_->from[i];
    }
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), port_(other.port_), granted_(other.granted_),
      last_drops_(other.last_drops_), buffers_(std::move(other.buffers_)) {}

UdpSocket::~UdpSocket() {
    close();
}

void UdpSocket::close() noexcept {
    if (socket_ >= 0) { ::close(std::exchange(socket_, -1)); }
}

std::span<const UdpSocket::Datagram> UdpSocket::receive() {
    for (mmsghdr& header : buffers_->headers) {
        header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    }
    const int got = recvmmsg(socket_, buffers_->headers.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got <= 0) { return {}; } // nothing there; other errors of a bound UDP socket concern single datagrams
    const auto count = static_cast<std::size_t>(got);
    for (std::size_t i = 0; i < count; ++i) {
        buffers_->datagrams[i] = {address_of(buffers_->from[i]),
                                  {buffers_->bytes.get() + i * kDatagramBytes, buffers_->headers[i].msg_len}};
    }
    return {buffers_->datagrams.data(), count};
}

void UdpSocket::wait(std::chrono::milliseconds at_most) noexcept {
    pollfd entry{socket_, POLLIN, 0};
    static_cast<void>(poll(&entry, 1, static_cast<int>(at_most.count())));
}

std::uint64_t UdpSocket::new_drops() noexcept {
    // The counter behind SO_RXQ_OVFL, asked for directly: the message would only come with the next datagram, so the
    // drops at the end of a burst would go unseen.
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof memory;
    if (socket_ < 0 || getsockopt(socket_, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) { return 0; }
    const std::uint32_t now = memory[SK_MEMINFO_DROPS];
    return now - std::exchange(last_drops_, now);
}

} // namespace canhgac::collector
