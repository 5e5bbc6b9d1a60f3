/// Networks of one address family, for "which of them hold this address" in one binary search: nested networks are
/// flattened to disjoint ranges, each knowing its innermost network, each network its next outer one.
/// Memory a network, at most: IPv4 28 bytes, IPv6 52 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace canhgac::engine {

using Ipv4Number = std::uint32_t;
using Ipv6Number = std::array<std::uint8_t, 16>;

/// Last address of the network that begins at `start`.
inline Ipv4Number last_of(Ipv4Number start, unsigned bits) noexcept {
    return bits == 0 ? std::numeric_limits<Ipv4Number>::max() : start | (bits >= 32 ? 0U : 0xFFFF'FFFFU >> bits);
}
inline Ipv6Number last_of(Ipv6Number start, unsigned bits) noexcept {
    for (unsigned bit = bits; bit < 128; ++bit) {
        start[bit / 8] = static_cast<std::uint8_t>(start[bit / 8] | 0x80U >> (bit % 8));
    }
    return start;
}
/// The address after; wraps to 0.
inline Ipv4Number next_of(Ipv4Number address) noexcept {
    return address + 1;
}
inline Ipv6Number next_of(Ipv6Number address) noexcept {
    for (std::size_t i = address.size(); i-- > 0;) {
        if (++address[i] != 0) { break; }
    }
    return address;
}

/// Built once (add, build), then read by any thread. `Payload` travels with a network.
template <typename Number, typename Payload>
class NetworkRanges {
public:
    void add(Number start, std::uint8_t bits, Payload payload) { networks_.push_back({start, payload, bits}); }

    /// Sorts and flattens. Networks with equal range and equal payload are kept as they are: callers remove them.
    void build() {
        std::sort(networks_.begin(), networks_.end(), [](const Network& a, const Network& b) {
            if (a.start != b.start) { return a.start < b.start; }
            if (a.bits != b.bits) { return a.bits < b.bits; }
            return a.payload < b.payload;
        });
        std::vector<std::uint32_t> open; // networks around the current position, outermost first
        for (std::uint32_t i = 0; i < networks_.size(); ++i) {
            close_before(open, networks_[i].start);
            nodes_.push_back({networks_[i].payload, open.empty() ? kNone : open.back()});
            open.push_back(i);
            begin_range(networks_[i].start, i);
        }
        close_all(open);
        std::vector<Network>().swap(networks_);
        nodes_.shrink_to_fit();
        starts_.shrink_to_fit();
        inner_.shrink_to_fit();
    }

    /// Calls visit(payload) for each network that holds the address, innermost first.
    template <typename Visit>
    void find(const Number& address, const Visit& visit) const {
        const auto after = std::upper_bound(starts_.begin(), starts_.end(), address);
        if (after == starts_.begin()) { return; }
        for (std::uint32_t at = inner_[static_cast<std::size_t>(after - starts_.begin()) - 1]; at != kNone;
             at = nodes_[at].parent) {
            visit(nodes_[at].payload);
        }
    }
    /// Calls visit(payload) for every network.
    template <typename Visit>
    void for_each(const Visit& visit) const {
        for (const Node& node : nodes_) {
            visit(node.payload);
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return nodes_.capacity() * sizeof(Node) + starts_.capacity() * sizeof(Number) +
               inner_.capacity() * sizeof(std::uint32_t);
    }

private:
    static constexpr std::uint32_t kNone = 0xFFFF'FFFFU;
    struct Network {
        Number start;
        Payload payload;
        std::uint8_t bits;
    };
#pragma pack(push, 4)
    struct Node {
        Payload payload;
        std::uint32_t parent; ///< next outer network, or kNone
    };
#pragma pack(pop)

    void begin_range(const Number& start, std::uint32_t network) {
        if (!starts_.empty() && starts_.back() == start) {
            inner_.back() = network;
            return;
        }
        starts_.push_back(start);
        inner_.push_back(network);
    }
    void close_before(std::vector<std::uint32_t>& open, const Number& position) {
        while (!open.empty() && last_of(networks_[open.back()].start, networks_[open.back()].bits) < position) {
            close_innermost(open);
        }
    }
    void close_all(std::vector<std::uint32_t>& open) {
        while (!open.empty()) {
            close_innermost(open);
        }
    }
    void close_innermost(std::vector<std::uint32_t>& open) {
        const Network& ended = networks_[open.back()];
        const Number after = next_of(last_of(ended.start, ended.bits));
        open.pop_back();
        if (after != Number{}) { begin_range(after, open.empty() ? kNone : open.back()); }
    }

    std::vector<Network> networks_; ///< until build()
    std::vector<Node> nodes_;
    std::vector<Number> starts_;       ///< of ranges, ascending
    std::vector<std::uint32_t> inner_; ///< innermost network of each range, or kNone
};

} // namespace canhgac::engine
