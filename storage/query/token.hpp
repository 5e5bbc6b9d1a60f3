/// The text after the head's "|" cut into words, literals and signs, one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "storage/query/query_error.hpp"

namespace canhgac::storage {

struct Token {
    enum class Kind : std::uint8_t {
        end,
        word,   ///< a name, a keyword, "in~"; dots belong to it
        name,   ///< ["any name"]
        string, ///< "..." '...' @"..." @'...': `text` is what it means
        integer,
        real,
        timespan, ///< `number` nanoseconds
        sign,     ///< | ( ) [ ] , = == != =~ !~ < <= > >= + - * / % .. ! :
    };
    Kind kind = Kind::end;
    std::string text;
    std::int64_t number = 0;
    double real = 0.0;
    std::size_t at = 0; ///< byte offsets in the query
    std::size_t end = 0;

    [[nodiscard]] bool is_sign(std::string_view sign) const noexcept { return kind == Kind::sign && text == sign; }
    [[nodiscard]] bool is_word(std::string_view word) const noexcept { return kind == Kind::word && text == word; }
};

/// Not thread safe. Views `text` (valid UTF-8), which outlives it.
class Lexer {
public:
    Lexer(std::string_view text, std::size_t at) noexcept : text_(text), at_(at) {}

    /// The next token. Errors: unclosed_phrase, bad_string_escape, bad_literal, expected_expression (a character that
    /// begins nothing).
    [[nodiscard]] common::Result<Token, QueryProblem> next();
    /// The name of a step: letters and hyphens, as in "project-away". Empty if none begins here.
    [[nodiscard]] Token step_name();
    /// Everything up to the next ")", trimmed: what stands in datetime(...).
    [[nodiscard]] Token until_close();
    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    void rewind(std::size_t at) noexcept { at_ = at; }

private:
    using Scanned = common::Result<Token, QueryProblem>;
    void skip_space() noexcept;
    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] Token finish(Token token) const noexcept {
        token.end = at_;
        return token;
    }
    Scanned number();
    Scanned quoted(bool verbatim, Token::Kind kind);
    Scanned bracketed();
    bool escape(std::string& out);
    Scanned sign();
    Token word();

    std::string_view text_;
    std::size_t at_;
};

/// Whether a text is a word of its own, so that it needs no ["..."].
[[nodiscard]] bool is_plain_name(std::string_view text) noexcept;

} // namespace canhgac::storage
