#include "engine/explain_hint.hpp"

#include <algorithm>
#include <optional>

#include "engine/plain_evaluator.hpp"
#include "event/value.hpp"
#include "text/fold.hpp"

namespace canhgac::engine {
namespace {

using rules::Op;
using rules::PatternPart;
using PartKind = PatternPart::Kind;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The pattern without blanks at the ends of its first and last literal.
rules::Predicate without_outer_blanks(rules::Predicate predicate) {
    for (PatternPart& part : predicate.pattern) {
        if (part.kind == PartKind::literal) { part.text = std::string(trimmed(part.text)); }
    }
    return predicate;
}

rules::Predicate anywhere(rules::Predicate predicate) {
    predicate.pattern.insert(predicate.pattern.begin(), {PartKind::any, {}});
    predicate.pattern.push_back({PartKind::any, {}});
    return predicate;
}

std::string with_single_backslashes(std::string_view value) {
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        out.push_back(value[i]);
        if (value[i] == '\\' && i + 1 < value.size() && value[i + 1] == '\\') { ++i; }
    }
    return out;
}

/// What is nearly right about one value; empty if nothing.
std::string near_text(const rules::Predicate& predicate, std::string_view value) {
    if (predicate.cased) {
        rules::Predicate loose = predicate;
        loose.cased = false;
        if (plain_value_holds(loose, value)) { return "only upper and lower case differ, and the test is |cased"; }
    }
    if (plain_value_holds(predicate, trimmed(value))) {
        return "the event's value has blanks at its ends; without them it would match";
    }
    if (plain_value_holds(without_outer_blanks(predicate), value)) {
        return "the rule's value begins or ends with a blank; without it, it would match";
    }
    if (value.size() > 1 && value.front() == '"' && value.back() == '"' &&
        plain_value_holds(predicate, value.substr(1, value.size() - 2))) {
        return "the event's value is in quotes; without them it would match";
    }
    if (value.find("\\\\") != std::string_view::npos && plain_value_holds(predicate, with_single_backslashes(value))) {
        return "backslashes are doubled in the event's value";
    }
    if (plain_value_holds(anywhere(predicate), value)) {
        return "the event's value contains it: |contains would match";
    }
    return {};
}

bool is_value_test(Op op) {
    return op == Op::matches || op == Op::cidr || op == Op::equal_number || op == Op::boolean;
}

/// Long patterns hold by chance nowhere, short ones everywhere: a value found elsewhere must say something.
bool tells_much(const rules::Predicate& predicate) {
    if (predicate.op == Op::cidr) { return predicate.prefix_bits > 8; }
    if (predicate.op != Op::matches) { return false; }
    return std::any_of(predicate.pattern.begin(), predicate.pattern.end(),
                       [](const PatternPart& part) { return part.kind == PartKind::literal && part.text.size() >= 4; });
}

std::string of_other_fields(const rules::Predicate& predicate, const std::string& name, const NamedValues& event) {
    for (const auto& [other, value] : event) {
        if (other != name && text::equals_folded(other, name)) {
            return "the event has '" + other + "': names are compared exactly";
        }
    }
    if (!is_value_test(predicate.op) || !tells_much(predicate)) { return {}; }
    for (const auto& [other, value] : event) {
        if (other != name && plain_value_holds(predicate, value)) { return "'" + other + "' has a value that passes"; }
    }
    return {};
}

} // namespace

std::string near_miss(const rules::Predicate& predicate, const std::string& name, const NamedValues& event) {
    if (predicate.field.empty()) { return {}; }
    bool present = false;
    for (const auto& [field, value] : event) {
        if (field != name) { continue; }
        present = true;
        if (predicate.op == Op::matches) {
            if (std::string hint = near_text(predicate, value); !hint.empty()) { return hint; }
        }
        const bool numeric = predicate.op == Op::equal_number || predicate.op == Op::less ||
                             predicate.op == Op::less_equal || predicate.op == Op::greater ||
                             predicate.op == Op::greater_equal;
        if (numeric && predicate.time_part == rules::TimePart::none && !event::parse_number(value)) {
            return "the event's value is no decimal number";
        }
    }
    if (present && !tells_much(predicate)) { return {}; }
    return of_other_fields(predicate, name, event);
}

} // namespace canhgac::engine
