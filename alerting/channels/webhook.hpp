/// Notices as HTTP POST with a signature.
///
///   Content-Type: application/json
///   Idempotency-Key: KEY                      the same on every try
///   X-CanhGac-Timestamp: SECONDS              Unix time of this try
///   X-CanhGac-Signature: sha256=HEX           HMAC-SHA256(secret, SECONDS + "." + body)
///
/// 2xx = delivered; 4xx except 408, 425 and 429 = permanent; every other answer = retry (Retry-After is kept);
/// no answer = unreachable. Redirects are not followed.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "alerting/channel.hpp"
#include "alerting/templates/notice_text.hpp"
#include "common/clock.hpp"

namespace canhgac::alerting {

struct WebhookSettings {
    std::string url{}; ///< https, or http to loopback unless allow_plaintext
    bool allow_plaintext = false;
    std::string secret_file{};   ///< its content without the last line end; empty = not signed
    std::string template_file{}; ///< JSON text with {{names}} (notice_text.hpp); empty = the default body
    std::string ca_file{};       ///< PEM; empty = the system's
    std::string proxy{};         ///< empty = none (the environment is not asked)
    std::chrono::milliseconds timeout{10'000};
    NoticeStyle style{};
};

/// {"kind","key","created","alert":{...},"text":{"subject","body"}}: alert as in alert_codec.hpp.
[[nodiscard]] std::string default_webhook_body(const Notice& notice, const NoticeStyle& style);
/// "sha256=" and 64 lower-case hexadecimal digits.
[[nodiscard]] std::string webhook_signature(std::string_view secret, std::string_view timestamp, std::string_view body);

/// Throws std::runtime_error with a message for the operator: bad URL, plain http beyond loopback, unreadable or empty
/// secret, template that is not JSON once filled.
[[nodiscard]] std::unique_ptr<Channel> make_webhook(WebhookSettings settings, const common::Clock& clock);

} // namespace canhgac::alerting
