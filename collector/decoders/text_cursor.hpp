/// Small steps through a text, for decoders of sentences.
#pragma once

#include <algorithm>
#include <string_view>

namespace canhgac::collector {

/// Removes `prefix` from the front of `text` if it is there.
[[nodiscard]] inline bool take_prefix(std::string_view& text, std::string_view prefix) noexcept {
    if (!text.starts_with(prefix)) { return false; }
    text.remove_prefix(prefix.size());
    return true;
}

/// What stands before `mark`; `text` then starts behind it. Without the mark: all of `text`, which becomes empty.
[[nodiscard]] inline std::string_view take_until(std::string_view& text, std::string_view mark) noexcept {
    const std::size_t at = text.find(mark);
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + mark.size());
    return taken;
}

/// The token up to the next blank.
[[nodiscard]] inline std::string_view first_word(std::string_view text) noexcept {
    return text.substr(0, std::min(text.find(' '), text.size()));
}

[[nodiscard]] inline std::string_view trimmed(std::string_view text) noexcept {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    return text;
}

/// The inside of 'single' or "double" quotes around `text`, or `text`.
[[nodiscard]] inline std::string_view unquoted(std::string_view text) noexcept {
    if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front()) {
        return text.substr(1, text.size() - 2);
    }
    return text;
}

} // namespace canhgac::collector
