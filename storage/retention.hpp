/// Forgetting by policy: a day's segments go with its folder, whole micro-blocks of it are deleted, rows of it in mixed
/// ones are marked; the chain keeps its records.
#pragma once

#include <cstdint>
#include <system_error>

#include "common/clock.hpp"
#include "event/store.hpp"
#include "storage/committer.hpp"
#include "storage/day_book.hpp"
#include "storage/day_store.hpp"
#include "storage/journal_db.hpp"
#include "storage/order_book.hpp"
#include "storage/sealer.hpp"

namespace canhgac::storage {

struct DropParts {
    JournalDb& db;
    DayBook& days;
    DayStores& stores;
    Committer& committer;
    Sealer& sealer;
    OrderBook& orders;
};

/// Drops every event of a UTC day of event time committed so far, and writes the order down with it. Stops sealing and
/// commits meanwhile (mixed micro-blocks are read). Events of before 1970 go with the first day.
[[nodiscard]] std::error_code drop_day(const DropParts& parts, std::int32_t day, const event::DropOrder& order,
                                       common::Nanos now);

} // namespace canhgac::storage
