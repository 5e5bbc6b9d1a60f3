/// Whole files for the YAML readers of this module.
#pragma once

#include <filesystem>
#include <string>

#include "common/result.hpp"

namespace canhgac::rules {

/// The whole file, or why not (English, for a person); at most a little more than YAML takes. Any thread.
[[nodiscard]] common::Result<std::string, std::string> read_text_file(const std::filesystem::path& path);

} // namespace canhgac::rules
