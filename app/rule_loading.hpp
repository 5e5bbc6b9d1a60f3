/// From paths on the command line or in the configuration to rules ready to match.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rule_set.hpp"
#include "event/field_table.hpp"
#include "rules/ir.hpp"
#include "rules/reader.hpp"

namespace canhgac::app {

struct RuleSources {
    std::vector<std::string> paths;
    std::string placeholders; ///< YAML map of lists; empty: none
    bool pack = false;        ///< the rules in the binary
    std::string cache_dir;
    bool route_by_logsource = true;
    unsigned threads = 2;
    rules::FilterPolarity filter_polarity = rules::FilterPolarity::pysigma;
    std::function<void(std::vector<rules::Rule>&)> adjust{}; ///< called with what was read, before it is compiled
    std::vector<std::string> pipelines{}; ///< files, folders or built-in names; for `paths`, not for the pack
};

/// What a rule says beside its logic.
struct RuleTexts {
    std::string file;
    std::string title_vi;
    std::string response_vi;
};

struct LoadedRules {
    std::shared_ptr<const engine::RuleSet> rules;
    std::vector<rules::Correlation> correlations;
    std::vector<rules::Filter> filters;         ///< in force: part of `rules`
    std::vector<rules::Filter> expired_filters; ///< past their end: not part of `rules`
    std::vector<rules::Rejection> rejected;     ///< by the reader, then by the compiler
    std::vector<rules::PipelineUse> pipelines;  ///< in the order they were applied
    std::map<std::string, RuleTexts> texts;     ///< by rule id; correlations too
    std::size_t files = 0;
    std::size_t read = 0; ///< documents
    double load_seconds = 0.0;
};

/// "file:line: filter ID ended on 31/01/2027 ...; rules are no longer narrowed by it", for a person.
[[nodiscard]] std::string expiry_notice(const rules::Filter& filter);

/// A YAML map of lists: what `%name%` stands for. Throws std::runtime_error, "file:line:column: reason".
[[nodiscard]] std::map<std::string, std::vector<std::string>> parse_placeholders(std::string_view text,
                                                                                 const std::string& file);

/// The rules that correlations of these ids count, at every depth; ids of rules stay.
[[nodiscard]] std::set<std::string> rules_below(const std::vector<rules::Correlation>& correlations,
                                                const std::set<std::string>& ids);

/// The reader's options. Throws std::runtime_error when the placeholder file or a pipeline cannot be used.
[[nodiscard]] rules::ReadOptions read_options(const RuleSources& sources);

/// The pipelines, ready for ReadOptions; nullptr if there are none. Throws std::runtime_error with every mistake as
/// "file:line:column: reason".
[[nodiscard]] std::shared_ptr<const rules::PipelineChain> load_pipelines(const std::vector<std::string>& specs);

/// Throws std::runtime_error when the placeholder file or a pipeline cannot be used. Rules that cannot be used are in
/// `rejected`.
[[nodiscard]] LoadedRules load_rules(const RuleSources& sources, event::FieldTable& fields);

} // namespace canhgac::app
