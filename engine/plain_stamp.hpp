/// Times that a value itself states, read the obvious way: the plain evaluator's counterpart of stated_time.hpp
/// (Sigma time modifiers, SIGMA.md 48). Slow, allocates; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "text/regex.hpp"

namespace canhgac::engine {

/// The forms of stamps, in the order of stated_time.hpp.
[[nodiscard]] std::vector<text::Regex> plain_stamp_forms();
/// The parts of a value that has the form of that number: by rules::TimePart, -1: not stated. Empty when there is no
/// such time, e.g. 31 February.
[[nodiscard]] std::vector<int> read_plain_stamp(std::size_t form, std::string value);

} // namespace canhgac::engine
