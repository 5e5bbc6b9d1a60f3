#include "storage/query/token.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "common/clock.hpp"
#include "text/utf8.hpp"

namespace canhgac::storage {

namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
bool begins_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) noexcept {
    return begins_name(c) || is_digit(c);
}
bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Bytes of the name at the start of `text`; 0 if none begins there.
std::size_t name_length(std::string_view text) noexcept {
    if (text.empty() || !begins_name(text.front())) { return 0; }
    std::size_t at = 1;
    while (at < text.size() &&
           (continues_name(text[at]) || (text[at] == '.' && at + 1 < text.size() && continues_name(text[at + 1])))) {
        ++at;
    }
    return at;
}

std::optional<common::Nanos> unit_of(std::string_view name) noexcept {
    static constexpr std::array<std::pair<std::string_view, common::Nanos>, 8> kUnits = {{
        {"w", 7 * common::kDay},
        {"d", common::kDay},
        {"h", common::kHour},
        {"m", common::kMinute},
        {"s", common::kSecond},
        {"ms", common::kMillisecond},
        {"us", common::kMicrosecond},
        {"ns", 1},
    }};
    for (const auto& unit : kUnits) {
        if (unit.first == name) { return unit.second; }
    }
    return std::nullopt;
}

} // namespace

bool is_plain_name(std::string_view text) noexcept {
    return !text.empty() && name_length(text) == text.size();
}

void Lexer::skip_space() noexcept {
    while (is_blank(peek()) && at_ < text_.size()) {
        ++at_;
    }
}

common::Result<Token, QueryProblem> Lexer::next() {
    skip_space();
    Token token;
    token.at = at_;
    if (at_ == text_.size()) { return finish(std::move(token)); }
    const char c = peek();
    if (is_digit(c)) { return number(); }
    if (c == '"' || c == '\'') { return quoted(false, Token::Kind::string); }
    if (c == '@' && (peek(1) == '"' || peek(1) == '\'')) {
        ++at_;
        return quoted(true, Token::Kind::string);
    }
    if (c == '[' && (peek(1) == '"' || peek(1) == '\'')) { return bracketed(); }
    if (begins_name(c)) { return word(); }
    return sign();
}

Token Lexer::step_name() {
    skip_space();
    Token token;
    token.kind = Token::Kind::word;
    token.at = at_;
    while ((peek() >= 'a' && peek() <= 'z') || (peek() >= 'A' && peek() <= 'Z') || peek() == '-' || peek() == '_') {
        token.text += text_[at_++];
    }
    return finish(std::move(token));
}

Token Lexer::until_close() {
    skip_space();
    Token token;
    token.kind = Token::Kind::string;
    token.at = at_;
    while (at_ < text_.size() && peek() != ')') {
        token.text += text_[at_++];
    }
    while (!token.text.empty() && is_blank(token.text.back())) {
        token.text.pop_back();
    }
    return finish(std::move(token));
}

Token Lexer::word() {
    Token token;
    token.kind = Token::Kind::word;
    token.at = at_;
    const std::size_t length = name_length(text_.substr(at_));
    token.text = text_.substr(at_, length);
    at_ += length;
    if (token.text == "in" && peek() == '~') {
        token.text += '~';
        ++at_;
    }
    return finish(std::move(token));
}

Lexer::Scanned Lexer::number() {
    Token token;
    token.at = at_;
    const std::size_t begin = at_;
    const auto digits = [this] {
        while (is_digit(peek())) {
            ++at_;
        }
    };
    digits();
    bool real = false;
    if (peek() == '.' && is_digit(peek(1))) { // "1..5" is a range
        real = true;
        ++at_;
        digits();
    }
    const std::size_t sign = peek(1) == '-' || peek(1) == '+' ? 1 : 0;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
        real = true;
        at_ += 1 + sign;
        digits();
    }
    const std::string_view spelled = text_.substr(begin, at_ - begin);
    const char* const end = spelled.data() + spelled.size();
    const std::size_t unit_length = name_length(text_.substr(at_));
    const auto scale = unit_of(text_.substr(at_, unit_length));
    if (unit_length != 0 && !scale) { return common::fail(QueryProblem{QueryErrc::bad_literal, begin}); }
    at_ += unit_length;
    if (!real) {
        token.kind = scale ? Token::Kind::timespan : Token::Kind::integer;
        const auto [stop, error] = std::from_chars(spelled.data(), end, token.number);
        if (error != std::errc{} || __builtin_mul_overflow(token.number, scale.value_or(1), &token.number)) {
            return common::fail(QueryProblem{QueryErrc::bad_literal, begin});
        }
        return finish(std::move(token));
    }
    token.kind = scale ? Token::Kind::timespan : Token::Kind::real;
    const auto [stop, error] = std::from_chars(spelled.data(), end, token.real);
    constexpr double kMostNanos = 9.2e18;
    const double nanos = token.real * static_cast<double>(scale.value_or(0));
    if (error != std::errc{} || nanos > kMostNanos) {
        return common::fail(QueryProblem{QueryErrc::bad_literal, begin});
    }
    if (scale) { token.number = static_cast<common::Nanos>(std::llround(nanos)); }
    return finish(std::move(token));
}

/// The character a backslash and what follows stand for.
bool Lexer::escape(std::string& out) {
    const char c = peek();
    ++at_;
    switch (c) {
    case 'n':
        out += '\n';
        return true;
    case 't':
        out += '\t';
        return true;
    case 'r':
        out += '\r';
        return true;
    case '\\':
    case '"':
    case '\'':
        out += c;
        return true;
    case 'u':
        break;
    default:
        return false;
    }
    constexpr std::size_t kHexDigits = 4;
    unsigned code = 0;
    const std::string_view hex = text_.substr(at_, kHexDigits);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (hex.size() != kHexDigits || error != std::errc{} || end != hex.data() + hex.size() || surrogate) {
        return false;
    }
    text::encode(static_cast<char32_t>(code), out);
    at_ += kHexDigits;
    return true;
}

/// From the opening to behind the closing quote. In a verbatim text a doubled quote is one, and a backslash is itself.
Lexer::Scanned Lexer::quoted(bool verbatim, Token::Kind kind) {
    Token token;
    token.kind = kind;
    token.at = verbatim ? at_ - 1 : at_;
    const char quote = peek();
    ++at_;
    while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == quote) {
            if (!verbatim || peek() != quote) { return finish(std::move(token)); }
            ++at_;
            token.text += quote;
        } else if (c == '\\' && !verbatim) {
            const std::size_t at = at_ - 1;
            if (!escape(token.text)) { return common::fail(QueryProblem{QueryErrc::bad_string_escape, at}); }
        } else {
            token.text += c;
        }
    }
    return common::fail(QueryProblem{QueryErrc::unclosed_phrase, token.at});
}

Lexer::Scanned Lexer::bracketed() {
    const std::size_t at = at_++;
    auto token = quoted(false, Token::Kind::name);
    if (!token) { return token; }
    if (peek() != ']' || token->text.empty()) {
        return common::fail(QueryProblem{QueryErrc::expected_column, token->text.empty() ? at : at_});
    }
    ++at_;
    token->at = at;
    return finish(std::move(*token));
}

Lexer::Scanned Lexer::sign() {
    static constexpr std::array<std::string_view, 23> kSigns = {"==", "!=", "=~", "!~", "<=", ">=", "..", "|",
                                                                "(",  ")",  "[",  "]",  ",",  "=",  "<",  ">",
                                                                "+",  "-",  "*",  "/",  "%",  "!",  ":"};
    Token token;
    token.kind = Token::Kind::sign;
    token.at = at_;
    for (const std::string_view sign : kSigns) {
        if (!text_.substr(at_).starts_with(sign)) { continue; }
        token.text = sign;
        at_ += sign.size();
        return finish(std::move(token));
    }
    return common::fail(QueryProblem{QueryErrc::expected_expression, at_});
}

} // namespace canhgac::storage
