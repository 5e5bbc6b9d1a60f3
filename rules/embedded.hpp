/// Files built into the program: the log source tables (rules/logsources/*.yaml) and the shipped rules
/// (rules/pack/**/*.yml). Views of static storage; any thread.
#pragma once

#include <span>
#include <string_view>

#include "rules/logsource_table.hpp"
#include "rules/reader.hpp"

namespace canhgac::rules {

struct EmbeddedFile {
    std::string_view path; ///< inside the source tree, e.g. "rules/logsources/windows.yaml"
    std::string_view text;
};

/// Sorted by path.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files() noexcept;
/// The whole shipped table. The files are part of the program: an error in them is a bug and ends it.
[[nodiscard]] LogSourceTable load_embedded_logsources();
/// The shipped rules; `*.test.yaml` are embedded but not read here.
[[nodiscard]] ReadResult read_embedded_pack(ReadOptions options = {});

} // namespace canhgac::rules
