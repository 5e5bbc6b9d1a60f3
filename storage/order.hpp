/// Orders about stored events: who had a day forgotten, or events held, when and why. Numbered, chained by hash and
/// signed, so that none can be made up, changed or taken out unseen; kept for ever (DESIGN 7, "Tamper evidence").
/// Pure values; order_book.hpp keeps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.hpp"
#include "storage/chain.hpp"
#include "storage/sha256.hpp"

namespace canhgac::storage {

/// Stored; append only.
enum class OrderKind : std::uint8_t {
    drop_day = 1,     ///< subject: the day, "2026-11-22"
    hold_events = 2,  ///< subject: the hold's name
    release_hold = 3, ///< the same
};

struct Order {
    std::uint64_t number = 0; ///< from 1, without gaps
    OrderKind kind = OrderKind::drop_day;
    common::Nanos at = 0;
    std::string subject;
    std::string actor;          ///< a user's name; "policy": the configuration
    std::string reason;         ///< for people
    std::uint64_t last_seq = 0; ///< about events committed up to this batch
    std::uint64_t rows = 0;     ///< how many events
    Digest previous{};          ///< of the order before; of the first: zeros
    Digest digest{};
    Signature signature{};
};

/// SHA-256("CGO1", previous, number u64, kind u8, at i64, text subject, text actor, text reason, last_seq u64, rows
/// u64).
[[nodiscard]] Digest order_digest(Sha256& hash, const Order& order);
/// What is signed: "CGO1" and the digest.
[[nodiscard]] std::string signed_bytes(const Order& order);
/// The value of an order; its number is the key.
[[nodiscard]] std::string encode(const Order& order);
/// Nothing: damaged or from a newer release.
[[nodiscard]] std::optional<Order> decode_order(std::uint64_t number, std::string_view value);

/// "2026-11-22", as orders and folders name a day.
[[nodiscard]] std::string day_name(std::uint16_t day);

} // namespace canhgac::storage
