/// Between Asio's addresses and ours.
#pragma once

#include <string>

#include <boost/asio/ip/address.hpp>

#include "common/ip.hpp"

namespace canhgac::net {

[[nodiscard]] common::IpAddress to_ip(const boost::asio::ip::address& address) noexcept;

/// True for 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104.
[[nodiscard]] bool is_loopback(const common::IpAddress& address) noexcept;

/// Reads a bind address: a textual IP address, "localhost" (127.0.0.1) or "*" (0.0.0.0).
/// Throws std::invalid_argument with a message for the operator.
[[nodiscard]] common::IpAddress parse_bind_address(const std::string& text);

} // namespace canhgac::net
