/// Integers of YAML 1.2 that logs and people rather mean as text: `0x17`, `0o17`, `017` (SIGMA.md 6). The YAML reader
/// leaves them as text; the core schema (YAML 1.2.2 section 10.3.2) reads 23, 15 and 17. Pure; any thread.
#pragma once

#include <optional>

#include "common/yaml.hpp"

namespace canhgac::rules {

/// The number of an unquoted scalar of such a form; nothing for any other node, and beyond 2^53.
[[nodiscard]] std::optional<double> plain_integer(const common::yaml::Node& node) noexcept;

} // namespace canhgac::rules
