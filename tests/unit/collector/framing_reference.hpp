// The framing rules of collector/protocols/syslog_framing.hpp written the plain way: the whole stream at once, one byte
// after the other. Slow on purpose; the fast framer is held against it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collector/protocols/syslog_framing.hpp"
#include "event/schema.hpp"

namespace canhgac::collector::reference {

struct Frame {
    std::string text;
    std::uint16_t flags = 0;
    friend bool operator==(const Frame&, const Frame&) = default;
};

class Framer {
public:
    Framer(std::string_view stream, std::size_t max_frame) : stream_(stream), max_(max_frame) {}

    std::vector<Frame> run() {
        while (at_ < stream_.size()) {
            const char c = stream_[at_];
            if (c == '\n' || c == '\r' || c == '\0' || c == ' ') {
                ++at_;
                continue;
            }
            frame();
        }
        return frames_;
    }

private:
    static bool digit(char c) { return c >= '0' && c <= '9'; }
    char peek(std::size_t ahead) const { return at_ + ahead < stream_.size() ? stream_[at_ + ahead] : '\n'; }
    bool beyond(std::size_t ahead) const { return at_ + ahead >= stream_.size(); }

    void emit(std::size_t start, std::size_t size, unsigned flags) {
        std::string text(stream_.substr(start, size));
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) {
            text.pop_back();
        }
        if (!text.empty()) { frames_.push_back({text, static_cast<std::uint16_t>(flags)}); }
    }

    // Is there a PRI? Undecided at the end of the stream counts as yes: it ends there anyhow.
    bool priority() const {
        for (std::size_t i = 1; i < 5; ++i) {
            if (beyond(i)) { return true; }
            if (peek(i) == '>') { return i > 1; }
            if (!digit(peek(i))) { return false; }
        }
        return false;
    }

    void frame() {
        if (stream_[at_] == '<') {
            line(after_counted_ && !priority());
            return;
        }
        std::size_t digits = 0;
        std::size_t count = 0;
        while (digits < 10 && !beyond(digits) && digit(peek(digits))) {
            count = count * 10 + static_cast<std::size_t>(peek(digits) - '0');
            ++digits;
        }
        if (pinned_ || digits == 0 || stream_[at_] == '0') {
            line(after_counted_);
            return;
        }
        if (digits == 10) {
            pinned_ = !after_counted_;
            line(after_counted_);
            return;
        }
        if (beyond(digits)) { // undecided when the stream ended
            emit(at_, stream_.size() - at_, 0);
            at_ = stream_.size();
            return;
        }
        if (peek(digits) != ' ' || count > 16 * max_) {
            line(after_counted_);
            return;
        }
        if (want_priority_ && beyond(digits + 1)) {
            emit(at_, stream_.size() - at_, 0);
            at_ = stream_.size();
            return;
        }
        if (want_priority_ && peek(digits + 1) != '<') {
            line(after_counted_);
            return;
        }
        counted(digits + 1, count);
    }

    void counted(std::size_t header, std::size_t count) {
        const std::size_t start = at_ + header;
        const std::size_t kept = count < max_ ? count : max_;
        if (stream_.size() - start < kept) { // ends too early
            if (start == stream_.size()) {
                emit(at_, header, 0);
            } else {
                emit(start, stream_.size() - start, event::flag::kTruncated);
            }
            at_ = stream_.size();
            return;
        }
        emit(start, kept, kept < count ? event::flag::kTruncated : 0U);
        if (stream_[start] == '<') { want_priority_ = true; }
        after_counted_ = true;
        at_ = start + count < stream_.size() ? start + count : stream_.size();
    }

    // Does "count <" begin at this place, its '<' within the limit of a frame?
    bool count_begins(std::size_t place, std::size_t frame_start) const {
        std::size_t end = place;
        while (end < stream_.size() && digit(stream_[end]) && end - place < 9) {
            ++end;
        }
        return end > place && stream_[place] != '0' && end + 1 < stream_.size() && stream_[end] == ' ' &&
               stream_[end + 1] == '<' && end + 1 - frame_start <= max_;
    }

    void line(bool lost) {
        const std::size_t start = at_;
        std::size_t end = start;
        while (end < stream_.size() && end - start <= max_ && stream_[end] != '\n' && stream_[end] != '\0') {
            if (lost && end > start && count_begins(end, start)) { break; }
            ++end;
        }
        if (!lost) {
            want_priority_ = true;
            after_counted_ = false;
        }
        if (end - start <= max_) {
            emit(start, end - start, lost ? event::flag::kUnparsed : 0U);
            at_ = end;
        } else if (lost) {
            emit(start, max_, event::flag::kUnparsed);
            at_ = start + max_;
        } else {
            emit(start, max_, event::flag::kTruncated);
            at_ = start + max_;
            while (at_ < stream_.size() && stream_[at_] != '\n' && stream_[at_] != '\0') {
                ++at_;
            }
        }
    }

    std::string_view stream_;
    std::size_t max_;
    std::size_t at_ = 0;
    std::vector<Frame> frames_;
    bool pinned_ = false;
    bool want_priority_ = false;
    bool after_counted_ = false;
};

inline std::vector<Frame> frames_of(std::string_view stream, std::size_t max_frame) {
    return Framer(stream, max_frame).run();
}

/// The same through the real framer, the stream arriving in pieces of the sizes `next_size()` gives.
template <typename NextSize>
std::vector<Frame> frames_by_pieces(std::string_view stream, std::size_t max_frame, NextSize next_size) {
    SyslogFramer framer(SyslogFramingLimits{max_frame});
    std::string buffer;
    std::vector<event::Record> records;
    std::vector<Frame> out;
    const auto collect = [&] {
        for (const event::Record& record : records) {
            out.push_back({buffer.substr(record.offset, record.size), record.flags});
        }
        records.clear();
    };
    while (!stream.empty()) {
        const std::size_t size = std::min<std::size_t>(next_size(), stream.size());
        buffer.append(stream.substr(0, size));
        stream.remove_prefix(size);
        const std::size_t used = framer.feed(buffer, 0, event::PeerId{0}, records);
        collect();
        buffer.erase(0, used);
    }
    framer.finish(buffer, 0, event::PeerId{0}, records);
    collect();
    return out;
}

} // namespace canhgac::collector::reference
