#include "storage/disk_state.hpp"

#include <fmt/format.h>

#include "common/bytes.hpp"

namespace canhgac::storage {

namespace {

std::string size_text(std::uint64_t bytes) {
    const auto number = static_cast<double>(bytes);
    if (bytes >= common::kGiB) { return fmt::format("{:.1f} GiB", number / common::kGiB); }
    return fmt::format("{:.1f} MiB", number / common::kMiB);
}

} // namespace

DiskLevel disk_level(unsigned used_percent, DiskLevel before) noexcept {
    auto level = DiskLevel::fine;
    for (const DiskLevel each : {DiskLevel::filling, DiskLevel::nearly_full, DiskLevel::critical}) {
        const unsigned threshold = kDiskPercent[static_cast<std::size_t>(each)] - (each <= before ? kDiskCalm : 0);
        if (used_percent >= threshold) { level = each; }
    }
    return level;
}

std::string to_text(const DiskState& disk) {
    std::string text = fmt::format("{} % used, {} free", disk.used_percent, size_text(disk.available));
    if (disk.bytes_per_day != 0) {
        text += fmt::format(", {} a day, {}", size_text(disk.bytes_per_day),
                            disk.days_left ? fmt::format("full in {} days", *disk.days_left) : "enough room");
    }
    if (disk.refusing) { text += ", events are refused"; }
    return text;
}

} // namespace canhgac::storage
