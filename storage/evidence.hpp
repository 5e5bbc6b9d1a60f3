/// What a third party needs to see that an event is in the hash chain: the leaves of its batch, and the chain from
/// there to the next signed head. Formats: docs/reference/storage-format.md, "Hash chain".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "storage/chain.hpp"
#include "storage/sha256.hpp"

namespace canhgac::storage {

struct VerifyParts; // verify.hpp

/// One batch whose leaves give its root.
struct BatchEvidence {
    ChainRecord record;
    std::vector<Digest> leaves; ///< one a row
};

/// A level of the way from a leaf to the root: all children of one inner node, one of which is the node before.
struct MerkleStep {
    std::uint32_t position = 0; ///< of the leaf, or of the inner node of the step before
    std::vector<Digest> nodes;  ///< the next node is SHA-256(0x01, nodes)
};
/// From leaf `row` to the root; no steps if it is the only one. `row` < leaves.size().
[[nodiscard]] std::vector<MerkleStep> merkle_path(std::vector<Digest> leaves, std::uint32_t row);

/// Why evidence cannot be given.
struct EvidenceError {
    std::error_code error;   ///< the store cannot be read
    std::uint64_t batch = 0; ///< or this batch does not hold ...
    std::string problem{};   ///< ... because of this
};

/// Gives the evidence of `batches` (ascending, each once) in order until `visit` returns false. Batches whose day was
/// dropped meanwhile do not hold.
[[nodiscard]] common::Result<void, EvidenceError>
gather_evidence(const VerifyParts& parts, std::span<const std::uint64_t> batches,
                const std::function<bool(const BatchEvidence&)>& visit);

/// A link of the chain, with its signature if it has one.
struct ChainLink {
    ChainRecord record;
    std::optional<SignedHead> head;
};
/// The links from `batch` on, up to the first signed one; without a signed one at the end nothing was signed yet.
[[nodiscard]] common::Result<std::vector<ChainLink>, EvidenceError> links_to_signature(const VerifyParts& parts,
                                                                                       std::uint64_t batch);

} // namespace canhgac::storage
