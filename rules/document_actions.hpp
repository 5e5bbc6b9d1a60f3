/// Legacy files of several documents with `action` (Sigma rules before collections; SIGMA.md item 5):
///   action: global   what it holds is added to every document after it, where that document does not say it itself
///   action: reset    forgets the global part
///   action: repeat   the rule before it again, with what this document says instead or in addition
/// Maps are joined key by key at every depth; any other value stands for itself. Documents that would share the `id` of
/// the global part or of the repeated rule get it with "-2", "-3" ... appended, so that ids stay unique.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/yaml.hpp"

namespace canhgac::rules {

/// One per file; not thread safe.
class DocumentActions {
public:
    /// The rule that a document stands for; nothing for `global` and `reset`. Throws Refusal for any other action, and
    /// for `repeat` without a rule before it.
    [[nodiscard]] std::optional<common::yaml::Node> apply(const common::yaml::Node& document);

private:
    void make_id_unique(common::yaml::Node& document, const common::yaml::Node& own);

    common::yaml::Node global_;
    common::yaml::Node previous_;
    std::unordered_map<std::string, std::size_t> inherited_; ///< how often an id was handed down
};

} // namespace canhgac::rules
