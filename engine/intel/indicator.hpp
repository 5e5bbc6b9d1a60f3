/// Indicators of compromise and the one canonical form in which lists and events meet.
///
/// Canonical forms (what `Indicator::text` and IndicatorKey hold):
///   ipv4, ipv6   RFC 4291 / RFC 5952 text; an IPv4-mapped IPv6 address is its IPv4 address; a zone is dropped
///   network      CIDR text (RFC 4632), no host bits; a full-length one is an address
///   domain       ASCII lower case, no final dot, "*." in front removed; at least two labels; it stands for itself and
///                for every name below it. Letters beyond ASCII stay as they are (write the A-label, "xn--")
///   url          host[:port]/path[?query]: scheme, user, default port (80, 443) and fragment removed, host lower case;
///                so http and https of one address are one indicator (web proxies often write no scheme)
///   md5, sha1, sha256   lower-case hexadecimal
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/ip.hpp"
#include "common/result.hpp"

namespace canhgac::engine {

enum class IndicatorType : std::uint8_t { ipv4, ipv6, network, domain, url, md5, sha1, sha256 };
inline constexpr std::size_t kIndicatorTypes = 8;
/// "ipv4", "network", "domain", ... as `threat.indicator.type` holds it.
[[nodiscard]] std::string_view to_string(IndicatorType type) noexcept;

enum class IndicatorErrc : std::uint8_t {
    empty,
    unknown_kind,
    bad_network, ///< prefix out of range or host bits set
    too_wide,    ///< network shorter than /8 (IPv4) or /16 (IPv6): would hit everybody
    reserved,    ///< unspecified, loopback or broadcast address
    bad_domain,
    single_label, ///< "com": would hit everybody
    bad_url,
    bad_hash,
    too_long,
    wrong_kind, ///< well formed, but not of the kind the list declares
};
/// A sentence for people.
[[nodiscard]] std::string_view to_string(IndicatorErrc error) noexcept;

inline constexpr std::size_t kMaxUrlBytes = 2048;
inline constexpr std::size_t kMaxDomainBytes = 253;

struct Indicator {
    IndicatorType type = IndicatorType::ipv4;
    std::string text; ///< canonical
    friend bool operator==(const Indicator&, const Indicator&) = default;
};

/// What a list may say it holds, when the text alone should not decide.
enum class IndicatorKind : std::uint8_t { any, address, domain, url, hash };

/// Reads one value of a list; understands defanged text (see refang). "192.0.2.1:443" and "host.example:8080" are taken
/// without their port. Pure, any thread.
[[nodiscard]] common::Result<Indicator, IndicatorErrc> parse_indicator(std::string_view text,
                                                                       IndicatorKind kind = IndicatorKind::any);

/// Undoes defanging: hxxp -> http, "[.]" "(.)" "{.}" "[dot]" "(dot)" -> ".", "[:]" -> ":", "[://]" -> "://",
/// "[@]" -> "@", "[/]" -> "/"; blanks, quotes and angle brackets around are cut. Pure.
[[nodiscard]] std::string refang(std::string_view text);

/// A key on the event path: bytes that are hashed and compared. Addresses 4 or 16 bytes, hashes 16, 20 or 32 bytes,
/// domains and URLs their canonical text. Holds its bytes; allocates nothing.
struct IndicatorKey {
    IndicatorType type = IndicatorType::ipv4;
    std::uint16_t size = 0;
    std::array<char, kMaxUrlBytes> bytes; // NOLINT(*-member-init): filled up to size
    [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// Makes the key of an event's value; false when the value is not of that kind (then `key` is unspecified).
void address_key(const common::IpAddress& address, IndicatorKey& key) noexcept;
[[nodiscard]] bool domain_key(std::string_view text, IndicatorKey& key) noexcept;
/// `host` and `path` are joined when the value has no host of its own (a proxy's cs-host and c-uri); else host is
/// empty.
[[nodiscard]] bool url_key(std::string_view host, std::string_view text, IndicatorKey& key) noexcept;
[[nodiscard]] bool hash_key(std::string_view hex, IndicatorKey& key) noexcept;
/// The key of a canonical text, for confirming a hit and for building; false never for texts of parse_indicator
/// (networks have no key).
[[nodiscard]] bool canonical_key(IndicatorType type, std::string_view text, IndicatorKey& key) noexcept;

/// The host of a URL or of "host:port" as written (no brackets, no port, no user); empty when there is none.
[[nodiscard]] std::string_view url_host(std::string_view text) noexcept;

} // namespace canhgac::engine
