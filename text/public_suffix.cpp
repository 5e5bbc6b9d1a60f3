#include "text/public_suffix.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <vector>

#include "common/ip.hpp"
#include "text/fold.hpp"
#include "text/utf8.hpp"

namespace canhgac::text {

namespace {

bool is_plain_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Punycode, RFC 3492 section 5 and 6.
constexpr std::uint32_t kPunyBase = 36;
constexpr std::uint32_t kPunyMin = 1;
constexpr std::uint32_t kPunyMax = 26;
constexpr std::uint32_t kPunySkew = 38;
constexpr std::uint32_t kPunyDamp = 700;
constexpr std::uint32_t kPunyFirstBias = 72;
constexpr std::uint32_t kPunyFirstCode = 128;

char puny_digit(std::uint32_t value) noexcept {
    return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) noexcept {
    delta = first ? delta / kPunyDamp : delta / 2;
    delta += delta / points;
    std::uint32_t rounds = 0;
    while (delta > (kPunyBase - kPunyMin) * kPunyMax / 2) {
        delta /= kPunyBase - kPunyMin;
        rounds += kPunyBase;
    }
    return rounds + (kPunyBase - kPunyMin + 1) * delta / (delta + kPunySkew);
}

void append_variable(std::uint32_t number, std::uint32_t bias, std::string& out) {
    for (std::uint32_t k = kPunyBase;; k += kPunyBase) {
        const std::uint32_t threshold = k <= bias ? kPunyMin : std::min(k - bias, kPunyMax);
        if (number < threshold) { break; }
        out += puny_digit(threshold + (number - threshold) % (kPunyBase - threshold));
        number = (number - threshold) / (kPunyBase - threshold);
    }
    out += puny_digit(number);
}

std::string punycode(std::string_view label) {
    std::vector<std::uint32_t> codes;
    std::string out;
    for (std::size_t at = 0; at < label.size();) {
        const Decoded decoded = decode(label, at);
        codes.push_back(decoded.code);
        if (decoded.code < kPunyFirstCode) { out += static_cast<char>(decoded.code); }
        at += decoded.size;
    }
    auto done = static_cast<std::uint32_t>(out.size());
    const std::uint32_t basic = done;
    if (basic > 0) { out += '-'; }
    std::uint32_t code = kPunyFirstCode;
    std::uint32_t delta = 0;
    std::uint32_t bias = kPunyFirstBias;
    while (done < codes.size()) {
        std::uint32_t least = UINT32_MAX;
        for (const std::uint32_t each : codes) {
            if (each >= code) { least = std::min(least, each); }
        }
        delta += (least - code) * (done + 1);
        code = least;
        for (const std::uint32_t each : codes) {
            if (each < code) { ++delta; }
            if (each != code) { continue; }
            append_variable(delta, bias, out);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            ++done;
        }
        ++delta;
        ++code;
    }
    return out;
}

constexpr std::size_t kMaxLabelBytes = 255; ///< what is longer is no name, and Punycode takes quadratic time

} // namespace

std::string to_ascii_labels(std::string_view name) {
    std::string out;
    for (;;) {
        const auto dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        if (is_plain_ascii(label) || label.size() > kMaxLabelBytes || !is_valid_utf8(label)) {
            out += label;
        } else {
            out += "xn--" + punycode(label);
        }
        if (dot == std::string_view::npos) { return out; }
        out += '.';
        name.remove_prefix(dot + 1);
    }
}

/// A rule is a line up to the first blank; "//" begins a comment, "*." a wildcard, "!" an exception.
void PublicSuffixes::add(std::string_view line) {
    line = line.substr(0, line.find_first_of(" \t\r"));
    if (line.empty() || line.starts_with("//")) { return; }
    const bool exception = line.starts_with('!');
    const bool wildcard = line.starts_with("*.");
    if (exception || wildcard) { line.remove_prefix(exception ? 1 : 2); }
    if (line.empty() || line.find('*') != std::string_view::npos) { return; }
    const std::string name = fold(line);
    for (const std::string& spelling : {name, to_ascii_labels(name)}) {
        Rule& rule = rules_[spelling];
        rule.exception = rule.exception || exception;
        rule.wildcard = rule.wildcard || wildcard;
        rule.plain = rule.plain || (!exception && !wildcard);
    }
}

PublicSuffixes PublicSuffixes::read(std::string_view text) {
    PublicSuffixes result;
    while (!text.empty()) {
        const auto end = text.find('\n');
        result.add(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return result;
}

std::optional<PublicSuffixes> PublicSuffixes::load(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    PublicSuffixes result = read(text);
    if (result.size() == 0) { return std::nullopt; }
    return result;
}

std::optional<std::string> PublicSuffixes::registered_domain(std::string_view name) const {
    if (name.ends_with('.')) { name.remove_suffix(1); }
    if (name.empty() || name.front() == '.' || name.find("..") != std::string_view::npos || common::parse_ip(name)) {
        return std::nullopt;
    }
    const std::string folded = fold(name);
    const std::string_view whole = folded;
    std::vector<std::size_t> starts{0}; // of the labels
    for (auto dot = whole.find('.'); dot != std::string_view::npos; dot = whole.find('.', dot + 1)) {
        starts.push_back(dot + 1);
    }
    // The exception decides; else the rule with most labels. From the longest tail on, the first that fits is it.
    std::size_t suffix = starts.size() - 1; // index of its first label
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const auto found = rules_.find(whole.substr(starts[i]));
        if (found == rules_.end()) { continue; }
        if (found->second.exception) {
            suffix = i + 1;
            break;
        }
        if (found->second.wildcard && i > 0) {
            suffix = i - 1;
            break;
        }
        if (found->second.plain) {
            suffix = i;
            break;
        }
    }
    // An exception stands one label before the wildcard it is from, so that it is met first.
    if (suffix == 0 || suffix >= starts.size()) { return std::nullopt; }
    return folded.substr(starts[suffix - 1]);
}

} // namespace canhgac::text
