/// Cuts a syslog byte stream into frames: octet counting and line ends, detected per frame (RFC 6587 section 3.4, RFC
/// 5425 section 4.3, PROTOCOLS 3.f).
///
/// At the start of a frame LF, CR, NUL and blanks are skipped. Then
///   * 1..9 digits (the first not 0), a blank        octet counting: that many bytes are the frame;
///   * anything else                                 the frame ends before LF or NUL.
/// A count is not believed, and the frame ends at a line end, when it is above 16 times the longest frame, or when no
/// '<' follows the blank on a connection that has used line ends, or a counted frame that began with '<', before ("12
/// Jan ..." of a device that sends no PRI). Ten digits in a row pin the connection to line ends.
/// Trailing LF, CR and NUL are not part of a frame; a frame of nothing else is no frame.
/// Lost step: when a counted frame is not followed by a count, a PRI or filler, its count was a lie. Then the bytes up
/// to the next line end, NUL or "count <" are one frame flagged kUnparsed, and counting goes on behind it.
/// Longer than max_frame_bytes: the frame's beginning is kept, flagged kTruncated, the rest is discarded and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "event/record.hpp"

namespace canhgac::collector {

struct SyslogFramingLimits {
    std::size_t max_frame_bytes = event::kMaxRecordBytes;
};

/// State of one connection between reads. Not thread safe. Allocates nothing but the growth of `out`.
class SyslogFramer {
public:
    explicit SyslogFramer(SyslogFramingLimits limits = {}) noexcept : limits_(limits) {}

    /// Cuts bytes[from, end). Appends one record per frame, offsets into `bytes`, and returns how far everything is
    /// dealt with: the caller keeps bytes[result, end), puts it in front of what it reads next, and calls again with
    /// `from` at its first byte. A buffer of max_frame_bytes + 16 is always enough to get on.
    [[nodiscard]] std::size_t feed(std::string_view bytes, std::size_t from, event::PeerId peer,
                                   std::vector<event::Record>& out);
    /// The stream ended or stalls: what is left becomes a last frame; an incomplete counted one is flagged kTruncated.
    void finish(std::string_view bytes, std::size_t from, event::PeerId peer, std::vector<event::Record>& out);

    /// True when a frame has begun and not ended (given what feed() left).
    [[nodiscard]] bool mid_frame(std::size_t left) const noexcept { return left != 0 || skip_ != Skip::none; }
    /// Bytes cut off frames that were too long, so far.
    [[nodiscard]] std::uint64_t discarded_bytes() const noexcept { return discarded_bytes_; }

private:
    enum class Skip : std::uint8_t { none, octets, to_line_end };
    enum class Kind : std::uint8_t { need_more, counted, line, lost };
    struct Head {
        Kind kind = Kind::line;
        std::size_t header_bytes = 0; ///< count and blank
        std::size_t length = 0;       ///< counted: the count
    };

    [[nodiscard]] std::size_t skip_rest(std::string_view bytes, std::size_t at);
    [[nodiscard]] Head read_head(std::string_view rest);
    [[nodiscard]] std::size_t take_counted(std::string_view bytes, std::size_t at, const Head& head, event::PeerId peer,
                                           std::vector<event::Record>& out);
    [[nodiscard]] std::size_t take_line(std::string_view bytes, std::size_t at, bool lost, event::PeerId peer,
                                        std::vector<event::Record>& out);

    SyslogFramingLimits limits_;
    std::size_t skip_octets_ = 0;
    std::size_t scanned_ = 0; ///< bytes of the unfinished line known to hold no end
    std::uint64_t discarded_bytes_ = 0;
    Skip skip_ = Skip::none;
    bool pinned_to_lines_ = false;
    bool want_priority_ = false;
    bool after_counted_ = false;
};

} // namespace canhgac::collector
