/// Days on a cold volume: the folder of a day is copied there, compared, and replaced by a symbolic link to the copy in
/// one step of the file system. Files and names only; nothing here opens a database.
///
///   hot/DAY                a folder, or a link to cold/DAY
///   hot/DAY.moving         before the switch the link, after it the folder: taken back or removed at the next start
///   cold/.DAY.new          the copy under way
#pragma once

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <vector>

namespace canhgac::storage {

/// Not thread safe. One store has a folder on the volume for itself.
class ColdFolder {
public:
    /// `hot` holds the days; `cold` is where they move to, empty: nowhere.
    ColdFolder(std::filesystem::path hot, std::filesystem::path cold);

    /// Start-up: finishes or takes back what a crash cut off, whatever step it was.
    void recover() noexcept;

    [[nodiscard]] bool is_cold(std::uint16_t day) const noexcept;
    /// It is here, or on a volume that is there.
    [[nodiscard]] bool reachable(std::uint16_t day) const noexcept;
    /// Copies what of the day's files is not on the volume yet and compares what it copied. The day may be in use: what
    /// changes is copied again by switch_over(). Errors: those of the file system; io_error (a copy differs).
    [[nodiscard]] std::error_code copy(std::uint16_t day);
    /// Copies the rest, then puts the link in place of the folder, which goes to `trash`. Nobody may have the day open.
    [[nodiscard]] std::error_code switch_over(std::uint16_t day, const std::filesystem::path& trash);
    /// Copies on the volume that no link names.
    [[nodiscard]] std::vector<std::uint16_t> orphans() const;
    void remove_copy(std::uint16_t day) noexcept;

private:
    [[nodiscard]] std::filesystem::path hot(std::uint16_t day) const;
    [[nodiscard]] std::filesystem::path copy_of(std::uint16_t day) const;
    [[nodiscard]] std::filesystem::path draft_of(std::uint16_t day) const;

    std::filesystem::path hot_;
    std::filesystem::path cold_;
};

/// The day a folder is named after; nothing for any other name.
[[nodiscard]] bool parse_day_name(const std::string& name, std::uint16_t& day) noexcept;

} // namespace canhgac::storage
