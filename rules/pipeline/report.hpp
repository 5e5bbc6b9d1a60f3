/// What processing pipelines did while rules were read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace canhgac::rules {

/// Something in a pipeline that works, but probably not as meant.
struct PipelineWarning {
    std::string file;
    std::uint32_t line = 0; ///< from 1
    std::uint32_t column = 0;
    std::string item; ///< id of the transformation; empty: the pipeline as a whole
    std::string message;
};

/// "file:line:column: message (pipeline item ID)".
[[nodiscard]] std::string to_string(const PipelineWarning& warning);

struct PipelineUse {
    std::string name;
    std::string file; ///< path, or "rules/pipelines/NAME.yml" for a built-in one
    std::int64_t priority = 0;
    /// Of each transformation, nested ones too: its id and how many rules and correlations it changed. In the order of
    /// the pipeline; an id used twice stands once.
    std::vector<std::pair<std::string, std::size_t>> applied;
    std::vector<PipelineWarning> warnings;
};

} // namespace canhgac::rules
