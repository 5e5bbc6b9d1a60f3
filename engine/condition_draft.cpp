#include "engine/condition_draft.hpp"

#include <algorithm>
#include <cstring>

namespace canhgac::engine {
namespace {

using rules::Op;
using Kind = Condition::Kind;

/// Equal keys = the same test (the field aside).
std::string meaning_of(const rules::Predicate& p) {
    std::string key;
    const auto put = [&key](const void* data, std::size_t size) { key.append(static_cast<const char*>(data), size); };
    key.push_back(static_cast<char>(p.op));
    key.push_back(static_cast<char>((p.cased ? 1 : 0) | (p.expected ? 2 : 0) | (p.regex_ignore_case ? 4 : 0) |
                                    (p.regex_multiline ? 8 : 0) | (p.regex_dotall ? 16 : 0) | (p.is_ipv6 ? 32 : 0)));
    key.push_back(static_cast<char>(p.prefix_bits));
    key.push_back(static_cast<char>(p.time_part));
    put(&p.number, sizeof(p.number));
    put(p.network.data(), p.network.size());
    const auto put_text = [&](const std::string& text) {
        const std::size_t size = text.size();
        put(&size, sizeof(size));
        key += text;
    };
    put_text(p.text);
    put_text(p.other_field);
    for (const rules::PatternPart& part : p.pattern) {
        key.push_back(static_cast<char>(part.kind));
        put_text(part.text);
    }
    return key;
}

/// Neighbouring literals joined, empty ones and repeated ANYs dropped.
std::vector<rules::PatternPart> normalized(const std::vector<rules::PatternPart>& pattern) {
    using PartKind = rules::PatternPart::Kind;
    std::vector<rules::PatternPart> out;
    for (const rules::PatternPart& part : pattern) {
        if (part.kind == PartKind::literal && part.text.empty()) { continue; }
        const bool same = !out.empty() && out.back().kind == part.kind;
        if (same && part.kind == PartKind::any) { continue; }
        if (same && part.kind == PartKind::literal) {
            out.back().text += part.text;
            continue;
        }
        out.push_back(part);
    }
    return out;
}

/// Leaves that may become one: positive ones under "any", negated ones under "all".
bool may_merge(const ConditionDraft& leaf, Kind parent) noexcept {
    return leaf.kind == Kind::atom && leaf.matcher != kNone && leaf.negated == (parent == Kind::all);
}

/// Puts a child below a node of its kind in the node's place, and joins leaves on the same field to one atom.
void add_child(ConditionDraft& parent, ConditionDraft child, std::unordered_map<std::uint32_t, std::size_t>& merged) {
    if (child.kind == parent.kind) {
        for (ConditionDraft& grandchild : child.children) {
            add_child(parent, std::move(grandchild), merged);
        }
        return;
    }
    if (may_merge(child, parent.kind)) {
        const auto [found, fresh] = merged.emplace(child.matcher, parent.children.size());
        if (!fresh) {
            auto& tests = parent.children[found->second].tests;
            tests.insert(tests.end(), child.tests.begin(), child.tests.end());
            return;
        }
    }
    parent.children.push_back(std::move(child));
}

} // namespace

std::uint32_t DraftBook::group_of(const rules::LogSource& logsource) {
    const auto [found, fresh] = group_index_.emplace(logsource, static_cast<std::uint32_t>(groups.size()));
    if (fresh) {
        groups.emplace_back();
        groups.back().group.logsource = logsource;
    }
    return found->second;
}

std::uint32_t DraftBook::matcher_of(std::uint32_t group, const std::string& field) {
    GroupDraft& draft = groups[group];
    const std::string name = without_blanks(field);
    const auto [found, fresh] = draft.matcher_of.emplace(name, static_cast<std::uint32_t>(matchers.size()));
    if (fresh) {
        if (name.empty()) {
            draft.group.keywords = found->second;
        } else {
            draft.group.fields.push_back({name, found->second});
        }
        matchers.emplace_back();
    }
    return found->second;
}

ConditionDraft DraftBook::leaf(Context& context, const std::string& field, const rules::Predicate& predicate,
                               bool negated) {
    ConditionDraft out;
    out.negated = negated;
    out.matcher = matcher_of(context.draft->group, field);
    MatcherDraft& matcher = matchers[out.matcher];
    rules::Predicate wanted = predicate;
    wanted.pattern = normalized(predicate.pattern);
    const auto [found, fresh] = matcher.index.emplace(meaning_of(wanted), static_cast<Test>(matcher.tests.size()));
    if (fresh) { matcher.tests.push_back({std::move(wanted), 0}); }
    ++matcher.tests[found->second].uses;
    out.tests.push_back(found->second);
    if (predicate.op == Op::regex) { context.draft->regexes.emplace_back(out.matcher, found->second); }
    return out;
}

ConditionDraft DraftBook::comparison(Context& context, const rules::Predicate& predicate, bool negated) {
    Group& group = groups[context.draft->group].group;
    FieldComparison wanted{without_blanks(predicate.field), without_blanks(predicate.other_field), predicate.op,
                           predicate.cased, kNone};
    auto found = std::find_if(group.comparisons.begin(), group.comparisons.end(), [&](const FieldComparison& c) {
        return c.left == wanted.left && c.right == wanted.right && c.op == wanted.op && c.cased == wanted.cased;
    });
    if (found == group.comparisons.end()) {
        wanted.atom = static_cast<Atom>(atoms.size());
        atoms.emplace_back();
        found = group.comparisons.insert(group.comparisons.end(), wanted);
    }
    ConditionDraft compare;
    compare.atom = found->atom;
    compare.negated = negated;
    if (negated) { return compare; }
    // The field's presence goes with it, to have something that triggers the rule.
    rules::Predicate present;
    present.op = Op::exists;
    ConditionDraft both;
    both.kind = Kind::all;
    both.children.push_back(leaf(context, predicate.field, present, false));
    both.children.push_back(std::move(compare));
    return both;
}

ConditionDraft DraftBook::predicate(Context& context, const rules::Predicate& predicate, bool negated) {
    rules::Predicate present;
    present.op = Op::exists;
    switch (predicate.op) {
    case Op::exists:
        return leaf(context, predicate.field, present, negated == predicate.expected);
    case Op::is_null: {
        rules::Predicate null;
        null.op = Op::is_null;
        ConditionDraft either; // null, or absent
        either.kind = negated ? Kind::all : Kind::any;
        either.children.push_back(leaf(context, predicate.field, null, negated));
        either.children.push_back(leaf(context, predicate.field, present, !negated));
        return either;
    }
    case Op::field_equals:
    case Op::field_contains:
    case Op::field_startswith:
    case Op::field_endswith:
        return comparison(context, predicate, negated);
    default:
        return leaf(context, predicate.field, predicate, negated);
    }
}

ConditionDraft DraftBook::node(Context& context, std::uint32_t index, bool negated) {
    const rules::Node& from = context.rule->nodes[index];
    if (from.kind == rules::Node::Kind::predicate) {
        return predicate(context, context.rule->predicates[from.predicate], negated);
    }
    if (from.kind == rules::Node::Kind::negation) { return node(context, from.children.front(), !negated); }
    ConditionDraft out;
    out.kind = (from.kind == rules::Node::Kind::conjunction) != negated ? Kind::all : Kind::any;
    std::unordered_map<std::uint32_t, std::size_t> merged;
    for (const std::uint32_t child : from.children) {
        add_child(out, node(context, child, negated), merged);
    }
    if (out.children.size() == 1) {
        ConditionDraft only = std::move(out.children.front());
        return only;
    }
    return out;
}

DraftBook::RuleDraft DraftBook::draft(const rules::Rule& rule) {
    RuleDraft out;
    out.group = group_of(rule.logsource);
    Context context{&rule, &out};
    out.condition = node(context, rule.root, false);
    return out;
}

void DraftBook::number_atoms(ConditionDraft& condition) {
    for (ConditionDraft& child : condition.children) {
        number_atoms(child);
    }
    if (condition.kind != Kind::atom || condition.matcher == kNone) { return; }
    std::sort(condition.tests.begin(), condition.tests.end());
    condition.tests.erase(std::unique(condition.tests.begin(), condition.tests.end()), condition.tests.end());
    const auto [found, fresh] =
        atom_index_.emplace(std::pair(condition.matcher, condition.tests), static_cast<Atom>(atoms.size()));
    if (fresh) {
        atoms.push_back({condition.matcher, condition.tests});
        MatcherDraft& matcher = matchers[condition.matcher];
        matcher.atoms_of.resize(matcher.tests.size());
        for (const Test test : condition.tests) {
            matcher.atoms_of[test].push_back(found->second);
        }
    }
    condition.atom = found->second;
}

} // namespace canhgac::engine
