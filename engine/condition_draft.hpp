/// First half of compiling: conditions of rules over shared tests and atoms, in negation normal form.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/compiled_rules.hpp"
#include "rules/ir.hpp"

namespace canhgac::engine {

/// The tests on one field of one group, as they are collected.
struct MatcherDraft {
    std::vector<FieldTest> tests;
    std::unordered_map<std::string, Test> index; ///< by meaning
    std::vector<std::vector<Atom>> atoms_of;     ///< by test
};

/// A condition while it is being made; owns its children.
struct ConditionDraft {
    Condition::Kind kind = Condition::Kind::atom;
    bool negated = false;
    std::uint32_t matcher = kNone; ///< atom: whose tests; kNone = a field comparison
    std::vector<Test> tests;       ///< atom: one of which must hold
    Atom atom = kNone;             ///< set by DraftBook::number_atoms()
    std::vector<ConditionDraft> children;
};

/// Collects groups, matchers and atoms of all rules. Not thread safe.
class DraftBook {
public:
    struct GroupDraft {
        Group group;
        std::unordered_map<std::string, std::uint32_t> matcher_of; ///< by field name; empty name = keywords
    };
    struct RuleDraft {
        std::uint32_t group = 0;
        ConditionDraft condition;
        std::vector<std::pair<std::uint32_t, Test>> regexes; ///< (matcher, test) that may be refused
    };
    struct AtomDraft {
        std::uint32_t matcher = kNone;
        std::vector<Test> tests;
    };

    [[nodiscard]] RuleDraft draft(const rules::Rule& rule);
    /// Gives the atoms of a finished condition their numbers.
    void number_atoms(ConditionDraft& condition);

    std::vector<GroupDraft> groups;
    std::vector<MatcherDraft> matchers;
    std::vector<AtomDraft> atoms;

private:
    struct Context {
        const rules::Rule* rule = nullptr;
        RuleDraft* draft = nullptr;
    };
    [[nodiscard]] std::uint32_t group_of(const rules::LogSource& logsource);
    [[nodiscard]] std::uint32_t matcher_of(std::uint32_t group, const std::string& field);
    [[nodiscard]] ConditionDraft leaf(Context& context, const std::string& field, const rules::Predicate& predicate,
                                      bool negated);
    [[nodiscard]] ConditionDraft predicate(Context& context, const rules::Predicate& predicate, bool negated);
    [[nodiscard]] ConditionDraft comparison(Context& context, const rules::Predicate& predicate, bool negated);
    [[nodiscard]] ConditionDraft node(Context& context, std::uint32_t index, bool negated);

    std::map<rules::LogSource, std::uint32_t> group_index_;
    std::map<std::pair<std::uint32_t, std::vector<Test>>, Atom> atom_index_;
};

} // namespace canhgac::engine
