#include "rules/condition.hpp"

#include <algorithm>
#include <utility>

#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

constexpr int kMaxNesting = 64;
constexpr std::size_t kMaxConditionBytes = std::size_t{64} << 10U;
constexpr std::size_t kMaxSelected = 100'000; ///< selections named by all `x of` of one condition

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < text.size();) {
        if (is_space(text[i])) {
            ++i;
        } else if (text[i] == '(' || text[i] == ')' || text[i] == '|') {
            words.push_back(text.substr(i++, 1));
        } else {
            const auto end = std::min(text.find_first_of(" \t\n\r()|", i), text.size());
            words.push_back(text.substr(i, end - i));
            i = end;
        }
    }
    return words;
}

std::string lower(std::string_view word) {
    std::string out(word);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

std::string in_quotes(std::string_view word) {
    return "'" + std::string(word) + "'";
}

/// Whole name against a pattern with `*`; linear, with one point to fall back to.
bool fits(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t retry = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            retry = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++retry;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

class ConditionParser {
public:
    ConditionParser(RuleBuilder& builder, std::string_view text, common::yaml::Position at, const ConditionScope& scope)
        : builder_(builder), at_(at), scope_(scope), words_(split(text)),
          is_too_long_(text.size() > kMaxConditionBytes) {}

    std::uint32_t run() {
        if (words_.empty()) { fail("condition is empty; name the selections that must hold"); }
        if (is_too_long_) { fail("condition is longer than 64 KiB; use patterns such as '1 of selection_*'"); }
        const std::uint32_t root = disjunction();
        if (next_ < words_.size()) { fail_at_operator(); }
        return root;
    }

private:
    [[noreturn]] void fail(std::string reason) const { refuse(at_, std::move(reason)); }

    [[noreturn]] void fail_at_operator() const {
        const std::string_view word = words_[next_];
        const std::string small = lower(word);
        if (word == "|") { fail("condition: aggregation with '|' is not supported; write a correlation"); }
        if (word == ")") { fail("condition: ')' without '(' before it"); }
        if (small == "and" || small == "or") {
            fail("condition: " + in_quotes(word) + ": operators are written in lower case");
        }
        fail("condition: expected 'and' or 'or' before " + in_quotes(word));
    }

    [[nodiscard]] bool at_word(std::string_view word) const { return next_ < words_.size() && words_[next_] == word; }

    std::uint32_t disjunction() {
        std::vector<std::uint32_t> children{conjunction()};
        while (at_word("or")) {
            ++next_;
            children.push_back(conjunction());
        }
        return builder_.any(std::move(children));
    }

    std::uint32_t conjunction() {
        std::vector<std::uint32_t> children{negation()};
        while (at_word("and")) {
            ++next_;
            children.push_back(negation());
        }
        return builder_.all(std::move(children));
    }

    std::uint32_t negation() {
        bool is_negated = false;
        for (; at_word("not"); ++next_) {
            is_negated = !is_negated;
        }
        const std::uint32_t child = operand();
        return is_negated ? builder_.negate(child) : child;
    }

    std::uint32_t operand() {
        if (next_ >= words_.size()) { fail("condition ends where the name of a selection should stand"); }
        const std::string_view word = words_[next_++];
        if (word == "(") { return parenthesis(); }
        if (word == ")" || word == "|" || word == "and" || word == "or") {
            fail("condition: expected a selection before " + in_quotes(word));
        }
        if (at_word("of")) {
            ++next_;
            return selector(word);
        }
        const auto found = std::find(scope_.names.begin(), scope_.names.end(), word);
        if (found == scope_.names.end()) { fail_undefined(word); }
        return scope_.node_of(static_cast<std::size_t>(found - scope_.names.begin()));
    }

    [[noreturn]] void fail_undefined(std::string_view word) const {
        const std::string small = lower(word);
        if (small != word && (small == "not" || small == "and" || small == "or")) {
            fail("condition: " + in_quotes(word) + ": operators are written in lower case");
        }
        fail("condition: " + in_quotes(word) + " is not defined in the detection; define it or correct the name");
    }

    std::uint32_t parenthesis() {
        if (++nesting_ > kMaxNesting) {
            fail("condition: more than 64 parentheses inside each other; write it flatter");
        }
        const std::uint32_t node = disjunction();
        if (!at_word(")")) {
            if (next_ < words_.size()) { fail_at_operator(); }
            fail("condition: missing ')' at the end");
        }
        ++next_;
        --nesting_;
        return node;
    }

    std::uint32_t selector(std::string_view quantity) {
        if (quantity != "1" && quantity != "any" && quantity != "all") {
            fail("condition: " + in_quotes(quantity) + " before 'of': only 1, any and all are known");
        }
        if (next_ >= words_.size()) { fail("condition ends after 'of'; write 'them' or a pattern there"); }
        const std::string_view pattern = words_[next_++];
        if (pattern == "(" || pattern == ")" || pattern == "|") {
            fail("condition: expected 'them' or a pattern after 'of', not " + in_quotes(pattern));
        }
        std::vector<std::uint32_t> nodes;
        for (std::size_t i = 0; i < scope_.names.size(); ++i) {
            const std::string& name = scope_.names[i];
            const bool is_hidden = name.starts_with('_') && !pattern.starts_with('_');
            if (!is_hidden && (pattern == "them" || fits(pattern, name))) { nodes.push_back(scope_.node_of(i)); }
        }
        selected_ += nodes.size();
        if (selected_ > kMaxSelected) { fail("condition names more than 100,000 selections; split the rule"); }
        if (nodes.empty()) {
            fail("condition: " + in_quotes(std::string(quantity) + " of " + std::string(pattern)) +
                 " matches no selection; define one or take the term out");
        }
        return quantity == "all" ? builder_.all(std::move(nodes)) : builder_.any(std::move(nodes));
    }

    RuleBuilder& builder_;
    common::yaml::Position at_;
    const ConditionScope& scope_;
    std::vector<std::string_view> words_;
    std::size_t next_ = 0;
    int nesting_ = 0;
    std::size_t selected_ = 0;
    bool is_too_long_;
};

} // namespace

std::uint32_t build_condition(RuleBuilder& builder, std::string_view text, common::yaml::Position at,
                              const ConditionScope& scope) {
    return ConditionParser(builder, text, at, scope).run();
}

} // namespace canhgac::rules
