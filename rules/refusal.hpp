/// How the reader leaves a document that it cannot take: thrown where the mistake is found, caught once per document in
/// reader.cpp, never seen by callers. (Rules are read at start-up and on reload, never per event.)
#pragma once

#include <string>
#include <utility>

#include "common/yaml.hpp"

namespace canhgac::rules {

struct Refusal {
    common::yaml::Position at;
    std::string reason;
};

[[noreturn]] inline void refuse(common::yaml::Position at, std::string reason) {
    throw Refusal{at, std::move(reason)};
}

[[noreturn]] inline void refuse_placeholder(common::yaml::Position at, const std::string& name) {
    refuse(at, "unresolved placeholder '%" + name + "%'; give it values in the file of placeholders");
}

} // namespace canhgac::rules
