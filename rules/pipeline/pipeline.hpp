/// Processing pipelines in the YAML form of pySigma: they change rules written for other field names, log sources or
/// values before these are compiled. What is supported: docs/reference/pipelines.md. Anything else is refused with its
/// place; nothing is approximated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "common/yaml.hpp"
#include "rules/draft.hpp"
#include "rules/ir.hpp"
#include "rules/pipeline/report.hpp"
#include "rules/reader.hpp"

namespace canhgac::rules {

struct PipelineText {
    std::string file; ///< what places and messages name
    std::string text;
    bool is_built_in = false; ///< not warned about when some of its transformations find nothing to do
};

/// Names of the built-in pipelines (rules/pipelines/NAME.yml), sorted.
[[nodiscard]] std::vector<std::string> built_in_pipelines();

/// The texts that `spec` stands for: a built-in pipeline by its name, else a file, else a folder with all *.yml and
/// *.yaml below it in the order of their paths. Error: a sentence for a person.
[[nodiscard]] common::Result<std::vector<PipelineText>, std::string> find_pipelines(const std::string& spec);

/// Pipelines in the order they are applied: by priority, the lowest first, then as given. Immutable; any thread.
class PipelineChain {
public:
    /// Error: every mistake of every text; none of the pipelines is usable then.
    [[nodiscard]] static common::Result<std::shared_ptr<const PipelineChain>, std::vector<Rejection>>
    read(const std::vector<PipelineText>& texts);
    ~PipelineChain();
    PipelineChain(const PipelineChain&) = delete;
    PipelineChain& operator=(const PipelineChain&) = delete;

    /// What the pipelines did so far; one for each reading of rules. Not thread safe.
    class Usage {
    public:
        explicit Usage(const PipelineChain& chain);
        ~Usage();
        Usage(Usage&&) noexcept;
        Usage& operator=(Usage&&) noexcept;
        /// One entry for each pipeline, in the order of the chain.
        [[nodiscard]] std::vector<PipelineUse> report() const;

    private:
        friend class PipelineChain;
        struct State;
        std::unique_ptr<State> state_;
    };

    /// Changes the rule of a draft. `document`: its text, for conditions on attributes. Throws Refusal at a place in
    /// the rule when a pipeline refuses it.
    void apply(Draft& draft, const common::yaml::Node& document, Usage& usage) const;
    /// Changes field names in a correlation. `sources`: the log sources of its rules as they were written.
    void apply(Correlation& correlation, const common::yaml::Node& document, const std::vector<LogSource>& sources,
               Usage& usage) const;

    /// Taxonomies that the pipelines say they handle (own key `canhgac: {taxonomy: [...]}`), sorted.
    [[nodiscard]] const std::vector<std::string>& taxonomies() const noexcept;

private:
    struct Parts;
    explicit PipelineChain(std::unique_ptr<const Parts> parts) noexcept;
    std::unique_ptr<const Parts> parts_;
};

/// find_pipelines() of each and read() of all together.
[[nodiscard]] common::Result<std::shared_ptr<const PipelineChain>, std::vector<Rejection>>
load_pipelines(const std::vector<std::string>& specs);

} // namespace canhgac::rules
