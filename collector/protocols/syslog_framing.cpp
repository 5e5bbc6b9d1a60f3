#include "collector/protocols/syslog_framing.hpp"

#include <algorithm>
#include <cstring>

#include "event/schema.hpp"
#include "text/ascii.hpp"

namespace canhgac::collector {
namespace {

constexpr std::size_t kMaxCountDigits = 9;
constexpr std::size_t kBelievableFactor = 16;
constexpr std::size_t kMaxPriorityBytes = 5; // "<191>"
constexpr std::size_t kNone = std::string_view::npos;

constexpr bool is_filler(char c) noexcept {
    return c == '\n' || c == '\r' || c == '\0' || c == ' ';
}

std::string_view without_line_end(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) {
        text.remove_suffix(1);
    }
    return text;
}

/// First LF or NUL at or after `from`.
std::size_t find_line_end(std::string_view text, std::size_t from) noexcept {
    if (from >= text.size()) { return kNone; }
    const void* line_end = std::memchr(text.data() + from, '\n', text.size() - from);
    const std::size_t end =
        line_end == nullptr ? text.size() : static_cast<std::size_t>(static_cast<const char*>(line_end) - text.data());
    const void* nul = std::memchr(text.data() + from, '\0', end - from);
    if (nul != nullptr) { return static_cast<std::size_t>(static_cast<const char*>(nul) - text.data()); }
    return line_end == nullptr ? kNone : end;
}

/// Where "count <" begins behind the first byte of `text` and before `until`: the next counted frame.
std::size_t find_count(std::string_view text, std::size_t from, std::size_t until) noexcept {
    for (std::size_t at = text.find('<', from); at < until; at = text.find('<', at + 1)) {
        if (at < 3 || text[at - 1] != ' ') { continue; }
        std::size_t start = at - 1;
        while (start > 1 && at - 1 - start < kMaxCountDigits && text::is_digit(text[start - 1])) {
            --start;
        }
        while (start < at - 1 && text[start] == '0') {
            ++start;
        }
        if (start < at - 1) { return start; }
    }
    return kNone;
}

enum class Priority : std::uint8_t { yes, no, need_more };

/// Does the text begin with "<" 1*3DIGIT ">"?
Priority starts_with_priority(std::string_view text) noexcept {
    for (std::size_t i = 1; i < kMaxPriorityBytes; ++i) {
        if (i == text.size()) { return Priority::need_more; }
        if (text[i] == '>') { return i > 1 ? Priority::yes : Priority::no; }
        if (!text::is_digit(text[i])) { return Priority::no; }
    }
    return Priority::no;
}

void append_record(std::string_view bytes, std::size_t at, std::size_t size, std::uint16_t flags, event::PeerId peer,
                   std::vector<event::Record>& out) {
    const std::string_view text = without_line_end(bytes.substr(at, size));
    if (text.empty()) { return; }
    event::Record record;
    record.offset = static_cast<std::uint32_t>(at);
    record.size = static_cast<std::uint32_t>(text.size());
    record.peer = peer;
    record.flags = flags;
    out.push_back(record);
}

} // namespace

std::size_t SyslogFramer::skip_rest(std::string_view bytes, std::size_t at) {
    std::size_t stop = 0;
    if (skip_ == Skip::octets) {
        stop = at + std::min(skip_octets_, bytes.size() - at);
        skip_octets_ -= stop - at;
        if (skip_octets_ == 0) { skip_ = Skip::none; }
    } else {
        const std::size_t end = find_line_end(bytes, at);
        stop = std::min(end, bytes.size()); // the end itself is filler before the next frame
        if (end != kNone) { skip_ = Skip::none; }
    }
    discarded_bytes_ += stop - at;
    return stop;
}

SyslogFramer::Head SyslogFramer::read_head(std::string_view rest) {
    const Kind otherwise = after_counted_ ? Kind::lost : Kind::line;
    if (rest.front() == '<') {
        if (!after_counted_) { return {Kind::line, 0, 0}; }
        const Priority priority = starts_with_priority(rest);
        if (priority == Priority::need_more) { return {Kind::need_more, 0, 0}; }
        return {priority == Priority::yes ? Kind::line : Kind::lost, 0, 0};
    }
    if (pinned_to_lines_ || !text::is_digit(rest.front()) || rest.front() == '0') { return {otherwise, 0, 0}; }
    std::size_t digits = 0;
    std::size_t count = 0;
    while (digits < rest.size() && digits <= kMaxCountDigits && text::is_digit(rest[digits])) {
        count = count * 10 + static_cast<std::size_t>(rest[digits] - '0');
        ++digits;
    }
    if (digits > kMaxCountDigits) {
        pinned_to_lines_ = !after_counted_;
        return {otherwise, 0, 0};
    }
    if (digits == rest.size()) { return {Kind::need_more, 0, 0}; }
    if (rest[digits] != ' ' || count > kBelievableFactor * limits_.max_frame_bytes) { return {otherwise, 0, 0}; }
    if (want_priority_) {
        if (digits + 1 == rest.size()) { return {Kind::need_more, 0, 0}; }
        if (rest[digits + 1] != '<') { return {otherwise, 0, 0}; }
    }
    return {Kind::counted, digits + 1, count};
}

/// Returns where the frame ended, or kNone when more bytes are needed.
std::size_t SyslogFramer::take_counted(std::string_view bytes, std::size_t at, const Head& head, event::PeerId peer,
                                       std::vector<event::Record>& out) {
    const std::size_t start = at + head.header_bytes;
    const std::size_t kept = std::min(head.length, limits_.max_frame_bytes);
    if (bytes.size() - start < kept) { return kNone; }
    const bool cut = kept < head.length;
    append_record(bytes, start, kept, cut ? event::flag::kTruncated : std::uint16_t{0}, peer, out);
    if (cut) {
        skip_ = Skip::octets;
        skip_octets_ = head.length - kept;
    }
    after_counted_ = true;
    want_priority_ = want_priority_ || (kept != 0 && bytes[start] == '<');
    return start + kept;
}

std::size_t SyslogFramer::take_line(std::string_view bytes, std::size_t at, bool lost, event::PeerId peer,
                                    std::vector<event::Record>& out) {
    // One byte more than a frame may have: its end, or the proof that it is too long.
    const std::string_view window = bytes.substr(at, limits_.max_frame_bytes + 1);
    std::size_t end = find_line_end(window, std::min(scanned_, window.size()));
    if (lost) {
        const std::size_t from = scanned_ > kMaxCountDigits ? scanned_ - kMaxCountDigits : 0;
        end = std::min(end, find_count(window, from, std::min(end, window.size())));
    }
    if (end == kNone && window.size() <= limits_.max_frame_bytes) {
        scanned_ = window.size();
        return kNone;
    }
    scanned_ = 0;
    const bool too_long = end == kNone;
    const std::size_t size = too_long ? limits_.max_frame_bytes : end;
    std::uint16_t flags = lost ? event::flag::kUnparsed : std::uint16_t{0};
    if (too_long && !lost) {
        // (A lost step is cut into pieces instead: its line end may never come.)
        flags = static_cast<std::uint16_t>(flags | event::flag::kTruncated);
        skip_ = Skip::to_line_end;
    }
    append_record(bytes, at, size, flags, peer, out);
    if (!lost) {
        want_priority_ = true;
        after_counted_ = false;
    }
    return at + size;
}

std::size_t SyslogFramer::feed(std::string_view bytes, std::size_t from, event::PeerId peer,
                               std::vector<event::Record>& out) {
    std::size_t at = from;
    while (at < bytes.size()) {
        if (skip_ != Skip::none) {
            at = skip_rest(bytes, at);
            continue;
        }
        if (scanned_ == 0 && is_filler(bytes[at])) {
            ++at;
            continue;
        }
        const Head head = read_head(bytes.substr(at));
        std::size_t end = kNone;
        if (head.kind == Kind::counted) {
            end = take_counted(bytes, at, head, peer, out);
        } else if (head.kind != Kind::need_more) {
            end = take_line(bytes, at, head.kind == Kind::lost, peer, out);
        }
        if (end == kNone) { return at; }
        at = end;
    }
    return at;
}

void SyslogFramer::finish(std::string_view bytes, std::size_t from, event::PeerId peer,
                          std::vector<event::Record>& out) {
    if (from >= bytes.size() || skip_ != Skip::none) { return; }
    const std::string_view rest = bytes.substr(from);
    const Head head = read_head(rest);
    if (head.kind == Kind::counted && rest.size() > head.header_bytes) {
        append_record(bytes, from + head.header_bytes, rest.size() - head.header_bytes, event::flag::kTruncated, peer,
                      out);
    } else {
        append_record(bytes, from, rest.size(), head.kind == Kind::lost ? event::flag::kUnparsed : std::uint16_t{0},
                      peer, out);
    }
    scanned_ = 0;
}

} // namespace canhgac::collector
