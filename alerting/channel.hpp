/// Where notices go. A channel sends one notice and says what became of it; the outbox does the rest.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alerting/alert.hpp"
#include "common/clock.hpp"

namespace canhgac::alerting {

/// One message to people or machines: a snapshot of the alert, the same on every try.
struct Notice {
    std::string key{};  ///< idempotency key, 32 hexadecimal digits: hash of alert, channel and kind
    std::string kind{}; ///< "alert.new"
    Alert alert{};
    common::Nanos created = 0;  ///< our clock
    std::uint32_t attempts = 0; ///< tries that failed before this one
};

struct Delivery {
    enum class Outcome : std::uint8_t {
        delivered,
        retry,       ///< the other side answered "later"; only this notice waits
        unreachable, ///< no usable answer; the whole channel pauses before the next try
        permanent,   ///< will never work: dead letter
    };
    Outcome outcome = Outcome::unreachable;
    /// For the receipt and the dead letter list: a status or reply, never a secret, at most kMaxDetailBytes are kept.
    std::string detail{};
    std::optional<common::Nanos> retry_after{}; ///< what the other side asked for
};
inline constexpr std::size_t kMaxDetailBytes = 512;

class Channel {
public:
    virtual ~Channel() = default;
    /// Sends and waits for the answer, within the channel's own time limits. Gives up soon after `cancelled` turns
    /// true. Called by one thread. Does not throw.
    [[nodiscard]] virtual Delivery send(const Notice& notice, const std::atomic<bool>& cancelled) = 0;
};

} // namespace canhgac::alerting
