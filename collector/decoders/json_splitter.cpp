#include "collector/decoders/json_splitter.hpp"

#include <algorithm>
#include <cstring>

#include "collector/decoders/json_scan.hpp"

namespace canhgac::collector {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// First of `"{}` or a line feed at or after `at`.
std::size_t find_structural(std::string_view text, std::size_t at) noexcept {
    const char* p = text.data() + at;
    const char* const end = text.data() + text.size();
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i open = _mm_set1_epi8('{');
    const __m128i close = _mm_set1_epi8('}');
    const __m128i feed = _mm_set1_epi8('\n');
    for (; end - p >= 16; p += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i brackets = _mm_or_si128(_mm_cmpeq_epi8(block, open), _mm_cmpeq_epi8(block, close));
        const __m128i others = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, feed));
        const int hits = _mm_movemask_epi8(_mm_or_si128(brackets, others));
        if (hits != 0) {
            return static_cast<std::size_t>(p - text.data()) +
                   static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(hits)));
        }
    }
#endif
    while (p != end && *p != '"' && *p != '{' && *p != '}' && *p != '\n') {
        ++p;
    }
    return static_cast<std::size_t>(p - text.data());
}

/// Behind the closing quote of the string whose opening quote is at `at`; the size of `text` when there is none.
std::size_t behind_string(std::string_view text, std::size_t at) noexcept {
    const char* const end = text.data() + text.size();
    const char* p = text.data() + at + 1;
    unsigned high = 0;
    for (;;) {
        p = find_quote_or_backslash(p, end, high);
        if (p == end) { return text.size(); }
        if (*p == '"') { return static_cast<std::size_t>(p - text.data()) + 1; }
        p += end - p > 1 ? 2 : 1;
        if (p == end) { return text.size(); }
    }
}

/// Length of the line at the front, with its line feed.
std::size_t line_length(std::string_view text) noexcept {
    const std::size_t feed = text.find('\n');
    return feed == std::string_view::npos ? text.size() : feed + 1;
}

/// True when a value may stand at `at`: the last character before it that is not white space is one of `[ , :`.
bool value_may_follow(std::string_view text, std::size_t at) noexcept {
    const std::size_t before = text.find_last_not_of(" \r\n\t", at - 1);
    return before != std::string_view::npos && (text[before] == '[' || text[before] == ',' || text[before] == ':');
}

/// Length of the object at the front (text starts with '{').
std::size_t object_length(std::string_view text) noexcept {
    std::size_t depth = 0;
    std::size_t at = 0;
    while ((at = find_structural(text, at)) < text.size()) {
        switch (text[at]) {
        case '{':
            ++depth;
            ++at;
            break;
        case '}':
            ++at;
            if (--depth == 0) { return at; }
            break;
        case '"': {
            // A quote that is never closed would swallow the rest of the file: JSON has no raw line feeds in strings,
            // so such a record ends with its line.
            const std::size_t behind = behind_string(text, at);
            const void* const feed = std::memchr(text.data() + at, '\n', behind - at);
            if (feed != nullptr) { return static_cast<std::size_t>(static_cast<const char*>(feed) - text.data()); }
            at = behind;
            break;
        }
        default: // a line feed
            ++at;
            if (at < text.size() && text[at] == '{' && !value_may_follow(text, at)) { return at; }
            break;
        }
    }
    return text.size();
}

std::string_view without_feed(std::string_view line) noexcept {
    while (line.ends_with('\n') || line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

bool is_separator(char c) noexcept {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',';
}

} // namespace

FileShape detect_file_shape(std::string_view text) noexcept {
    if (text.starts_with(kByteOrderMark)) { text.remove_prefix(kByteOrderMark.size()); }
    const std::size_t first = text.find_first_not_of(" \r\n\t");
    if (first == std::string_view::npos) { return FileShape::lines; }
    if (text[first] == '{') { return FileShape::json; }
    if (text[first] != '[') { return FileShape::lines; }
    const std::size_t inside = text.find_first_not_of(" \r\n\t", first + 1);
    return inside != std::string_view::npos && text[inside] == '{' ? FileShape::json : FileShape::lines;
}

RecordSplitter::RecordSplitter(std::string_view text, FileShape shape) noexcept : rest_(text), shape_(shape) {
    if (rest_.starts_with(kByteOrderMark)) { rest_.remove_prefix(kByteOrderMark.size()); }
    if (shape_ == FileShape::json) {
        const std::size_t first = rest_.find_first_not_of(" \r\n\t");
        if (first != std::string_view::npos && rest_[first] == '[') { rest_.remove_prefix(first + 1); }
        const std::size_t object = rest_.find('{');
        if (object != std::string_view::npos) {
            const std::string_view line = rest_.substr(object, line_length(rest_.substr(object)));
            one_a_line_ = object_length(line) < line.size() || (line.ends_with('}') && line.size() > 1);
        }
    }
}

std::optional<std::string_view> RecordSplitter::next() noexcept {
    return shape_ == FileShape::json ? next_value() : next_line();
}

std::optional<std::string_view> RecordSplitter::next_line() noexcept {
    while (!rest_.empty()) {
        const std::size_t length = line_length(rest_);
        std::string_view line = rest_.substr(0, length);
        rest_.remove_prefix(length);
        if (line.ends_with('\n')) { line.remove_suffix(1); }
        if (line.ends_with('\r')) { line.remove_suffix(1); }
        if (!line.empty()) { return line; }
    }
    return std::nullopt;
}

std::optional<std::string_view> RecordSplitter::next_value() noexcept {
    while (!rest_.empty() && is_separator(rest_.front())) {
        rest_.remove_prefix(1);
    }
    if (rest_.empty()) { return std::nullopt; }
    if (rest_.front() == ']' && rest_.find_first_not_of(" \r\n\t", 1) == std::string_view::npos) {
        rest_ = {};
        return std::nullopt;
    }
    const std::string_view within = one_a_line_ ? rest_.substr(0, line_length(rest_)) : rest_;
    const std::size_t length = rest_.front() == '{' ? object_length(within) : line_length(rest_);
    const std::string_view record = without_feed(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return record;
}

} // namespace canhgac::collector
