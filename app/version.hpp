/// `canhgac version`: what this binary is made of.
#pragma once

#include <string>

namespace canhgac::app {

/// "0.1.0".
[[nodiscard]] std::string version();
/// Several lines: version, build, library versions, CPU features in use.
[[nodiscard]] std::string version_report();

} // namespace canhgac::app
