/// Pieces of Internet messages (RFC 5322, MIME RFC 2045-2047).
#pragma once

#include <string>
#include <string_view>

#include "common/clock.hpp"

namespace canhgac::alerting {

/// A header line with CRLF. Text that is not printable ASCII is written as UTF-8 base64 encoded words of at most 75
/// characters, cut between code points, folded (RFC 2047 section 2); control characters become blanks, so no value can
/// start a header of its own.
[[nodiscard]] std::string mail_header(std::string_view name, std::string_view value);
/// `"Name" <address>` with the name as encoded words where needed.
[[nodiscard]] std::string mailbox(std::string_view name, std::string_view address);
/// "Sun, 22 Nov 2026 08:00:00 +0700" (RFC 5322 section 3.3), in Vietnam's zone.
[[nodiscard]] std::string mail_date(common::Nanos time);
/// Base64 in lines of 76 characters with CRLF (RFC 2045 section 6.8).
[[nodiscard]] std::string base64_lines(std::string_view bytes);
/// addr-spec as we accept it: local@domain, ASCII, no blanks, quotes, brackets or control characters.
[[nodiscard]] bool is_mail_address(std::string_view text) noexcept;

} // namespace canhgac::alerting
