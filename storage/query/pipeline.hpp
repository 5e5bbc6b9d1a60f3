/// The pipes of a query as read: expressions, aggregates and steps. Grammar: docs/reference/query-language.md
/// (STORAGE.md section 3). Values only; what they mean is in planner.hpp (names, types) and exec/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/query_plan.hpp"
#include "storage/query/value.hpp"

namespace canhgac::storage {

/// Operators and scalar functions; catalog.hpp has their names, arguments and types.
enum class Scalar : std::uint8_t {
    logical_or,
    logical_and,
    logical_not,
    equal,
    equal_folded, ///< =~
    less,
    less_equal,
    greater,
    greater_equal,
    has,
    contains,
    starts_with,
    ends_with,
    matches_regex,
    in,
    in_folded, ///< in~
    has_any,
    has_all,
    between,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    negate,
    to_lower,
    to_upper,
    string_length,
    substring,
    split,
    base_name,
    directory_name,
    is_null,
    is_not_null,
    is_empty,
    is_not_empty,
    if_then,
    case_of,
    coalesce,
    to_text,
    to_long,
    to_real,
    to_bool,
    to_datetime,
    to_timespan,
    now,
    ago,
    bin,
    concatenate,
    array_length,
    ipv4_is_in_range,
    registered_domain,
    previous, ///< prev(c): in `extend ... by` only
    next,
};

enum class AggregateKind : std::uint8_t {
    count,
    count_if,
    distinct_count,
    sum,
    average,
    minimum,
    maximum,
    deviation,
    percentile,
    make_set,
    arg_max,
    arg_min,
    take_any,
};

struct Expression {
    enum class Kind : std::uint8_t { literal, column, call };
    Kind kind = Kind::literal;
    Scalar scalar{};                          ///< of a call
    bool negated = false;                     ///< != !~ !has !contains !startswith !endswith !in !in~ !between
    QueryType literal_type = QueryType::null; ///< null boolean integer real timespan datetime string
    std::int64_t number = 0;                  ///< of a literal boolean, integer, timespan, datetime
    double real = 0.0;
    std::string text; ///< of a literal string, or the column's name
    std::vector<Expression> arguments;
    std::uint32_t at = 0; ///< byte offset in the query
};

struct NamedExpression {
    std::string name;
    Expression expression;
};

struct Aggregate {
    std::string name;
    AggregateKind kind{};
    std::vector<Expression> arguments; ///< of arg_max and arg_min: the value, then the columns to keep
    bool every_column = false;         ///< arg_max(c, *)
    std::uint32_t at = 0;
};

struct SortKey {
    Expression expression;
    bool ascending = true;
    bool nulls_first = true;
};

struct Pipe;
using Pipeline = std::vector<Pipe>;

/// Whether the query is to be followed: its last step is `tail`.
[[nodiscard]] bool is_followed(const Pipeline& pipes) noexcept;

/// A rule or an alert named in a head.
struct QueryReference {
    event::Filter::Kind kind{}; ///< rule or alert
    std::string name;
    std::size_t at = 0; ///< byte offset in the query
};

/// A query as read: the whole one, or one inside `join`.
struct ParsedQuery {
    event::Filter filter;
    std::optional<common::Nanos> last;      ///< `last DURATION`; of several the shortest
    Pipeline pipes;                         ///< steps after the head; names and types are checked
    std::vector<QueryReference> references; ///< of the whole query, also those inside steps
};

/// One step of `sequence`: [head | where condition] with runs N.
struct SequencePart {
    event::Filter filter;
    std::optional<Expression> condition;
    std::uint64_t runs = 1;
};

enum class JoinKind : std::uint8_t { inner, left_outer, left_anti, left_semi };

/// One piece of the pattern of `parse`.
struct PatternPiece {
    enum class Kind : std::uint8_t { text, capture, skip };
    Kind kind = Kind::text;
    std::string text;                   ///< the text, or the name of the column
    QueryType type = QueryType::string; ///< of a capture: boolean integer real timespan datetime string
    std::uint32_t at = 0;
};

struct ProcessTree {
    std::string root;
    std::string id; ///< names of columns
    std::string parent;
    std::uint64_t depth = 0; ///< generations below the root
    std::uint64_t up = 0;    ///< above
};

struct Pipe {
    enum class Kind : std::uint8_t {
        where,
        project,
        project_away,
        extend,
        take,
        distinct,
        summarize,
        top,
        sort,
        count,
        rare,
        facets,
        sequence,
        around,
        process_tree,
        expand,
        parse,
        join,
        lookup,
        tail, ///< the last one: the rows of what is committed from now on
    };
    Kind kind{};
    Expression condition; ///< where
    std::vector<NamedExpression>
        columns;                         ///< project, project-away, extend, distinct, rare, facets; summarize: the keys
    std::vector<NamedExpression> groups; ///< extend ... by
    std::vector<Aggregate> aggregates;   ///< summarize
    std::vector<SortKey> keys;           ///< sort; one of top
    std::uint64_t count = 0;             ///< take, top; rare: most hosts
    bool every_column = false;           ///< distinct *
    std::uint32_t at = 0;
    std::int64_t span = 0;            ///< sequence, around: nanoseconds; its columns stand in `columns`
    std::vector<SequencePart> parts;  ///< sequence
    std::vector<PatternPiece> pieces; ///< parse
    ProcessTree tree;
    JoinKind join = JoinKind::inner;
    std::vector<ParsedQuery> right; ///< join: one
    std::string table;              ///< lookup
};

inline constexpr std::size_t kMaxPipes = 32;
inline constexpr std::size_t kMaxPipeColumns = 256;       ///< of one pipe
inline constexpr std::size_t kMaxExpressionNodes = 2'048; ///< of a query
inline constexpr std::uint64_t kMaxTakeRows = 1'000'000;  ///< take, top
inline constexpr std::uint64_t kDefaultRareHosts = 3;
inline constexpr std::size_t kMaxSequenceParts = 16;
inline constexpr std::uint64_t kMaxSequenceEvents = 1'000; ///< of one match
inline constexpr std::size_t kMaxAroundColumns = 64;
inline constexpr std::size_t kMaxJoins = 8;           ///< in one another
inline constexpr std::uint64_t kMaxGenerations = 100; ///< proctree
inline constexpr std::uint64_t kDefaultGenerations = 10;

} // namespace canhgac::storage
