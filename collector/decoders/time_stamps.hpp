/// Time stamps as logs write them, to nanoseconds UTC. All pure, nothing allocated, thread safe.
#pragma once

#include <optional>
#include <string_view>

#include "common/clock.hpp"

namespace canhgac::collector {

/// ISO 8601 in the spellings found in logs: what common::parse_rfc3339 reads, also a blank before the zone ("2021-03-17
/// 13:56:50 +0700"), "/" in the date, "UTC" for "Z". Without a zone: local time `zone_offset_seconds` east of UTC.
[[nodiscard]] std::optional<common::Nanos> parse_iso_stamp(std::string_view text, int zone_offset_seconds) noexcept;

/// Length of the ISO stamp at the front of `text` ("2026-11-22T08:00:00.123+07:00", 'T' or one blank), 0 = none there.
[[nodiscard]] std::size_t iso_stamp_length(std::string_view text) noexcept;

/// A number since 1970: seconds, milli-, micro- or nanoseconds by its count of digits; seconds may have a fraction.
[[nodiscard]] std::optional<common::Nanos> parse_epoch(std::string_view text) noexcept;

/// An ISO stamp or an epoch number.
[[nodiscard]] std::optional<common::Nanos> parse_any_stamp(std::string_view text, int zone_offset_seconds) noexcept;

/// "+0700", "+07:00", "-0330" as seconds east of UTC.
[[nodiscard]] std::optional<int> parse_zone(std::string_view text) noexcept;

/// RFC 3164 section 4.1.2 and kin at the front of `text`: "Nov 22 08:00:00", day of one or two digits, optional year
/// before or after the time of day, fraction, optional zone word ("UTC", "+07"). Moves `text` behind the stamp.
/// Without a year: the one that brings the stamp nearest to `received`.
[[nodiscard]] std::optional<common::Nanos> take_bsd_stamp(std::string_view& text, common::Nanos received,
                                                          int zone_offset_seconds) noexcept;

/// "22/Nov/2026:08:00:00 +0700" (access logs).
[[nodiscard]] std::optional<common::Nanos> parse_access_log_stamp(std::string_view text) noexcept;

} // namespace canhgac::collector
