/// What a RuleSet is made of; for the engine's own files.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "common/page_buffer.hpp"
#include "engine/classifier.hpp"
#include "engine/field_matcher.hpp"
#include "engine/lists.hpp"
#include "engine/rule_set.hpp"

namespace canhgac::engine {

inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// A condition in negation normal form: negation only at leaves.
struct Condition {
    enum class Kind : std::uint8_t { atom, all, any };
    Kind kind = Kind::atom;
    bool negated = false; ///< atom: holds when the atom does not
    Atom atom = 0;
    std::uint32_t first = 0; ///< children: CompiledRules::children[first .. first + count)
    std::uint32_t count = 0;
};

/// Where a jump of a program ends: beyond all steps.
inline constexpr std::uint32_t kAccept = kNone;
inline constexpr std::uint32_t kReject = kNone - 1;

/// One test of a rule's program and where to go on; steps of a rule are contiguous, jumps go forward.
struct Step {
    Atom atom = 0;
    std::uint32_t if_true = kAccept;
    std::uint32_t if_false = kReject;
};

struct CompiledRule {
    std::uint32_t group = 0;
    std::uint32_t first_step = 0;
    std::uint32_t root = 0; ///< into CompiledRules::conditions
    bool compares = false;  ///< fields with each other
};

struct GroupField {
    std::string name;          ///< without blanks
    std::uint32_t matcher = 0; ///< into CompiledRules::matchers
};

/// A comparison of two fields of the same event.
struct FieldComparison {
    std::string left; ///< without blanks
    std::string right;
    rules::Op op = rules::Op::field_equals;
    bool cased = false;
    Atom atom = 0;
};

/// Rules of one log source.
struct Group {
    rules::LogSource logsource;
    std::vector<GroupField> fields;
    std::uint32_t keywords = kNone; ///< matcher that looks at every payload value and `message`
    std::vector<FieldComparison> comparisons;
    std::vector<std::uint32_t> always; ///< rules without trigger
};

struct CompiledRules {
    std::vector<event::RuleInfo> infos; ///< sorted by id; parallel to rules
    std::vector<CompiledRule> rules;
    std::vector<Step> steps;
    std::vector<Condition> conditions;
    std::vector<std::uint32_t> children;
    common::PageBuffer databases; ///< of the matchers
    std::vector<FieldMatcher> matchers;
    std::vector<Group> groups;
    std::vector<bool> keyword_atom; ///< by atom: of a keyword matcher
    Lists triggers;                 ///< by atom: rules that may hold when it does
    Classifier classifier;
    bool route_by_logsource = true;
    event::FieldTable* fields = nullptr;
    CompileStats stats;
};

} // namespace canhgac::engine
