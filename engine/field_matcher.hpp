/// All tests that one group of rules makes on one field, compiled: a value in, the atoms that hold out.
/// An atom is a list of tests on that field of which one must hold ("Image ends with one of these").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ip.hpp"
#include "engine/lists.hpp"
#include "event/value.hpp"
#include "rules/ir.hpp"
#include "text/fold.hpp"
#include "text/glob.hpp"
#include "text/pattern_set.hpp"

namespace canhgac::engine {

/// Index of an atom, unique in a rule set.
using Atom = std::uint32_t;
/// Index of a test within its field matcher.
using Test = std::uint32_t;

/// A test of a value as the matcher sees it. `predicate` with is_null means "is a JSON null", with exists "is there":
/// absence is the condition's business. Its pattern has no empty literals and no equal neighbours.
struct FieldTest {
    rules::Predicate predicate;
    std::uint32_t uses = 0; ///< by how many conditions; an estimate of how common the value is
};

/// How often a test will hold, in no particular unit: short and often written texts are common. Used to choose
/// triggers.
[[nodiscard]] double estimated_frequency(const FieldTest& test) noexcept;

/// Scratch of one worker for all matchers. Not thread safe.
struct MatcherScratch {
    text::PatternScratch patterns;
    text::HitSet hits;
    text::FoldBuffer folded;
    std::vector<std::uint32_t> seen; ///< by atom: the epoch of the value that reported it last
    std::uint32_t epoch = 0;
};

struct DatabaseStats {
    std::size_t databases = 0;
    std::size_t from_cache = 0;
    std::size_t bytes = 0;
    std::size_t largest = 0; ///< patterns in the largest database
};

/// A test that could not be compiled.
struct RefusedTest {
    Test test = 0;
    std::string reason;
};

/// Immutable once compiled; const use is thread safe.
class FieldMatcher {
public:
    FieldMatcher() = default;
    FieldMatcher(FieldMatcher&&) noexcept = default;
    FieldMatcher& operator=(FieldMatcher&&) noexcept = default;

    /// `atoms_of[i]`: the atoms that test i makes true. Slow. Returns the tests refused; they never hold.
    [[nodiscard]] std::vector<RefusedTest> compile(const std::vector<FieldTest>& tests,
                                                   const std::vector<std::vector<Atom>>& atoms_of,
                                                   const std::filesystem::path& cache_dir);
    /// Bytes that gather() needs.
    [[nodiscard]] std::size_t gather_bytes() const noexcept;
    /// Moves the databases to the front of `place`, which must outlive the matcher, and cuts that off.
    void gather(std::span<std::byte>& place);
    /// Makes `scratch` fit. Allocates.
    void prepare(MatcherScratch& scratch) const;
    /// Appends the atoms that hold for one value that is there and not null. Each atom once per `scratch.epoch`.
    void match(std::string_view value, MatcherScratch& scratch, std::vector<Atom>& out) const;
    /// The same for a JSON null.
    void match_null(MatcherScratch& scratch, std::vector<Atom>& out) const;
    /// True if all tests are "contains this text, ignoring case". Then values may be looked at together: folded, each
    /// followed by kSeparator, anything_in() says whether any of them can match.
    [[nodiscard]] bool joinable() const noexcept { return joinable_; }
    static constexpr char kSeparator = '\xFF'; ///< in no valid text
    [[nodiscard]] bool anything_in(std::string_view folded, MatcherScratch& scratch) const noexcept;
    /// No shorter value, in bytes before folding, can match; meaningful if joinable().
    [[nodiscard]] std::size_t min_value_bytes() const noexcept { return min_value_bytes_; }
    [[nodiscard]] const DatabaseStats& stats() const noexcept { return stats_; }

private:
    /// A database and what each of its patterns stands for: an atom, or (with kConfirmBit) a glob still to be checked.
    struct Scan {
        text::PatternSet set;
        Lists targets;
    };
    struct Confirm {
        std::vector<std::string> texts;
        std::vector<text::GlobPart> parts; ///< views of texts
        bool cased = false;
        std::vector<Atom> atoms;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept;
    };
    struct ExactTable {
        std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> index;
        Lists atoms;
        std::size_t min_size = static_cast<std::size_t>(-1);
        std::size_t max_size = 0;
    };
    struct Comparison {
        rules::Op op{};
        rules::TimePart time_part{};
        double number = 0.0;
        std::vector<Atom> atoms;
    };
    struct Network {
        common::IpNetwork network;
        std::vector<Atom> atoms;
    };
    struct Drafts;

    void add_pattern_test(const rules::Predicate& predicate, const std::vector<Atom>& atoms, Drafts& drafts);
    void add_test(const rules::Predicate& predicate, Test test, const std::vector<Atom>& atoms, Drafts& drafts);
    void compile_regexes(Drafts& drafts, const std::filesystem::path& cache_dir, std::vector<RefusedTest>& refused);
    /// Calls `visit(Scan&)` for every database of `self`.
    template <typename Self, typename Visit>
    static void visit_scans(Self& self, const Visit& visit) {
        if (self.folded_) { visit(*self.folded_); }
        if (self.cased_) { visit(*self.cased_); }
        for (auto& regex : self.regexes_) {
            visit(regex);
        }
    }
    [[nodiscard]] std::optional<Scan> make_scan(const std::vector<text::Pattern>& patterns, Lists targets,
                                                const std::filesystem::path& cache_dir, text::PatternError& error);
    void scan(const Scan& with, std::string_view value, std::string_view original, MatcherScratch& scratch,
              std::vector<Atom>& out) const;
    void match_numbers(std::string_view value, MatcherScratch& scratch, std::vector<Atom>& out) const;
    void match_typed(std::string_view value, MatcherScratch& scratch, std::vector<Atom>& out) const;
    void set_joinable(const std::vector<FieldTest>& tests);
    static void report_compared(const Comparison& comparison, double number, MatcherScratch& scratch,
                                std::vector<Atom>& out);
    static void report(std::span<const Atom> atoms, MatcherScratch& scratch, std::vector<Atom>& out);
    static void report_exact(const ExactTable& table, std::string_view value, MatcherScratch& scratch,
                             std::vector<Atom>& out);

    std::optional<Scan> folded_; ///< literals, over the case folded value
    std::optional<Scan> cased_;  ///< literals, over the value as it is
    std::vector<Scan> regexes_;  ///< over the value as it is, valid UTF-8
    std::vector<Confirm> confirms_;
    std::vector<std::uint32_t> always_confirm_; ///< globs without any literal
    ExactTable exact_folded_;
    ExactTable exact_cased_;
    std::map<double, std::vector<Atom>> numbers_;
    std::vector<Comparison> comparisons_;
    std::vector<Comparison> time_comparisons_; ///< with a part of the time that the value states
    std::vector<Network> networks_;
    std::vector<Atom> when_true_;
    std::vector<Atom> when_false_;
    std::vector<Atom> when_null_;
    std::vector<Atom> when_present_; ///< null included
    std::vector<Atom> when_value_;   ///< not null
    bool joinable_ = false;
    std::size_t min_value_bytes_ = 0;
    DatabaseStats stats_;
};

} // namespace canhgac::engine
