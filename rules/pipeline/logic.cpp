#include "rules/pipeline/logic.hpp"

#include <algorithm>

#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

constexpr int kMaxLogicNesting = 64;

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class LogicParser {
public:
    LogicParser(std::string_view text, common::yaml::Position at, const std::vector<std::string>& names)
        : at_(at), names_(names), used_(names.size(), false) {
        for (std::size_t i = 0; i < text.size();) {
            if (is_blank(text[i])) {
                ++i;
                continue;
            }
            std::size_t end = i;
            while (end < text.size() && is_name(text[end])) {
                ++end;
            }
            end = std::max(end, i + 1); // a parenthesis, or what is wrong
            words_.push_back(text.substr(i, end - i));
            i = end;
        }
    }

    Logic run() {
        Logic logic = join(Logic::Kind::any);
        if (next_ < words_.size()) { fail("expected 'and' or 'or' before '" + std::string(words_[next_]) + "'"); }
        const auto unused = std::find(used_.begin(), used_.end(), false);
        if (unused != used_.end()) {
            fail("the condition '" + names_[static_cast<std::size_t>(unused - used_.begin())] +
                 "' is not used in the expression");
        }
        return logic;
    }

private:
    [[noreturn]] void fail(const std::string& reason) const { refuse(at_, "condition expression: " + reason); }

    [[nodiscard]] bool at_word(std::string_view word) const { return next_ < words_.size() && words_[next_] == word; }

    /// any: terms joined by `or`, each of factors joined by `and`.
    Logic join(Logic::Kind kind) {
        const bool is_any = kind == Logic::Kind::any;
        Logic logic;
        logic.kind = kind;
        do {
            logic.children.push_back(is_any ? join(Logic::Kind::all) : negation());
        } while (at_word(is_any ? "or" : "and") && next_++ < words_.size());
        return logic;
    }

    Logic negation() {
        bool is_negated = false;
        for (; at_word("not"); ++next_) {
            is_negated = !is_negated;
        }
        Logic inner = operand();
        if (!is_negated) { return inner; }
        Logic logic;
        logic.kind = Logic::Kind::negation;
        logic.children.push_back(std::move(inner));
        return logic;
    }

    Logic operand() {
        if (next_ >= words_.size()) { fail("it ends where the name of a condition should stand"); }
        const std::string_view word = words_[next_++];
        if (word == "(") {
            if (++nesting_ > kMaxLogicNesting) { fail("too many parentheses inside each other"); }
            Logic inner = join(Logic::Kind::any);
            if (!at_word(")")) { fail("missing ')'"); }
            ++next_;
            --nesting_;
            return inner;
        }
        const auto found = std::find(names_.begin(), names_.end(), word);
        if (found == names_.end()) { fail("there is no condition '" + std::string(word) + "'"); }
        Logic logic;
        logic.kind = Logic::Kind::test;
        logic.test = static_cast<std::size_t>(found - names_.begin());
        used_[logic.test] = true;
        return logic;
    }

    common::yaml::Position at_;
    const std::vector<std::string>& names_;
    std::vector<bool> used_;
    std::vector<std::string_view> words_;
    std::size_t next_ = 0;
    int nesting_ = 0;
};

} // namespace

Logic join_tests(std::size_t count, bool any) {
    Logic logic;
    logic.kind = any ? Logic::Kind::any : Logic::Kind::all;
    for (std::size_t i = 0; i < count; ++i) {
        Logic test;
        test.kind = Logic::Kind::test;
        test.test = i;
        logic.children.push_back(std::move(test));
    }
    return logic;
}

Logic parse_logic(std::string_view text, common::yaml::Position at, const std::vector<std::string>& names) {
    return LogicParser(text, at, names).run();
}

} // namespace canhgac::rules
