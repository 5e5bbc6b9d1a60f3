#include "engine/intel/indicator.hpp"

#include <algorithm>
#include <cstring>

namespace canhgac::engine {

namespace {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

int nibble(char c) noexcept {
    if (c >= '0' && c <= '9') { return c - '0'; }
    return lower(c) - 'a' + 10;
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool starts_with_nocase(std::string_view text, std::string_view lower_prefix) noexcept {
    return text.size() >= lower_prefix.size() && std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(),
                                                            [](char p, char c) { return lower(c) == p; });
}

bool is_domain_byte(char c) noexcept {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80U;
}

enum class DomainErrc : std::uint8_t { none, bad, single_label };

/// The canonical form of a domain into `out` (kMaxDomainBytes); its size in `size`.
DomainErrc canonical_domain(std::string_view text, char* out, std::size_t& size) noexcept {
    if (text.starts_with("*.")) { text.remove_prefix(2); }
    if (text.ends_with('.')) { text.remove_suffix(1); }
    if (text.empty() || text.size() > kMaxDomainBytes) { return DomainErrc::bad; }
    std::size_t label = 0;
    std::size_t labels = 1;
    bool last_is_number = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '.') {
            if (label == 0) { return DomainErrc::bad; }
            label = 0;
            ++labels;
            last_is_number = true;
        } else {
            if (!is_domain_byte(c) || ++label > 63) { return DomainErrc::bad; }
            last_is_number = last_is_number && is_digit(c);
        }
        out[i] = lower(c);
    }
    if (label == 0 || last_is_number) { return DomainErrc::bad; }
    size = text.size();
    return labels < 2 ? DomainErrc::single_label : DomainErrc::none;
}

struct UrlParts {
    std::string_view host; ///< without brackets
    bool bracketed = false;
    std::string_view port;
    std::string_view rest; ///< from '/' or '?', without fragment; may be empty
};

bool split_authority(std::string_view authority, UrlParts& parts) noexcept {
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) { authority.remove_prefix(at + 1); }
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        if (close == std::string_view::npos) { return false; }
        parts.host = authority.substr(1, close - 1);
        parts.bracketed = true;
        authority.remove_prefix(close + 1);
    } else {
        const auto colon = authority.find(':');
        parts.host = authority.substr(0, colon);
        authority.remove_prefix(std::min(colon, authority.size()));
    }
    if (authority.starts_with(':')) { parts.port = authority.substr(1); }
    const bool digits = std::all_of(parts.port.begin(), parts.port.end(), is_digit);
    return !parts.host.empty() && digits && parts.port.size() <= 5 && (authority.empty() || authority.front() == ':');
}

/// Scheme of RFC 3986 followed by "://": its length with the separator, else 0.
std::size_t scheme_size(std::string_view text) noexcept {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0 || colon > 16) { return 0; }
    const bool sound = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
        return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '+' || c == '-' || c == '.';
    });
    return sound ? colon + 3 : 0;
}

bool split_url(std::string_view text, UrlParts& parts) noexcept {
    text.remove_prefix(scheme_size(text));
    if (const auto hash = text.find('#'); hash != std::string_view::npos) { text = text.substr(0, hash); }
    const auto end = text.find_first_of("/?\\");
    parts.rest = end == std::string_view::npos ? std::string_view() : text.substr(end);
    return split_authority(text.substr(0, end), parts);
}

class KeyWriter {
public:
    explicit KeyWriter(IndicatorKey& key) noexcept : key_(key) { key_.size = 0; }
    bool add(std::string_view text) noexcept {
        if (text.empty()) { return true; }
        if (key_.size + text.size() > key_.bytes.size()) { return false; }
        std::memcpy(key_.bytes.data() + key_.size, text.data(), text.size());
        key_.size = static_cast<std::uint16_t>(key_.size + text.size());
        return true;
    }
    /// A host: an address in its canonical form or a domain; single labels pass (an intranet server).
    bool add_host(std::string_view host) noexcept {
        if (const auto address = common::parse_ip(host)) { return add_address(common::unmapped(*address)); }
        std::array<char, kMaxDomainBytes> name; // NOLINT(*-member-init): filled by canonical_domain
        std::size_t size = 0;
        return canonical_domain(host, name.data(), size) != DomainErrc::bad && add({name.data(), size});
    }

private:
    bool add_address(const common::IpAddress& address) {
        const std::string text = common::to_string(address); // hosts that are IPv6 addresses are rare
        return address.is_v6 ? add("[") && add(text) && add("]") : add(text);
    }
    IndicatorKey& key_;
};

common::Result<Indicator, IndicatorErrc> parse_address(const common::IpAddress& given) {
    const common::IpAddress address = common::unmapped(given);
    const auto* const bytes = address.bytes.data();
    const bool zero = std::all_of(bytes, bytes + (address.is_v6 ? 15 : 4), [](std::uint8_t b) { return b == 0; });
    const bool all_ones = !address.is_v6 && std::all_of(bytes, bytes + 4, [](std::uint8_t b) { return b == 255; });
    if (address.is_v6 ? (zero && bytes[15] <= 1) : (zero || all_ones || bytes[0] == 127)) {
        return common::fail(IndicatorErrc::reserved);
    }
    return Indicator{address.is_v6 ? IndicatorType::ipv6 : IndicatorType::ipv4, common::to_string(address)};
}

common::Result<Indicator, IndicatorErrc> parse_network(std::string_view text) {
    const auto network = common::parse_cidr(text);
    if (!network) { return common::fail(IndicatorErrc::bad_network); }
    const unsigned full = network->address.is_v6 ? 128 : 32;
    if (network->prefix_bits == full) { return parse_address(network->address); }
    if (network->prefix_bits < (network->address.is_v6 ? 16 : 8)) { return common::fail(IndicatorErrc::too_wide); }
    return Indicator{IndicatorType::network,
                     common::to_string(network->address) + "/" + std::to_string(network->prefix_bits)};
}

common::Result<Indicator, IndicatorErrc> parse_domain(std::string_view text) {
    std::array<char, kMaxDomainBytes> name; // NOLINT(*-member-init): filled by canonical_domain
    std::size_t size = 0;
    switch (canonical_domain(text, name.data(), size)) {
    case DomainErrc::bad:
        return common::fail(text.size() > kMaxDomainBytes ? IndicatorErrc::too_long : IndicatorErrc::bad_domain);
    case DomainErrc::single_label:
        return common::fail(IndicatorErrc::single_label);
    case DomainErrc::none:
        break;
    }
    return Indicator{IndicatorType::domain, std::string(name.data(), size)};
}

common::Result<Indicator, IndicatorErrc> parse_url(std::string_view text) {
    if (text.size() > kMaxUrlBytes) { return common::fail(IndicatorErrc::too_long); }
    IndicatorKey key;
    if (!url_key({}, text, key)) { return common::fail(IndicatorErrc::bad_url); }
    return Indicator{IndicatorType::url, std::string(key.view())};
}

common::Result<Indicator, IndicatorErrc> parse_hash(std::string_view text) {
    IndicatorKey key;
    if (!hash_key(text, key)) { return common::fail(IndicatorErrc::bad_hash); }
    std::string hex(text);
    std::transform(hex.begin(), hex.end(), hex.begin(), lower);
    return Indicator{key.type, std::move(hex)};
}

bool is_address(std::string_view text, common::IpAddress& address) noexcept {
    const auto parsed = common::parse_ip(text);
    if (parsed) { address = *parsed; }
    return parsed.has_value();
}

/// "host:port" and "[v6]:port" without the port, when that is what the text is.
std::string_view without_port(std::string_view text) noexcept {
    UrlParts parts;
    return split_authority(text, parts) && (!parts.port.empty() || parts.bracketed) ? parts.host : text;
}

common::Result<Indicator, IndicatorErrc> parse_any(std::string_view text) {
    IndicatorKey key;
    common::IpAddress address;
    if (hash_key(text, key)) { return parse_hash(text); }
    if (is_address(text, address)) { return parse_address(address); }
    if (scheme_size(text) != 0) { return parse_url(text); }
    if (const auto slash = text.find_first_of("/?\\"); slash != std::string_view::npos) {
        return text[slash] == '/' && is_address(text.substr(0, slash), address) &&
                       std::all_of(text.begin() + static_cast<std::ptrdiff_t>(slash) + 1, text.end(), is_digit)
                   ? parse_network(text)
                   : parse_url(text);
    }
    if (text.find_first_of("@ \t") != std::string_view::npos) { return common::fail(IndicatorErrc::unknown_kind); }
    const std::string_view host = without_port(text);
    if (is_address(host, address)) { return parse_address(address); }
    return parse_domain(host);
}

} // namespace

std::string_view to_string(IndicatorType type) noexcept {
    static constexpr std::array<std::string_view, kIndicatorTypes> kNames = {"ipv4", "ipv6", "network", "domain",
                                                                             "url",  "md5",  "sha1",    "sha256"};
    const auto index = static_cast<std::size_t>(type);
    return index < kNames.size() ? kNames[index] : "unknown";
}

std::string_view to_string(IndicatorErrc error) noexcept {
    switch (error) {
    case IndicatorErrc::empty:
        return "empty value";
    case IndicatorErrc::unknown_kind:
        return "neither an address, a network, a domain, a URL nor a hash";
    case IndicatorErrc::bad_network:
        return "not a network: the prefix is out of range or host bits are set";
    case IndicatorErrc::too_wide:
        return "network too wide (shorter than /8, IPv6 /16)";
    case IndicatorErrc::reserved:
        return "unspecified, loopback or broadcast address";
    case IndicatorErrc::bad_domain:
        return "not a domain name";
    case IndicatorErrc::single_label:
        return "a domain needs at least two labels";
    case IndicatorErrc::bad_url:
        return "not a URL with a host";
    case IndicatorErrc::bad_hash:
        return "not an MD5, SHA-1 or SHA-256 in hexadecimal";
    case IndicatorErrc::too_long:
        return "too long";
    case IndicatorErrc::wrong_kind:
        return "not of the kind this list declares";
    }
    return "not an indicator";
}

std::string refang(std::string_view text) {
    static constexpr auto kPairs = std::to_array<std::pair<std::string_view, std::string_view>>({{"[.]", "."},
                                                                                                 {"(.)", "."},
                                                                                                 {"{.}", "."},
                                                                                                 {"[dot]", "."},
                                                                                                 {"(dot)", "."},
                                                                                                 {"[://]", "://"},
                                                                                                 {"[:]", ":"},
                                                                                                 {"[@]", "@"},
                                                                                                 {"[/]", "/"}});
    static constexpr std::string_view kAround = " \t\r\n\v\f\"'<>`";
    const auto first = text.find_first_not_of(kAround);
    if (first == std::string_view::npos) { return {}; }
    text = text.substr(first, text.find_last_not_of(kAround) - first + 1);
    std::string out;
    out.reserve(text.size());
    if (starts_with_nocase(text, "hxxp")) {
        out = "http";
        text.remove_prefix(4);
    }
    while (!text.empty()) {
        const auto* const pair = std::find_if(kPairs.begin(), kPairs.end(),
                                              [text](const auto& p) { return starts_with_nocase(text, p.first); });
        if (pair != kPairs.end()) {
            out += pair->second;
            text.remove_prefix(pair->first.size());
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    return out;
}

common::Result<Indicator, IndicatorErrc> parse_indicator(std::string_view given, IndicatorKind kind) {
    if (given.size() > 4 * kMaxUrlBytes) { return common::fail(IndicatorErrc::too_long); }
    const std::string text = refang(given);
    if (text.empty()) { return common::fail(IndicatorErrc::empty); }
    switch (kind) {
    case IndicatorKind::any:
        return parse_any(text);
    case IndicatorKind::address: {
        auto made = parse_any(text);
        if (made && made->type > IndicatorType::network) { return common::fail(IndicatorErrc::wrong_kind); }
        return made;
    }
    case IndicatorKind::domain: {
        const std::string_view host = without_port(text);
        common::IpAddress address;
        if (is_address(host, address)) { return common::fail(IndicatorErrc::wrong_kind); }
        return parse_domain(host);
    }
    case IndicatorKind::url:
        return parse_url(text);
    case IndicatorKind::hash:
        return parse_hash(text);
    }
    return common::fail(IndicatorErrc::unknown_kind);
}

void address_key(const common::IpAddress& given, IndicatorKey& key) noexcept {
    const common::IpAddress address = common::unmapped(given);
    key.type = address.is_v6 ? IndicatorType::ipv6 : IndicatorType::ipv4;
    key.size = address.is_v6 ? 16 : 4;
    std::memcpy(key.bytes.data(), address.bytes.data(), key.size);
}

bool domain_key(std::string_view text, IndicatorKey& key) noexcept {
    std::size_t size = 0;
    if (canonical_domain(text, key.bytes.data(), size) != DomainErrc::none) { return false; }
    key.type = IndicatorType::domain;
    key.size = static_cast<std::uint16_t>(size);
    return true;
}

bool url_key(std::string_view host, std::string_view text, IndicatorKey& key) noexcept {
    UrlParts parts;
    if (host.empty()) {
        if (!split_url(text, parts)) { return false; }
    } else {
        if (!split_authority(host, parts)) { return false; }
        parts.rest = text.substr(0, text.find('#'));
    }
    key.type = IndicatorType::url;
    KeyWriter writer(key);
    if (!writer.add_host(parts.host)) { return false; }
    if (!parts.port.empty() && parts.port != "80" && parts.port != "443" &&
        !(writer.add(":") && writer.add(parts.port))) {
        return false;
    }
    return (parts.rest.starts_with('/') || writer.add("/")) && writer.add(parts.rest);
}

bool hash_key(std::string_view hex, IndicatorKey& key) noexcept {
    switch (hex.size()) {
    case 32:
        key.type = IndicatorType::md5;
        break;
    case 40:
        key.type = IndicatorType::sha1;
        break;
    case 64:
        key.type = IndicatorType::sha256;
        break;
    default:
        return false;
    }
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        if (!is_hex(hex[i]) || !is_hex(hex[i + 1])) { return false; }
        key.bytes[i / 2] = static_cast<char>(nibble(hex[i]) * 16 + nibble(hex[i + 1]));
    }
    key.size = static_cast<std::uint16_t>(hex.size() / 2);
    return true;
}

bool canonical_key(IndicatorType type, std::string_view text, IndicatorKey& key) noexcept {
    switch (type) {
    case IndicatorType::ipv4:
    case IndicatorType::ipv6: {
        const auto address = common::parse_ip(text);
        if (address) { address_key(*address, key); }
        return address.has_value();
    }
    case IndicatorType::network:
        return false;
    case IndicatorType::domain:
        return domain_key(text, key);
    case IndicatorType::url:
        return url_key({}, text, key);
    case IndicatorType::md5:
    case IndicatorType::sha1:
    case IndicatorType::sha256:
        return hash_key(text, key);
    }
    return false;
}

std::string_view url_host(std::string_view text) noexcept {
    UrlParts parts;
    return split_url(text, parts) ? parts.host : std::string_view();
}

} // namespace canhgac::engine
