/// How several conditions of a transformation are joined: by `..._cond_op`, or by an expression over their names:
/// or < and < not < (). Internal to the module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/yaml.hpp"
#include "rules/pipeline/run.hpp"

namespace canhgac::rules {

/// The tests 0..count-1, all or any of them.
[[nodiscard]] Logic join_tests(std::size_t count, bool any);

/// `names`: of the tests, in their order. Throws Refusal at `at`: syntax, unknown names, names that are not used.
[[nodiscard]] Logic parse_logic(std::string_view text, common::yaml::Position at,
                                const std::vector<std::string>& names);

} // namespace canhgac::rules
