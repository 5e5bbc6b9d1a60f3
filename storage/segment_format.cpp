#include "storage/segment_format.hpp"

#include <array>
#include <cstring>

namespace canhgac::storage {

namespace {

/// The letter after the backslash; 0: none needed; 'u': four digits follow.
constexpr char escape_letter(unsigned char c) noexcept {
    switch (c) {
    case '"':
    case '\\':
        return static_cast<char>(c);
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
        return c < 0x20U ? 'u' : '\0';
    }
}

constexpr std::array<char, 256> kLetters = [] {
    std::array<char, 256> letters{};
    for (unsigned c = 0; c < letters.size(); ++c) {
        letters[c] = escape_letter(static_cast<unsigned char>(c));
    }
    return letters;
}();

char letter_of(char c) noexcept {
    return kLetters[static_cast<unsigned char>(c)];
}

} // namespace

std::size_t json_escaped_size(std::string_view text) noexcept {
    std::size_t size = text.size();
    for (const char c : text) {
        const char letter = letter_of(c);
        size += letter == '\0' ? 0 : letter == 'u' ? 5 : 1;
    }
    return size;
}

void put_json_escaped(std::string_view text, char* out) noexcept {
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = letter_of(text[i]);
        if (letter == '\0') { continue; }
        std::memcpy(out, text.data() + done, i - done);
        out += i - done;
        done = i + 1;
        *out++ = '\\';
        *out++ = letter;
        if (letter != 'u') { continue; }
        const auto code = static_cast<unsigned char>(text[i]);
        std::memcpy(out, "00", 2);
        out[2] = code < 0x10U ? '0' : '1';
        out[3] = "0123456789abcdef"[code & 15U];
        out += 4;
    }
    if (done < text.size()) { std::memcpy(out, text.data() + done, text.size() - done); }
}

} // namespace canhgac::storage
