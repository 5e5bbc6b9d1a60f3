#include "app/scan_splitter.hpp"

#include <cstring>

namespace canhgac::app {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

} // namespace

void ScanSplitter::start() {
    mode_ = format_ == "json" ? Mode::json : format_ == "lines" ? Mode::lines : Mode::undecided;
    window_.clear();
    at_ = 0;
    ended_ = false;
}

common::Result<std::size_t, std::string> ScanSplitter::fill(InputStream& stream) {
    window_.erase(0, at_);
    at_ = 0;
    const std::size_t kept = window_.size();
    window_.resize(kept + kWindowBytes);
    auto got = read_full(stream, window_.data() + kept, kWindowBytes);
    window_.resize(kept + (got ? *got : 0));
    if (got && *got == 0) { ended_ = true; }
    return got;
}

std::optional<std::string_view> ScanSplitter::next() {
    if (mode_ == Mode::undecided) {
        std::size_t first = at_;
        if (window_.compare(first, 3, "\xEF\xBB\xBF") == 0) { first += 3; } // byte order mark
        while (first < window_.size() && is_blank(window_[first])) {
            ++first;
        }
        if (first == window_.size()) {
            at_ = first; // blanks are nothing to keep
            return std::nullopt;
        }
        mode_ = window_[first] == '{' || window_[first] == '[' ? Mode::json : Mode::lines;
        at_ = first;
    }
    return mode_ == Mode::json ? next_json() : next_line();
}

std::string_view ScanSplitter::take(std::size_t from, std::size_t end, std::size_t next) {
    at_ = next;
    while (end > from && is_blank(window_[end - 1])) {
        --end;
    }
    return std::string_view(window_).substr(from, end - from);
}

std::optional<std::string_view> ScanSplitter::next_line() {
    while (at_ < window_.size()) {
        const std::size_t end = window_.find('\n', at_);
        if (end == kNone && !ended_ && window_.size() - at_ < kWindowBytes) { return std::nullopt; }
        const std::size_t stop = end == kNone ? window_.size() : end;
        std::size_t trimmed = stop;
        if (trimmed > at_ && window_[trimmed - 1] == '\r') { --trimmed; }
        const std::string_view line = std::string_view(window_).substr(at_, trimmed - at_);
        at_ = end == kNone ? stop : stop + 1;
        if (!line.empty()) { return line; }
    }
    return std::nullopt;
}

std::optional<std::string_view> ScanSplitter::next_json() {
    while (at_ < window_.size() &&
           (is_blank(window_[at_]) || window_[at_] == ',' || window_[at_] == '[' || window_[at_] == ']')) {
        ++at_;
    }
    if (at_ == window_.size()) { return std::nullopt; }
    const std::size_t from = at_;
    // The common case costs one memchr: a line "{...}" with '{' or the end behind it is one value.
    const std::size_t line = window_.find('\n', from);
    if (line != kNone) {
        std::size_t last = line;
        while (last > from && is_blank(window_[last - 1])) {
            --last;
        }
        std::size_t after = line + 1;
        while (after < window_.size() && is_blank(window_[after])) {
            ++after;
        }
        const bool closed = last > from + 1 && window_[last - 1] == '}';
        if (closed && (after < window_.size() ? window_[after] == '{' : ended_)) { return take(from, last, after); }
        if (after == window_.size() && !ended_) { return std::nullopt; }
    }
    if (window_[from] != '{') { // not a value: the line as it is
        if (line == kNone && !ended_ && window_.size() - from < kWindowBytes) { return std::nullopt; }
        const std::size_t stop = line == kNone ? window_.size() : line;
        return take(from, stop, stop);
    }
    std::size_t end = value_end(from);
    if (end == kNone) {
        if (!ended_ && window_.size() - from < kWindowBytes) { return std::nullopt; }
        end = window_.size();
    }
    return take(from, end, end);
}

std::size_t ScanSplitter::value_end(std::size_t from) const {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = from; i < window_.size(); ++i) {
        const char c = window_[i];
        if (c == '\n' && i + 1 < window_.size() && window_[i + 1] == '{' && i > from) {
            return i;
        } // a broken value ends here
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) { return i + 1; }
        }
    }
    return kNone;
}

} // namespace canhgac::app
