/// IP addresses and networks (RFC 4291 text forms, RFC 4632 CIDR).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace canhgac::common {

/// An address in network order; IPv4 uses the first 4 bytes.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    bool is_v6 = false;
    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1" (stays IPv6), "fe80::1%eth0" (zone ignored). Whole text. No
/// allocation.
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text) noexcept;
[[nodiscard]] std::string to_string(const IpAddress& address);
/// ::ffff:a.b.c.d as the IPv4 address it stands for; other addresses unchanged.
[[nodiscard]] IpAddress unmapped(const IpAddress& address) noexcept;

struct IpNetwork {
    IpAddress address;
    std::uint8_t prefix_bits = 0;
    /// False for an address of the other family.
    [[nodiscard]] bool contains(const IpAddress& candidate) const noexcept;
    friend bool operator==(const IpNetwork&, const IpNetwork&) = default;
};

enum class CidrError : std::uint8_t { bad_address, bad_prefix, host_bits_set };

/// "10.0.0.0/8", "2001:db8::/32", or a single address (all bits). Host bits must be zero.
[[nodiscard]] std::optional<IpNetwork> parse_cidr(std::string_view text, CidrError* why = nullptr) noexcept;

} // namespace canhgac::common
