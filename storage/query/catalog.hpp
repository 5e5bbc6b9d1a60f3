/// The words of the pipes: functions, operators, aggregates and steps with their arguments and types.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/query/pipeline.hpp"

namespace canhgac::storage {

/// How tightly an operator binds; functions bind most.
enum class Binding : std::uint8_t { disjunction = 1, conjunction, negation, comparison, sum, product, sign, call };

struct ScalarEntry {
    Scalar scalar{};
    std::string_view name; ///< or the operator's sign
    Binding binding = Binding::call;
    std::uint8_t least = 0; ///< arguments
    std::uint8_t most = 0;
    QueryType result = QueryType::any; ///< any: see planner.cpp
    std::string_view usage;            ///< e.g. "substring(text, start[, length])"
};
[[nodiscard]] const ScalarEntry& entry_of(Scalar scalar) noexcept;
/// A function by its name; operators are not found.
[[nodiscard]] const ScalarEntry* find_function(std::string_view name) noexcept;

struct AggregateEntry {
    AggregateKind kind{};
    std::string_view name;
    std::string_view column; ///< start of the default column name: "sum_"
    std::uint8_t least = 0;
    std::uint8_t most = 0;
    QueryType result = QueryType::any;
    std::string_view usage;
};
[[nodiscard]] const AggregateEntry& entry_of(AggregateKind kind) noexcept;
[[nodiscard]] const AggregateEntry* find_aggregate(std::string_view name) noexcept;

[[nodiscard]] std::string_view to_string(Pipe::Kind kind) noexcept;
[[nodiscard]] std::optional<Pipe::Kind> find_pipe(std::string_view name) noexcept;

[[nodiscard]] std::string_view to_string(JoinKind kind) noexcept;

/// A step of the language that this release does not have yet; empty if it is none.
[[nodiscard]] std::string_view not_built_yet(std::string_view name) noexcept;
/// A word that is no column name unless it stands in ["..."].
[[nodiscard]] bool is_reserved(std::string_view word) noexcept;

/// The candidate nearest to a misspelt word (Levenshtein distance of at most a third of it); empty if none is near.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string_view> candidates);
[[nodiscard]] std::string nearest_function(std::string_view word);
[[nodiscard]] std::string nearest_aggregate(std::string_view word);
[[nodiscard]] std::string nearest_pipe(std::string_view word);

/// Field aliases: _time, _received, _raw, host, user become the names they stand for.
[[nodiscard]] std::string canonical_name(std::string_view name);

} // namespace canhgac::storage
