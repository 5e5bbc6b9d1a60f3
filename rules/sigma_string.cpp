#include "rules/sigma_string.hpp"

#include <algorithm>
#include <utility>

namespace canhgac::rules {

using Kind = PatternPart::Kind;

void append_literal(Pattern& pattern, std::string_view text) {
    if (text.empty()) { return; }
    if (!pattern.empty() && pattern.back().kind == Kind::literal) {
        pattern.back().text += text;
    } else {
        pattern.push_back({Kind::literal, std::string(text)});
    }
}

void append_part(Pattern& pattern, PatternPart part) {
    if (part.kind == Kind::literal) {
        append_literal(pattern, part.text);
        return;
    }
    const bool repeats_any = part.kind == Kind::any && !pattern.empty() && pattern.back().kind == Kind::any;
    if (!repeats_any) { pattern.push_back(std::move(part)); }
}

Pattern parse_sigma_string(std::string_view text) {
    Pattern pattern;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        const bool is_escape = text[i] == '\\' && (next == '*' || next == '?' || next == '\\');
        if (is_escape) {
            append_literal(pattern, text.substr(i + 1, 1));
            ++i;
        } else if (text[i] == '*') {
            append_part(pattern, {Kind::any, {}});
        } else if (text[i] == '?') {
            append_part(pattern, {Kind::one, {}});
        } else {
            append_literal(pattern, text.substr(i, 1));
        }
    }
    return pattern;
}

void add_leading_any(Pattern& pattern) {
    if (pattern.empty() || pattern.front().kind != Kind::any) { pattern.insert(pattern.begin(), {Kind::any, {}}); }
}

void add_trailing_any(Pattern& pattern) {
    append_part(pattern, {Kind::any, {}});
}

bool has_wildcard(const Pattern& pattern) noexcept {
    return std::any_of(pattern.begin(), pattern.end(), [](const auto& part) { return part.kind != Kind::literal; });
}

std::string literal_text(const Pattern& pattern) {
    std::string text;
    for (const auto& part : pattern) {
        text += part.text;
    }
    return text;
}

std::size_t character_length(std::string_view text) noexcept {
    if (text.empty()) { return 0; }
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto tails = [&](std::size_t count) {
        for (std::size_t i = 1; i <= count; ++i) {
            if ((byte(i) & 0xC0U) != 0x80U) { return false; }
        }
        return true;
    };
    const unsigned lead = byte(0);
    if (lead >= 0xC2U && lead <= 0xDFU && tails(1)) { return 2; }
    if (lead >= 0xE0U && lead <= 0xEFU && tails(2)) {
        const bool is_wrong = (lead == 0xE0U && byte(1) < 0xA0U) || (lead == 0xEDU && byte(1) > 0x9FU);
        return is_wrong ? 1 : 3;
    }
    if (lead >= 0xF0U && lead <= 0xF4U && tails(3)) {
        const bool is_wrong = (lead == 0xF0U && byte(1) < 0x90U) || (lead == 0xF4U && byte(1) > 0x8FU);
        return is_wrong ? 1 : 4;
    }
    return 1;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        if (length == 1 && static_cast<unsigned char>(text.front()) >= 0x80U) { return false; }
        text.remove_prefix(length);
    }
    return true;
}

} // namespace canhgac::rules
