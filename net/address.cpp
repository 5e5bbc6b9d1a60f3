#include "net/address.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace canhgac::net {

common::IpAddress to_ip(const boost::asio::ip::address& address) noexcept {
    common::IpAddress out;
    if (address.is_v6()) {
        out.is_v6 = true;
        const auto bytes = address.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    } else {
        const auto bytes = address.to_v4().to_bytes();
        std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    }
    return out;
}

bool is_loopback(const common::IpAddress& address) noexcept {
    const common::IpAddress plain = common::unmapped(address);
    if (!plain.is_v6) { return plain.bytes[0] == 127; }
    return std::all_of(plain.bytes.begin(), plain.bytes.end() - 1, [](std::uint8_t b) { return b == 0; }) &&
           plain.bytes.back() == 1;
}

common::IpAddress parse_bind_address(const std::string& text) {
    if (text == "localhost") { return *common::parse_ip("127.0.0.1"); }
    if (text == "*") { return *common::parse_ip("0.0.0.0"); }
    if (const std::optional<common::IpAddress> address = common::parse_ip(text)) { return *address; }
    throw std::invalid_argument("'" + text + "' is not an IP address to listen on");
}

} // namespace canhgac::net
