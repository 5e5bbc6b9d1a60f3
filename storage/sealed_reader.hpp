/// Finds and opens blocks of segments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "storage/day_book.hpp"
#include "storage/day_store.hpp"
#include "storage/journal_db.hpp"
#include "storage/seal_catalogue.hpp"
#include "storage/segment_reader.hpp"

namespace canhgac::storage {

/// One segment opened for reading.
struct OpenSegment {
    SegmentRecord record;
    std::shared_ptr<DayDb> db;
    std::vector<BlockEntry> blocks;
    bool held = false; ///< of a legal hold, which no drop of a day touches
};

/// Thread safe. The parts must outlive it.
class SealedReader {
public:
    SealedReader(const JournalDb& db, DayStores& stores, const DayBook& days) noexcept
        : db_(&db), stores_(&stores), days_(&days) {}

    /// The run that holds the batch, if one does.
    [[nodiscard]] common::Result<std::optional<RunRecord>, std::error_code> run_of(std::uint64_t seq,
                                                                                   const SnapshotGuard& snapshot) const;
    /// Segments of a day, oldest run first.
    [[nodiscard]] common::Result<std::vector<SegmentRecord>, std::error_code>
    segments(std::uint16_t day, const SnapshotGuard& snapshot) const;
    /// Segments of a run whose day was not dropped.
    [[nodiscard]] common::Result<std::vector<SegmentRecord>, std::error_code>
    segments(const RunRecord& run, const SnapshotGuard& snapshot) const;

    /// The first batch of a segment that is of no run; 0 = there is none.
    [[nodiscard]] common::Result<std::uint64_t, std::error_code> stray_segment(const SnapshotGuard& snapshot) const;

    /// Nothing: its day was dropped meanwhile. Errors: bad_message (missing or damaged), no_such_device (its volume
    /// cannot be reached), io_error.
    [[nodiscard]] common::Result<std::optional<OpenSegment>, std::error_code> open(const SegmentRecord& segment) const;
    /// Reads of a block what `steps` asks for, after SegmentReader::begin(); false: the day was dropped meanwhile.
    /// Errors as open().
    using Steps = std::function<SegmentReader::Status(SegmentReader& reader)>;
    [[nodiscard]] common::Result<bool, std::error_code> read(const OpenSegment& segment, std::size_t block,
                                                             SegmentReader& reader, const Steps& steps) const;
    /// The same for all of the block.
    [[nodiscard]] common::Result<bool, std::error_code> open(const OpenSegment& segment, std::size_t block,
                                                             SegmentReader& reader) const;

    /// The stored GramSet of a block; nothing if it cannot be read, which open() will tell.
    [[nodiscard]] static std::optional<std::string> grams(const OpenSegment& segment, std::size_t block);

private:
    [[nodiscard]] std::error_code or_unreachable(std::uint16_t day, std::error_code error) const;
    [[nodiscard]] bool dropped(std::uint16_t day) const { return days_->dropped(day).has_value(); }

    const JournalDb* db_;
    DayStores* stores_;
    const DayBook* days_;
};

} // namespace canhgac::storage
