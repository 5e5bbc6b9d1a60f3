/// Compiled pattern databases kept on disk by their content.
#pragma once

#include <filesystem>
#include <vector>

#include "common/result.hpp"
#include "text/pattern_set.hpp"

namespace canhgac::engine {

/// The compiled set: from `cache_dir` if it was compiled before by the same library, else compiled and, when that is
/// worth a file, written there (to a temporary name, then renamed: concurrent writers are harmless). Files that are
/// missing, foreign, short or damaged are misses. An empty `cache_dir` switches the cache off. `cached` tells which.
[[nodiscard]] common::Result<text::PatternSet, text::PatternError>
compile_cached(const std::vector<text::Pattern>& patterns, const std::filesystem::path& cache_dir, bool& cached);

} // namespace canhgac::engine
