#include "storage/query/pipe_parser.hpp"

#include <utility>

#include <fmt/format.h>

#include "storage/query/head_parser.hpp"
#include "storage/query/step_parser.hpp"

namespace canhgac::storage {

namespace {

class PipeParser : private StepParser {
public:
    using StepParser::StepParser;

    /// `behind_sign`: the first step stands behind "|".
    common::Result<Pipeline, QueryProblem> run(bool behind_sign) {
        Pipeline pipes;
        if (behind_sign) { static_cast<void>(advance()); }
        if (!steps(pipes)) { return common::fail(problem()); }
        if (token().kind == Token::Kind::end) { return pipes; }
        fail_here(QueryErrc::unexpected_text);
        return common::fail(problem());
    }

private:
    /// As long as a "|" follows. The one before the first was just read.
    bool steps(Pipeline& pipes) {
        do {
            if (pipes.size() == kMaxPipes) { fail(QueryErrc::too_many_pipes, behind()); }
            if (!pipes.empty() && pipes.back().kind == Pipe::Kind::tail) { fail(QueryErrc::behind_tail, behind()); }
            if (failed() || !pipe(pipes.emplace_back())) { return false; }
        } while (token().is_sign("|"));
        return true;
    }

    bool pipe(Pipe& pipe) {
        if (!step_name()) {
            fail_here(QueryErrc::expected_pipe);
            return false;
        }
        const Token name = token();
        pipe.at = static_cast<std::uint32_t>(name.at);
        const auto kind = find_pipe(name.text);
        if (!kind) {
            if (const auto later = not_built_yet(name.text); !later.empty()) {
                fail(QueryErrc::not_built, name.at, std::string(later));
            } else {
                fail(QueryErrc::unknown_pipe, name.at, nearest_pipe(name.text));
            }
            return false;
        }
        pipe.kind = *kind;
        if (pipe.kind == Pipe::Kind::tail && joins_ != 0) { fail(QueryErrc::tail_in_join, name.at); }
        return !failed() && advance() && body(pipe) && !failed();
    }

    bool body(Pipe& pipe) {
        switch (pipe.kind) {
        case Pipe::Kind::where: {
            auto condition = expression();
            if (condition) { pipe.condition = std::move(*condition); }
            return condition.has_value();
        }
        case Pipe::Kind::project:
            return named_list(pipe.columns);
        case Pipe::Kind::extend:
            return extend(pipe);
        case Pipe::Kind::project_away:
        case Pipe::Kind::facets:
            return column_list(pipe.columns);
        case Pipe::Kind::rare:
            return rare(pipe);
        case Pipe::Kind::take:
            return count(pipe.count);
        case Pipe::Kind::distinct:
            if (take_sign("*")) { return pipe.every_column = true; }
            return column_list(pipe.columns);
        case Pipe::Kind::summarize:
            return summarize(pipe);
        case Pipe::Kind::top:
            return count(pipe.count) && by() && sort_key(pipe.keys.emplace_back(), false);
        case Pipe::Kind::sort:
            return sort(pipe);
        case Pipe::Kind::count:
        case Pipe::Kind::tail:
            return true;
        case Pipe::Kind::sequence:
            return sequence(pipe);
        case Pipe::Kind::around:
            return span(pipe.span) && advance() && (!take_word("by") || column_list(pipe.columns));
        case Pipe::Kind::process_tree:
            return process_tree(pipe);
        case Pipe::Kind::expand:
            return column(pipe.columns.emplace_back());
        case Pipe::Kind::parse:
            return parse(pipe);
        case Pipe::Kind::join:
            return join_step(pipe);
        case Pipe::Kind::lookup:
            return lookup(pipe);
        }
        return false;
    }

    bool count(std::uint64_t& out) {
        const auto number = static_cast<std::uint64_t>(token().number);
        if (token().kind != Token::Kind::integer || number == 0 || number > kMaxTakeRows) {
            fail_here(QueryErrc::expected_count);
            return false;
        }
        out = number;
        return advance();
    }

    /// [name =] expression
    bool named(NamedExpression& out) {
        const std::size_t at = token().at;
        auto name = assigned_name();
        auto value = expression();
        if (!value) { return false; }
        out.expression = std::move(*value);
        out.name = name ? std::move(*name) : default_name(out.expression);
        if (out.name.empty()) { fail(QueryErrc::expected_name, at); }
        return !failed();
    }

    bool named_list(std::vector<NamedExpression>& out) {
        do {
            if (!room(out.size()) || !named(out.emplace_back())) { return false; }
        } while (take_sign(","));
        return !failed();
    }

    /// ["kind" "=" KIND] "(" query ")" "on" cols
    bool join_step(Pipe& pipe) {
        if (take_word("kind") && (!want_sign("=") || !join_kind(pipe.join))) { return false; }
        if (failed() || !token().is_sign("(")) {
            if (!failed()) { fail_here(QueryErrc::expected_word, "\"(\" and a query"); }
            return false;
        }
        if (++joins_ > kMaxJoins) {
            fail_here(QueryErrc::too_many_joins);
            return false;
        }
        auto head = parse_head(whole_text(), token().end, HeadEnd::group, references());
        if (!head) {
            fail(head.error().code, head.error().offset, head.error().word);
            return false;
        }
        ParsedQuery& right = pipe.right.emplace_back();
        right.filter = std::move(head->filter);
        right.last = head->last;
        if (!resume_at(head->end)) { return false; }
        if (token().is_sign("|") && !steps(right.pipes)) { return false; }
        --joins_;
        return want_sign(")") && want_word("on") && column_list(pipe.columns);
    }

    bool join_kind(JoinKind& out) {
        for (const JoinKind kind : {JoinKind::inner, JoinKind::left_outer, JoinKind::left_anti, JoinKind::left_semi}) {
            if (!take_word(to_string(kind))) { continue; }
            out = kind;
            return true;
        }
        fail_here(QueryErrc::expected_word, "inner, leftouter, leftanti or leftsemi");
        return false;
    }

    bool extend(Pipe& pipe) {
        if (!named_list(pipe.columns)) { return false; }
        return !take_word("by") || column_list(pipe.groups);
    }

    /// cols ["hosts" "<=" N]
    bool rare(Pipe& pipe) {
        pipe.count = kDefaultRareHosts;
        if (!column_list(pipe.columns)) { return false; }
        if (!take_word("hosts")) { return !failed(); }
        return want_sign("<=") && count(pipe.count);
    }

    bool summarize(Pipe& pipe) {
        if (!token().is_word("by")) {
            do {
                if (!room(pipe.aggregates.size()) || !aggregate(pipe.aggregates.emplace_back())) { return false; }
            } while (take_sign(","));
        }
        return !failed() && (!take_word("by") || named_list(pipe.columns));
    }

    bool aggregate(Aggregate& out) {
        out.at = static_cast<std::uint32_t>(token().at);
        auto name = assigned_name();
        const Token function = token();
        const AggregateEntry* const entry =
            function.kind == Token::Kind::word ? find_aggregate(function.text) : nullptr;
        if (entry == nullptr) { return no_aggregate(function); }
        if (!advance() || !want_sign("(")) { return false; }
        out.kind = entry->kind;
        if (!aggregate_arguments(out)) { return false; }
        if (out.arguments.size() < entry->least || out.arguments.size() > entry->most) {
            fail(QueryErrc::argument_count, function.at, std::string(entry->usage));
            return false;
        }
        out.name = name ? std::move(*name) : default_name(out);
        if (out.name.empty()) { fail(QueryErrc::expected_name, out.at); }
        return !failed();
    }

    bool no_aggregate(const Token& function) {
        if (failed()) { return false; }
        if (function.kind != Token::Kind::word || find_function(function.text) != nullptr) {
            fail_here(QueryErrc::scalar_here);
        } else {
            fail_here(QueryErrc::unknown_aggregate, nearest_aggregate(function.text));
        }
        return false;
    }

    /// Like arguments(), but arg_max(c, *) ends in a star.
    bool aggregate_arguments(Aggregate& out) {
        const bool keeps = out.kind == AggregateKind::arg_max || out.kind == AggregateKind::arg_min;
        if (!keeps) { return arguments(out.arguments); }
        do {
            if (!room(out.arguments.size())) { return false; }
            if (!out.arguments.empty() && take_sign("*")) {
                out.every_column = true;
                break;
            }
            auto argument = expression();
            if (!argument) { return false; }
            if (!out.arguments.empty() && argument->kind != Expression::Kind::column) {
                fail(QueryErrc::expected_column, argument->at);
                return false;
            }
            out.arguments.push_back(std::move(*argument));
        } while (take_sign(","));
        return want_sign(")");
    }

    bool sort(Pipe& pipe) {
        if (!by()) { return false; }
        do {
            if (!room(pipe.keys.size()) || !sort_key(pipe.keys.emplace_back(), true)) { return false; }
        } while (take_sign(","));
        return !failed();
    }

    /// expression ["asc" | "desc"] ["nulls" ("first" | "last")]
    bool sort_key(SortKey& key, bool ascending) {
        auto value = expression();
        if (!value) { return false; }
        key.expression = std::move(*value);
        key.ascending = ascending;
        if (take_word("asc")) {
            key.ascending = true;
        } else if (take_word("desc")) {
            key.ascending = false;
        }
        key.nulls_first = key.ascending;
        if (!take_word("nulls")) { return !failed(); }
        if (take_word("first")) {
            key.nulls_first = true;
        } else if (take_word("last")) {
            key.nulls_first = false;
        } else {
            fail_here(QueryErrc::expected_word, "\"first\" or \"last\" after \"nulls\"");
        }
        return !failed();
    }

    std::size_t joins_ = 0; ///< that the parser is inside of
};

} // namespace

bool is_followed(const Pipeline& pipes) noexcept {
    return !pipes.empty() && pipes.back().kind == Pipe::Kind::tail;
}

std::string default_name(const Expression& expression) {
    if (expression.kind == Expression::Kind::column) { return expression.text; }
    const bool binned = expression.kind == Expression::Kind::call && expression.scalar == Scalar::bin &&
                        expression.arguments.front().kind == Expression::Kind::column;
    return binned ? expression.arguments.front().text : std::string();
}

std::string default_name(const Aggregate& aggregate) {
    const std::string_view prefix = entry_of(aggregate.kind).column;
    if (aggregate.arguments.empty()) { return std::string(prefix); }
    const Expression& value = aggregate.arguments.front();
    std::string column = value.kind == Expression::Kind::column ? value.text : std::string();
    if (prefix.empty()) { return column; }
    std::string name = fmt::format("{}{}", prefix, column);
    if (aggregate.kind != AggregateKind::percentile || aggregate.arguments.size() != 2) { return name; }
    const Expression& part = aggregate.arguments[1];
    if (part.literal_type == QueryType::integer) { return fmt::format("{}_{}", name, part.number); }
    return part.literal_type == QueryType::real ? fmt::format("{}_{}", name, part.real) : name;
}

common::Result<Pipeline, QueryProblem> parse_pipes(std::string_view text, std::size_t at,
                                                   std::vector<QueryReference>& references) {
    return PipeParser(text, at, references).run(text.substr(at).starts_with('|'));
}

} // namespace canhgac::storage
