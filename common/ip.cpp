#include "common/ip.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace canhgac::common {

namespace {

std::optional<IpNetwork> refuse(CidrError* why, CidrError error) noexcept {
    if (why != nullptr) { *why = error; }
    return std::nullopt;
}

bool has_host_bits(const IpNetwork& network) noexcept {
    const std::size_t size = network.address.is_v6 ? 16 : 4;
    for (std::size_t bit = network.prefix_bits; bit < size * 8; ++bit) {
        if ((network.address.bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) { return true; }
    }
    return false;
}

} // namespace

std::optional<IpAddress> parse_ip(std::string_view text) noexcept {
    if (const auto zone = text.find('%'); zone != std::string_view::npos) { text = text.substr(0, zone); }
    std::array<char, INET6_ADDRSTRLEN + 1> buffer{};
    if (text.empty() || text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::memcpy(buffer.data(), text.data(), text.size());
    IpAddress address;
    address.is_v6 = text.find(':') != std::string_view::npos;
    if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, buffer.data(), address.bytes.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

std::string to_string(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN + 1> buffer{};
    inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer.data(), buffer.size());
    return buffer.data();
}

IpAddress unmapped(const IpAddress& address) noexcept {
    static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (!address.is_v6 || !std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) { return address; }
    IpAddress v4;
    std::copy_n(address.bytes.begin() + 12, 4, v4.bytes.begin());
    return v4;
}

bool IpNetwork::contains(const IpAddress& candidate) const noexcept {
    if (candidate.is_v6 != address.is_v6) { return false; }
    const std::size_t whole = prefix_bits / 8U;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    candidate.bytes.begin())) {
        return false;
    }
    const unsigned rest = prefix_bits % 8U;
    if (rest == 0) { return true; }
    const unsigned mask = 0xFF00U >> rest & 0xFFU;
    return (address.bytes[whole] & mask) == (candidate.bytes[whole] & mask);
}

std::optional<IpNetwork> parse_cidr(std::string_view text, CidrError* why) noexcept {
    const auto slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    if (!address) { return refuse(why, CidrError::bad_address); }
    IpNetwork network{*address, static_cast<std::uint8_t>(address->is_v6 ? 128 : 32)};
    if (slash != std::string_view::npos) {
        const std::string_view bits = text.substr(slash + 1);
        unsigned value = 0;
        const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), value);
        if (error != std::errc{} || end != bits.data() + bits.size() || value > network.prefix_bits) {
            return refuse(why, CidrError::bad_prefix);
        }
        network.prefix_bits = static_cast<std::uint8_t>(value);
    }
    if (has_host_bits(network)) { return refuse(why, CidrError::host_bits_set); }
    return network;
}

} // namespace canhgac::common
