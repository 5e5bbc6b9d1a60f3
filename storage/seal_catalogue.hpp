/// What the journal remembers of sealed events: column families `seg` (runs, and the segment each day has of a run) and
/// `sealed` (what the chain binds of a batch beyond its stored rows). Layout: docs/reference/storage-format.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "storage/prepared.hpp"
#include "storage/segment_format.hpp"
#include "storage/sha256.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

/// Batches sealed together: all of [first_seq, last_seq] that are not in the journal still.
struct RunRecord {
    std::uint32_t run = 0;
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
    std::vector<std::uint16_t> days; ///< it has segments of, ascending; those dropped since are still named
};
/// Runs sort by their last batch: the first one at or after run_key(seq) is the one that may hold seq.
[[nodiscard]] std::string run_key(std::uint64_t last_seq);
[[nodiscard]] std::string encode(const RunRecord& run);
[[nodiscard]] std::optional<RunRecord> decode_run(std::string_view key, std::string_view value);
/// A run being written: should the process end, its segments are erased at the next start.
[[nodiscard]] std::string building_key(std::uint32_t run);

/// The segment of one day and run.
struct SegmentRecord {
    std::uint16_t day = 0;
    std::uint32_t run = 0;
    std::uint64_t rows = 0;
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
    common::Nanos min_time = 0;
    common::Nanos max_time = 0;
};
[[nodiscard]] std::string segment_prefix(std::uint16_t day);
[[nodiscard]] std::string segment_key(std::uint16_t day, std::uint32_t run);
[[nodiscard]] std::string encode(const SegmentRecord& segment);
[[nodiscard]] std::optional<SegmentRecord> decode_segment(std::string_view key, std::string_view value);

/// First bytes of the keys in `seg`.
inline constexpr char kBuildingMark = 'b';
inline constexpr char kSegmentMark = 'd';
inline constexpr char kRunMark = 'r';

/// A batch whose rows are in segments.
struct SealedBatch {
    std::uint32_t rows = 0;               ///< leaves of its root
    RowSet duplicates;                    ///< as in the chain record
    RowSet dropped;                       ///< forgotten before it was sealed
    std::vector<std::uint16_t> days;      ///< of its rows that are not duplicates, ascending
    std::vector<std::uint32_t> day_index; ///< for each row, into days; empty if they are all of one day
    std::vector<Digest> leaves;           ///< of every row if there is a day_index, else of the duplicates, in order
};
[[nodiscard]] std::string encode(const SealedBatch& batch);
[[nodiscard]] std::optional<SealedBatch> decode_sealed_batch(std::string_view value);

/// Key of a chunk in a day's database: column-major.
[[nodiscard]] std::string chunk_key(std::uint32_t run, std::uint32_t chunk, std::uint16_t block);

/// What the directory of a segment says of a block.
struct BlockEntry {
    ZoneRecord zone;
    std::uint64_t min_seq = 0;
    std::uint64_t max_seq = 0;
};
[[nodiscard]] std::string encode_directory(const std::vector<BlockEntry>& blocks);
[[nodiscard]] std::optional<std::vector<BlockEntry>> decode_directory(std::string_view value);

} // namespace canhgac::storage
