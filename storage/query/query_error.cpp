#include "storage/query/query_error.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace canhgac::storage {

namespace {

std::string_view head_message(QueryErrc code) noexcept {
    switch (code) {
    case QueryErrc::expected_term:
        return "expected a word, a \"phrase\", a /regex/, field:value or \"(\"";
    case QueryErrc::expected_value:
        return "expected a value directly after \":\"";
    case QueryErrc::expected_number:
        return "expected a number";
    case QueryErrc::expected_time:
        return "expected a time such as 2026-11-22 or 2026-11-22T08:30:00+07:00";
    case QueryErrc::expected_range_end:
        return "expected a range such as [1..9]";
    case QueryErrc::expected_close:
        return "expected \")\"";
    case QueryErrc::unexpected_close:
        return "\")\" closes nothing";
    case QueryErrc::unclosed_phrase:
        return "the phrase has no closing quote";
    case QueryErrc::unclosed_regex:
        return "the regular expression has no closing \"/\"";
    case QueryErrc::bad_regex:
        return "not a regular expression (RE2 syntax)";
    case QueryErrc::bad_network:
        return "not a network: prefix too long or host bits set";
    case QueryErrc::bad_duration:
        return "expected a duration such as 90s, 15m, 24h, 7d, 2w";
    case QueryErrc::last_in_group:
        return "\"last\" stands outside of groups, OR and NOT";
    case QueryErrc::last_in_step:
        return "\"last\" stands in the head of the query, not in a step of a sequence";
    case QueryErrc::expected_reference:
        return "expected the id or title of a rule, or the id of an alert, in quotes";
    case QueryErrc::pipe_in_group:
        return "\"|\" inside a group: close it with \")\" before, or quote the text";
    case QueryErrc::too_long:
        return "the query is longer than 64 KiB";
    case QueryErrc::too_deep:
        return "too many groups in one another";
    case QueryErrc::bad_utf8:
        return "the query is not valid UTF-8";
    default:
        return "";
    }
}

std::string_view pipe_message(QueryErrc code) noexcept {
    switch (code) {
    case QueryErrc::expected_pipe:
        return "expected a step after \"|\": where, project, project-away, extend, take, distinct, summarize, top, "
               "sort, count, rare, facets, sequence, around, proctree, mv-expand, parse, join, lookup, tail";
    case QueryErrc::unknown_pipe:
        return "unknown step";
    case QueryErrc::expected_expression:
        return "expected a value, a column or a function";
    case QueryErrc::expected_column:
        return "expected the name of a column";
    case QueryErrc::expected_name:
        return "give it a name: name = ...";
    case QueryErrc::expected_count:
        return "expected a whole number from 1 to 1000000";
    case QueryErrc::unexpected_text:
        return "expected \"|\" or the end of the query";
    case QueryErrc::bad_string_escape:
        return "unknown escape: write \\\\ for a backslash, or @\"...\"";
    case QueryErrc::bad_literal:
        return "not a number, time or duration that exists";
    case QueryErrc::unknown_function:
        return "unknown function";
    case QueryErrc::unknown_aggregate:
        return "unknown aggregate";
    case QueryErrc::aggregate_here:
        return "an aggregate stands in \"summarize\" only";
    case QueryErrc::scalar_here:
        return "expected an aggregate: count, countif, dcount, sum, min, max, avg, stdev, percentile, make_set, "
               "arg_max, arg_min, take_any";
    default:
        return "";
    }
}

std::string_view source_message(QueryErrc code) noexcept {
    switch (code) {
    case QueryErrc::expected_span:
        return "expected a duration above zero such as 90s, 15m, 24h, 7d, 2w";
    case QueryErrc::expected_step:
        return "expected a step of the sequence, which begins with \"[\"";
    case QueryErrc::too_long_sequence:
        return "a sequence has at most 16 steps and 1000 events";
    case QueryErrc::pattern_text:
        return "expected a text in quotes between two columns, or between \"*\" and a column: only a "
               "number ends by itself";
    case QueryErrc::pattern_columns:
        return "the pattern has no column";
    case QueryErrc::tree_argument:
        return "proctree takes root=, id= and parent=, and may take depth= and up=, each once";
    case QueryErrc::too_many_joins:
        return "more than 8 joins in one another";
    case QueryErrc::needs_events:
        return "this step stands before those that make a table";
    case QueryErrc::made_column:
        return "events share fields, not columns that a step before has made";
    case QueryErrc::needs_table:
        return "the query of a join must end in a table: use \"project\" or \"summarize\"";
    case QueryErrc::behind_tail:
        return "nothing stands behind \"tail\": it is the last step";
    case QueryErrc::tail_in_join:
        return "\"tail\" follows a whole query, not the one inside a join";
    case QueryErrc::not_by_row:
        return "before \"tail\" stand steps that look at one row: where, project, project-away, extend, take, "
               "mv-expand, parse, lookup";
    case QueryErrc::tail_here:
        return "this answer has an end: follow with \"canhgac tail\" or GET /api/v1/tail";
    case QueryErrc::unknown_rule:
        return "no rule in use has this id or title";
    case QueryErrc::unknown_alert:
        return "there is no alert with this id";
    case QueryErrc::unknown_table:
        return "there is no such table";
    case QueryErrc::no_rules:
        return "rules, alerts and tables are known to a running server only";
    default:
        return "";
    }
}

std::string_view plan_message(QueryErrc code) noexcept {
    switch (code) {
    case QueryErrc::cannot_compare:
        return "values of these types are never equal, less or greater";
    case QueryErrc::expected_bool:
        return "expected a condition, which is true or false";
    case QueryErrc::regex_literal:
        return "\"matches regex\" takes a text written in the query";
    case QueryErrc::unknown_column:
        return "no such column after the steps before";
    case QueryErrc::duplicate_column:
        return "there is a column of this name already: name it otherwise";
    case QueryErrc::star_of_events:
        return "\"*\" needs a table: events have no fixed columns; name them, or use \"project\" before";
    case QueryErrc::window_place:
        return "prev() and next() stand directly in \"extend ... by\", after \"sort\"";
    case QueryErrc::too_many_pipes:
        return "more than 32 steps";
    case QueryErrc::too_many_columns:
        return "more than 256 columns (64 to share in around)";
    case QueryErrc::too_many_nodes:
        return "more than 2048 values, columns and functions";
    case QueryErrc::expected_word:
        return "expected another word";
    case QueryErrc::argument_count:
        return "wrong number of arguments";
    case QueryErrc::argument_type:
        return "a value of the wrong type";
    case QueryErrc::not_built:
        return "this part of the language is not supported yet";
    default:
        return "not a query";
    }
}

} // namespace

QueryError locate(std::string_view text, QueryProblem problem) {
    QueryError result{problem.code, 1, 1, std::move(problem.word)};
    for (std::size_t i = 0; i < std::min(problem.offset, text.size()); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte == '\n') {
            ++result.line;
            result.column = 1;
        } else if ((byte & 0xC0U) != 0x80U) {
            ++result.column;
        }
    }
    return result;
}

std::string_view to_string(QueryErrc code) noexcept {
    if (const auto text = head_message(code); !text.empty()) { return text; }
    if (const auto text = pipe_message(code); !text.empty()) { return text; }
    if (const auto text = source_message(code); !text.empty()) { return text; }
    return plan_message(code);
}

std::string message(const QueryError& error) {
    switch (error.code) {
    case QueryErrc::not_built:
        return fmt::format("\"{}\" is not supported yet", error.word);
    case QueryErrc::expected_word:
        return fmt::format("expected {}", error.word);
    case QueryErrc::argument_count:
        return fmt::format("wrong number of arguments: {}", error.word);
    case QueryErrc::argument_type:
        return fmt::format("expected a value of type {}", error.word);
    case QueryErrc::needs_events:
        return fmt::format(
            "\"{}\" needs events: it stands before project, distinct, summarize, count, rare, facets and "
            "sequence",
            error.word);
    case QueryErrc::not_by_row:
        return fmt::format("\"{}\" needs more than one row: {}", error.word, to_string(error.code));
    case QueryErrc::unknown_table:
        return fmt::format("there is no table of this name; there are: {}", error.word);
    case QueryErrc::tree_argument:
        return fmt::format("{}: {}", to_string(error.code), error.word);
    default:
        break;
    }
    if (error.word.empty()) { return std::string(to_string(error.code)); }
    return fmt::format("{}; did you mean \"{}\"?", to_string(error.code), error.word);
}

std::string describe(const QueryError& error) {
    return fmt::format("{}:{}: {}", error.line, error.column, message(error));
}

} // namespace canhgac::storage
