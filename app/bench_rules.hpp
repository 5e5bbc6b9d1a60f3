/// More rules than there are: copies of a rule set whose texts are changed, to see how cost grows with the number of
/// rules (DESIGN 13).
#pragma once

#include <vector>

#include "rules/ir.hpp"

namespace canhgac::app {

/// Appends `copies - 1` copies of each rule. In a copy each letter and digit of a text value is another one, the same
/// for the same letter within a copy: lengths, shapes and shared beginnings stay, hits become rare. Numbers, networks
/// and regular expressions stay, so rules that need nothing else match as often as the original. Ids get "-copy-N".
void multiply_rules(std::vector<rules::Rule>& rules, unsigned copies);

} // namespace canhgac::app
