/// Notices on their way out: at least once, under an idempotency key, surviving kill -9. One sender thread a channel,
/// so that a failing channel never holds up another.
///
/// Keys: outboxq/CHANNEL/DUE/KEY waiting, ordered by when it is due; outboxd/CHANNEL/TIME/KEY dead letters;
/// outboxr/CHANNEL/TIME/KEY receipts (DUE and TIME in 16 hexadecimal digits). A notice is in exactly one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "alerting/channel.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "common/result.hpp"
#include "event/store.hpp"

namespace canhgac::alerting {

struct ChannelSettings {
    std::string name{};                                           ///< [a-z0-9_-]{1,32}; part of keys: renaming orphans
    event::Severity least_level = event::Severity::informational; ///< alerts below are not sent here
    double per_minute = 60.0;                                     ///< cap, burst of the same size; 0 = no cap
};

struct OutboxSettings {
    common::Nanos first_delay = common::kSecond; ///< before the second try; doubles each time
    common::Nanos longest_delay = 10 * common::kMinute;
    common::Nanos longest_pause = common::kMinute;  ///< of a channel that cannot be reached
    common::Nanos give_up_after = 3 * common::kDay; ///< age at which a notice becomes a dead letter
    common::Nanos keep_receipts = 400 * common::kDay;
};

/// A notice delivered, or given up.
struct OutboxEntry {
    std::string channel;
    std::string key;
    std::string kind;
    std::string alert_id;
    common::Nanos created = 0;
    common::Nanos finished = 0; ///< delivered or given up; of a waiting one: when it is due
    std::uint32_t attempts = 0;
    std::string detail;
};

/// Thread safe after start(). Tests drive it with step() instead of start().
class Outbox {
public:
    /// Uniform in [0, 1); called by sender threads one at a time.
    using Random = std::function<double()>;

    /// References outlive the outbox.
    Outbox(event::StateStore& state, const common::Clock& clock, Random random, common::Logger& logger,
           common::MetricsRegistry& metrics, OutboxSettings settings = {});
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// Before start(). Throws std::invalid_argument on a bad or repeated name.
    void add(std::unique_ptr<Channel> channel, ChannelSettings settings);
    /// Appends one waiting notice per channel that wants alerts of this level to `out`, to be written with the alert.
    void enqueue(const Alert& alert, std::string_view kind, std::vector<event::StateStore::Change>& out) const;
    /// Something was written: look now.
    void wake();

    void start();
    /// Cancels what is being sent (it stays waiting), joins. A second call does nothing.
    void stop();

    /// Sends what is due on one channel (at most `limit` notices); returns when to look again, nothing = on wake().
    std::optional<common::Nanos> step(std::string_view channel, std::size_t limit = 64);

    /// Newest first. Errors of the store are passed on.
    [[nodiscard]] common::Result<std::vector<OutboxEntry>, std::error_code> dead_letters(std::size_t limit) const;
    [[nodiscard]] common::Result<std::vector<OutboxEntry>, std::error_code> receipts(std::size_t limit) const;
    [[nodiscard]] common::Result<std::vector<OutboxEntry>, std::error_code> waiting(std::size_t limit) const;
    /// Puts a dead letter back, due now, with a fresh count of tries. False when there is no such dead letter.
    [[nodiscard]] common::Result<bool, std::error_code> resend(std::string_view channel, std::string_view key);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Hash of alert, channel and kind: the same notice always has the same key.
[[nodiscard]] std::string idempotency_key(std::string_view alert_id, std::string_view channel, std::string_view kind);

} // namespace canhgac::alerting
