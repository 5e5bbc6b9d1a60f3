#include "rules/modifiers_encoding.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace canhgac::rules {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::array<std::string_view, 5> kDashes = {"-", "/", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\x95"};

char32_t decode(std::string_view character) {
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(character[i])); };
    switch (character.size()) {
    case 2:
        return ((byte(0) & 0x1FU) << 6U) | (byte(1) & 0x3FU);
    case 3:
        return ((byte(0) & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
    case 4:
        return ((byte(0) & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) | (byte(3) & 0x3FU);
    default:
        return byte(0);
    }
}

/// Letters, digits and `_`, as a Unicode regex's \w; beyond Latin-1 whatever is not in a block of punctuation,
/// symbols or blanks.
bool is_word(char32_t c) {
    if (c < 0x80U) { return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20U) >= 'a' && (c | 0x20U) <= 'z'); }
    if (c < 0xC0U) { return c == 0xAAU || c == 0xB5U || c == 0xBAU; }
    if (c == 0xD7U || c == 0xF7U) { return false; }
    const bool is_symbol = (c >= 0x2000U && c <= 0x2BFFU) || (c >= 0x2E00U && c <= 0x2E7FU) ||
                           (c >= 0x3000U && c <= 0x3004U) || (c >= 0x3008U && c <= 0x3020U) ||
                           (c >= 0xFE10U && c <= 0xFE6FU) || (c >= 0xFF00U && c <= 0xFF0FU) || c >= 0x1F000U;
    return !is_symbol;
}

/// Byte places of the dashes of a literal that windash replaces.
std::vector<std::size_t> dashes_of(std::string_view text) {
    std::vector<std::size_t> places;
    bool after_word = false;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = character_length(text.substr(i));
        const char32_t c = decode(text.substr(i, length));
        const std::string_view rest = text.substr(i + length);
        const bool before_word = !rest.empty() && is_word(decode(rest.substr(0, character_length(rest))));
        if ((c == '-' || c == '/') && !after_word && before_word) { places.push_back(i); }
        after_word = is_word(c);
        i += length;
    }
    return places;
}

/// The next `%name%` at or after `from` whose first sign is not escaped.
struct Found {
    std::size_t begin = std::string_view::npos;
    std::size_t end = std::string_view::npos; ///< after the second sign
};

Found find_placeholder(std::string_view text, std::size_t from) {
    for (std::size_t i = from; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') {
            ++i;
        } else if (text[i] == '%') {
            const std::size_t close = text.find('%', i + 1);
            if (close == std::string_view::npos || close == i + 1) { return {}; }
            return {i, close + 1};
        }
    }
    return {};
}

std::string without_escapes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') { continue; }
        out += text[i];
    }
    return out;
}

/// Appends to every pattern; false when that is the empty text for nothing to do.
void append_to_all(std::vector<Pattern>& patterns, std::string_view text) {
    for (auto& pattern : patterns) {
        append_literal(pattern, text);
    }
}

} // namespace

std::string base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = (group << 8U) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= count ? kAlphabet[(group >> (18U - 6U * k)) & 0x3FU] : '=';
        }
    }
    return out;
}

std::optional<std::vector<std::string>> base64_offsets(std::string_view bytes) {
    // Characters at either end mix bits of the value with bits of its neighbours; they are cut off.
    static constexpr std::array<std::size_t, 3> kCutBefore = {0, 2, 3};
    static constexpr std::array<std::size_t, 3> kCutAfter = {0, 3, 2};
    std::vector<std::string> texts;
    for (std::size_t offset = 0; offset < 3; ++offset) {
        const std::string whole = base64(std::string(offset, ' ') + std::string(bytes));
        const std::size_t cut = kCutBefore[offset] + kCutAfter[(bytes.size() + offset) % 3];
        if (whole.size() <= cut) { return std::nullopt; }
        texts.push_back(whole.substr(kCutBefore[offset], whole.size() - cut));
    }
    return texts;
}

std::string utf16(std::string_view text, Utf16 form) {
    std::string out;
    const auto put = [&](std::uint32_t unit) {
        const char high = static_cast<char>(unit >> 8U);
        const char low = static_cast<char>(unit & 0xFFU);
        out += form == Utf16::big_endian ? high : low;
        out += form == Utf16::big_endian ? low : high;
    };
    if (form == Utf16::with_mark) { put(0xFEFFU); }
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        const auto c = static_cast<std::uint32_t>(decode(text.substr(0, length)));
        text.remove_prefix(length);
        if (c < 0x10000U) {
            put(c);
        } else {
            put(0xD800U + ((c - 0x10000U) >> 10U));
            put(0xDC00U + ((c - 0x10000U) & 0x3FFU));
        }
    }
    return out;
}

std::optional<std::vector<Pattern>> windash(const Pattern& pattern) {
    std::vector<Pattern> patterns(1);
    for (const auto& part : pattern) {
        std::size_t done = 0;
        const bool is_literal = part.kind == PatternPart::Kind::literal;
        for (const std::size_t place : is_literal ? dashes_of(part.text) : std::vector<std::size_t>{}) {
            append_to_all(patterns, std::string_view(part.text).substr(done, place - done));
            done = place + 1;
            if (patterns.size() * kDashes.size() > kMaxVariants) { return std::nullopt; }
            std::vector<Pattern> longer;
            for (const auto& before : patterns) {
                for (const auto dash : kDashes) {
                    longer.push_back(before);
                    append_literal(longer.back(), dash);
                }
            }
            patterns = std::move(longer);
        }
        for (auto& one : patterns) {
            append_part(one, {part.kind, part.text.substr(done)});
        }
    }
    return patterns;
}

Expansion expand(const Pattern& pattern, const Placeholders& placeholders) {
    Expansion out;
    out.patterns.resize(1);
    for (const auto& part : pattern) {
        if (part.kind != PatternPart::Kind::literal) {
            for (auto& one : out.patterns) {
                append_part(one, part);
            }
            continue;
        }
        const std::string_view text = part.text;
        std::size_t done = 0;
        for (Found found = find_placeholder(text, 0); found.end != std::string_view::npos;
             found = find_placeholder(text, done)) {
            append_to_all(out.patterns, without_escapes(text.substr(done, found.begin - done)));
            done = found.end;
            const std::string name(text.substr(found.begin + 1, found.end - found.begin - 2));
            const auto values = placeholders.find(name);
            if (values == placeholders.end() || values->second.empty()) {
                for (auto& one : out.patterns) {
                    append_part(one, {PatternPart::Kind::placeholder, name});
                }
                continue;
            }
            if (out.patterns.size() * values->second.size() > kMaxVariants) {
                out.too_many = true;
                return out;
            }
            std::vector<Pattern> longer;
            for (const auto& before : out.patterns) {
                for (const auto& value : values->second) {
                    longer.push_back(before);
                    for (auto& piece : parse_sigma_string(value)) {
                        append_part(longer.back(), std::move(piece));
                    }
                }
            }
            out.patterns = std::move(longer);
        }
        append_to_all(out.patterns, without_escapes(text.substr(done)));
    }
    return out;
}

} // namespace canhgac::rules
