#include "storage/query/expression_parser.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "storage/query/parser.hpp"

namespace canhgac::storage {

/// Counts how deep the parser is while it lives.
class ExpressionParser::Depth {
public:
    explicit Depth(ExpressionParser& parser) noexcept : parser_(&parser) { ++parser_->depth_; }
    ~Depth() { --parser_->depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    [[nodiscard]] bool too_deep() const noexcept { return parser_->depth_ > kMaxQueryDepth; }

private:
    ExpressionParser* parser_;
};

std::nullopt_t ExpressionParser::fail(QueryErrc code, std::size_t at, std::string word) {
    if (!failed_) { problem_ = {code, at, std::move(word)}; }
    failed_ = true;
    return std::nullopt;
}

bool ExpressionParser::advance() {
    behind_ = token_.end;
    auto next = lexer_.next();
    if (!next) {
        fail(next.error().code, next.error().offset, next.error().word);
        return false;
    }
    token_ = std::move(*next);
    return true;
}

bool ExpressionParser::step_name() {
    token_ = lexer_.step_name();
    return !token_.text.empty();
}

bool ExpressionParser::resume_at(std::size_t at) {
    lexer_.rewind(at);
    token_.end = at;
    return advance();
}

bool ExpressionParser::take_sign(std::string_view sign) {
    return !failed_ && token_.is_sign(sign) && advance();
}

bool ExpressionParser::take_word(std::string_view word) {
    return !failed_ && token_.is_word(word) && advance();
}

bool ExpressionParser::want_sign(std::string_view sign) {
    if (failed_) { return false; }
    if (token_.is_sign(sign)) { return advance(); }
    fail_here(QueryErrc::expected_word, fmt::format("\"{}\"", sign));
    return false;
}

bool ExpressionParser::at_name() const noexcept {
    return token_.kind == Token::Kind::name || (token_.kind == Token::Kind::word && !is_reserved(token_.text));
}

std::optional<std::string> ExpressionParser::column_name() {
    if (!at_name()) { return fail_here(QueryErrc::expected_column); }
    std::string name = canonical_name(token_.text);
    if (!advance()) { return std::nullopt; }
    return name;
}

std::optional<std::string> ExpressionParser::assigned_name() {
    if (!at_name()) { return std::nullopt; }
    const Token name = token_;
    const std::size_t before = behind_;
    if (!advance()) { return std::nullopt; }
    if (token_.is_sign("=")) {
        if (!advance()) { return std::nullopt; }
        return canonical_name(name.text);
    }
    lexer_.rewind(name.end);
    token_ = name;
    behind_ = before;
    return std::nullopt;
}

bool ExpressionParser::count_node(std::size_t at) {
    if (++nodes_ <= kMaxExpressionNodes) { return true; }
    fail(QueryErrc::too_many_nodes, at);
    return false;
}

std::optional<Expression> ExpressionParser::expression() {
    return disjunction();
}

ExpressionParser::Parsed ExpressionParser::join(Scalar scalar, Expression left, Parsed right, std::size_t at,
                                                bool negated) {
    if (!right || !count_node(at)) { return std::nullopt; }
    Expression call;
    call.kind = Expression::Kind::call;
    call.scalar = scalar;
    call.negated = negated;
    call.at = static_cast<std::uint32_t>(at);
    call.arguments.push_back(std::move(left));
    call.arguments.push_back(std::move(*right));
    return call;
}

ExpressionParser::Parsed ExpressionParser::disjunction() {
    const Depth depth(*this);
    if (depth.too_deep()) { return fail_here(QueryErrc::too_deep); }
    Parsed left = conjunction();
    while (left && token_.is_word("or")) {
        const std::size_t at = token_.at;
        if (!advance()) { return std::nullopt; }
        left = join(Scalar::logical_or, std::move(*left), conjunction(), at);
    }
    return left;
}

ExpressionParser::Parsed ExpressionParser::conjunction() {
    Parsed left = negation();
    while (left && token_.is_word("and")) {
        const std::size_t at = token_.at;
        if (!advance()) { return std::nullopt; }
        left = join(Scalar::logical_and, std::move(*left), negation(), at);
    }
    return left;
}

ExpressionParser::Parsed ExpressionParser::negation() {
    const std::size_t at = token_.at;
    if (!take_word("not")) { return failed_ ? std::nullopt : comparison(); }
    const Depth depth(*this);
    if (depth.too_deep()) { return fail(QueryErrc::too_deep, at); }
    Parsed inner = negation();
    if (!inner || !count_node(at)) { return std::nullopt; }
    Expression call;
    call.kind = Expression::Kind::call;
    call.scalar = Scalar::logical_not;
    call.at = static_cast<std::uint32_t>(at);
    call.arguments.push_back(std::move(*inner));
    return call;
}

ExpressionParser::Parsed ExpressionParser::comparison() {
    static constexpr std::array<std::tuple<std::string_view, Scalar, bool>, 8> kSigns = {{
        {"==", Scalar::equal, false},
        {"!=", Scalar::equal, true},
        {"=~", Scalar::equal_folded, false},
        {"!~", Scalar::equal_folded, true},
        {"<", Scalar::less, false},
        {"<=", Scalar::less_equal, false},
        {">", Scalar::greater, false},
        {">=", Scalar::greater_equal, false},
    }};
    Parsed left = sum();
    if (!left) { return left; }
    const std::size_t at = token_.at;
    for (const auto& sign : kSigns) {
        if (!token_.is_sign(std::get<0>(sign))) { continue; }
        if (!advance()) { return std::nullopt; }
        return join(std::get<1>(sign), std::move(*left), sum(), at, std::get<2>(sign));
    }
    if (token_.is_sign("=")) { return fail_here(QueryErrc::expected_word, "\"==\" to compare"); }
    if (take_sign("!")) { return text_operator(std::move(*left), true); }
    return failed_ ? std::nullopt : text_operator(std::move(*left), false);
}

/// Behind "!" or directly behind the left side: an operator that is a word, or nothing.
ExpressionParser::Parsed ExpressionParser::text_operator(Expression left, bool negated) {
    static constexpr std::array<std::pair<std::string_view, Scalar>, 4> kWords = {{
        {"has", Scalar::has},
        {"contains", Scalar::contains},
        {"startswith", Scalar::starts_with},
        {"endswith", Scalar::ends_with},
    }};
    const std::size_t at = token_.at;
    for (const auto& word : kWords) {
        if (take_word(word.first)) { return join(word.second, std::move(left), sum(), at, negated); }
    }
    if (take_word("in")) { return list_operator(Scalar::in, std::move(left), negated, at); }
    if (take_word("in~")) { return list_operator(Scalar::in_folded, std::move(left), negated, at); }
    if (take_word("between")) { return between(std::move(left), negated, at); }
    if (failed_) { return std::nullopt; }
    if (negated) {
        return fail_here(QueryErrc::expected_word, "has, contains, startswith, endswith, in or between after \"!\"");
    }
    if (take_word("has_any")) { return list_operator(Scalar::has_any, std::move(left), false, at); }
    if (take_word("has_all")) { return list_operator(Scalar::has_all, std::move(left), false, at); }
    if (take_word("matches")) {
        if (!take_word("regex")) { return fail_here(QueryErrc::expected_word, "\"regex\" after \"matches\""); }
        const std::size_t pattern = token_.at;
        Parsed right = sum();
        if (!right) { return right; }
        if (right->kind != Expression::Kind::literal || right->literal_type != QueryType::string) {
            return fail(QueryErrc::regex_literal, pattern);
        }
        return join(Scalar::matches_regex, std::move(left), std::move(right), at);
    }
    if (failed_) { return std::nullopt; }
    return left;
}

ExpressionParser::Parsed ExpressionParser::list_operator(Scalar scalar, Expression left, bool negated, std::size_t at) {
    if (!want_sign("(") || !count_node(at)) { return std::nullopt; }
    Expression call;
    call.kind = Expression::Kind::call;
    call.scalar = scalar;
    call.negated = negated;
    call.at = static_cast<std::uint32_t>(at);
    call.arguments.push_back(std::move(left));
    if (!arguments(call.arguments)) { return std::nullopt; }
    if (call.arguments.size() < 2) { return fail(QueryErrc::expected_expression, behind_ - 1); }
    return call;
}

ExpressionParser::Parsed ExpressionParser::between(Expression left, bool negated, std::size_t at) {
    if (!want_sign("(")) { return std::nullopt; }
    Parsed low = sum();
    if (!low || !want_sign("..")) { return std::nullopt; }
    Parsed high = sum();
    if (!high || !want_sign(")")) { return std::nullopt; }
    Parsed call = join(Scalar::between, std::move(left), std::move(low), at, negated);
    if (call) { call->arguments.push_back(std::move(*high)); }
    return call;
}

ExpressionParser::Parsed ExpressionParser::sum() {
    Parsed left = product();
    while (left && (token_.is_sign("+") || token_.is_sign("-"))) {
        const std::size_t at = token_.at;
        const Scalar scalar = token_.text == "+" ? Scalar::add : Scalar::subtract;
        if (!advance()) { return std::nullopt; }
        left = join(scalar, std::move(*left), product(), at);
    }
    return left;
}

ExpressionParser::Parsed ExpressionParser::product() {
    Parsed left = sign();
    while (left && (token_.is_sign("*") || token_.is_sign("/") || token_.is_sign("%"))) {
        const std::size_t at = token_.at;
        const Scalar scalar = token_.text == "*"   ? Scalar::multiply
                              : token_.text == "/" ? Scalar::divide
                                                   : Scalar::modulo;
        if (!advance()) { return std::nullopt; }
        left = join(scalar, std::move(*left), sign(), at);
    }
    return left;
}

ExpressionParser::Parsed ExpressionParser::sign() {
    const std::size_t at = token_.at;
    if (!take_sign("-")) { return failed_ ? std::nullopt : primary(); }
    const Depth depth(*this);
    if (depth.too_deep()) { return fail(QueryErrc::too_deep, at); }
    Parsed inner = sign();
    if (!inner) { return inner; }
    const bool number = inner->literal_type == QueryType::integer || inner->literal_type == QueryType::timespan ||
                        inner->literal_type == QueryType::real;
    if (inner->kind == Expression::Kind::literal && number) { // -5 is a literal too
        inner->number = -inner->number;
        inner->real = -inner->real;
        inner->at = static_cast<std::uint32_t>(at);
        return inner;
    }
    if (!count_node(at)) { return std::nullopt; }
    Expression call;
    call.kind = Expression::Kind::call;
    call.scalar = Scalar::negate;
    call.at = static_cast<std::uint32_t>(at);
    call.arguments.push_back(std::move(*inner));
    return call;
}

ExpressionParser::Parsed ExpressionParser::literal(QueryType type, std::size_t at) {
    if (!count_node(at)) { return std::nullopt; }
    Expression value;
    value.literal_type = type;
    value.number = token_.number;
    value.real = token_.real;
    if (type == QueryType::string) { value.text = token_.text; }
    value.at = static_cast<std::uint32_t>(at);
    if (!advance()) { return std::nullopt; }
    return value;
}

ExpressionParser::Parsed ExpressionParser::primary() {
    if (failed_) { return std::nullopt; }
    const std::size_t at = token_.at;
    switch (token_.kind) {
    case Token::Kind::integer:
        return literal(QueryType::integer, at);
    case Token::Kind::real:
        return literal(QueryType::real, at);
    case Token::Kind::timespan:
        return literal(QueryType::timespan, at);
    case Token::Kind::string:
        return literal(QueryType::string, at);
    case Token::Kind::word:
    case Token::Kind::name:
        return word();
    case Token::Kind::sign:
        if (take_sign("(")) {
            Parsed inner = disjunction();
            if (!inner || !want_sign(")")) { return std::nullopt; }
            return inner;
        }
        break;
    case Token::Kind::end:
        break;
    }
    return fail_here(QueryErrc::expected_expression);
}

ExpressionParser::Parsed ExpressionParser::word() {
    const Token name = token_;
    if (name.kind == Token::Kind::word) {
        if (name.text == "true" || name.text == "false") {
            token_.number = name.text == "true" ? 1 : 0;
            return literal(QueryType::boolean, name.at);
        }
        if (name.text == "null") { return literal(QueryType::null, name.at); }
        if (is_reserved(name.text)) { return fail_here(QueryErrc::expected_expression); }
    }
    if (!advance()) { return std::nullopt; }
    if (name.kind == Token::Kind::word && token_.is_sign("(")) { return call(name); }
    if (!count_node(name.at)) { return std::nullopt; }
    Expression column;
    column.kind = Expression::Kind::column;
    column.text = canonical_name(name.text);
    column.at = static_cast<std::uint32_t>(name.at);
    return column;
}

ExpressionParser::Parsed ExpressionParser::datetime_literal(std::size_t at) {
    lexer_.rewind(token_.end);
    const Token inside = lexer_.until_close();
    std::string_view text = inside.text;
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') { text = text.substr(1, text.size() - 2); }
    const auto time = parse_datetime(text);
    if (!time) { return fail(QueryErrc::expected_time, inside.at); }
    if (!advance() || !want_sign(")") || !count_node(at)) { return std::nullopt; }
    Expression value;
    value.literal_type = QueryType::datetime;
    value.number = *time;
    value.at = static_cast<std::uint32_t>(at);
    return value;
}

ExpressionParser::Parsed ExpressionParser::call(Token name) {
    if (name.text == "datetime") { return datetime_literal(name.at); }
    const ScalarEntry* const entry = find_function(name.text);
    if (entry == nullptr) {
        if (find_aggregate(name.text) != nullptr) { return fail(QueryErrc::aggregate_here, name.at); }
        return fail(QueryErrc::unknown_function, name.at, nearest_function(name.text));
    }
    if (!want_sign("(") || !count_node(name.at)) { return std::nullopt; }
    Expression result;
    result.kind = Expression::Kind::call;
    result.scalar = entry->scalar;
    result.at = static_cast<std::uint32_t>(name.at);
    if (!arguments(result.arguments)) { return std::nullopt; }
    const std::size_t count = result.arguments.size();
    const bool even_case = entry->scalar == Scalar::case_of && count % 2 == 0;
    if (count < entry->least || count > entry->most || even_case) {
        return fail(QueryErrc::argument_count, name.at, std::string(entry->usage));
    }
    return result;
}

bool ExpressionParser::arguments(std::vector<Expression>& out) {
    if (take_sign(")")) { return true; }
    do {
        Parsed argument = expression();
        if (!argument) { return false; }
        out.push_back(std::move(*argument));
        if (out.size() > kMaxPipeColumns) {
            fail_here(QueryErrc::too_many_columns);
            return false;
        }
    } while (take_sign(","));
    return want_sign(")");
}

} // namespace canhgac::storage
