#include "storage/evidence.hpp"

#include <algorithm>
#include <utility>

#include <rocksdb/db.h>

#include "storage/block_reader.hpp"
#include "storage/prepared.hpp"
#include "storage/sealed_proof.hpp"
#include "storage/verify.hpp"

namespace canhgac::storage {

namespace {

std::string chain_key_of(std::uint64_t seq) {
    std::string key;
    append_key(key, seq);
    return key;
}

/// The inner nodes above.
std::vector<Digest> merkle_level(Sha256& hash, const std::vector<Digest>& nodes) {
    std::vector<Digest> parents;
    for (std::size_t first = 0; first < nodes.size(); first += kMerkleArity) {
        hash.start();
        hash.add({"\x01", 1});
        for (std::size_t i = first; i < std::min(first + kMerkleArity, nodes.size()); ++i) {
            hash.add(bytes_of(nodes[i]));
        }
        parents.push_back(hash.finish());
    }
    return parents;
}

EvidenceError unreadable(std::error_code error) {
    return {error, 0, {}};
}

/// Finds the leaves of batches, in the journal or in segments.
class EvidenceGatherer {
public:
    explicit EvidenceGatherer(const VerifyParts& parts)
        : db_(&parts.db), snapshot_(parts.db), orders_(parts.db, parts.signer),
          sealed_(parts.sealed, snapshot_, orders_) {}

    [[nodiscard]] common::Result<BatchEvidence, EvidenceError> of(std::uint64_t seq) {
        const auto value = db_->get(Family::chain, chain_key_of(seq), snapshot_.get());
        if (!value) { return common::fail(unreadable(value.error())); }
        const auto record = *value ? decode_chain(seq, **value) : std::nullopt;
        if (!record) { return common::fail(EvidenceError{{}, seq, "its record is missing from the chain"}); }
        BatchEvidence evidence{*record, {}};
        const auto problem = find_leaves(evidence);
        if (!problem) { return common::fail(unreadable(problem.error())); }
        if (!problem->empty()) { return common::fail(EvidenceError{{}, seq, *problem}); }
        std::vector<Digest> copy = evidence.leaves;
        if (copy.empty() || copy.size() != record->rows || merkle_root(hash_, copy) != record->root) {
            return common::fail(EvidenceError{{}, seq, "an event was changed"});
        }
        return evidence;
    }

private:
    [[nodiscard]] common::Result<std::string, std::error_code> find_leaves(BatchEvidence& evidence) {
        const ChainRecord& record = evidence.record;
        const auto block = db_->get(Family::mb, to_key({day_of(record.max_time), 0, record.seq}), snapshot_.get());
        if (!block) { return common::fail(block.error()); }
        if (*block) { return leaves_of_block(**block, evidence.leaves); }
        const auto value = db_->get(Family::sealed, chain_key_of(record.seq), snapshot_.get());
        if (!value) { return common::fail(value.error()); }
        if (!*value) { return std::string("its events are missing"); }
        const auto batch = decode_sealed_batch(**value);
        if (!batch) { return std::string("its record of sealing is damaged"); }
        VerifyReport report;
        auto problem = sealed_.gather(record, *batch, report);
        if (problem && problem->empty()) { evidence.leaves = sealed_.leaves(); }
        return problem;
    }
    [[nodiscard]] std::string leaves_of_block(std::string_view value, std::vector<Digest>& leaves) {
        const auto stored = decode_stored_block(value);
        if (!stored || !reader_.open(stored->block)) { return "its events cannot be read"; }
        BlockRow row;
        while (reader_.next(row)) {
            leaves.push_back(
                leaf_hash(hash_, row.index, row.received, static_cast<std::uint32_t>(row.source), row.raw));
        }
        return reader_.failed() ? "its events cannot be read" : "";
    }

    const JournalDb* db_;
    SnapshotGuard snapshot_;
    OrderProof orders_;
    SealedProof sealed_;
    Sha256 hash_;
    BlockReader reader_;
};

} // namespace

std::vector<MerkleStep> merkle_path(std::vector<Digest> leaves, std::uint32_t row) {
    Sha256 hash;
    std::vector<MerkleStep> path;
    std::size_t place = row;
    while (leaves.size() > 1) {
        const std::size_t first = place / kMerkleArity * kMerkleArity;
        const std::size_t last = std::min(first + kMerkleArity, leaves.size());
        MerkleStep& step = path.emplace_back();
        step.position = static_cast<std::uint32_t>(place - first);
        step.nodes.assign(leaves.begin() + static_cast<std::ptrdiff_t>(first),
                          leaves.begin() + static_cast<std::ptrdiff_t>(last));
        leaves = merkle_level(hash, leaves);
        place /= kMerkleArity;
    }
    return path;
}

common::Result<void, EvidenceError> gather_evidence(const VerifyParts& parts, std::span<const std::uint64_t> batches,
                                                    const std::function<bool(const BatchEvidence&)>& visit) {
    EvidenceGatherer gatherer(parts);
    for (const std::uint64_t seq : batches) {
        auto evidence = gatherer.of(seq);
        if (!evidence) { return common::fail(std::move(evidence.error())); }
        if (!visit(*evidence)) { break; }
    }
    return {};
}

common::Result<std::vector<ChainLink>, EvidenceError> links_to_signature(const VerifyParts& parts,
                                                                         std::uint64_t batch) {
    std::vector<ChainLink> links;
    const auto records = parts.db.iterate(Family::chain);
    for (records->Seek(chain_key_of(batch)); records->Valid(); records->Next()) {
        const auto seq = key_part<std::uint64_t>(records->key().ToStringView(), 0);
        const auto record = decode_chain(seq, records->value().ToStringView());
        if (!record) { return common::fail(EvidenceError{{}, seq, "its record is damaged"}); }
        ChainLink& link = links.emplace_back(ChainLink{*record, std::nullopt});
        const auto value = parts.db.get(Family::heads, chain_key_of(seq));
        if (!value) { return common::fail(unreadable(value.error())); }
        if (!*value) { continue; }
        link.head = decode_head(seq, **value);
        if (!link.head || link.head->head != record->head || !parts.signer.verify(*link.head)) {
            return common::fail(EvidenceError{{}, seq, "its signed head is not ours"});
        }
        return links;
    }
    if (const std::error_code error = to_error(records->status())) { return common::fail(unreadable(error)); }
    return links;
}

} // namespace canhgac::storage
