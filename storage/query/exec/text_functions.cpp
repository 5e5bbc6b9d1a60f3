#include "storage/query/exec/text_functions.hpp"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "text/fold.hpp"
#include "text/utf8.hpp"

namespace canhgac::storage {

namespace {

constexpr std::string_view kSeparators = "/\\";

bool is_term_byte(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Byte offset of a character; the size of the text if it has fewer.
std::size_t offset_of(std::string_view text, std::size_t character) noexcept {
    std::size_t at = 0;
    for (; character > 0 && at < text.size(); --character) {
        at += text::decode(text, at).size;
    }
    return at;
}

char32_t gap(char32_t left, char32_t right) noexcept {
    return left > right ? left - right : right - left;
}

/// Capital letters by what they fold to; of several the nearest code (K, not the Kelvin sign).
const std::unordered_map<char32_t, char32_t>& capitals() {
    static const std::unordered_map<char32_t, char32_t> kCapitals = [] {
        constexpr char32_t kEndOfCased = 0x1'F000;
        std::unordered_map<char32_t, char32_t> map;
        for (char32_t code = 'A'; code < kEndOfCased; ++code) {
            const char32_t folded = text::fold(code);
            if (folded == code) { continue; }
            const auto [known, is_new] = map.try_emplace(folded, code);
            if (!is_new && gap(code, folded) < gap(known->second, folded)) { known->second = code; }
        }
        return map;
    }();
    return kCapitals;
}

} // namespace

std::size_t count_characters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        at += text::decode(text, at).size;
    }
    return count;
}

std::string_view substring_of(std::string_view text, std::int64_t start, std::optional<std::int64_t> length) noexcept {
    if (length && *length <= 0) { return {}; }
    if (start < 0) {
        const auto size = static_cast<std::int64_t>(count_characters(text));
        start = start < -size ? 0 : size + start;
    }
    text.remove_prefix(offset_of(text, static_cast<std::size_t>(start)));
    return length ? text.substr(0, offset_of(text, static_cast<std::size_t>(*length))) : text;
}

bool has_term(std::string_view text, std::string_view term) {
    if (term.empty()) { return true; }
    const std::string folded = text::fold(text);
    const std::string wanted = text::fold(term);
    for (auto at = folded.find(wanted); at != std::string::npos; at = folded.find(wanted, at + 1)) {
        const std::size_t end = at + wanted.size();
        const bool begins = at == 0 || !is_term_byte(folded[at - 1]) || !is_term_byte(wanted.front());
        const bool ends = end == folded.size() || !is_term_byte(folded[end]) || !is_term_byte(wanted.back());
        if (begins && ends) { return true; }
    }
    return false;
}

std::string_view base_name_of(std::string_view path) noexcept {
    const auto at = path.find_last_of(kSeparators);
    return at == std::string_view::npos ? path : path.substr(at + 1);
}

std::string_view directory_of(std::string_view path) noexcept {
    const auto at = path.find_last_of(kSeparators);
    return at == std::string_view::npos ? std::string_view{} : path.substr(0, at);
}

std::string to_upper(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (static_cast<unsigned char>(c) < 0x80) {
            result += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            ++at;
            continue;
        }
        const text::Decoded decoded = text::decode(text, at);
        const auto capital = capitals().find(decoded.code);
        text::encode(capital == capitals().end() ? decoded.code : capital->second, result);
        at += decoded.size;
    }
    return result;
}

} // namespace canhgac::storage
