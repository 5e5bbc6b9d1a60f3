/// The pipes made ready to run: every name a slot, every expression a type, `rare` spelled out. Finds what is wrong
/// with names and types before anything is read.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "storage/query/pipeline.hpp"
#include "storage/query/query_error.hpp"

namespace canhgac::text {
class Regex;
} // namespace canhgac::text

namespace canhgac::storage {

/// Index into a row's values.
using QuerySlot = std::uint32_t;

struct PlannedExpression {
    Expression::Kind kind = Expression::Kind::literal;
    Scalar scalar{};
    bool negated = false;
    QueryType type = QueryType::any; ///< any: only the data tells
    QueryValue literal;              ///< views QueryProgram::texts
    QuerySlot slot = 0;              ///< of a column
    std::vector<PlannedExpression> arguments;
    std::shared_ptr<const text::Regex> regex; ///< of `matches regex`
};

struct PlannedColumn {
    std::string name;
    QueryType type = QueryType::any;
    QuerySlot slot = 0;
};

struct PlannedAggregate {
    AggregateKind kind{};
    std::vector<PlannedExpression> arguments;
    double fraction = 0.0;  ///< percentile, 0 to 1
    std::uint64_t most = 0; ///< make_set
    QuerySlot slot = 0;     ///< of its first result; arg_max and arg_min have one for each argument
};

struct PlannedKey {
    PlannedExpression expression;
    bool ascending = true;
    bool nulls_first = true;
};

/// prev(c) or next(c): `from` of the row before or behind, to be had in `to`.
struct PlannedNeighbour {
    QuerySlot from = 0;
    QuerySlot to = 0;
    bool behind = false; ///< next()
};

struct PlannedPart {
    event::Filter filter;
    std::optional<PlannedExpression> condition;
    std::uint64_t runs = 1;
};

struct PlannedPiece {
    PatternPiece::Kind kind = PatternPiece::Kind::text;
    std::string text;
    QueryType type = QueryType::string;
    QuerySlot slot = 0;    ///< of a capture
    bool is_front = false; ///< of a capture: only as much of the text as is a number
};

struct PlannedJoin;

struct PlannedStep {
    Pipe::Kind kind{};
    PlannedExpression condition;                                      ///< where
    std::vector<std::pair<QuerySlot, PlannedExpression>> assignments; ///< project, extend
    std::vector<PlannedNeighbour> neighbours;                         ///< extend with prev() or next()
    std::vector<QuerySlot> groups;                                    ///< extend ... by
    /// summarize, distinct, facets, sequence: the result's slots 0, 1, ...; around: of the hits; process_tree: id and
    /// parent; expand, parse, lookup: what they look at; join: the left keys
    std::vector<PlannedExpression> by;
    std::vector<PlannedAggregate> aggregates; ///< summarize
    std::vector<PlannedKey> keys;             ///< sort, top
    std::vector<std::string> names;           ///< facets: of `by`
    std::uint64_t count = 0;                  ///< take, top
    std::vector<QuerySlot> made;              ///< expand, process_tree, lookup, join: what they put beside a row
    std::vector<PlannedExpression> shared;    ///< around: `by` of the events around
    std::vector<PlannedPart> parts;           ///< sequence
    std::vector<PlannedPiece> pieces;         ///< parse
    common::Nanos span = 0;                   ///< sequence, around
    bool with_raws = false;                   ///< sequence
    ProcessTree tree;
    JoinKind join = JoinKind::inner;
    std::shared_ptr<const PlannedJoin> right;
    std::string table;      ///< lookup
    std::size_t frame = 0;  ///< of the rows it takes
    bool new_frame = false; ///< what it gives are rows of frame + 1
    bool any_order = false; ///< summarize, count: takes events in any order and gives the groups of newer ones first
};

/// Moves, does not copy: literals view its own texts.
struct QueryProgram {
    QueryProgram() = default;
    QueryProgram(QueryProgram&&) = default;
    QueryProgram& operator=(QueryProgram&&) = default;
    QueryProgram(const QueryProgram&) = delete;
    QueryProgram& operator=(const QueryProgram&) = delete;
    ~QueryProgram() = default;

    std::vector<std::vector<PlannedColumn>> fields; ///< what is read of an event, by name, into each frame of events
    std::vector<PlannedStep> steps;
    std::vector<std::size_t> widths; ///< slots of each frame
    bool events = true;              ///< the result is events, with `columns` put over their fields; else a table
    std::vector<PlannedColumn> columns;
    std::vector<std::string> removed; ///< fields taken from events
    std::deque<std::string> texts;
};

/// The query inside a join: run first, its rows are kept.
struct PlannedJoin {
    ParsedQuery query;
    QueryProgram program;
    std::vector<std::size_t> keys;   ///< of `program.columns`, in the order of `on`
    std::vector<std::size_t> values; ///< of `program.columns`, put into PlannedStep::made
};

/// Errors carry the byte offset that the expressions do. Thread safe.
[[nodiscard]] common::Result<QueryProgram, QueryProblem> plan_pipes(const Pipeline& pipes);

inline constexpr std::uint64_t kDefaultSetSize = 1'000;
inline constexpr std::uint64_t kMaxSetSize = 100'000;
inline constexpr std::size_t kFacetValues = 10;
/// What `lookup` adds, in the order of event::LookupHit.
inline constexpr std::array<std::string_view, 4> kLookupColumns = {"ioc.name", "ioc.type", "ioc.list", "ioc.level"};

} // namespace canhgac::storage
