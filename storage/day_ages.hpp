/// How old the days of the store are that may be forgotten.
#pragma once

#include <system_error>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "storage/journal_db.hpp"
#include "storage/retention_policy.hpp"

namespace canhgac::storage {

/// Days with events, ascending, that were over at `old` or begin after `ahead`. Of sealed events the last commit of
/// their run counts, up to SealOptions::after later than their own. Reads the catalogue, zone maps, and of the
/// micro-blocks those alone that have events of several days. Thread safe. Errors: bad_message (damage), io_error.
[[nodiscard]] common::Result<std::vector<DayAge>, std::error_code> day_ages(const JournalDb& db, common::Nanos old,
                                                                            common::Nanos ahead);

} // namespace canhgac::storage
