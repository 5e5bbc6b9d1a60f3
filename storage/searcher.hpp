/// Finds stored events: queries newest first, scans and tails in commit order. Reads micro-blocks that days, zone maps
/// and texts did not rule out.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "event/store.hpp"
#include "storage/block_reader.hpp"
#include "storage/day_book.hpp"
#include "storage/field_dict.hpp"
#include "storage/journal_db.hpp"
#include "storage/source_book.hpp"

namespace canhgac::storage {

class RowFilter;

/// Thread safe: every call works on its own snapshot and memory.
class Searcher {
public:
    Searcher(const JournalDb& db, const FieldDict& dict, const SourceBook& sources, const DayBook& days,
             std::size_t query_bytes) noexcept
        : db_(&db), dict_(&dict), sources_(&sources), days_(&days), query_bytes_(query_bytes) {}

    using Outcome = common::Result<event::QueryStats, std::error_code>;
    /// See event::EventStore::query. Errors: invalid_argument (a pattern), not_enough_memory (rows held back for order
    /// exceed the limit), bad_message (damage), io_error.
    [[nodiscard]] Outcome query(const event::QueryPlan& plan, const event::RowVisitor& visit,
                                const std::atomic<bool>* cancelled) const;
    [[nodiscard]] Outcome scan(common::Nanos from, common::Nanos to, const event::RowVisitor& visit) const;
    [[nodiscard]] common::Result<std::uint64_t, std::error_code> tail(std::uint64_t position,
                                                                      const event::Filter& filter, std::uint64_t limit,
                                                                      const event::RowVisitor& visit) const;

private:
    struct Candidate {
        BlockKey key;
        common::Nanos max_time = 0;
    };
    class Names;
    class Order;

    /// Blocks of one day that may have rows in [from, to) and match; counts those that may not.
    [[nodiscard]] std::error_code candidates(std::uint16_t day, common::Nanos from, common::Nanos to,
                                             const RowFilter* filter, const SnapshotGuard& snapshot,
                                             event::QueryStats& stats, std::vector<Candidate>& out) const;
    /// Opens a block and calls `take` for each of its rows in [from, to) that matches and was not left out or dropped;
    /// false from it stops. A block that is gone has no rows.
    template <typename Take>
    [[nodiscard]] std::error_code read_block(const BlockKey& key, common::Nanos from, common::Nanos to,
                                             RowFilter* filter, const SnapshotGuard& snapshot, BlockReader& reader,
                                             event::QueryStats& stats, const Take& take) const;

    const JournalDb* db_;
    const FieldDict* dict_;
    const SourceBook* sources_;
    const DayBook* days_;
    std::size_t query_bytes_;
};

} // namespace canhgac::storage
