/// Alerts as JSON: one spelling for the store, the API, the live stream and webhooks. Times are RFC 3339 in UTC, event
/// ids "seq.index", field lists arrays of {"field","value"}. Format version in "v".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "alerting/alert.hpp"
#include "common/result.hpp"

namespace canhgac::alerting {

inline constexpr int kAlertFormat = 1;

enum class CodecError : std::uint8_t { not_json, unknown_format, bad_member };

/// One line, no blanks; broken UTF-8 in values is replaced by U+FFFD.
[[nodiscard]] std::string encode_alert(const Alert& alert);
/// `text` with every broken byte replaced by U+FFFD (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] std::string valid_utf8(std::string_view text);
/// Reads what encode_alert wrote; unknown members are ignored. Errors: CodecError. Never throws.
[[nodiscard]] common::Result<Alert, CodecError> decode_alert(std::string_view text);

} // namespace canhgac::alerting
