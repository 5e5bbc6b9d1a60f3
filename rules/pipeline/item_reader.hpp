/// Transformations with their conditions, from YAML. Internal to the module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/yaml.hpp"
#include "rules/pipeline/run.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

/// A condition that was written but that its transformation does not look at.
struct IdleCondition {
    common::yaml::Position at;
    std::string item;
    std::string message;
};

struct ItemReading {
    std::vector<Refusal>& mistakes; ///< of items; the others are still read
    std::vector<IdleCondition>& idle;
};

/// `list`: the value of `transformations` or of `items` in `nest`. `prefix`: of made ids, "" or "2.".
[[nodiscard]] std::vector<PipelineItem> read_pipeline_items(const common::yaml::Node& list, const std::string& prefix,
                                                            ItemReading& reading);

} // namespace canhgac::rules
