#include "storage/query/step_parser.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "storage/query/head_parser.hpp"

namespace canhgac::storage {

bool StepParser::by() {
    if (take_word("by")) { return true; }
    fail_here(QueryErrc::expected_word, "\"by\"");
    return false;
}

bool StepParser::column_list(std::vector<NamedExpression>& out) {
    do {
        if (!room(out.size()) || !column(out.emplace_back())) { return false; }
    } while (take_sign(","));
    return !failed();
}

bool StepParser::column(NamedExpression& out) {
    out.expression.kind = Expression::Kind::column;
    out.expression.at = static_cast<std::uint32_t>(token().at);
    auto name = column_name();
    if (!name || !count_node(out.expression.at)) { return false; }
    out.expression.text = *name;
    out.name = std::move(*name);
    return true;
}

bool StepParser::want_word(std::string_view word) {
    if (take_word(word)) { return true; }
    fail_here(QueryErrc::expected_word, fmt::format("\"{}\"", word));
    return false;
}

bool StepParser::span(std::int64_t& out) {
    if (token().kind != Token::Kind::timespan || token().number <= 0) {
        fail_here(QueryErrc::expected_span);
        return false;
    }
    out = token().number;
    return true;
}

bool StepParser::room(std::size_t columns) {
    if (columns < kMaxPipeColumns) { return true; }
    fail_here(QueryErrc::too_many_columns);
    return false;
}

bool StepParser::sequence(Pipe& pipe) {
    if (!by() || !column_list(pipe.columns) || !want_word("maxspan") || !span(pipe.span)) { return false; }
    std::uint64_t events = 0;
    std::size_t at = behind_blanks(token().end);
    do {
        const std::size_t begin = at;
        if (!sequence_part(pipe.parts.emplace_back(), at)) { return false; }
        events += pipe.parts.back().runs;
        if (pipe.parts.size() > kMaxSequenceParts || events > kMaxSequenceEvents) {
            fail(QueryErrc::too_long_sequence, begin);
            return false;
        }
    } while (at < whole_text().size() && whole_text()[at] == '[');
    return resume_at(at);
}

std::size_t StepParser::behind_blanks(std::size_t at) const noexcept {
    return std::min(whole_text().find_first_not_of(" \t\r\n", at), whole_text().size());
}

bool StepParser::sequence_part(SequencePart& part, std::size_t& at) {
    const std::string_view text = whole_text();
    if (at == text.size() || text[at] != '[') {
        fail(QueryErrc::expected_step, at);
        return false;
    }
    auto head = parse_head(text, at + 1, HeadEnd::bracket, references());
    if (!head) {
        fail(head.error().code, head.error().offset, head.error().word);
        return false;
    }
    part.filter = std::move(head->filter);
    at = head->end;
    if (at < text.size() && text[at] == '|') {
        if (!resume_at(at + 1) || !want_word("where")) { return false; }
        part.condition = expression();
        if (!part.condition) { return false; }
        at = token().at;
    }
    if (at == text.size() || text[at] != ']') {
        fail(QueryErrc::expected_word, at, "\"]\" at the end of the step");
        return false;
    }
    at = behind_blanks(at + 1);
    return part_runs(part, at);
}

bool StepParser::part_runs(SequencePart& part, std::size_t& at) {
    if (at == whole_text().size() || whole_text()[at] == '[') { return true; }
    if (!resume_at(at)) { return false; }
    if (!take_word("with")) { return !failed(); }
    if (!want_word("runs")) { return false; }
    const auto number = static_cast<std::uint64_t>(token().number);
    if (token().kind != Token::Kind::integer || number == 0 || number > kMaxSequenceEvents) {
        fail_here(QueryErrc::expected_count);
        return false;
    }
    part.runs = number;
    at = behind_blanks(token().end);
    return true;
}

bool StepParser::process_tree(Pipe& pipe) {
    ProcessTree& tree = pipe.tree;
    tree.depth = kDefaultGenerations;
    std::vector<std::string> seen;
    while (token().kind == Token::Kind::word) {
        const Token name = token();
        if (std::find(seen.begin(), seen.end(), name.text) != seen.end()) {
            return refuse_argument(name, fmt::format("\"{}\" stands twice", name.text));
        }
        seen.push_back(name.text);
        if (!advance() || !want_sign("=") || !tree_value(name, tree)) { return false; }
    }
    for (const char* needed : {"root", "id", "parent"}) {
        if (std::find(seen.begin(), seen.end(), needed) == seen.end()) {
            return !failed() && refuse_argument(token(), fmt::format("\"{}\" is missing", needed));
        }
    }
    return !failed();
}

bool StepParser::refuse_argument(const Token& at, std::string why) {
    fail(QueryErrc::tree_argument, at.at, std::move(why));
    return false;
}

bool StepParser::tree_value(const Token& name, ProcessTree& tree) {
    if (name.text == "id" || name.text == "parent") {
        auto column = column_name();
        if (!column) { return false; }
        (name.text == "id" ? tree.id : tree.parent) = std::move(*column);
        return true;
    }
    if (name.text == "root") {
        if (token().kind != Token::Kind::string || token().text.empty()) {
            fail_here(QueryErrc::expected_word, "the id of a process in quotes");
            return false;
        }
        tree.root = token().text;
        return advance();
    }
    if (name.text != "depth" && name.text != "up") {
        return refuse_argument(name, fmt::format("there is no \"{}\"", name.text));
    }
    const auto number = static_cast<std::uint64_t>(token().number);
    if (token().kind != Token::Kind::integer || number > kMaxGenerations) {
        fail_here(QueryErrc::expected_word, fmt::format("a whole number from 0 to {}", kMaxGenerations));
        return false;
    }
    (name.text == "depth" ? tree.depth : tree.up) = number;
    return advance();
}

/// Whether "*" may follow: a number ends where no more of it comes.
bool StepParser::ends_by_itself(const PatternPiece& piece) const noexcept {
    const bool number = piece.type == QueryType::integer || piece.type == QueryType::real;
    return piece.kind == PatternPiece::Kind::capture && number && token().is_sign("*");
}

bool StepParser::parse(Pipe& pipe) {
    if (!column(pipe.columns.emplace_back()) || !want_word("with")) { return false; }
    bool has_column = false;
    while (token().is_sign("*") || token().kind == Token::Kind::string || at_name()) {
        if (!room(pipe.pieces.size())) { return false; }
        PatternPiece piece;
        piece.at = static_cast<std::uint32_t>(token().at);
        const bool open_before = !pipe.pieces.empty() && pipe.pieces.back().kind != PatternPiece::Kind::text;
        if (token().kind == Token::Kind::string) {
            piece.text = token().text;
            if (piece.text.empty() || (!pipe.pieces.empty() && !open_before)) {
                fail_here(QueryErrc::expected_word, "one text that is not empty");
            }
        } else if (open_before && !ends_by_itself(pipe.pieces.back())) {
            fail_here(QueryErrc::pattern_text);
        }
        if (failed() || !pattern_piece(piece)) { return false; }
        has_column = has_column || piece.kind == PatternPiece::Kind::capture;
        pipe.pieces.push_back(std::move(piece));
    }
    if (!failed() && !has_column) { fail_here(QueryErrc::pattern_columns); }
    return !failed();
}

bool StepParser::pattern_piece(PatternPiece& piece) {
    if (token().kind == Token::Kind::string) { return advance(); }
    if (take_sign("*")) {
        piece.kind = PatternPiece::Kind::skip;
        return true;
    }
    piece.kind = PatternPiece::Kind::capture;
    auto name = column_name();
    if (!name || !count_node(piece.at)) { return false; }
    piece.text = std::move(*name);
    if (!take_sign(":")) { return !failed(); }
    for (const QueryType type : {QueryType::boolean, QueryType::integer, QueryType::real, QueryType::timespan,
                                 QueryType::datetime, QueryType::string}) {
        if (!take_word(to_string(type))) { continue; }
        piece.type = type;
        return true;
    }
    fail_here(QueryErrc::expected_word, "bool, long, double, timespan, datetime or string");
    return false;
}

bool StepParser::lookup(Pipe& pipe) {
    if (!at_name()) {
        fail_here(QueryErrc::expected_word, "the name of a table");
        return false;
    }
    pipe.table = token().text;
    return advance() && want_word("on") && column_list(pipe.columns);
}

} // namespace canhgac::storage
