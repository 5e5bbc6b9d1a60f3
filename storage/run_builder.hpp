/// Reads a run of micro-blocks, sorts their rows by day and shape and encodes them as segments, in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "storage/block_reader.hpp"
#include "storage/chain.hpp"
#include "storage/day_store.hpp"
#include "storage/journal_db.hpp"
#include "storage/prepared.hpp"
#include "storage/seal_catalogue.hpp"
#include "storage/segment_encoder.hpp"
#include "storage/segment_reader.hpp"

namespace canhgac::storage {

/// A micro-block that goes into the run.
struct SealSource {
    BlockKey key;
    ZoneRecord zone;
    SealedBatch sealed;
};

/// What is to be written.
struct SealRun {
    RunRecord record;
    std::vector<SealSource> sources;
    struct Segment {
        SegmentRecord record;
        std::vector<BlockEntry> blocks;
        SegmentChunks chunks; ///< ascending, with the directory
    };
    std::vector<Segment> segments;
    std::uint64_t rows = 0;
    std::uint64_t kept_batches = 0; ///< left in the journal: damaged, or of too many days
    std::uint64_t bytes_in = 0;     ///< of the micro-blocks
    std::uint64_t bytes_out = 0;
};

struct SealLimits {
    std::size_t rows = 0;
    std::size_t bytes = 0; ///< unpacked
    /// Batches with events of a day that is not stay in the journal. Empty: every day is.
    std::function<bool(std::uint16_t day)> reachable{};
};

/// Not thread safe; keeps memory of about four times SealLimits::bytes while it builds.
class RunBuilder {
public:
    /// Days one run may have segments of; batches with rows of others, late ones mostly, stay in the journal.
    static constexpr std::size_t kMaxRunDays = 16;

    explicit RunBuilder(const JournalDb& db) noexcept : db_(&db) {}

    /// Builds run `number` of the batches after `sealed`, up to and including `newest`, at least one and within the
    /// limits. `rest` is called after each encoded block with the CPU time it took; false abandons: operation_canceled.
    /// Errors: io_error; state_not_recoverable if an encoded block does not give back its rows.
    [[nodiscard]] common::Result<SealRun, std::error_code> build(std::uint32_t number, std::uint64_t sealed,
                                                                 std::uint64_t newest, const SealLimits& limits,
                                                                 const std::function<bool(common::Nanos)>& rest);

private:
    struct Batch {
        SealSource source;
        BlockReader::Memory memory;
        std::vector<BlockRow> rows; ///< all of them
        std::vector<BlockField> fields;
    };
    struct Group {
        std::uint16_t day = 0;
        std::vector<BlockRow> rows;
    };

    [[nodiscard]] std::error_code gather(std::uint64_t sealed, std::uint64_t newest, const SealLimits& limits,
                                         SealRun& run);
    /// False: it stays in the journal.
    [[nodiscard]] bool unpack(std::string_view value, Batch& batch);
    void keep_late_batches(SealRun& run, const SealLimits& limits);
    void describe(Batch& batch);
    void group_rows();
    void join_rare_groups();
    [[nodiscard]] std::error_code encode_groups(SealRun& run, const std::function<bool(common::Nanos)>& rest);
    [[nodiscard]] std::error_code encode_block(std::span<const BlockRow> rows, SealRun::Segment& segment,
                                               std::uint32_t run);

    const JournalDb* db_;
    BlockReader reader_;
    SegmentEncoder encoder_;
    SegmentReader check_;
    Sha256 hash_;
    std::vector<Batch> batches_;
    std::vector<Group> groups_;
    common::Nanos before_ = 0; ///< CPU time of the thread when it last rested
};

/// Reading the block gives these rows: whatever they were copied from may go then.
[[nodiscard]] bool gives_back(const SealedBlock& block, std::span<const BlockRow> rows, SegmentReader& reader);

/// CPU time of the calling thread.
[[nodiscard]] common::Nanos thread_cpu() noexcept;

} // namespace canhgac::storage
