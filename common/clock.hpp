/// Time as the product keeps it: nanoseconds since 1970-01-01T00:00:00Z in a signed 64-bit number (until the year
/// 2262). Code that needs "now" takes a Clock, so that tests decide what time it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace canhgac::common {

/// Nanoseconds since the epoch, UTC.
using Nanos = std::int64_t;

inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;
inline constexpr Nanos kMinute = 60 * kSecond;
inline constexpr Nanos kHour = 60 * kMinute;
inline constexpr Nanos kDay = 24 * kHour;

class Clock {
public:
    virtual ~Clock() = default;
    /// Wall clock. Thread safe.
    [[nodiscard]] virtual Nanos now() const noexcept = 0;
};

/// The operating system's clock.
class SystemClock final : public Clock {
public:
    [[nodiscard]] Nanos now() const noexcept override;
};

/// A clock that stands still until told; for tests. Not thread safe.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Nanos start = 0) noexcept : now_(start) {}
    [[nodiscard]] Nanos now() const noexcept override { return now_; }
    void set(Nanos now) noexcept { now_ = now; }
    void advance(Nanos by) noexcept { now_ += by; }

private:
    Nanos now_;
};

/// A civil date and time of day, proleptic Gregorian, no zone.
struct CivilTime {
    int year = 1970;
    unsigned month = 1; ///< 1..12
    unsigned day = 1;   ///< 1..31
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0; ///< 60 is accepted and counts as the next minute's 0
    std::uint32_t nanosecond = 0;
};

/// Nanoseconds of a civil time taken as UTC; nothing when a part is out of range or the date does not exist.
[[nodiscard]] std::optional<Nanos> to_nanos(const CivilTime& civil) noexcept;
/// The civil time (UTC) of an instant.
[[nodiscard]] CivilTime to_civil(Nanos time) noexcept;

/// Reads RFC 3339 / ISO 8601 ("2026-11-22T08:00:00.123456789+07:00", "T" or a blank, fraction optional, "," or "."
/// before it). Without a zone designator the stamp is taken as local time `zone_offset_seconds` east of UTC. The whole
/// text must be the stamp. Allocates nothing.
[[nodiscard]] std::optional<Nanos> parse_rfc3339(std::string_view text, int zone_offset_seconds = 0) noexcept;

/// "2026-11-22T01:00:00.123456789Z"; the fraction is cut to what is not zero (0, 3, 6 or 9 digits).
[[nodiscard]] std::string format_rfc3339(Nanos time);

/// "22/11/2026 08:00:00" in Vietnam's zone (UTC+7), as people in the console and in notices read it.
[[nodiscard]] std::string format_vietnam(Nanos time);

/// "90s", "15m", "24h", "7d", "2w", "500ms": a number and a unit. Nothing for anything else or on overflow.
[[nodiscard]] std::optional<Nanos> parse_duration(std::string_view text) noexcept;

} // namespace canhgac::common
