/// Notices by e-mail (RFC 5321, 5322, 2045-2047): multipart/alternative, text and HTML in UTF-8, one thread of
/// conversation an alert. The Message-ID is made of the idempotency key, so a repeated delivery is recognisable.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/channel.hpp"
#include "alerting/templates/notice_text.hpp"
#include "common/clock.hpp"

namespace canhgac::alerting {

struct SmtpSettings {
    enum class Security : std::uint8_t {
        starttls, ///< required, not opportunistic
        tls,      ///< from the first byte (port 465)
        none,     ///< to loopback only
    };
    std::string host{};
    std::uint16_t port = 587;
    Security security = Security::starttls;
    std::string user{};          ///< empty = no authentication
    std::string password_file{}; ///< its content without the last line end
    std::string from{};          ///< address only: soc@example.gov.vn
    std::string from_name = "Canh Gác";
    std::vector<std::string> to{}; ///< addresses only
    std::string ca_file{};         ///< PEM; empty = the system's
    std::chrono::milliseconds timeout{20'000};
    NoticeStyle style{};
};

/// The whole message with CRLF line ends; `now` is its Date.
[[nodiscard]] std::string mail_message(const Notice& notice, const SmtpSettings& settings, common::Nanos now);

/// Refused recipients beside accepted ones are named by count in the receipt; all refused with 5xx = permanent.
/// Throws std::runtime_error with a message for the operator: no recipient, bad address, unreadable password file,
/// security none beyond loopback.
[[nodiscard]] std::unique_ptr<Channel> make_smtp(SmtpSettings settings, const common::Clock& clock);

} // namespace canhgac::alerting
