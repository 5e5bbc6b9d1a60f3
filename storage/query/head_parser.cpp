#include "storage/query/head_parser.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/ip.hpp"
#include "event/value.hpp"
#include "storage/query/catalog.hpp"
#include "storage/query/parser.hpp"
#include "text/regex.hpp"

namespace canhgac::storage {

namespace {

using event::Filter;
using Parsed = common::Result<Filter, QueryProblem>;

constexpr int kVietnamSeconds = 7 * 3600;

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_time_field(std::string_view name) noexcept {
    return name == "@timestamp" || name == "event.ingested";
}

Filter leaf(Filter::Kind kind, std::string_view field, std::string pattern) {
    Filter filter;
    filter.kind = kind;
    filter.field = field;
    filter.pattern = std::move(pattern);
    return filter;
}

/// Children of the same kind are taken in; a single child stands for itself.
Filter join(Filter::Kind kind, std::vector<Filter> children) {
    if (children.size() == 1) { return std::move(children.front()); }
    Filter filter;
    filter.kind = kind;
    for (Filter& child : children) {
        if (child.kind == kind) {
            std::move(child.children.begin(), child.children.end(), std::back_inserter(filter.children));
        } else {
            filter.children.push_back(std::move(child));
        }
    }
    return filter;
}

class HeadParser {
public:
    HeadParser(std::string_view text, std::size_t at, HeadEnd end, std::vector<QueryReference>& references) noexcept
        : text_(text), end_(end), at_(at), references_(&references) {}

    common::Result<ParsedHead, QueryProblem> run() {
        ParsedHead head;
        skip_space();
        if (!at_end()) {
            Parsed filter = disjunction();
            if (!filter) { return common::fail(filter.error()); }
            if (peek() == ')' && !at_end()) { return error(QueryErrc::unexpected_close); }
            if (last_ && (last_depth_ != 0 || last_in_group_)) { return error_at(QueryErrc::last_in_group, last_at_); }
            head.filter = std::move(*filter);
            head.last = last_;
        }
        head.end = at_;
        return head;
    }

private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool done() const noexcept { return at_ == text_.size(); }
    void skip_space() noexcept {
        while (!done() && is_space(text_[at_])) {
            ++at_;
        }
    }
    [[nodiscard]] tl::unexpected<QueryProblem> error(QueryErrc code) const { return error_at(code, at_); }
    [[nodiscard]] static tl::unexpected<QueryProblem> error_at(QueryErrc code, std::size_t offset) {
        return common::fail(QueryProblem{code, offset});
    }
    /// Where the head ends, outside of groups.
    [[nodiscard]] bool at_end() const noexcept {
        if (done() || peek() == '|') { return true; }
        return depth_ == 0 &&
               ((end_ == HeadEnd::group && peek() == ')') || (end_ == HeadEnd::bracket && peek() == ']'));
    }
    /// Ends a word wherever it stands.
    [[nodiscard]] bool ends_word(char c) const noexcept {
        return is_space(c) || c == '(' || c == ')' || c == '"' || c == '|' || (c == ']' && end_ == HeadEnd::bracket);
    }
    /// Takes `word` if it stands here as a whole word.
    bool take_keyword(std::string_view word) noexcept {
        const std::string_view rest = text_.substr(at_);
        if (!rest.starts_with(word) || (rest.size() > word.size() && !ends_word(rest[word.size()]))) { return false; }
        at_ += word.size();
        skip_space();
        return true;
    }
    [[nodiscard]] bool at_keyword(std::string_view word) noexcept {
        const std::size_t before = at_;
        const bool found = take_keyword(word);
        at_ = before;
        return found;
    }

    Parsed disjunction() {
        std::vector<Filter> children;
        do {
            Parsed child = conjunction();
            if (!child) { return child; }
            children.push_back(std::move(*child));
        } while (take_keyword("OR"));
        last_in_group_ = last_in_group_ || (last_ && children.size() > 1);
        return join(Filter::Kind::disjunction, std::move(children));
    }

    Parsed conjunction() {
        std::vector<Filter> children;
        do {
            Parsed child = negation();
            if (!child) { return child; }
            children.push_back(std::move(*child));
            skip_space();
            static_cast<void>(take_keyword("AND") && (needs_term_ = true));
        } while (needs_term_ || (!at_end() && peek() != ')' && !at_keyword("OR")));
        // `last` leaves "every event" behind; beside others it says nothing.
        const auto everything = [](const Filter& child) { return child.kind == Filter::Kind::all; };
        std::vector<Filter> kept;
        std::copy_if(children.begin(), children.end(), std::back_inserter(kept), std::not_fn(everything));
        if (kept.empty()) { return Filter{}; }
        return join(Filter::Kind::conjunction, std::move(kept));
    }

    Parsed negation() {
        needs_term_ = false;
        if (take_keyword("NOT") || (peek() == '-' && !done() && !is_space(peek(1)) && ++at_ != 0)) {
            const bool had_last = last_.has_value();
            Parsed child = atom();
            if (!child) { return child; }
            last_in_group_ = last_in_group_ || (last_ && !had_last);
            Filter filter;
            filter.kind = Filter::Kind::negation;
            filter.children.push_back(std::move(*child));
            return filter;
        }
        return atom();
    }

    Parsed atom() {
        const std::size_t start = at_;
        if (done()) { return error(QueryErrc::expected_term); }
        switch (peek()) {
        case '(':
            return group();
        case ')':
            return error(depth_ == 0 && end_ != HeadEnd::group ? QueryErrc::unexpected_close
                                                               : QueryErrc::expected_term);
        case ']':
            if (end_ == HeadEnd::bracket) { return error(QueryErrc::expected_term); }
            break;
        case '|':
            return error(depth_ == 0 ? QueryErrc::expected_term : QueryErrc::pipe_in_group);
        case '-': // what begins with "-" is quoted
            return error(QueryErrc::expected_term);
        case '/':
            return regex("");
        case '"': {
            auto phrase = quoted();
            if (!phrase) { return common::fail(phrase.error()); }
            if (peek() != ':' || done()) { return leaf(Filter::Kind::phrase, "", std::move(*phrase)); }
            if (phrase->empty()) { return error_at(QueryErrc::expected_term, start); }
            ++at_;
            return value(canonical_name(*phrase));
        }
        default:
            break;
        }
        if (at_keyword("OR") || at_keyword("AND")) { return error(QueryErrc::expected_term); }
        if (at_keyword("last")) {
            if (auto found = duration()) { return std::move(*found); }
            at_ = start;
        }
        if (at_keyword("sigma") && quote_follows_word()) { return reference("sigma", Filter::Kind::rule); }
        if (at_keyword("alert") && quote_follows_word()) { return reference("alert", Filter::Kind::alert); }
        return word();
    }

    /// A name of what is kept outside of the store, in quotes.
    Parsed reference(std::string_view keyword, Filter::Kind kind) {
        static_cast<void>(take_keyword(keyword));
        const std::size_t begin = at_;
        auto name = quoted();
        if (!name) { return common::fail(name.error()); }
        if (name->empty()) { return error_at(QueryErrc::expected_reference, begin); }
        references_->push_back({kind, *name, begin});
        return leaf(kind, "", std::move(*name));
    }

    /// After `last`: the duration, nothing if the next word does not begin with a digit (then `last` is a word).
    std::optional<Parsed> duration() {
        const std::size_t start = at_;
        static_cast<void>(take_keyword("last"));
        if (peek() < '0' || peek() > '9') { return std::nullopt; }
        const std::size_t begin = at_;
        while (!done() && !ends_word(text_[at_])) {
            ++at_;
        }
        const auto length = common::parse_duration(text_.substr(begin, at_ - begin));
        if (!length || *length <= 0) { return Parsed(error_at(QueryErrc::bad_duration, begin)); }
        if (end_ == HeadEnd::bracket) { return Parsed(error_at(QueryErrc::last_in_step, start)); }
        if (!last_ || *length < *last_) { last_ = length; }
        last_at_ = start;
        last_depth_ = std::max(last_depth_, depth_);
        return Parsed(Filter{});
    }

    [[nodiscard]] bool quote_follows_word() const noexcept {
        std::size_t next = at_;
        while (next < text_.size() && !ends_word(text_[next])) {
            ++next;
        }
        while (next < text_.size() && is_space(text_[next])) {
            ++next;
        }
        return next < text_.size() && text_[next] == '"';
    }

    Parsed group() {
        if (++depth_ > kMaxQueryDepth) { return error(QueryErrc::too_deep); }
        ++at_;
        skip_space();
        Parsed inner = disjunction();
        if (!inner) { return inner; }
        if (peek() == '|' && !done()) { return error(QueryErrc::pipe_in_group); }
        if (peek() != ')' || done()) { return error(QueryErrc::expected_close); }
        ++at_;
        --depth_;
        return inner;
    }

    /// A bare word: field:value or a pattern.
    Parsed word() {
        const std::size_t begin = at_;
        while (!done() && !ends_word(text_[at_]) && text_[at_] != ':') {
            ++at_;
        }
        if (peek() == ':' && !done() && at_ > begin) {
            const std::string field = canonical_name(text_.substr(begin, at_ - begin));
            ++at_;
            return value(field);
        }
        while (!done() && !ends_word(text_[at_])) {
            ++at_;
        }
        return pattern("", begin);
    }

    /// The word from `begin` to here as a network or a pattern.
    Parsed pattern(std::string_view field, std::size_t begin) {
        const std::string_view word = text_.substr(begin, at_ - begin);
        if (word.empty()) { return error(field.empty() ? QueryErrc::expected_term : QueryErrc::expected_value); }
        const std::size_t slash = word.find('/');
        if (slash != std::string_view::npos && common::parse_ip(word.substr(0, slash))) {
            if (!common::parse_cidr(word)) { return error_at(QueryErrc::bad_network, begin); }
            return leaf(Filter::Kind::cidr, field, std::string(word));
        }
        if (field.empty() && word == "*") { return Filter{}; }
        return leaf(Filter::Kind::glob, field, std::string(word));
    }

    Parsed value(const std::string& field) {
        if (done() || is_space(peek())) { return error(QueryErrc::expected_value); }
        switch (peek()) {
        case '(':
            return value_group(field);
        case '[':
            return range(field);
        case '/':
            return regex(field);
        case '>':
        case '<':
            return comparison(field);
        case '"': {
            auto phrase = quoted();
            if (!phrase) { return common::fail(phrase.error()); }
            return leaf(Filter::Kind::phrase, field, std::move(*phrase));
        }
        default:
            break;
        }
        const std::size_t begin = at_;
        while (!done() && !ends_word(text_[at_])) {
            ++at_;
        }
        return pattern(field, begin);
    }

    Parsed value_group(const std::string& field) {
        if (++depth_ > kMaxQueryDepth) { return error(QueryErrc::too_deep); }
        ++at_;
        std::vector<Filter> children;
        do {
            skip_space();
            Parsed child = value(field);
            if (!child) { return child; }
            children.push_back(std::move(*child));
            skip_space();
        } while (take_keyword("OR"));
        if (peek() != ')' || done()) { return error(QueryErrc::expected_close); }
        ++at_;
        --depth_;
        return join(Filter::Kind::disjunction, std::move(children));
    }

    Parsed comparison(const std::string& field) {
        const bool less = peek() == '<';
        ++at_;
        const bool equal = peek() == '=' && !done();
        at_ += equal ? 1 : 0;
        const std::size_t begin = at_;
        while (!done() && !ends_word(text_[at_])) {
            ++at_;
        }
        using Op = Filter::Op;
        const Op op = less ? (equal ? Op::less_equal : Op::less) : (equal ? Op::greater_equal : Op::greater);
        return bound(field, op, begin, at_);
    }

    /// A comparison with the number or time in [begin, end).
    Parsed bound(const std::string& field, Filter::Op op, std::size_t begin, std::size_t end) {
        const std::string_view literal = text_.substr(begin, end - begin);
        Filter filter = leaf(Filter::Kind::compare, field, "");
        filter.op = op;
        if (is_time_field(field)) {
            auto time = common::parse_rfc3339(literal, kVietnamSeconds);
            if (!time) { time = common::parse_rfc3339(fmt::format("{}T00:00:00", literal), kVietnamSeconds); }
            if (!time) { return error_at(QueryErrc::expected_time, begin); }
            filter.number = static_cast<double>(*time);
            return filter;
        }
        const auto number = event::parse_number(literal);
        if (!number) { return error_at(QueryErrc::expected_number, begin); }
        filter.number = *number;
        return filter;
    }

    Parsed range(const std::string& field) {
        const std::size_t begin = ++at_;
        const std::size_t dots = text_.find("..", begin);
        const std::size_t close = text_.find(']', begin);
        if (dots == std::string_view::npos || close == std::string_view::npos || close < dots + 2) {
            return error(QueryErrc::expected_range_end);
        }
        const auto trim = [this](std::size_t from, std::size_t to) {
            while (from < to && is_space(text_[from])) {
                ++from;
            }
            while (to > from && is_space(text_[to - 1])) {
                --to;
            }
            return std::pair{from, to};
        };
        const auto low_ends = trim(begin, dots);
        const auto high_ends = trim(dots + 2, close);
        Parsed low = bound(field, Filter::Op::greater_equal, low_ends.first, low_ends.second);
        if (!low) { return low; }
        Parsed high = bound(field, Filter::Op::less_equal, high_ends.first, high_ends.second);
        if (!high) { return high; }
        at_ = close + 1;
        return join(Filter::Kind::conjunction, {std::move(*low), std::move(*high)});
    }

    /// From the opening to behind the closing quote; \" and \\ are literal, any other backslash is itself.
    common::Result<std::string, QueryProblem> quoted() {
        const std::size_t begin = at_++;
        std::string result;
        for (; !done(); ++at_) {
            if (peek() == '\\' && (peek(1) == '"' || peek(1) == '\\')) {
                ++at_;
            } else if (peek() == '"') {
                ++at_;
                return result;
            }
            result += peek();
        }
        return error_at(QueryErrc::unclosed_phrase, begin);
    }

    /// From the opening to behind the closing slash; \/ is a slash, other escapes are the expression's.
    Parsed regex(std::string_view field) {
        const std::size_t begin = at_++;
        std::string pattern;
        for (; !done() && peek() != '/'; ++at_) {
            if (peek() == '\\' && at_ + 1 < text_.size()) {
                ++at_;
                if (peek() != '/') { pattern += '\\'; }
            }
            pattern += peek();
        }
        if (done()) { return error_at(QueryErrc::unclosed_regex, begin); }
        ++at_;
        if (pattern.empty() || !text::Regex::compile(pattern, {.ignore_case = true})) {
            return error_at(QueryErrc::bad_regex, begin);
        }
        return leaf(Filter::Kind::regex, field, std::move(pattern));
    }

    std::string_view text_;
    HeadEnd end_;
    std::size_t at_;
    std::vector<QueryReference>* references_;
    std::size_t depth_ = 0;
    bool needs_term_ = false; ///< an AND stands before
    std::optional<common::Nanos> last_;
    std::size_t last_at_ = 0;
    std::size_t last_depth_ = 0;
    bool last_in_group_ = false; ///< under OR or NOT
};

} // namespace

common::Result<ParsedHead, QueryProblem> parse_head(std::string_view text, std::size_t at, HeadEnd end,
                                                    std::vector<QueryReference>& references) {
    return HeadParser(text, at, end, references).run();
}

} // namespace canhgac::storage
