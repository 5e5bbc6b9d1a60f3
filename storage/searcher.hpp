/// Finds stored events: queries newest first, scans and tails in commit order. Reads the micro-blocks of the journal
/// and the blocks of segments that days, zone maps and texts did not rule out. One snapshot of the journal says which
/// events are where, so that each is seen once whatever is sealed meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "event/store.hpp"
#include "storage/block_reader.hpp"
#include "storage/day_book.hpp"
#include "storage/field_dict.hpp"
#include "storage/held_row.hpp"
#include "storage/hold_stores.hpp"
#include "storage/journal_db.hpp"
#include "storage/sealed_reader.hpp"
#include "storage/source_book.hpp"

namespace canhgac::storage {

class RowFilter;

/// Thread safe: every call works on its own snapshot and memory.
class Searcher {
public:
    Searcher(const JournalDb& db, const FieldDict& dict, const SourceBook& sources, const SealedReader& sealed,
             HoldStores& holds, std::size_t query_bytes) noexcept
        : db_(&db), dict_(&dict), sources_(&sources), sealed_(&sealed), holds_(&holds), query_bytes_(query_bytes) {}

    using Outcome = common::Result<event::QueryStats, std::error_code>;
    /// See event::EventStore::query. Finds events under legal hold too, once their day was dropped. Errors:
    /// invalid_argument (a pattern), not_enough_memory (rows held back for order exceed the limit), bad_message
    /// (damage), io_error.
    [[nodiscard]] Outcome query(const event::QueryPlan& plan, const event::RowVisitor& visit,
                                const std::atomic<bool>* cancelled) const;
    [[nodiscard]] Outcome scan(common::Nanos from, common::Nanos to, const event::RowVisitor& visit) const;
    [[nodiscard]] common::Result<std::uint64_t, std::error_code> tail(std::uint64_t position,
                                                                      const event::Filter& filter, std::uint64_t limit,
                                                                      const event::RowVisitor& visit) const;

    /// Every stored event of the plan, in no order and without limit, until `take` returns false. Holds are not looked
    /// at; a day that cannot be reached is an error (no_such_device).
    [[nodiscard]] std::error_code each(const event::QueryPlan& plan,
                                       const std::function<bool(const BlockRow&)>& take) const;

private:
    /// A block to read: of a segment if there is one, else of the journal.
    struct Candidate {
        common::Nanos max_time = 0;
        BlockKey key; ///< of a segment's block only seq counts, its least
        std::shared_ptr<const OpenSegment> segment;
        std::size_t block = 0;
    };
    /// What of a block is wanted: rows in [from, to) that match, if there is a filter.
    struct Wanted {
        common::Nanos from;
        common::Nanos to;
        RowFilter* filter;
        RowParts parts; ///< of rows to be given out
    };
    /// Memory of one call.
    struct Readers {
        BlockReader journal;
        SegmentReader segment;
    };
    class Names;
    class Order;

    /// The days of the snapshot: those of the store's DayBook may be older or newer.
    [[nodiscard]] std::error_code read_days(const SnapshotGuard& snapshot, DayBook& book) const;
    /// Blocks of holds that may have rows wanted of days that were dropped, by the day of their newest event.
    [[nodiscard]] std::error_code held_candidates(const Wanted& wanted, const DayBook& book, event::QueryStats& stats,
                                                  std::map<std::uint16_t, std::vector<Candidate>>& out) const;
    /// Blocks of one day that may have rows wanted; counts those that may not.
    [[nodiscard]] std::error_code candidates(std::uint16_t day, const Wanted& wanted, const SnapshotGuard& snapshot,
                                             event::QueryStats& stats, std::vector<Candidate>& out) const;
    [[nodiscard]] std::error_code sealed_candidates(std::uint16_t day, const Wanted& wanted,
                                                    const SnapshotGuard& snapshot, event::QueryStats& stats,
                                                    std::vector<Candidate>& out) const;
    /// Both; of a day outside of what is wanted none.
    using Day = std::map<std::uint16_t, DaySummary>::value_type;
    [[nodiscard]] std::error_code stored_candidates(const Day& day, const Wanted& wanted, const SnapshotGuard& snapshot,
                                                    event::QueryStats& stats, std::vector<Candidate>& out) const;
    [[nodiscard]] static bool may_have(const ZoneRecord& zone, const Wanted& wanted);
    /// Opens a block and calls `take` for each of its rows that is wanted and was not left out or dropped; false from
    /// it stops. Rows of a segment come newest first, those of the journal in batch order. False: the block is gone.
    template <typename Take>
    [[nodiscard]] common::Result<bool, std::error_code> read_block(const Candidate& block, const Wanted& wanted,
                                                                   const SnapshotGuard& snapshot, Readers& readers,
                                                                   event::QueryStats& stats, const Take& take) const;
    [[nodiscard]] static SegmentReader::Status build_wanted(const Wanted& wanted, SegmentReader& block);
    template <typename Take>
    [[nodiscard]] common::Result<bool, std::error_code> read_sealed(const Candidate& block, const Wanted& wanted,
                                                                    SegmentReader& reader, event::QueryStats& stats,
                                                                    const Take& take) const;
    /// Rows of a run with seq in [first, last] that are wanted, in commit order.
    using Run = std::vector<std::unique_ptr<HeldRow>>;
    [[nodiscard]] std::error_code read_run(const RunRecord& run, std::uint64_t first, std::uint64_t last,
                                           const Wanted& wanted, const SnapshotGuard& snapshot, Readers& readers,
                                           event::QueryStats& stats, Run& out) const;

    const JournalDb* db_;
    const FieldDict* dict_;
    const SourceBook* sources_;
    const SealedReader* sealed_;
    HoldStores* holds_;
    std::size_t query_bytes_;
};

} // namespace canhgac::storage
