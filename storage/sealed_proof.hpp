/// Proves sealed batches against the hash chain: regroups the rows of segments by batch and recomputes their roots
/// (STORAGE.md section 2, "Tamper evidence").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "storage/chain.hpp"
#include "storage/journal_db.hpp"
#include "storage/order_book.hpp"
#include "storage/seal_catalogue.hpp"
#include "storage/sealed_reader.hpp"

namespace canhgac::storage {

/// One pass over the chain, batches in ascending order: holds the leaves of one run. Not thread safe.
class SealedProof {
public:
    SealedProof(const SealedReader& sealed, const SnapshotGuard& snapshot, OrderProof& orders) noexcept
        : sealed_(&sealed), snapshot_(&snapshot), orders_(&orders) {}

    /// Empty if the segments hold what the record says; an error only if reading failed.
    [[nodiscard]] common::Result<std::string, std::error_code> check(const ChainRecord& record,
                                                                     const SealedBatch& batch, VerifyReport& report);
    /// As check(), but for the root: when it is empty, leaves() are those of the batch. If every row was dropped and
    /// none of its leaves was kept there are none, and that is no problem.
    [[nodiscard]] common::Result<std::string, std::error_code> gather(const ChainRecord& record,
                                                                      const SealedBatch& batch, VerifyReport& report);
    [[nodiscard]] const std::vector<Digest>& leaves() const noexcept { return leaves_; }
    /// Of a batch that is not to be looked at.
    void skip(std::uint64_t seq) { found_.erase(seq); }
    /// Of a batch whose events are in the journal: segments must not have any.
    [[nodiscard]] std::error_code expect_none(std::uint64_t seq);
    /// The first batch with rows in segments that were read and that it does not have, since the last call.
    [[nodiscard]] std::optional<std::uint64_t> stray() noexcept { return std::exchange(stray_, std::nullopt); }
    /// As stray(), when no more batches come.
    [[nodiscard]] std::optional<std::uint64_t> finish();

private:
    using Rows = std::vector<std::pair<std::uint32_t, Digest>>;

    [[nodiscard]] std::error_code load_run(std::uint64_t seq);
    void load_segment(const OpenSegment& segment);
    /// What is left of the run at hand belongs to no batch.
    void end_run();
    [[nodiscard]] std::string check_rows(const ChainRecord& record, const SealedBatch& batch, const Rows& stored);
    [[nodiscard]] std::string check_missing(const ChainRecord& record, const SealedBatch& batch,
                                            const std::vector<bool>& present);

    const SealedReader* sealed_;
    const SnapshotGuard* snapshot_;
    OrderProof* orders_;
    Sha256 hash_;
    std::uint64_t run_end_ = 0; ///< last batch of the run at hand
    bool unreadable_ = false;   ///< a part of it is
    std::optional<std::uint64_t> stray_;
    std::unordered_map<std::uint64_t, Rows> found_; ///< by batch
    std::vector<Digest> leaves_;                    ///< of the batch at hand
};

} // namespace canhgac::storage
