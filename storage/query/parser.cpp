#include "storage/query/parser.hpp"

#include <algorithm>
#include <utility>

#include "storage/query/head_parser.hpp"
#include "storage/query/pipe_parser.hpp"
#include "storage/query/planner.hpp"
#include "text/utf8.hpp"

namespace canhgac::storage {

namespace {

bool is_blank_byte(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Takes a word and the blanks behind it off the front.
bool take_front(std::string_view& text, std::string_view word) noexcept {
    if (!text.starts_with(word)) { return false; }
    const std::size_t end = std::min(text.find_first_not_of(" \t\r\n", word.size()), text.size());
    if (end == word.size()) { return false; }
    text.remove_prefix(end);
    return true;
}

/// Names with commas between them, and nothing else but `hosts <=` up to the end or the next step.
bool is_column_list(std::string_view rest) noexcept {
    constexpr std::string_view kBlanks = " \t\r\n";
    while (true) {
        const std::size_t end = std::min(rest.find_first_of(" \t\r\n,|:\"/()<>*?"), rest.size());
        if (end == 0) { return false; }
        rest.remove_prefix(end);
        rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
        if (rest.empty() || rest.front() == '|') { return true; }
        if (rest.front() != ',') { return take_front(rest, "hosts") && rest.starts_with("<="); }
        rest.remove_prefix(1);
        rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    }
}

/// `sequence by ...`, `proctree name=...`, `rare a, b` and `facets a, b` may stand in place of the head.
bool stands_first(std::string_view rest) noexcept {
    if (take_front(rest, "sequence")) { return take_front(rest, "by"); }
    if (take_front(rest, "rare") || take_front(rest, "facets")) { return is_column_list(rest); }
    return take_front(rest, "proctree") && rest.find('=') != std::string_view::npos;
}

common::Result<ParsedQuery, QueryProblem> read_query(std::string_view text) {
    if (text.size() > kMaxQueryBytes) { return common::fail(QueryProblem{QueryErrc::too_long, 0}); }
    if (!text::is_valid_utf8(text)) { return common::fail(QueryProblem{QueryErrc::bad_utf8, 0}); }
    ParsedQuery query;
    std::size_t at = 0;
    while (at < text.size() && is_blank_byte(text[at])) {
        ++at;
    }
    if (!stands_first(text.substr(at))) {
        auto head = parse_head(text, at, HeadEnd::query, query.references);
        if (!head) { return common::fail(head.error()); }
        query.filter = std::move(head->filter);
        query.last = head->last;
        at = head->end;
    }
    if (at == text.size()) { return query; }
    auto pipes = parse_pipes(text, at, query.references);
    if (!pipes) { return common::fail(pipes.error()); }
    if (const auto plan = plan_pipes(*pipes); !plan) { return common::fail(plan.error()); }
    query.pipes = std::move(*pipes);
    return query;
}

} // namespace

common::Result<ParsedQuery, QueryError> parse_query(std::string_view text) {
    auto query = read_query(text);
    if (!query) { return common::fail(locate(text, std::move(query.error()))); }
    return std::move(*query);
}

event::QueryPlan plan_of(ParsedQuery query, common::Nanos now, common::Nanos from, common::Nanos to,
                         std::uint64_t limit) {
    event::QueryPlan plan;
    plan.filter = std::move(query.filter);
    plan.from = query.last ? std::max(from, now - *query.last) : from;
    plan.to = to;
    plan.limit = limit;
    return plan;
}

} // namespace canhgac::storage
