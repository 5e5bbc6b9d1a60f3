/// How far alerting has read, and where to start again so that correlation knows the past.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.hpp"

namespace canhgac::alerting {

inline constexpr std::string_view kCursorKey = "cursor/alerting";

struct Cursor {
    std::uint64_t seq = 0;      ///< batches up to here are applied
    common::Nanos received = 0; ///< newest receive time among their detections
    /// (batch, receive time): whatever was received after that time is behind that batch. Oldest first, at most
    /// kMaxMarks; the first one is older than the horizon or the beginning.
    std::vector<std::pair<std::uint64_t, common::Nanos>> marks{};
    /// (batch, our clock): after this batch and before the next the transform was told the time and decided something.
    /// Since the last checkpoint, oldest first.
    std::vector<std::pair<std::uint64_t, common::Nanos>> ticks{};
};
inline constexpr std::size_t kMaxMarks = 66;

/// The cursor after reading up to `seq`, where the newest detection was received at `received`.
[[nodiscard]] Cursor advanced(const Cursor& from, std::uint64_t seq, common::Nanos received, common::Nanos horizon);
/// Batch after which detections must be fed again to know everything received within `horizon` before the cursor; the
/// oldest mark when the horizon has grown beyond it.
[[nodiscard]] std::uint64_t start_of_horizon(const Cursor& cursor, common::Nanos horizon) noexcept;

[[nodiscard]] std::string encode_cursor(const Cursor& cursor);
[[nodiscard]] std::optional<Cursor> decode_cursor(std::string_view text);

} // namespace canhgac::alerting
