/// Reads Sigma documents (YAML) into the checked form of rules/ir.hpp. Whatever a document uses that is not supported
/// makes a Rejection with its place and reason; nothing is approximated or silently dropped.
/// Sources: Sigma specification 2.1; SIGMA.md section 2, items A-H without time modifiers, I and J.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/ir.hpp"
#include "rules/pipeline/report.hpp"

namespace canhgac::rules {

class PipelineChain;

/// A document that was not taken.
struct Rejection {
    std::string file;
    std::uint32_t line = 0;   ///< from 1; 0 = the file as a whole
    std::uint32_t column = 0; ///< from 1, in bytes
    std::string id;           ///< of the rule, when it could be read
    std::string reason;       ///< English, for a person
};

/// "file:line:column: reason (rule id)".
[[nodiscard]] std::string to_string(const Rejection& rejection);

/// How a filter's condition joins that of a rule (SIGMA.md 78). pySigma: rule AND filter, so authors write `condition:
/// not selection`. The specification's text: rule AND NOT filter, so authors write `condition: selection`.
enum class FilterPolarity : std::uint8_t { pysigma, specification };

struct ReadOptions {
    /// Values of `%name%` for the `expand` modifier (SIGMA.md 50).
    std::map<std::string, std::vector<std::string>> placeholders;
    FilterPolarity filter_polarity = FilterPolarity::pysigma;
    /// When filters with an end (`canhgac.until`) are judged; nothing: the system's clock at finish().
    std::optional<common::Nanos> now;
    /// Change each rule before it is compiled; nullptr: none. rules/pipeline/pipeline.hpp
    std::shared_ptr<const PipelineChain> pipelines;
};

struct ReadResult {
    std::vector<Rule> rules; ///< in the order read; ids and names are unique
    std::vector<Correlation> correlations;
    std::vector<Filter> filters;         ///< already part of `rules`
    std::vector<Filter> expired_filters; ///< well formed, but past their end: no rule is narrowed by them
    std::vector<Rejection> rejected;     ///< by file (in the order read), then line
    std::vector<PipelineUse> pipelines;  ///< what each pipeline of the options did, in their order
    std::size_t files = 0;
    std::size_t documents = 0; ///< rules + correlations + filters (expired or not) + rejected
};

/// Collects documents; checks across documents (ids, names, references of correlations and filters) happen in finish().
/// Not thread safe. Memory: proportional to what was added.
class Reader {
public:
    explicit Reader(ReadOptions options = {});
    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// Every document of one text. `file` is what places and messages name.
    void add_text(std::string_view file, std::string_view text);
    /// A file, or a folder with all *.yml and *.yaml below it in the order of their paths; `*.test.yaml` and
    /// `*.test.yml` in folders are skipped. What cannot be opened becomes a rejection.
    void add_path(const std::filesystem::path& path);
    /// Whether what is added from now on goes through the pipelines of the options; at first it does.
    void use_pipelines(bool use) noexcept;
    /// Hands everything over; the reader is empty afterwards.
    [[nodiscard]] ReadResult finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] ReadResult read_text(std::string_view file, std::string_view text, ReadOptions options = {});
[[nodiscard]] ReadResult read_paths(const std::vector<std::filesystem::path>& paths, ReadOptions options = {});

} // namespace canhgac::rules
