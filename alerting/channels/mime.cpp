#include "alerting/channels/mime.hpp"

#include <algorithm>
#include <array>
#include <sodium.h>
#include <vector>

#include <fmt/format.h>

namespace canhgac::alerting {
namespace {

constexpr std::size_t kMaxWordBytes = 45; ///< 60 base64 characters + "=?UTF-8?B?" + "?=" = 72
constexpr std::size_t kMaxAddressBytes = 254;
constexpr std::size_t kNameBefore = 6; ///< "From: "
constexpr common::Nanos kVietnamOffset = 7 * common::kHour;

std::string base64(std::string_view bytes) {
    std::vector<char> out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL));
    sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    return out.data();
}

bool is_plain(std::string_view text) noexcept {
    return text.find("=?") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

std::string without_controls(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) { c = ' '; }
    }
    return out;
}

/// `before` characters stand on the first line already.
std::string encoded_words(std::string_view text, std::size_t before) {
    constexpr std::size_t kLine = 76;
    constexpr std::size_t kFrame = 12; // =?UTF-8?B? and ?=
    const std::size_t room = kLine - kFrame - std::min(before, kLine - kFrame - 8);
    std::size_t limit = std::min(room / 4 * 3, kMaxWordBytes);
    std::string out;
    while (!text.empty()) {
        std::size_t size = std::min(text.size(), limit);
        while (size < text.size() && size > 1 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
            --size;
        }
        if (!out.empty()) { out += "\r\n "; }
        out += fmt::format("=?UTF-8?B?{}?=", base64(text.substr(0, size)));
        text.remove_prefix(size);
        limit = kMaxWordBytes;
    }
    return out;
}

} // namespace

std::string mail_header(std::string_view name, std::string_view value) {
    const std::string clean = without_controls(value);
    constexpr std::size_t kMaxPlain = 900; // a line has at most 998 characters (RFC 5322 section 2.1.1)
    if (is_plain(clean) && clean.size() <= kMaxPlain) { return fmt::format("{}: {}\r\n", name, clean); }
    return fmt::format("{}: {}\r\n", name, encoded_words(clean, name.size() + 2));
}

std::string mailbox(std::string_view name, std::string_view address) {
    if (name.empty()) { return std::string(address); }
    const std::string clean = without_controls(name);
    if (is_plain(clean) && clean.find_first_of("\"\\") == std::string::npos) {
        return fmt::format("\"{}\" <{}>", clean, address);
    }
    return fmt::format("{} <{}>", encoded_words(clean, kNameBefore), address);
}

std::string mail_date(common::Nanos time) {
    static constexpr std::array<const char*, 7> kDays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const common::Nanos local = std::max<common::Nanos>(time + kVietnamOffset, 0);
    const auto civil = common::to_civil(local);
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0700",
                       kDays[static_cast<std::size_t>(local / common::kDay) % kDays.size()], civil.day,
                       kMonths[civil.month - 1], civil.year, civil.hour, civil.minute, civil.second);
}

std::string base64_lines(std::string_view bytes) {
    constexpr std::size_t kBytesPerLine = 57;
    std::string out;
    while (!bytes.empty()) {
        const std::size_t size = std::min(bytes.size(), kBytesPerLine);
        out += base64(bytes.substr(0, size));
        out += "\r\n";
        bytes.remove_prefix(size);
    }
    return out;
}

bool is_mail_address(std::string_view text) noexcept {
    const auto at = text.find('@');
    const auto allowed = [](char c) {
        return c > 0x20 && c < 0x7F && std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
    };
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= kMaxAddressBytes &&
           text.find('@', at + 1) == std::string_view::npos && std::all_of(text.begin(), text.end(), allowed);
}

} // namespace canhgac::alerting
