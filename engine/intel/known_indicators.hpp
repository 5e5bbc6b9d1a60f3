/// Which indicators were known before: digests in a sorted file, to tell what is new in a list after a reload or a
/// restart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "engine/intel/indicator_set.hpp"

namespace canhgac::engine {

/// Sorted 64-bit digests of (list name, type, text); 8 bytes each.
using KnownIndicators = std::vector<std::uint64_t>;

[[nodiscard]] KnownIndicators digests_of(const IndicatorSet& set);
[[nodiscard]] std::uint64_t indicator_digest(std::string_view list, IndicatorType type, std::string_view text) noexcept;
/// Writes a new file and syncs it. Errors: of the file system.
[[nodiscard]] common::Result<void, std::error_code> write_known(const std::filesystem::path& file,
                                                                const KnownIndicators& known);
/// A file that is damaged is an error (illegal_byte_sequence).
[[nodiscard]] common::Result<KnownIndicators, std::error_code> read_known(const std::filesystem::path& file);

/// The entries of `set` that are not in `known`, with the lists of `set`. Null: there are none.
[[nodiscard]] common::Result<std::shared_ptr<const IndicatorSet>, std::error_code>
new_indicators(const IndicatorSet& set, const KnownIndicators& known, const std::filesystem::path& folder);

/// A set as a file, and back: name, level and tags of lists, and their entries. Synced.
[[nodiscard]] common::Result<void, std::error_code> write_set(const std::filesystem::path& file,
                                                              const IndicatorSet& set);
[[nodiscard]] common::Result<std::shared_ptr<const IndicatorSet>, std::error_code>
read_set(const std::filesystem::path& file, const std::filesystem::path& folder);

} // namespace canhgac::engine
