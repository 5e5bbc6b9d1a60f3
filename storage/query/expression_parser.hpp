/// Reads one expression of the pipes; the base of the parser of steps.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "storage/query/catalog.hpp"
#include "storage/query/token.hpp"

namespace canhgac::storage {

/// One query's parser. A function that finds nothing it can use returns nothing and problem() says why; after that the
/// parser is done for. Recursion is bounded by kMaxQueryDepth, the tree by kMaxExpressionNodes.
class ExpressionParser {
public:
    /// Begins at byte `at` of `text`, which outlives it.
    ExpressionParser(std::string_view text, std::size_t at) noexcept : lexer_(text, at) {}

    [[nodiscard]] std::optional<Expression> expression();
    [[nodiscard]] const QueryProblem& problem() const noexcept { return problem_; }

protected:
    using Parsed = std::optional<Expression>;

    /// Reads the next token into token(). False: a token that is none.
    bool advance();
    [[nodiscard]] const Token& token() const noexcept { return token_; }
    /// Where the token before ended.
    [[nodiscard]] std::size_t behind() const noexcept { return behind_; }
    bool step_name();
    /// The whole text, for what is not read by tokens; resume_at() goes on behind it.
    [[nodiscard]] std::string_view whole_text() const noexcept { return lexer_.text(); }
    bool resume_at(std::size_t at);
    bool take_sign(std::string_view sign);
    bool take_word(std::string_view word);
    /// take_sign() or a problem.
    bool want_sign(std::string_view sign);
    std::nullopt_t fail(QueryErrc code, std::size_t at, std::string word = {});
    std::nullopt_t fail_here(QueryErrc code, std::string word = {}) { return fail(code, token_.at, std::move(word)); }
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    /// A column's name where only one can stand; `what` in the message.
    std::optional<std::string> column_name();
    /// Whether the token can be the name of a column.
    [[nodiscard]] bool at_name() const noexcept;
    /// "name =" when it stands here.
    std::optional<std::string> assigned_name();
    /// Arguments up to and with ")".
    bool arguments(std::vector<Expression>& out);
    bool count_node(std::size_t at);

private:
    class Depth;
    Parsed disjunction();
    Parsed conjunction();
    Parsed negation();
    Parsed comparison();
    Parsed sum();
    Parsed product();
    Parsed sign();
    Parsed primary();
    Parsed word();
    Parsed call(Token name);
    Parsed datetime_literal(std::size_t at);
    Parsed text_operator(Expression left, bool negated);
    Parsed list_operator(Scalar scalar, Expression left, bool negated, std::size_t at);
    Parsed between(Expression left, bool negated, std::size_t at);
    Parsed literal(QueryType type, std::size_t at);
    Parsed join(Scalar scalar, Expression left, Parsed right, std::size_t at, bool negated = false);

    Lexer lexer_;
    Token token_;
    std::size_t behind_ = 0;
    QueryProblem problem_;
    bool failed_ = false;
    std::size_t depth_ = 0;
    std::size_t nodes_ = 0;
};

} // namespace canhgac::storage
