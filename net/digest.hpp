/// Hashes and text codings that authentication needs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace canhgac::net {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes) noexcept;
/// HMAC-SHA-256 (RFC 2104), e.g. for signed webhooks.
[[nodiscard]] Sha256 hmac_sha256(std::string_view key, std::string_view bytes) noexcept;
/// Takes the same time wherever the first difference is.
[[nodiscard]] bool equal_constant_time(const Sha256& a, const Sha256& b) noexcept;
/// `count` bytes from the system's generator, as lower-case hexadecimal.
[[nodiscard]] std::string random_hex(std::size_t count);

[[nodiscard]] std::string to_hex(const Sha256& digest);
/// 64 hexadecimal digits, either case; nothing otherwise.
[[nodiscard]] std::optional<Sha256> parse_sha256(std::string_view hex) noexcept;
/// Standard alphabet (RFC 4648 section 4), padding optional; nothing for anything else.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

} // namespace canhgac::net
