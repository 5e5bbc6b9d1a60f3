/// The leaves of a batch's root, wherever its rows are now.
#pragma once

#include <cstdint>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "storage/block_reader.hpp"
#include "storage/chain.hpp"
#include "storage/order_book.hpp"
#include "storage/sealed_proof.hpp"

namespace canhgac::storage {

/// One pass over batches in ascending order. Not thread safe; nothing may be sealed or dropped meanwhile.
class BatchLeaves {
public:
    BatchLeaves(const JournalDb& db, const SealedReader& sealed, const SnapshotGuard& snapshot,
                OrderProof& orders) noexcept
        : db_(&db), snapshot_(&snapshot), sealed_(sealed, snapshot, orders) {}

    /// Leaves of every row of the batch, and its record of the chain. Errors: bad_message (they do not give the root,
    /// or the batch is damaged or gone), io_error.
    [[nodiscard]] common::Result<std::vector<Digest>, std::error_code> of(std::uint64_t seq, ChainRecord& record);

private:
    [[nodiscard]] common::Result<std::vector<Digest>, std::error_code> of_micro_block(std::string_view value);

    const JournalDb* db_;
    const SnapshotGuard* snapshot_;
    SealedProof sealed_;
    Sha256 hash_;
    BlockReader reader_;
};

} // namespace canhgac::storage
