/// A YAML node as JSON text (RFC 8259), for what is carried through a rule unread. Pure; any thread.
#pragma once

#include <string>

#include "common/yaml.hpp"

namespace canhgac::rules {

/// One line. Integers and reals as numbers, keys in the order written.
[[nodiscard]] std::string json_text(const common::yaml::Node& node);

} // namespace canhgac::rules
