/// The conditions of transformations by type. Each function reads the keys of one condition. Throws Refusal. Internal
/// to the module.
#pragma once

#include <string_view>

#include "rules/pipeline/map_reader.hpp"
#include "rules/pipeline/run.hpp"

namespace canhgac::rules {

[[nodiscard]] RuleTest read_rule_condition(std::string_view type, MapReader& map);
[[nodiscard]] ItemTest read_item_condition(std::string_view type, MapReader& map);
/// `rule_attribute`, part of the first.
[[nodiscard]] RuleTest read_attribute_condition(MapReader& map);
[[nodiscard]] FieldTest read_field_condition(std::string_view type, MapReader& map);

} // namespace canhgac::rules
