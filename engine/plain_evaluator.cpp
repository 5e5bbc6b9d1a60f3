#include "engine/plain_evaluator.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/ip.hpp"
#include "text/fold.hpp"
#include "text/regex.hpp"
#include "text/utf8.hpp"

namespace canhgac::engine {
namespace {

using rules::Op;
using rules::PatternPart;

/// Characters of a text, folded unless `cased`.
std::u32string characters(std::string_view text, bool cased) {
    std::u32string out;
    for (std::size_t at = 0; at < text.size();) {
        const text::Decoded decoded = text::decode(text, at);
        out.push_back(cased ? decoded.code : text::fold(decoded.code));
        at += decoded.size;
    }
    return out;
}

/// One element of a pattern: a character, or a wildcard.
struct Element {
    PatternPart::Kind kind = PatternPart::Kind::literal;
    char32_t character = 0;
};

/// Textbook dynamic programming: reach[i] = the elements so far can match the first i characters.
bool pattern_matches(const std::vector<PatternPart>& pattern, std::string_view value, bool cased) {
    std::vector<Element> elements;
    for (const PatternPart& part : pattern) {
        if (part.kind != PatternPart::Kind::literal) {
            elements.push_back({part.kind, 0});
            continue;
        }
        for (const char32_t character : characters(part.text, cased)) {
            elements.push_back({PatternPart::Kind::literal, character});
        }
    }
    const std::u32string text = characters(value, cased);
    std::vector<bool> reach(text.size() + 1, false);
    reach[0] = true;
    for (const Element& element : elements) {
        std::vector<bool> next(text.size() + 1, false);
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (element.kind == PatternPart::Kind::any) {
                next[i] = reach[i] || (i > 0 && next[i - 1]);
            } else if (i > 0 && reach[i - 1]) {
                next[i] = element.kind == PatternPart::Kind::one || text[i - 1] == element.character;
            }
        }
        reach = std::move(next);
    }
    return reach[text.size()];
}

bool in_network(const rules::Predicate& predicate, std::string_view value) {
    const auto address = common::parse_ip(value);
    if (!address || address->is_v6 != predicate.is_ipv6) { return false; }
    for (unsigned bit = 0; bit < predicate.prefix_bits; ++bit) {
        const unsigned mask = 0x80U >> bit % 8;
        if ((address->bytes[bit / 8] & mask) != (predicate.network[bit / 8] & mask)) { return false; }
    }
    return true;
}

bool number_holds(const rules::Predicate& predicate, std::string_view value) {
    const auto number = event::parse_number(value);
    if (!number) { return false; }
    switch (predicate.op) {
    case Op::less:
        return *number < predicate.number;
    case Op::less_equal:
        return *number <= predicate.number;
    case Op::greater:
        return *number > predicate.number;
    case Op::greater_equal:
        return *number >= predicate.number;
    default:
        return *number == predicate.number;
    }
}

bool compare_holds(const rules::Predicate& predicate, std::string_view left, std::string_view right) {
    const std::u32string a = characters(left, predicate.cased);
    const std::u32string b = characters(right, predicate.cased);
    switch (predicate.op) {
    case Op::field_contains:
        return a.find(b) != std::u32string::npos;
    case Op::field_startswith:
        return a.starts_with(b);
    case Op::field_endswith:
        return a.ends_with(b);
    default:
        return a == b;
    }
}

std::string no_blanks(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c != ' ') { out.push_back(c); }
    }
    return out;
}

bool same_or_absent(const std::string& wanted, const std::string& offered) {
    return wanted.empty() || text::equals_folded(wanted, offered);
}

/// The rule's attributes are all given by the class.
bool serves(const rules::LogSource& offered, const rules::LogSource& wanted) {
    return same_or_absent(wanted.product, offered.product) && same_or_absent(wanted.category, offered.category) &&
           same_or_absent(wanted.service, offered.service);
}

/// A class the event has, with the entry it comes from (nullptr: the sender said so).
struct Class {
    rules::LogSource logsource;
    const rules::LogSourceEntry* entry = nullptr;
};

} // namespace

bool plain_value_holds(const rules::Predicate& predicate, std::string_view value) {
    switch (predicate.op) {
    case Op::matches:
        return pattern_matches(predicate.pattern, value, predicate.cased);
    case Op::cidr:
        return in_network(predicate, value);
    case Op::boolean:
        return text::equals_folded(value, predicate.expected ? "true" : "false");
    case Op::equal_number:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
        return number_holds(predicate, value);
    default:
        return false;
    }
}

struct PlainEvaluator::State {
    const std::vector<rules::Rule>* rules = nullptr;
    rules::LogSourceTable table;
    const event::FieldTable* fields = nullptr;
    bool routed = true;
    std::map<const rules::Predicate*, std::optional<text::Regex>> regexes;

    using Fields = std::vector<std::pair<std::string, event::Field>>;

    [[nodiscard]] Fields named_fields(const event::EventBatch& batch, const event::Event& event) const {
        Fields out;
        for (const event::Field& field : batch.fields(event)) {
            out.emplace_back(no_blanks(fields->name(field.name())), field);
        }
        return out;
    }

    [[nodiscard]] static bool entry_holds(const rules::LogSourceEntry& entry, event::Format format, const Fields& all) {
        if (!entry.formats.empty() &&
            std::find(entry.formats.begin(), entry.formats.end(), format) == entry.formats.end()) {
            return false;
        }
        for (const rules::LogSourceCondition& condition : entry.conditions) {
            bool found = false;
            for (const auto& [name, field] : all) {
                if (name != no_blanks(condition.field) || field.is_null()) { continue; }
                for (const std::string& value : condition.values) {
                    found = found || text::equals_folded(field.text(), value);
                }
            }
            if (!found) { return false; }
        }
        return true;
    }

    [[nodiscard]] std::vector<Class> classes(const event::Event& event, const Fields& all) const {
        std::vector<Class> held;
        for (const rules::LogSourceEntry& entry : table) {
            if (entry_holds(entry, event.format, all)) { held.push_back({entry.logsource, &entry}); }
        }
        std::vector<Class> reduced;
        for (std::size_t i = 0; i < held.size(); ++i) {
            bool dropped = false;
            for (std::size_t j = 0; j < held.size(); ++j) {
                const bool in_other = i != j && serves(held[j].logsource, held[i].logsource);
                const bool equal = in_other && serves(held[i].logsource, held[j].logsource);
                dropped = dropped || (equal ? j < i : in_other);
            }
            if (!dropped) { reduced.push_back(held[i]); }
        }
        if ((event.flags & event::flag::kTrustedSource) != 0) {
            Class told;
            for (const auto& [name, field] : all) {
                if (name == "logsource.product") { told.logsource.product = field.text(); }
                if (name == "logsource.category") { told.logsource.category = field.text(); }
                if (name == "logsource.service") { told.logsource.service = field.text(); }
            }
            if (told.logsource != rules::LogSource{}) { reduced.push_back(told); }
        }
        return reduced;
    }

    /// Calls `test` for the values of a field as the event names it.
    template <typename Test>
    [[nodiscard]] static bool any_value(const Fields& all, const std::string& name, Test test) {
        return std::any_of(all.begin(), all.end(), [&](const auto& f) { return f.first == name && test(f.second); });
    }

    [[nodiscard]] static std::string event_name(const rules::LogSourceEntry* aliases, const std::string& field) {
        std::string name = no_blanks(field);
        if (aliases == nullptr) { return name; }
        for (const rules::FieldAlias& alias : aliases->aliases) {
            if (no_blanks(alias.rule_field) == name) { return no_blanks(alias.event_field); }
        }
        return name;
    }

    /// One value that is there and not null.
    [[nodiscard]] bool value_holds(const rules::Predicate& predicate, std::string_view value) const {
        if (predicate.op != Op::regex) { return plain_value_holds(predicate, value); }
        const auto& regex = regexes.at(&predicate);
        return regex && regex->search(text::repair_utf8(value));
    }

    [[nodiscard]] bool predicate_holds(const rules::Predicate& predicate, const rules::LogSourceEntry* aliases,
                                       const Fields& all) const {
        const auto here = [](const event::Field&) { return true; };
        const auto null = [](const event::Field& field) { return field.is_null(); };
        if (predicate.field.empty()) {
            return std::any_of(all.begin(), all.end(), [&](const auto& f) {
                const bool looked_at = !event::is_envelope(f.second.name()) || f.first == "message";
                return looked_at && !f.second.is_null() && value_holds(predicate, f.second.text());
            });
        }
        const std::string name = event_name(aliases, predicate.field);
        switch (predicate.op) {
        case Op::exists:
            return any_value(all, name, here) == predicate.expected;
        case Op::is_null:
            return !any_value(all, name, here) || any_value(all, name, null);
        case Op::field_equals:
        case Op::field_contains:
        case Op::field_startswith:
        case Op::field_endswith: {
            const std::string other = event_name(aliases, predicate.other_field);
            return any_value(all, name, [&](const event::Field& left) {
                return !left.is_null() && any_value(all, other, [&](const event::Field& right) {
                    return !right.is_null() && compare_holds(predicate, left.text(), right.text());
                });
            });
        }
        default:
            return any_value(all, name, [&](const event::Field& field) {
                return !field.is_null() && value_holds(predicate, field.text());
            });
        }
    }

    [[nodiscard]] std::vector<bool> nodes(const rules::Rule& rule, const rules::LogSourceEntry* aliases,
                                          const Fields& all) const {
        std::vector<bool> truth;
        for (const rules::Node& node : rule.nodes) { // children come before their parents
            const auto child = [&truth](std::uint32_t index) { return bool{truth[index]}; };
            switch (node.kind) {
            case rules::Node::Kind::predicate:
                truth.push_back(predicate_holds(rule.predicates[node.predicate], aliases, all));
                break;
            case rules::Node::Kind::negation:
                truth.push_back(!child(node.children.front()));
                break;
            case rules::Node::Kind::conjunction:
                truth.push_back(std::all_of(node.children.begin(), node.children.end(), child));
                break;
            case rules::Node::Kind::disjunction:
                truth.push_back(std::any_of(node.children.begin(), node.children.end(), child));
                break;
            }
        }
        return truth;
    }

    /// Whether the rule sees events of these classes, and the entry whose aliases it uses.
    [[nodiscard]] static std::pair<bool, const rules::LogSourceEntry*> routed_to(const rules::Rule& rule,
                                                                                 const std::vector<Class>& classes) {
        for (const Class& one : classes) {
            if (serves(one.logsource, rule.logsource)) {
                return {true, rule.logsource.category.empty() ? nullptr : one.entry};
            }
        }
        return {rule.logsource == rules::LogSource{}, nullptr};
    }
};

PlainEvaluator::PlainEvaluator(const std::vector<rules::Rule>& rules, const rules::LogSourceTable& logsources,
                               const event::FieldTable& fields, bool route_by_logsource) {
    auto state = std::make_unique<State>();
    state->rules = &rules;
    state->table = logsources;
    state->fields = &fields;
    state->routed = route_by_logsource;
    for (const rules::Rule& rule : rules) {
        for (const rules::Predicate& predicate : rule.predicates) {
            if (predicate.op != Op::regex) { continue; }
            const text::RegexOptions options{predicate.regex_ignore_case, predicate.regex_multiline,
                                             predicate.regex_dotall};
            auto regex = text::Regex::compile(predicate.text, options);
            auto& slot = state->regexes[&predicate];
            if (regex) { slot.emplace(std::move(*regex)); }
        }
    }
    state_ = std::move(state);
}

PlainEvaluator::~PlainEvaluator() = default;

std::vector<std::size_t> PlainEvaluator::match(const event::EventBatch& batch, const event::Event& event) const {
    const State::Fields all = state_->named_fields(batch, event);
    const std::vector<Class> classes = state_->classes(event, all);
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < state_->rules->size(); ++i) {
        const rules::Rule& rule = (*state_->rules)[i];
        const rules::LogSourceEntry* aliases = nullptr;
        if (state_->routed) {
            const auto [sees, entry] = State::routed_to(rule, classes);
            if (!sees) { continue; }
            aliases = entry;
        }
        if (state_->nodes(rule, aliases, all)[rule.root]) { out.push_back(i); }
    }
    return out;
}

std::vector<bool> PlainEvaluator::explain(const event::EventBatch& batch, const event::Event& event,
                                          std::size_t rule) const {
    const State::Fields all = state_->named_fields(batch, event);
    const rules::Rule& wanted = (*state_->rules)[rule];
    const rules::LogSourceEntry* aliases = nullptr;
    if (state_->routed) { aliases = State::routed_to(wanted, state_->classes(event, all)).second; }
    return state_->nodes(wanted, aliases, all);
}

PlainRoute PlainEvaluator::route(const event::EventBatch& batch, const event::Event& event, std::size_t rule) const {
    const std::vector<Class> classes = state_->classes(event, state_->named_fields(batch, event));
    PlainRoute out;
    for (const Class& one : classes) {
        out.classes.push_back(one.logsource);
    }
    const auto [sees, entry] = State::routed_to((*state_->rules)[rule], classes);
    out.sees = !state_->routed || sees;
    if (state_->routed && entry != nullptr) { out.aliases = entry->aliases; }
    return out;
}

} // namespace canhgac::engine
