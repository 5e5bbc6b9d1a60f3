/// What each UTC day holds: a summary that prunes whole days, and the marks of dropped days. Column family `day`.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

struct DaySummary {
    std::uint64_t blocks = 0;
    std::uint64_t rows = 0; ///< stored, not dropped
    std::uint64_t bytes = 0;
    common::Nanos min_time = 0; ///< bounds of all blocks of the day; they never shrink
    common::Nanos max_time = 0;
};

/// `so_far` with one more block.
[[nodiscard]] DaySummary with_block(const DaySummary& so_far, const ZoneRecord& zone);

/// A dropped day: every event of it committed up to last_seq is gone by policy.
struct DayDrop {
    common::Nanos at = 0;
    std::uint64_t last_seq = 0;
    std::uint64_t rows = 0;
};

/// Thread safe.
class DayBook {
public:
    [[nodiscard]] std::map<std::uint16_t, DaySummary> days() const;
    [[nodiscard]] std::optional<DayDrop> dropped(std::int32_t day) const;
    /// Every dropped day.

    /// The day of `time` was dropped after the batch was committed.
    [[nodiscard]] bool dropped(common::Nanos time, std::uint64_t seq) const;

    [[nodiscard]] DaySummary summary(std::uint16_t day) const;
    void set(std::uint16_t day, const DaySummary& summary);
    void set_drop(std::int32_t day, const DayDrop& drop);

    /// Stored form: key day u16 -> summary; day u16, 'd' -> drop.
    [[nodiscard]] static std::string key(std::uint16_t day);
    [[nodiscard]] static std::string drop_key(std::uint16_t day);
    [[nodiscard]] static std::string encode(const DaySummary& summary);
    [[nodiscard]] static std::string encode(const DayDrop& drop);
    /// Start-up: takes one stored pair; false if damaged.
    [[nodiscard]] bool restore(std::string_view key, std::string_view value);

private:
    mutable std::mutex mutex_;
    std::map<std::uint16_t, DaySummary> days_;
    std::map<std::uint16_t, DayDrop> drops_;
};

} // namespace canhgac::storage
