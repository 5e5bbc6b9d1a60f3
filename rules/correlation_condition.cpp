#include "rules/correlation_condition.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "rules/document.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;
using Type = Correlation::Type;
using Compare = Correlation::Compare;
using Terms = std::vector<Correlation::Term>;

constexpr std::size_t kMaxTextBytes = std::size_t{16} << 10U;
constexpr int kMaxCorrelationNesting = 64;
constexpr double kMaxMinEvents = 65'536; ///< a group remembers no more events

constexpr std::array<std::pair<std::string_view, Compare>, 6> kCompares = {{{"gt", Compare::gt},
                                                                            {"gte", Compare::gte},
                                                                            {"lt", Compare::lt},
                                                                            {"lte", Compare::lte},
                                                                            {"eq", Compare::eq},
                                                                            {"neq", Compare::neq}}};

bool is_number(const yaml::Node& node) noexcept {
    return node.kind == yaml::Kind::integer || node.kind == yaml::Kind::real;
}

bool measures_values(Type type) noexcept {
    return type != Type::event_count && !is_temporal(type);
}

/// False when it is not a comparison.
bool read_bound(Correlation& out, const std::string& name, const yaml::Node& value) {
    for (const auto& [known, compare] : kCompares) {
        if (known != name) { continue; }
        if (!is_number(value)) { refuse(value.at, "correlation: '" + name + "' needs a number"); }
        out.bounds.push_back({compare, value.real});
        return true;
    }
    return false;
}

void read_fields(Correlation& out, const yaml::Node& map) {
    const auto* node = map.find("field");
    if (!measures_values(out.type)) {
        if (node != nullptr) { refuse(node->at, "correlation: 'field' is for the value types only"); }
        return;
    }
    if (node == nullptr) { refuse(map.at, "correlation: missing 'field' in the condition"); }
    out.fields = read_texts_key(map, "field");
    if (out.fields.empty()) { refuse(node->at, "correlation: 'field' needs the name of a field"); }
    for (const auto& field : out.fields) {
        if (field.empty()) { refuse(node->at, "correlation: 'field' needs the name of a field"); }
    }
    if (out.fields.size() > 1 && measures_numbers(out.type)) {
        refuse(node->at, "correlation: only value_count, new_terms and rare_value take several fields");
    }
}

void read_percentile(Correlation& out, const yaml::Node& map) {
    const auto* node = map.find("percentile");
    if (out.type != Type::value_percentile) {
        if (node != nullptr) { refuse(node->at, "correlation: 'percentile' is for value_percentile only"); }
        return;
    }
    if (node == nullptr) { refuse(map.at, "correlation: value_percentile needs 'percentile' in the condition"); }
    if (!is_number(*node) || !(node->real >= 0.0 && node->real <= 100.0)) {
        refuse(node->at, "correlation: 'percentile' must be a number from 0 to 100");
    }
    out.percentile = node->real;
}

/// A range that no number is in is a mistake of its author.
void check_range(const Correlation& out, yaml::Position at) {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool is_open = false;
    for (const auto& [compare, value] : out.bounds) {
        const bool from_below = compare == Compare::gt || compare == Compare::gte || compare == Compare::eq;
        const bool from_above = compare == Compare::lt || compare == Compare::lte || compare == Compare::eq;
        if (from_below) { low = std::max(low, value); }
        if (from_above) { high = std::min(high, value); }
        is_open = is_open || compare == Compare::gt || compare == Compare::lt;
    }
    if (low > high || (low == high && is_open && out.bounds.size() > 1)) {
        refuse(at, "correlation: no number fulfils this condition");
    }
}

/// What makes a value rare: how often it may occur, which share it may have, and among how many events.
void read_rarity(Correlation& out, const yaml::Node& map) {
    if (const auto* node = map.find("max_percent"); node != nullptr) {
        if (!is_number(*node) || !(node->real > 0.0 && node->real < 100.0)) {
            refuse(node->at, "correlation: 'max_percent' must be a number above 0 and below 100");
        }
        out.max_percent = node->real;
    }
    if (const auto* node = map.find("min_events"); node != nullptr) {
        if (node->kind != yaml::Kind::integer || !(node->real >= 1.0 && node->real <= kMaxMinEvents)) {
            refuse(node->at, "correlation: 'min_events' must be a whole number from 1 to 65536");
        }
        out.min_events = static_cast<std::uint64_t>(node->real);
    }
    bool is_bounded = map.find("max_percent") != nullptr;
    for (const auto& [compare, value] : out.bounds) {
        const bool from_above = compare == Compare::lt || compare == Compare::lte || compare == Compare::eq;
        is_bounded = is_bounded || from_above;
        if (from_above && (compare == Compare::lt ? value <= 1.0 : value < 1.0)) {
            refuse(map.at, "correlation: no number fulfils this condition; the event itself counts, so 1 is the least");
        }
    }
    if (!is_bounded) {
        refuse(map.at, "correlation: rare_value needs lt, lte or eq for how often a value may occur, or 'max_percent'");
    }
    if (map.find("max_percent") == nullptr && out.min_events == 0) {
        refuse(map.at, "correlation: rare_value needs 'min_events' (the first events of a group are all rare), or "
                       "'max_percent'");
    }
}

struct Expression {
    enum class Kind : std::uint8_t { name, conjunction, disjunction, negation };
    Kind kind = Kind::name;
    std::size_t name = 0;
    std::vector<Expression> children;
};

class ExpressionParser {
public:
    ExpressionParser(std::string_view text, yaml::Position at) : at_(at) {
        for (std::size_t i = 0; i < text.size();) {
            if (std::string_view(" \t\r\n").find(text[i]) != std::string_view::npos) {
                ++i;
            } else if (std::string_view("()|").find(text[i]) != std::string_view::npos) {
                words_.push_back(text.substr(i++, 1));
            } else {
                const auto end = std::min(text.find_first_of(" \t\r\n()|", i), text.size());
                words_.push_back(text.substr(i, end - i));
                i = end;
            }
        }
    }

    Expression run() {
        Expression root = disjunction(0);
        if (next_ < words_.size()) { fail("expected 'and' or 'or' before '" + std::string(words_[next_]) + "'"); }
        return root;
    }
    std::vector<std::string> take_names() { return std::move(names_); }

private:
    [[noreturn]] void fail(const std::string& reason) const { refuse(at_, "correlation condition: " + reason); }
    [[nodiscard]] bool at_word(std::string_view word) const { return next_ < words_.size() && words_[next_] == word; }

    Expression disjunction(int depth) {
        Expression out{Expression::Kind::disjunction, 0, {}};
        do {
            out.children.push_back(conjunction(depth));
        } while (skip("or"));
        return out;
    }
    Expression conjunction(int depth) {
        Expression out{Expression::Kind::conjunction, 0, {}};
        do {
            out.children.push_back(negation(depth));
        } while (skip("and"));
        return out;
    }
    Expression negation(int depth) {
        bool is_negated = false;
        while (skip("not")) {
            is_negated = !is_negated;
        }
        Expression inner = operand(depth);
        if (!is_negated) { return inner; }
        Expression out{Expression::Kind::negation, 0, {}};
        out.children.push_back(std::move(inner));
        return out;
    }
    Expression operand(int depth) {
        if (next_ >= words_.size()) { fail("ends where a rule should stand"); }
        const std::string_view word = words_[next_++];
        if (word == "(") {
            if (depth == kMaxCorrelationNesting) { fail("too many parentheses inside each other"); }
            Expression inner = disjunction(depth + 1);
            if (!skip(")")) { fail("missing ')'"); }
            return inner;
        }
        if (word == ")" || word == "|" || word == "and" || word == "or") {
            fail("expected a rule before '" + std::string(word) + "'");
        }
        if (at_word("of")) { fail("'of' is not known here: name the rules"); }
        if (word == "AND" || word == "OR" || word == "NOT") { fail("operators are written in lower case"); }
        return {Expression::Kind::name, place_of(word), {}};
    }
    bool skip(std::string_view word) {
        if (!at_word(word)) { return false; }
        ++next_;
        return true;
    }
    std::size_t place_of(std::string_view name) {
        const auto found = std::find(names_.begin(), names_.end(), name);
        if (found != names_.end()) { return static_cast<std::size_t>(found - names_.begin()); }
        if (names_.size() == kMaxTemporalRules) { fail("more than 64 rules"); }
        names_.emplace_back(name);
        return names_.size() - 1;
    }

    yaml::Position at_;
    std::vector<std::string_view> words_;
    std::size_t next_ = 0;
    std::vector<std::string> names_;
};

Terms all_of(const Terms& left, const Terms& right) {
    Terms out;
    for (const auto& a : left) {
        for (const auto& b : right) {
            out.push_back({a.present | b.present, a.absent | b.absent});
        }
    }
    return simplified(std::move(out));
}

/// Disjunctive normal form. `at`: where to complain.
Terms terms_of(const Expression& expression, bool is_negated, yaml::Position at) {
    using Kind = Expression::Kind;
    if (expression.kind == Kind::name) {
        const std::uint64_t bit = std::uint64_t{1} << expression.name;
        return {is_negated ? Correlation::Term{0, bit} : Correlation::Term{bit, 0}};
    }
    if (expression.kind == Kind::negation) { return terms_of(expression.children.front(), !is_negated, at); }
    const bool is_and = (expression.kind == Kind::conjunction) != is_negated;
    Terms out = is_and ? Terms{{}} : Terms{};
    for (const auto& child : expression.children) {
        const Terms more = terms_of(child, is_negated, at);
        if (is_and) {
            out = all_of(out, more);
        } else {
            out.insert(out.end(), more.begin(), more.end());
            out = simplified(std::move(out));
        }
        if (out.size() > kMaxTerms) { refuse(at, "correlation condition: more than 64 alternatives"); }
    }
    return out;
}

} // namespace

void read_condition_map(Correlation& out, const yaml::Node& node) {
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
        const auto& [name, value] = node.entries[i];
        if (name == "field" || name == "percentile") { continue; }
        if (out.type == Type::rare_value && (name == "max_percent" || name == "min_events")) { continue; }
        if (out.type == Type::new_terms) {
            refuse(node.key_positions[i], "correlation: new_terms compares nothing; its condition has 'field' only");
        }
        if (read_bound(out, name, value)) { continue; }
        refuse(node.key_positions[i], "correlation: unknown comparison '" + name + "'");
    }
    if (out.bounds.empty() && !looks_back(out.type)) {
        refuse(node.at, "correlation: the condition compares nothing; write e.g. {gte: 10}");
    }
    if (out.type == Type::rare_value) { read_rarity(out, node); }
    check_range(out, node.at);
    read_fields(out, node);
    read_percentile(out, node);
}

NamedTerms read_extended_condition(const yaml::Node& node) {
    if (node.text.size() > kMaxTextBytes) { refuse(node.at, "correlation condition: longer than 16 KiB"); }
    ExpressionParser parser(node.text, node.at);
    const Expression expression = parser.run();
    NamedTerms out;
    out.terms = terms_of(expression, false, node.at);
    out.names = parser.take_names();
    out.at = node.at;
    return out;
}

std::vector<Correlation::Term> simplified(std::vector<Correlation::Term> terms) {
    std::erase_if(terms, [](const auto& term) { return (term.present & term.absent) != 0; });
    std::sort(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
        return std::pair(a.present, a.absent) < std::pair(b.present, b.absent);
    });
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    Terms out;
    for (const auto& term : terms) {
        const bool is_contained = std::any_of(terms.begin(), terms.end(), [&term](const auto& wider) {
            return !(wider == term) && (wider.present & ~term.present) == 0 && (wider.absent & ~term.absent) == 0;
        });
        if (!is_contained) { out.push_back(term); }
    }
    return out;
}

} // namespace canhgac::rules
