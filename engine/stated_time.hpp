/// The wall clock that a value states, for the time modifiers of Sigma (SIGMA.md 48): no zone is converted, so
/// "2026-11-22T23:10:00+07:00" states hour 23.
///
/// Read, as whole values: ISO 8601 and RFC 3339 ("2026-11-22", "2026-11-22T23:10", "2026/11/22 23:10:00,5 +0700" and
/// zone words of up to five capital letters), access logs ("22/Nov/2026:23:10:00 +0700"), BSD syslog and ctime
/// ("Nov  2 23:10:00", "Nov 22 2026 23:10:00", "Sun Nov 22 23:10:00.5 2026"), a time of day alone ("23:10:00"), and
/// counts since 1970 of 9 to 19 digits (seconds, with or without a fraction, milli-, micro- or nanoseconds by their
/// number of digits), whose wall clock is UTC. Other texts state none. Pure; allocates nothing; any thread.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "rules/ir.hpp"

namespace canhgac::engine {

/// By rules::TimePart; kUnstated where the value does not say it (a time of day alone has no month).
struct StatedTime {
    static constexpr int kUnstated = -1;
    std::array<int, 7> parts{kUnstated, kUnstated, kUnstated, kUnstated, kUnstated, kUnstated, kUnstated};
    [[nodiscard]] int part(rules::TimePart which) const noexcept { return parts[static_cast<std::size_t>(which)]; }
};

/// Nothing when the value is no stamp or the date does not exist. The week is that of ISO 8601.
[[nodiscard]] std::optional<StatedTime> stated_time(std::string_view value) noexcept;

} // namespace canhgac::engine
