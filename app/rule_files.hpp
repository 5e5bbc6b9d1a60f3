/// Rule files on disk, for commands that look at their text and not only at what the reader makes of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace canhgac::app {

/// A file itself, or every *.yml and *.yaml below a folder in the order of their paths, without test files
/// (`*.test.yaml`, `*.test.yml`). Error: what cannot be listed.
[[nodiscard]] common::Result<std::vector<std::filesystem::path>, std::string> rule_files(const std::string& path);
/// The whole file, at most 16 MiB; error: why not, for a person.
[[nodiscard]] common::Result<std::string, std::string> read_text_file(const std::filesystem::path& path);

} // namespace canhgac::app
