/// Forgetting by policy: whole blocks of a day go, rows of it in mixed blocks are marked, the chain keeps its records.
#pragma once

#include <cstdint>
#include <system_error>

#include "common/clock.hpp"
#include "storage/committer.hpp"
#include "storage/day_book.hpp"
#include "storage/journal_db.hpp"

namespace canhgac::storage {

/// Drops every event of a UTC day of event time committed so far. Stops commits meanwhile (mixed blocks are read).
[[nodiscard]] std::error_code drop_day(JournalDb& db, DayBook& days, Committer& committer, std::int32_t day,
                                       common::Nanos now);

} // namespace canhgac::storage
