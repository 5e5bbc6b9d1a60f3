/// How full the disk of the store is, and for how long it will do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace canhgac::storage {

/// Alarms at 70, 85 and 95 % (DOMAIN.md 2.7).
enum class DiskLevel : std::uint8_t { fine, filling, nearly_full, critical };
inline constexpr unsigned kDiskPercent[] = {0, 70, 85, 95};
/// So many points below its threshold an alarm ends, so that it does not come and go.
inline constexpr unsigned kDiskCalm = 2;

struct DiskState {
    std::uint64_t capacity = 0;  ///< bytes of the file system, less what is reserved for root
    std::uint64_t available = 0; ///< bytes left for us
    unsigned used_percent = 0;   ///< rounded down
    DiskLevel level = DiskLevel::fine;
    std::uint64_t bytes_per_day = 0;     ///< of stored events, from the last days; 0: not known yet
    std::optional<unsigned> days_left{}; ///< nothing: not known yet, or it will never be full
    bool refusing = false;               ///< too little for another event
};

[[nodiscard]] DiskLevel disk_level(unsigned used_percent, DiskLevel before) noexcept;
/// "91 % used, 12.3 GiB free, 1.2 GiB a day, full in 10 days".
[[nodiscard]] std::string to_text(const DiskState& disk);

} // namespace canhgac::storage
