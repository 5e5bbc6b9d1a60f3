/// Checked rules compiled for matching: an immutable snapshot, shared by all workers, replaced as a whole.
///
/// Layout (DESIGN 6.1-6.4). Rules are put into groups of equal log source. Per group and field all string tests go into
/// one pattern database, exact values into a hash table, numbers and networks into lists of their own. A database does
/// not care which event class feeds it: at matching time an event's classes choose the groups, and field aliases of the
/// class choose the event field that feeds a group's field. So nothing has to be compiled when a new combination of
/// classes turns up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "event/detection.hpp"
#include "event/field_table.hpp"
#include "rules/ir.hpp"
#include "rules/logsource_table.hpp"

namespace canhgac::engine {

struct CompiledRules;

struct CompileInput {
    std::vector<rules::Rule> rules;
    std::vector<rules::Correlation>
        correlations; ///< those that can run decide RuleInfo::capture and RuleInfo::generates
    rules::LogSourceTable logsources;
};

struct CompileOptions {
    unsigned threads = 2;
    /// Databases are kept here by content; empty = no cache. A file that cannot be read or written is a cache miss.
    std::filesystem::path cache_dir;
    /// False: every rule sees every event, under the event's own field names (`scan --logsource off`).
    bool route_by_logsource = true;
};

/// A rule that is well-formed Sigma but cannot be compiled, e.g. a regular expression that is too large; or a
/// correlation that stands on one, directly or through others.
struct RejectedRule {
    std::string id;
    std::string file;
    std::uint32_t line = 0;
    std::string reason;
};

struct CompileStats {
    std::size_t rules = 0; ///< compiled
    std::size_t groups = 0;
    std::size_t patterns = 0; ///< distinct (group, field, test)
    std::size_t atoms = 0;    ///< distinct lists of tests; what the conditions are made of
    std::size_t databases = 0;
    std::size_t databases_from_cache = 0;
    std::size_t database_bytes = 0;
    std::size_t without_trigger = 0; ///< rules that are evaluated for every event of their log source
    double compile_seconds = 0.0;    ///< wall clock
};

/// Thread safe (const). Refers to the FieldTable it was compiled with, which must outlive it.
class RuleSet {
public:
    explicit RuleSet(std::unique_ptr<const CompiledRules> compiled) noexcept;
    ~RuleSet();
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    /// What travels with detections, ordered by rule id (bytes). Detection::rule points into this.
    [[nodiscard]] const std::vector<event::RuleInfo>& rules() const noexcept;
    [[nodiscard]] const CompileStats& stats() const noexcept;
    /// For the engine's own use.
    [[nodiscard]] const CompiledRules& compiled() const noexcept { return *compiled_; }

private:
    std::unique_ptr<const CompiledRules> compiled_;
};

struct CompileResult {
    std::shared_ptr<const RuleSet> rules;         ///< never null
    std::vector<rules::Correlation> correlations; ///< those that can run, in the order given
    std::vector<RejectedRule> rejected;           ///< rules by id, then correlations
};

/// Start-up or reload work: seconds for thousands of rules, `threads` threads. Interns the rules' field names.
/// Throws std::bad_alloc and std::system_error (no threads).
[[nodiscard]] CompileResult compile(CompileInput input, event::FieldTable& fields, const CompileOptions& options = {});

} // namespace canhgac::engine
