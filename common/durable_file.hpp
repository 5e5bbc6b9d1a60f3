/// Small files that are there as a whole or not at all, whatever moment the process or the machine dies: keys, tokens,
/// marks of formats and versions. Thread safe, except that one file has one writer at a time.
#pragma once

#include <filesystem>
#include <string_view>
#include <system_error>

namespace canhgac::common {

/// Who may read a new file, before the umask.
enum class FileAccess : unsigned { owner = 0600, everyone = 0644 };

/// Makes or replaces the file: `path`.new is written, fsynced and renamed, and the folder fsynced. Throws
/// std::system_error, with the path in its text; the file at `path` is then as it was.
void replace_file(const std::filesystem::path& path, std::string_view text, FileAccess access = FileAccess::owner);

/// fsync of a file or, so that the names in it last, of a folder.
std::error_code sync_path(const std::filesystem::path& path) noexcept;

} // namespace canhgac::common
