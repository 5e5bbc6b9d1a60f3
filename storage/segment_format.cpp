#include "storage/segment_format.hpp"

namespace canhgac::storage {

namespace {

/// The letter after the backslash; 0: none needed; 'u': four digits follow.
constexpr char escape_letter(char c) noexcept {
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return static_cast<unsigned char>(c) < 0x20U ? 'u' : '\0';
    }
}

} // namespace

void append_json_escaped(std::string_view text, std::string& out) {
    for (const char c : text) {
        const char letter = escape_letter(c);
        if (letter == '\0') {
            out.push_back(c);
            continue;
        }
        out.push_back('\\');
        out.push_back(letter);
        if (letter == 'u') {
            out += "00";
            out.push_back(static_cast<unsigned char>(c) < 0x10U ? '0' : '1');
            out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15U]);
        }
    }
}

std::size_t json_escaped_size(std::string_view text) noexcept {
    std::size_t size = text.size();
    for (const char c : text) {
        const char letter = escape_letter(c);
        size += letter == '\0' ? 0 : letter == 'u' ? 5 : 1;
    }
    return size;
}

} // namespace canhgac::storage
