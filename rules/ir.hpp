/// A checked Sigma rule as the engine compiles it: predicates on fields and a boolean tree over them. All Sigma syntax
/// (modifiers, wildcards, escapes, placeholders, selectors, lists) is resolved here; nothing is approximated.
/// Sources: Sigma specification 2.1; SIGMA.md items named at each point.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "event/detection.hpp"

namespace canhgac::rules {

/// A string value after unescaping (SIGMA.md 20): literal runs with wildcards between them.
struct PatternPart {
    /// `*`: any length incl. 0 and newlines; `?`: one character. A placeholder (`%name%`) only while rules are read.
    enum class Kind : std::uint8_t { literal, any, one, placeholder };
    Kind kind = Kind::literal;
    std::string text; ///< for literal: UTF-8; for placeholder: its name
    friend bool operator==(const PatternPart&, const PatternPart&) = default;
};

enum class Op : std::uint8_t {
    matches, ///< whole value matches `pattern` (contains = any,literal,any; startswith = literal,any; ...)
    regex,   ///< unanchored search of `text`; flags in regex_*; case-sensitive unless regex_ignore_case
    cidr,    ///< value is an address inside `network`/`prefix_bits`
    equal_number,
    less,
    less_equal,
    greater,
    greater_equal, ///< numeric, against `number`: the value, or the part `time_part` of the time it states
    is_null,       ///< absent, or JSON null
    exists,        ///< present (also null or empty); `expected` = false: absent
    boolean,       ///< value is the boolean (or text) `expected`
    field_equals,
    field_contains,
    field_startswith,
    field_endswith, ///< against field `other_field`
};

/// A part of the time that a value states (SIGMA.md 48); `none`: the value itself.
enum class TimePart : std::uint8_t { none, minute, hour, day, week, month, year };

/// One test of one field. Equal predicates are shared by rules when compiled. An absent field makes every predicate
/// false except is_null and exists(false).
struct Predicate {
    std::string field; ///< as the rule writes it, blanks inside kept; empty = keyword: any leaf value of the payload
                       ///< and `message`
    Op op = Op::matches;
    bool cased = false; ///< compare exactly; otherwise Unicode simple case folding
    bool expected = true;
    bool regex_ignore_case = false;
    bool regex_multiline = false;
    bool regex_dotall = false;
    std::uint8_t prefix_bits = 0; ///< cidr: 0..32 or 0..128
    bool is_ipv6 = false;
    TimePart time_part = TimePart::none; ///< for equal_number ... greater_equal
    std::vector<PatternPart> pattern;    ///< matches
    std::string text;                    ///< regex source
    std::string other_field;             ///< field_*
    double number = 0.0;
    std::array<std::uint8_t, 16> network{}; ///< cidr, network order; IPv4 in the first 4
    friend bool operator==(const Predicate&, const Predicate&) = default;
};

/// A node of the condition; children are indexes into Rule::nodes, always smaller than the node's own.
struct Node {
    enum class Kind : std::uint8_t { predicate, conjunction, disjunction, negation };
    Kind kind = Kind::predicate;
    std::uint32_t predicate = 0;         ///< index into Rule::predicates
    std::vector<std::uint32_t> children; ///< negation: exactly one; con-/disjunction: at least one
};

/// Empty = any (SIGMA.md 8).
struct LogSource {
    std::string product;
    std::string category;
    std::string service;
    friend auto operator<=>(const LogSource&, const LogSource&) = default;
};

/// `related`: another rule and what it is to this one.
struct RelatedRule {
    std::string id;
    std::string type; ///< derived, obsolete, merged, renamed or similar
};

struct SourceLocation {
    std::string file;
    std::uint32_t line = 0;
};

struct Rule {
    std::string id;
    std::string name;
    std::string title;
    std::string description;
    std::string status; ///< stable, test, experimental, deprecated, unsupported, or empty
    std::string author;
    std::string license;
    std::string date;               ///< as written: YYYY-MM-DD or YYYY/MM/DD
    std::string modified;           ///< as `date`
    std::string taxonomy = "sigma"; ///< another one only if ReadOptions::taxonomies has it
    event::Severity level = event::Severity::medium;
    std::vector<std::string> tags;
    std::vector<std::string> references;
    std::vector<std::string> falsepositives;
    std::vector<std::string> fields;
    std::vector<std::string> scope;
    std::vector<RelatedRule> related;
    /// Top-level keys that Sigma does not know, in the order written: name and value as JSON text.
    std::vector<std::pair<std::string, std::string>> custom;
    std::vector<std::string> entity; ///< custom key `canhgac: {entity: [...]}`
    std::string title_vi;            ///< custom key `canhgac.title_vi`: the title people read in Vietnamese
    std::string response_vi;         ///< custom key `canhgac.response_vi`: what to do first, in Vietnamese
    LogSource logsource;
    std::vector<Predicate> predicates;
    std::vector<Node> nodes;
    std::uint32_t root = 0;           ///< into nodes
    std::vector<std::string> filters; ///< ids of the filters that are part of the condition
    /// Name and node of each selection that the condition names, in the order of the document; for explanations.
    std::vector<std::pair<std::string, std::uint32_t>> selections;
    SourceLocation at;
};

/// A filter document (SIGMA.md J), as people ask for it; what it does is in the rules it narrows.
struct Filter {
    std::string id;
    std::string name;
    std::string title;
    std::string description;
    LogSource logsource;
    bool for_all = false;              ///< `rules: any`: every rule whose log source it contains
    std::vector<std::string> rule_ids; ///< the rules that it narrows, in the order read
    common::Nanos until = 0; ///< own key `canhgac.until`: the first instant it is no longer in force; 0: no end
    std::string reason;      ///< own key `canhgac.reason`
    std::string who;         ///< own key `canhgac.who`
    SourceLocation at;
};

/// Correlation (SIGMA.md I 61-73), with references resolved. What each type means at run time: engine/correlation.hpp.
struct Correlation {
    enum class Type : std::uint8_t {
        event_count,
        value_count,
        temporal,
        temporal_ordered,
        value_sum,
        value_avg,
        value_percentile,
        value_median,
        new_terms,  ///< ours: a value that the history of its group does not have
        rare_value, ///< ours: a value that the history of its group seldom has
    };
    enum class Compare : std::uint8_t { gt, gte, lt, lte, eq, neq };
    struct Bound {
        Compare compare = Compare::gte;
        double value = 0.0;
        friend bool operator==(const Bound&, const Bound&) = default;
    };
    /// One alternative of an extended condition: bits are places in rule_ids; at least one bit of `present` is set.
    struct Term {
        std::uint64_t present = 0; ///< all of these occur
        std::uint64_t absent = 0;  ///< none of these does
        friend bool operator==(const Term&, const Term&) = default;
    };
    std::string id;
    std::string name;
    std::string title;
    std::string description;
    std::string status;
    event::Severity level = event::Severity::medium;
    std::vector<std::string> tags;
    std::vector<std::string> entity; ///< as in Rule, also the next two
    std::string title_vi;
    std::string response_vi;
    Type type = Type::event_count;
    std::vector<std::string> rule_ids; ///< ids of the referenced rules and correlations; temporal types: at most 64
    std::vector<std::string> group_by;
    /// alias -> (rule id -> field)
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> aliases;
    common::Nanos timespan = 0;
    std::vector<Bound> bounds;       ///< all hold, on what the type measures; empty when `terms` decides
    std::vector<std::string> fields; ///< value_*: what is measured; several (value_count and ours only) = a tuple
    double percentile = 0.0;         ///< value_percentile: 0..100
    std::vector<Term> terms;         ///< temporal types with an extended condition: one of these holds
    std::string condition;           ///< the extended condition as written
    bool generate = false;           ///< referenced rules also give results of their own
    common::Nanos learn = 0;         ///< ours: nothing is said so long after the first event (`canhgac.learn`)
    double max_percent = 100.0;      ///< rare_value: the largest share of the value, more than 0
    std::uint64_t min_events = 0;    ///< rare_value: what a group must have before it says anything
    SourceLocation at;

    /// Whether the condition says that a rule must not occur: then it is decided only when its time is over.
    [[nodiscard]] bool has_absent() const noexcept {
        for (const Term& term : terms) {
            if (term.absent != 0) { return true; }
        }
        return false;
    }
};
[[nodiscard]] constexpr bool is_temporal(Correlation::Type type) noexcept {
    return type == Correlation::Type::temporal || type == Correlation::Type::temporal_ordered;
}
/// Types of ours, which compare each event with the history of its group (docs/reference/sigma-correlation.md).
[[nodiscard]] constexpr bool looks_back(Correlation::Type type) noexcept {
    return type == Correlation::Type::new_terms || type == Correlation::Type::rare_value;
}
[[nodiscard]] constexpr bool measures_numbers(Correlation::Type type) noexcept {
    return type >= Correlation::Type::value_sum && type <= Correlation::Type::value_median;
}

} // namespace canhgac::rules
