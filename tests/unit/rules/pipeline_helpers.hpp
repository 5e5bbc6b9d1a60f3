/// Short ways to send one rule through pipelines and see what became of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reader_helpers.hpp"
#include "rules/pipeline/pipeline.hpp"

namespace canhgac::rules {

/// The chain of texts "p1.yml", "p2.yml", ...; what was wrong with them stands in `faults`.
inline std::shared_ptr<const PipelineChain> chain_of(const std::vector<std::string>& texts,
                                                     std::string* faults = nullptr) {
    std::vector<PipelineText> list;
    for (const auto& text : texts) {
        list.push_back({"p" + std::to_string(list.size() + 1) + ".yml", text, false});
    }
    auto chain = PipelineChain::read(list);
    if (chain) { return *chain; }
    if (faults == nullptr) { return nullptr; }
    for (const auto& fault : chain.error()) {
        *faults += (faults->empty() ? "" : "\n") + to_string(fault);
    }
    return nullptr;
}

/// What is wrong with a pipeline, one line each; empty: nothing.
inline std::string faults_of(const std::string& text) {
    std::string faults;
    static_cast<void>(chain_of({text}, &faults));
    return faults;
}

inline ReadResult read_through(const std::vector<std::string>& pipelines, const std::string& rules) {
    ReadOptions options;
    std::string faults;
    options.pipelines = chain_of(pipelines, &faults);
    if (!faults.empty()) {
        ReadResult broken;
        broken.rejected.push_back({"pipelines", 0, 0, {}, faults});
        return broken;
    }
    return read_text("t.yml", rules, options);
}

/// `transformations:` with one item, given as the inside of a flow map: "type: case, method: upper".
inline std::string one(std::string_view item) {
    return "transformations:\n  - {" + std::string(item) + "}\n";
}

/// What `s: {ITEM}` with `condition: s` means after one transformation; see reader_helpers.hpp.
inline std::string through(std::string_view transformation, std::string_view item) {
    const std::string detection = "  s: {" + std::string(item) + "}\n  condition: s\n";
    return outcome(read_through({one(transformation)}, rule_text(detection)));
}

} // namespace canhgac::rules
