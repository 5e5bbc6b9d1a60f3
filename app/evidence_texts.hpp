/// Files that are the same in every evidence package: app/evidence/.
#pragma once

#include <string_view>

namespace canhgac::app {

/// README.txt: how to check a package with standard tools; Vietnamese and English.
[[nodiscard]] std::string_view evidence_readme() noexcept;
/// check.py: does it.
[[nodiscard]] std::string_view evidence_check() noexcept;

} // namespace canhgac::app
