#include "rules/regex_syntax.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace canhgac::rules {

namespace {

constexpr int kMaxGroups = 250; ///< open at the same time

struct GroupKind {
    std::string_view opening; ///< after "("
    std::string_view reason;  ///< empty: supported
};

/// The first that fits counts, so longer openings stand before their beginnings.
constexpr std::array<GroupKind, 16> kGroups = {{
    {"?<=", "lookbehind is not supported"},
    {"?<!", "lookbehind is not supported"},
    {"?=", "lookahead is not supported"},
    {"?!", "lookahead is not supported"},
    {"?>", "atomic group is not supported"},
    {"?|", "branch reset is not supported"},
    {"?(", "conditional is not supported"},
    {"?P=", "backreference is not supported"},
    {"?P>", "recursion is not supported"},
    {"?&", "recursion is not supported"},
    {"?R", "recursion is not supported"},
    {"?+", "recursion is not supported"},
    {"?P<", ""},
    {"?<", ""},
    {"?'", ""},
    {"*", "verb is not supported"},
}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Walks over one expression.
class RegexScanner {
public:
    explicit RegexScanner(std::string_view regex) : regex_(regex) {}

    std::optional<RegexFault> run() {
        while (at_ < regex_.size() && !fault_) {
            step();
        }
        if (!fault_ && open_groups_ > 0) { fail(regex_.size(), "missing ')'"); }
        return std::move(fault_);
    }

private:
    void fail(std::size_t offset, std::string_view reason) {
        if (!fault_) { fault_ = RegexFault{offset, std::string(reason)}; }
    }

    [[nodiscard]] std::string_view rest() const { return regex_.substr(at_); }

    void step() {
        switch (regex_[at_]) {
        case '\\':
            escape();
            break;
        case '[':
            character_class();
            break;
        case '(':
            open();
            break;
        case ')':
            if (--open_groups_ < 0) { fail(at_, "')' without '('"); }
            ++at_;
            can_repeat_ = true;
            break;
        case '*':
        case '+':
        case '?':
            repeat(1);
            break;
        case '{':
            brace();
            break;
        case '|':
        case '^':
            ++at_;
            can_repeat_ = false;
            break;
        default:
            ++at_;
            can_repeat_ = true;
        }
    }

    void escape() {
        const std::size_t begin = at_;
        if (++at_ == regex_.size()) {
            fail(begin, "'\\' at the end");
            return;
        }
        const char c = regex_[at_++];
        can_repeat_ = true;
        if ((c >= '1' && c <= '9') || c == 'g' || c == 'k') { fail(begin, "backreference is not supported"); }
        static constexpr std::string_view kUnsupported = "KGCX";
        if (kUnsupported.find(c) != std::string_view::npos) { fail(begin, "this escape is not supported"); }
        if (c == 'Q') {
            const auto end = rest().find("\\E");
            at_ = end == std::string_view::npos ? regex_.size() : at_ + end + 2;
        }
    }

    void character_class() {
        const std::size_t begin = at_++;
        if (at_ < regex_.size() && regex_[at_] == '^') { ++at_; }
        bool is_first = true; // a ']' here is a literal
        for (; at_ < regex_.size(); is_first = false) {
            const char c = regex_[at_];
            if (c == ']' && !is_first) {
                ++at_;
                can_repeat_ = true;
                return;
            }
            if (c == '[' && rest().starts_with("[:")) {
                const auto end = rest().find(":]");
                at_ += end == std::string_view::npos ? 1 : end + 2;
            } else {
                at_ += c == '\\' ? 2 : 1;
            }
        }
        fail(begin, "missing ']'");
    }

    void open() {
        const std::size_t begin = at_++;
        if (rest().starts_with("?#")) {
            const auto end = rest().find(')');
            if (end == std::string_view::npos) { fail(begin, "missing ')'"); }
            at_ = end == std::string_view::npos ? regex_.size() : at_ + end + 1;
            return;
        }
        if (++open_groups_ > kMaxGroups) { fail(begin, "too many open groups"); }
        can_repeat_ = false;
        for (const auto& kind : kGroups) {
            if (!rest().starts_with(kind.opening)) { continue; }
            if (!kind.reason.empty()) { fail(begin, kind.reason); }
            at_ += kind.opening.size();
            return;
        }
        if (rest().starts_with('?')) { flags(begin); }
    }

    /// "?:", "?i)", "?i-s:"
    void flags(std::size_t begin) {
        ++at_;
        if (at_ < regex_.size() &&
            (is_digit(regex_[at_]) || (regex_[at_] == '-' && at_ + 1 < regex_.size() && is_digit(regex_[at_ + 1])))) {
            fail(begin, "recursion is not supported");
            return;
        }
        static constexpr std::string_view kFlags = "imsx-";
        while (at_ < regex_.size() && kFlags.find(regex_[at_]) != std::string_view::npos) {
            ++at_;
        }
        const char end = at_ < regex_.size() ? regex_[at_] : '\0';
        if (end != ':' && end != ')') {
            fail(begin, "unknown group '(?'");
        } else if (end == ':') {
            ++at_;
        }
    }

    void repeat(std::size_t length) {
        const std::size_t begin = at_;
        if (!can_repeat_) {
            fail(begin, "nothing to repeat");
            return;
        }
        at_ += length;
        if (rest().starts_with('+')) { fail(begin, "possessive quantifier is not supported"); }
        if (rest().starts_with('?')) { ++at_; }
        can_repeat_ = false;
    }

    /// "{n}", "{n,}" and "{n,m}" repeat; any other brace is itself.
    void brace() {
        const auto end = rest().find('}');
        const std::string_view body = end == std::string_view::npos ? std::string_view{} : rest().substr(1, end - 1);
        const auto comma = body.find(',');
        const std::string_view low = body.substr(0, comma);
        const std::string_view high = comma == std::string_view::npos ? low : body.substr(comma + 1);
        const auto all_digits = [](std::string_view text) {
            for (const char c : text) {
                if (!is_digit(c)) { return false; }
            }
            return true;
        };
        if (low.empty() || !all_digits(low) || !all_digits(high)) {
            ++at_;
            can_repeat_ = true;
            return;
        }
        unsigned least = 0;
        unsigned most = 0;
        const auto read = [](std::string_view text, unsigned& out) {
            return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{} && out <= 65535U;
        };
        if (!read(low, least) || (!high.empty() && !read(high, most))) {
            fail(at_, "repeat count is too large");
        } else if (!high.empty() && least > most) {
            fail(at_, "repeat counts are out of order");
        }
        repeat(end + 1);
    }

    std::string_view regex_;
    std::size_t at_ = 0;
    int open_groups_ = 0;
    bool can_repeat_ = false; ///< something stands before that a quantifier can repeat
    std::optional<RegexFault> fault_;
};

} // namespace

std::optional<RegexFault> find_regex_fault(std::string_view regex) {
    return RegexScanner(regex).run();
}

} // namespace canhgac::rules
