/// Keys and values of the outbox in the state store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alerting/channel.hpp"
#include "alerting/outbox.hpp"
#include "common/clock.hpp"

namespace canhgac::alerting {

inline constexpr std::string_view kQueuePrefix = "outboxq/";
inline constexpr std::string_view kDeadPrefix = "outboxd/";
inline constexpr std::string_view kReceiptPrefix = "outboxr/";

/// A notice with its story so far.
struct OutboxRecord {
    Notice notice;
    std::string detail;         ///< of the last try
    common::Nanos finished = 0; ///< delivered or given up
};

/// PREFIX CHANNEL "/".
[[nodiscard]] std::string channel_prefix(std::string_view prefix, std::string_view channel);
/// PREFIX CHANNEL "/" TIME "/" KEY.
[[nodiscard]] std::string outbox_key(std::string_view prefix, std::string_view channel, common::Nanos time,
                                     std::string_view key);

struct OutboxKey {
    std::string channel;
    common::Nanos time = 0;
    std::string key;
};
[[nodiscard]] std::optional<OutboxKey> parse_outbox_key(std::string_view prefix, std::string_view text);

/// A line of JSON, and the alert as a second line unless `with_alert` is false (receipts).
[[nodiscard]] std::string encode_outbox(const OutboxRecord& record, bool with_alert);
/// Nothing when it is not readable; a receipt has only the id of its alert.
[[nodiscard]] std::optional<OutboxRecord> decode_outbox(std::string_view text);

} // namespace canhgac::alerting
