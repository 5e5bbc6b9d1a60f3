/// A batch between shard and committer, and the stored value of its block.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/store.hpp"
#include "storage/block_encoder.hpp"
#include "storage/source_book.hpp"

namespace canhgac::storage {

/// Everything the committer needs; nothing views the event batch any more.
struct Prepared final : event::PreparedBatch {
    BlockEncoder::Block block;
    struct EncodedDetection {
        std::uint32_t row = 0;
        std::string bytes;
    };
    std::vector<EncodedDetection> detections;
    std::vector<SourceDelta> sources; ///< totals as if no row were a duplicate
    struct KeyedRow {                 ///< a row that has a de-duplication key
        std::uint64_t key = 0;
        std::uint32_t row = 0;
        std::uint32_t source = 0;
        std::uint32_t bytes = 0;
        bool unparsed = false;
    };
    std::vector<KeyedRow> keyed;

    /// About what it holds in memory.
    [[nodiscard]] std::size_t size() const noexcept;
};

/// Makes Prepared batches for any thread; encoders are borrowed from a pool, so the lock is taken twice a batch.
class Preparer {
public:
    explicit Preparer(FieldDict& dict) : dict_(&dict) {}
    [[nodiscard]] std::unique_ptr<Prepared> prepare(const event::EventBatch& batch,
                                                    std::span<const event::DetectionRecord> detections,
                                                    std::span<const std::uint64_t> keys);

private:
    [[nodiscard]] std::unique_ptr<BlockEncoder> borrow();

    FieldDict* dict_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<BlockEncoder>> idle_;
};

/// Rows as bits, lowest bit of the first byte first; trailing zero bytes are cut, so that none is the empty text.
class RowSet {
public:
    RowSet() = default;
    explicit RowSet(std::string_view bits) : bits_(bits) {}
    void add(std::uint32_t row);
    [[nodiscard]] bool contains(std::uint32_t row) const noexcept {
        return row / 8 < bits_.size() && (static_cast<unsigned char>(bits_[row / 8]) >> (row % 8) & 1U) != 0;
    }
    [[nodiscard]] bool empty() const noexcept { return bits_.empty(); }
    [[nodiscard]] const std::string& bits() const noexcept { return bits_; }

private:
    std::string bits_;
};

inline constexpr std::uint8_t kStoredBlockVersion = 1;
/// What stands before the block in a value of `mb`: version, rows left out as duplicates (bound by the chain), rows
/// dropped since by retention.
[[nodiscard]] std::string stored_block_head(const RowSet& duplicates, const RowSet& dropped);
struct StoredBlock {
    RowSet duplicates;
    RowSet dropped;
    std::string_view block; ///< views the value
};
/// Nothing: damaged or from a newer release.
[[nodiscard]] std::optional<StoredBlock> decode_stored_block(std::string_view value);

} // namespace canhgac::storage
