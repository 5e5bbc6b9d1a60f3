/// Spelling of the keys of alert_book.hpp.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "alerting/alert.hpp"

namespace canhgac::alerting::keys {

inline constexpr std::string_view kAlert = "alert/";
inline constexpr std::string_view kGroup = "alertkey/";
inline constexpr std::string_view kTime = "alerttime/";
inline constexpr std::string_view kStatus = "alertstatus/";
inline constexpr std::string_view kSequence = "alertseq/";
/// Behind every key of a prefix: our keys are ASCII below it.
inline constexpr std::string_view kLast = "~";

/// 16 digits, so that text order is number order.
inline std::string hex(std::uint64_t number) {
    return fmt::format("{:016x}", number);
}
inline std::string hex_time(common::Nanos time) {
    return hex(time < 0 ? 0 : static_cast<std::uint64_t>(time));
}
inline std::optional<std::uint64_t> parse_hex(std::string_view text) noexcept {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number, 16);
    if (text.size() != 16 || error != std::errc{} || rest != end) { return std::nullopt; }
    return number;
}

inline std::string alert(std::string_view id) {
    return fmt::format("{}{}", kAlert, id);
}
inline std::string group(std::string_view key) {
    return fmt::format("{}{}", kGroup, key);
}
/// "CREATED/ID": the end of both listing keys, and the cursor of a page.
inline std::string place(const Alert& alert) {
    return fmt::format("{}/{}", hex_time(alert.created), alert.id);
}
inline std::string time(const Alert& alert) {
    return fmt::format("{}{}", kTime, place(alert));
}
inline std::string status_prefix(AlertStatus status) {
    return fmt::format("{}{}/", kStatus, to_string(status));
}
inline std::string status(const Alert& alert) {
    return status_prefix(alert.status) + place(alert);
}
inline std::string sequence(std::uint64_t number) {
    return fmt::format("{}{}", kSequence, hex(number));
}

} // namespace canhgac::alerting::keys
