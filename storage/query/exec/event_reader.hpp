/// Fields of an event as values of a row.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "event/arena.hpp"
#include "event/store.hpp"
#include "storage/query/planner.hpp"

namespace canhgac::storage {

/// A field's value as the language sees it.
[[nodiscard]] QueryValue value_of(const event::Field& field) noexcept;

/// Not thread safe.
class EventReader {
public:
    /// `fields` outlive it; `width` is that of their frame.
    EventReader(const std::vector<PlannedColumn>& fields, std::size_t width) : fields_(&fields), slots_(width) {}
    /// The row, whose fields are those of `event`. It and what it views live until the next call; texts that are made
    /// and lists are in `scratch`.
    [[nodiscard]] std::span<QueryValue> read(const event::StoredEvent& event, event::Arena& scratch);

private:
    QueryValue value(const event::StoredEvent& event, std::string_view name, event::Arena& scratch);

    const std::vector<PlannedColumn>* fields_;
    std::vector<QueryValue> slots_;
    std::vector<QueryValue> items_; ///< several values of one field
};

} // namespace canhgac::storage
