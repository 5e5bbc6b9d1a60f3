/// One YAML document as a Sigma filter (SIGMA.md J), and its joining to rules. Internal to the module.
/// Source: Sigma specification 2.1, sigma-filters-specification.
#pragma once

#include <string>
#include <vector>

#include "common/yaml.hpp"
#include "rules/document.hpp"
#include "rules/ir.hpp"
#include "rules/reader.hpp"

namespace canhgac::rules {

/// A filter whose references are still names.
struct UnresolvedFilter {
    struct Reference {
        std::string name; ///< id or name of a rule
        common::yaml::Position at;
    };
    Filter filter;                     ///< `rule_ids` and `at` are filled by the reader
    Rule body;                         ///< only predicates, nodes and root: what a rule's condition is joined with
    std::vector<Reference> references; ///< empty if for_all
    common::yaml::Position at;
};

/// `context.change` sees a draft whose rule has the filter's id, title and log source. `polarity` specification negates
/// the condition. Throws Refusal.
[[nodiscard]] UnresolvedFilter read_filter(const common::yaml::Node& document, const ReadContext& context,
                                           FilterPolarity polarity);

/// Makes the condition of `rule` hold only where the filter's does too. The filter's selections stay its own: they are
/// joined as nodes, no name is shared.
void narrow(Rule& rule, const UnresolvedFilter& filter);

} // namespace canhgac::rules
