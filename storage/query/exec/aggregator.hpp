/// The aggregates of `summarize`: one object a column keeps the state of every group.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "event/arena.hpp"
#include "storage/query/planner.hpp"

namespace canhgac::storage {

/// Groups are 0, 1, ... in the order of add_group(). Nulls are left out of all but count(). Not thread safe.
class Aggregator {
public:
    virtual ~Aggregator() = default;
    /// Bytes a new group takes.
    virtual std::size_t add_group() = 0;
    /// Takes the arguments of one row into a group; bytes by which it grew.
    virtual std::size_t add(std::size_t group, std::span<const QueryValue> arguments) = 0;
    /// Writes the results of a group, one for most; texts and lists view the state or `arena`.
    virtual void result(std::size_t group, std::span<QueryValue> out, event::Arena& arena) const = 0;
};

[[nodiscard]] std::unique_ptr<Aggregator> make_aggregator(const PlannedAggregate& plan);

/// A 64-bit hash of a value; equal values (order_values) have equal ones.
[[nodiscard]] std::uint64_t hash_of(const QueryValue& value);
[[nodiscard]] std::uint64_t hash_of(std::string_view bytes) noexcept;

} // namespace canhgac::storage
