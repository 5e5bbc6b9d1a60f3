/// The transformations by type. Each function reads the keys of one transformation, or gives nullptr when the type is
/// not one of its own. Throws Refusal at a place in the pipeline. Internal to the module.
#pragma once

#include <memory>
#include <string_view>

#include "rules/pipeline/map_reader.hpp"
#include "rules/pipeline/run.hpp"

namespace canhgac::rules {

using TransformationPtr = std::unique_ptr<const Transformation>;

/// field_name_mapping, field_name_prefix_mapping, field_name_prefix, field_name_suffix, field_name_transform.
[[nodiscard]] TransformationPtr make_field_transformation(std::string_view type, MapReader& map);
/// add_field, remove_field, set_field, change_logsource, set_state, set_custom_attribute, rule_failure,
/// strict_field_mapping_failure.
[[nodiscard]] TransformationPtr make_rule_transformation(std::string_view type, MapReader& map);
/// add_condition, drop_detection_item, detection_item_failure, hashes_fields, extract_fields.
[[nodiscard]] TransformationPtr make_item_transformation(std::string_view type, MapReader& map);
/// map_string, set_value, convert_type, case, regex, value_placeholders, wildcard_placeholders.
[[nodiscard]] TransformationPtr make_value_transformation(std::string_view type, MapReader& map);
/// replace_string.
[[nodiscard]] TransformationPtr make_replacement(std::string_view type, MapReader& map);

} // namespace canhgac::rules
