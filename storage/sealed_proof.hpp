/// Proves sealed batches against the hash chain: regroups the rows of segments by batch and recomputes their roots
/// (STORAGE.md section 2, "Tamper evidence").
#pragma once

#include <cstdint>
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
    /// As check(), but for the root: what the leaves give is the caller's to compare.
    [[nodiscard]] common::Result<std::string, std::error_code> gather(const ChainRecord& record,
                                                                      const SealedBatch& batch, VerifyReport& report);
    /// Of every row of the batch gathered last.
    [[nodiscard]] const std::vector<Digest>& leaves() const noexcept { return leaves_; }

private:
    using Rows = std::vector<std::pair<std::uint32_t, Digest>>;

    [[nodiscard]] std::error_code load_run(std::uint64_t seq);
    void load_segment(const OpenSegment& segment);
    [[nodiscard]] std::string check_rows(const ChainRecord& record, const SealedBatch& batch, const Rows& stored);
    [[nodiscard]] std::string check_missing(const ChainRecord& record, const SealedBatch& batch,
                                            const std::vector<bool>& present);

    const SealedReader* sealed_;
    const SnapshotGuard* snapshot_;
    OrderProof* orders_;
    Sha256 hash_;
    std::uint64_t run_end_ = 0;                     ///< last batch of the run at hand
    bool unreadable_ = false;                       ///< a part of it is
    std::unordered_map<std::uint64_t, Rows> found_; ///< by batch
    std::vector<Digest> leaves_;                    ///< of the batch at hand
};

} // namespace canhgac::storage
