/// What can be wrong with a query, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace canhgac::storage {

enum class QueryErrc : std::uint8_t {
    expected_term,      ///< a word, a phrase, /regex/, field:value or "("
    expected_value,     ///< a value directly after ":"
    expected_number,    ///< after a comparison
    expected_time,      ///< after a comparison of a time field
    expected_range_end, ///< ".." or "]"
    expected_close,     ///< ")"
    unexpected_close,   ///< ")" without "("
    unclosed_phrase,
    unclosed_regex,
    bad_regex,
    bad_network, ///< host bits set or prefix too long
    bad_duration,
    last_in_group,      ///< `last` inside "(", OR or NOT
    last_in_step,       ///< `last` inside a step of a sequence
    expected_reference, ///< the id or title of a rule, or the id of an alert, in quotes
    pipe_in_group,      ///< "|" inside "("
    too_long,
    too_deep,
    bad_utf8,
    not_built, ///< `word` is part of the language, but not of this release
    // Pipes.
    expected_pipe,       ///< a step after "|"
    unknown_pipe,        ///< `word`: what it may have been
    expected_expression, ///< a value, a column, a function
    expected_column,
    expected_word,   ///< `word`
    expected_name,   ///< "name =" before something that has none of its own
    expected_count,  ///< a whole number, 1 to kMaxTakeRows
    unexpected_text, ///< after a step: neither "|" nor the end
    bad_string_escape,
    bad_literal, ///< a number, datetime(...) or timespan that does not exist
    unknown_function,
    unknown_aggregate,
    aggregate_here, ///< an aggregate outside of summarize
    scalar_here,    ///< a scalar function where summarize wants an aggregate
    argument_count, ///< `word`: how it is called
    argument_type,  ///< `word`: the type wanted
    cannot_compare, ///< two types that never compare
    expected_bool,  ///< where, and, or, not
    regex_literal,  ///< `matches regex` takes a text that stands in the query
    unknown_column, ///< `word`: what it may have been
    duplicate_column,
    star_of_events, ///< arg_max(c, *) or distinct * while rows are events
    window_place,   ///< prev() and next() outside of `extend ... by`
    expected_span,  ///< a duration such as 15m, above zero
    expected_step,  ///< "[" of a step of a sequence
    too_long_sequence,
    pattern_text,    ///< between two columns of a pattern, or "*" and a column, there is no text
    pattern_columns, ///< a pattern without a column
    tree_argument,   ///< `word`: an argument of proctree that is missing or stands twice
    too_many_joins,
    needs_events, ///< `word`: a step that stands behind one that makes a table
    made_column,  ///< around by a column that a step made
    needs_table,  ///< the query of a join gives events
    behind_tail,  ///< a step behind `tail`
    tail_in_join, ///< `tail` in the query of a join
    not_by_row,   ///< `word`: a step before `tail` that needs more than the row at hand
    tail_here,    ///< `tail` where the answer has to end
    // Known only to the running program.
    unknown_rule,
    unknown_alert,
    unknown_table, ///< `word`: those there are
    no_rules,      ///< asked without the program's rules, alerts or tables
    too_many_pipes,
    too_many_columns,
    too_many_nodes,
};

struct QueryError {
    QueryErrc code{};
    std::uint32_t line = 1;   ///< from 1
    std::uint32_t column = 1; ///< from 1, in characters
    std::string word{};       ///< what was wanted or meant, see QueryErrc; often empty
};

/// An error at a byte offset, before its line and column are counted.
struct QueryProblem {
    QueryErrc code{};
    std::size_t offset = 0;
    std::string word{};
};

/// Counts line and column of `problem` in `text`.
[[nodiscard]] QueryError locate(std::string_view text, QueryProblem problem);

/// What was wrong or expected, in English, without `word`, e.g. "expected a number".
[[nodiscard]] std::string_view to_string(QueryErrc code) noexcept;
/// The whole message, e.g. "unknown function; did you mean \"tolower\"?".
[[nodiscard]] std::string message(const QueryError& error);
/// "1:14: expected a value directly after ':'".
[[nodiscard]] std::string describe(const QueryError& error);

} // namespace canhgac::storage
