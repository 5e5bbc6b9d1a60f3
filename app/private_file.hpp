/// Small files that only the server's user may read: token, ports.
#pragma once

#include <filesystem>
#include <string_view>

namespace canhgac::app {

/// Replaces the file as a whole (temporary file, fsync, rename), mode 0600. Throws std::runtime_error.
void write_private_file(const std::filesystem::path& file, std::string_view text);

} // namespace canhgac::app
