#include "storage/hold_writer.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "common/bytes.hpp"
#include "storage/batch_leaves.hpp"
#include "storage/coding.hpp"
#include "storage/held_row.hpp"
#include "storage/run_builder.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint8_t kProofVersion = 1;
/// Proofs written at once, and raw bytes of a block.
constexpr std::size_t kHoldBytes = 8 * common::kMiB;

std::string_view as_text(const Digest& digest) noexcept {
    return bytes_of(digest);
}

/// The proof of one batch: its record of the chain, which rows are held, the leaves of the others.
struct HoldProof {
    std::string record; ///< as the chain has it
    RowSet held;
    std::vector<Digest> others;
};

std::string encode(const HoldProof& proof) {
    ByteSink sink;
    sink.u8(kProofVersion);
    sink.text(proof.record);
    sink.text(proof.held.bits());
    for (const Digest& leaf : proof.others) {
        sink.bytes(as_text(leaf));
    }
    return std::string(sink.view());
}

std::optional<HoldProof> decode_proof(std::string_view value) {
    ByteSource in(value);
    if (in.u8() != kProofVersion) { return std::nullopt; }
    HoldProof proof;
    proof.record = in.text();
    proof.held = RowSet(in.text());
    if (!in.ok() || in.left() % sizeof(Digest) != 0) { return std::nullopt; }
    while (in.left() != 0) {
        const std::string_view bytes = in.bytes(sizeof(Digest));
        std::copy(bytes.begin(), bytes.end(), proof.others.emplace_back().begin());
    }
    return proof;
}

/// Copies rows into the hold's database, then the proofs of their batches.
class HoldCopy {
public:
    HoldCopy(const HoldParts& parts, HoldRecord& hold, DayDb& db) : parts_(&parts), hold_(&hold), db_(&db) {}

    [[nodiscard]] bool add(const BlockRow& row) {
        batches_[row.seq].add(row.index);
        raw_ += row.raw.size();
        values_ += row.fields.size();
        rows_.push_back(std::make_unique<HeldRow>(row));
        if (rows_.size() >= kMaxSealedRows || raw_ >= kHoldBytes || values_ + kMostValues > kMaxSealedValues) {
            error_ = flush();
        }
        return !error_;
    }
    [[nodiscard]] std::error_code finish() {
        if (!error_) { error_ = flush(); }
        if (!error_) { error_ = write_proofs(); }
        return error_;
    }
    [[nodiscard]] std::error_code error() const noexcept { return error_; }

private:
    /// Of one event; more are cut off at the decoder.
    static constexpr std::uint64_t kMostValues = 4096;

    [[nodiscard]] std::error_code flush() {
        if (rows_.empty()) { return {}; }
        std::vector<BlockRow> rows;
        for (const auto& row : rows_) {
            rows.push_back(row->row);
        }
        std::sort(rows.begin(), rows.end(), [](const BlockRow& left, const BlockRow& right) {
            return std::tie(left.time, left.seq, left.index) < std::tie(right.time, right.seq, right.index);
        });
        SealedBlock block = encoder_.encode(rows);
        if (!gives_back(block, rows, check_)) { return std::make_error_code(std::errc::state_not_recoverable); }
        const std::uint32_t run = ++hold_->segments;
        SegmentChunks chunks;
        chunks.emplace_back(chunk_key(run, chunk::kDirectory, 0),
                            encode_directory({{block.zone, block.min_seq, block.max_seq}}));
        chunks.emplace_back(chunk_key(run, chunk::kHead, 0), std::move(block.head));
        for (auto& [column, bytes] : block.columns) {
            chunks.emplace_back(chunk_key(run, column, 0), std::move(bytes));
        }
        hold_->rows += rows.size();
        rows_.clear();
        raw_ = values_ = 0;
        return ingest(std::move(chunks));
    }
    [[nodiscard]] std::error_code write_proofs() {
        const SnapshotGuard snapshot(parts_->db);
        OrderProof orders(parts_->db, parts_->signer);
        BatchLeaves leaves_of(parts_->db, parts_->sealed, snapshot, orders);
        ByteSink list;
        list.varint(batches_.size());
        std::uint64_t last = 0;
        for (const auto& [seq, rows] : batches_) {
            list.varint(seq - last);
            last = seq;
        }
        SegmentChunks chunks;
        chunks.emplace_back(hold_batches_key(), std::string(list.view()));
        std::size_t size = 0;
        for (const auto& [seq, rows] : batches_) {
            ChainRecord record;
            const auto leaves = leaves_of.of(seq, record);
            if (!leaves) { return leaves.error(); }
            HoldProof proof;
            encode(record, proof.record);
            proof.held = rows;
            for (std::uint32_t row = 0; row < leaves->size(); ++row) {
                if (!rows.contains(row)) { proof.others.push_back((*leaves)[row]); }
            }
            chunks.emplace_back(hold_proof_key(seq), encode(proof));
            size += chunks.back().second.size();
            if (size < kHoldBytes) { continue; }
            if (const std::error_code error = ingest(std::exchange(chunks, {}))) { return error; }
            size = 0;
        }
        hold_->batches = batches_.size();
        return chunks.empty() ? std::error_code{} : ingest(std::move(chunks));
    }
    [[nodiscard]] std::error_code ingest(SegmentChunks chunks) {
        std::sort(chunks.begin(), chunks.end());
        for (const auto& [key, bytes] : chunks) {
            hold_->bytes += key.size() + bytes.size();
        }
        return db_->ingest(chunks);
    }

    const HoldParts* parts_;
    HoldRecord* hold_;
    DayDb* db_;
    SegmentEncoder encoder_;
    SegmentReader check_;
    std::vector<std::unique_ptr<HeldRow>> rows_;
    std::size_t raw_ = 0;
    std::uint64_t values_ = 0;
    std::map<std::uint64_t, RowSet> batches_;
    std::error_code error_;
};

[[nodiscard]] std::error_code write_hold(const HoldParts& parts, const HoldRecord& hold) {
    rocksdb::WriteBatch writes;
    writes.Put(parts.db.family(Family::holds), hold.name, encode(hold));
    return parts.db.write_synced(writes);
}

Order order_of(OrderKind kind, const HoldRecord& hold, std::string actor, std::string reason, common::Nanos now) {
    Order order;
    order.kind = kind;
    order.at = now;
    order.subject = hold.name;
    order.actor = std::move(actor);
    order.reason = std::move(reason);
    order.last_seq = hold.last_seq;
    order.rows = hold.rows;
    return order;
}

[[nodiscard]] std::error_code copy_events(const HoldParts& parts, HoldRecord& hold, const event::QueryPlan& plan) {
    const auto db = parts.stores.open(hold.name, true);
    if (!db) { return db.error(); }
    HoldCopy copy(parts, hold, **db);
    const std::error_code error = parts.searcher.each(plan, [&copy](const BlockRow& row) { return copy.add(row); });
    if (copy.error()) { return copy.error(); }
    return error ? error : copy.finish();
}

} // namespace

common::Result<HoldRecord, std::error_code> add_hold(const HoldParts& parts, HoldRecord hold,
                                                     const event::QueryPlan& plan, common::Nanos now) {
    if (!is_hold_name(hold.name)) { return common::fail(std::make_error_code(std::errc::invalid_argument)); }
    const std::lock_guard sealing(parts.sealer.mutex());
    if (parts.stores.find(hold.name)) { return common::fail(std::make_error_code(std::errc::file_exists)); }
    hold.at = now;
    hold.from = plan.from;
    hold.to = plan.to;
    std::error_code error = parts.sealer.settle();
    hold.last_seq = parts.committer.committed();
    if (!error) { error = write_hold(parts, hold); } // so that the next start removes what was cut off
    if (!error) { error = copy_events(parts, hold, plan); }
    if (!error) {
        const std::lock_guard lock(parts.committer.write_mutex());
        hold.complete = true;
        rocksdb::WriteBatch writes;
        writes.Put(parts.db.family(Family::holds), hold.name, encode(hold));
        Order order = order_of(OrderKind::hold_events, hold, hold.actor, hold.incident, now);
        parts.orders.add(order, writes);
        error = parts.db.write_synced(writes);
        if (!error) { parts.orders.confirm(order); }
    }
    if (!error) {
        parts.stores.put(hold);
        return hold;
    }
    parts.stores.remove(hold.name);
    rocksdb::WriteBatch writes;
    writes.Delete(parts.db.family(Family::holds), hold.name);
    common::ignore(parts.db.write_synced(writes), "the next start does it");
    return common::fail(error);
}

std::error_code release_hold(const HoldParts& parts, const std::string& name, const event::DropOrder& order,
                             common::Nanos now) {
    const std::lock_guard sealing(parts.sealer.mutex());
    const auto hold = parts.stores.find(name);
    if (!hold) { return std::make_error_code(std::errc::no_such_file_or_directory); }
    {
        const std::lock_guard lock(parts.committer.write_mutex());
        rocksdb::WriteBatch writes;
        writes.Delete(parts.db.family(Family::holds), name);
        Order written = order_of(OrderKind::release_hold, *hold, order.actor, order.reason, now);
        parts.orders.add(written, writes);
        if (const std::error_code error = parts.db.write_synced(writes)) { return error; }
        parts.orders.confirm(written);
    }
    parts.stores.remove(name);
    return {};
}

namespace {

/// Leaves of the held rows, by batch and row.
using HeldLeaves = std::unordered_map<std::uint64_t, std::map<std::uint32_t, Digest>>;

[[nodiscard]] std::string check_batch(const JournalDb& db, std::uint64_t seq, std::string_view value,
                                      const std::map<std::uint32_t, Digest>& held, Sha256& hash) {
    const auto proof = decode_proof(value);
    const auto record = proof ? decode_chain(seq, proof->record) : std::nullopt;
    if (!record) { return "a proof is damaged"; }
    std::string key;
    append_key(key, seq);
    const auto chain = db.get(Family::chain, key);
    if (!chain || !*chain || **chain != proof->record) { return "a proof names another record of the chain"; }
    std::vector<Digest> leaves;
    auto own = held.begin();
    auto other = proof->others.begin();
    for (std::uint32_t row = 0; row < record->rows; ++row) {
        if (proof->held.contains(row)) {
            if (own == held.end() || own->first != row) { return "an event is missing"; }
            leaves.push_back((own++)->second);
        } else if (other != proof->others.end()) {
            leaves.push_back(*other++);
        }
    }
    if (own != held.end()) { return "it has an event too many"; }
    if (leaves.size() != record->rows || other != proof->others.end()) { return "a proof is damaged"; }
    return merkle_root(hash, leaves) == record->root ? "" : "an event was changed";
}

} // namespace

common::Result<std::string, std::error_code> prove_hold(const JournalDb& db, HoldStores& stores,
                                                        const SealedReader& sealed, const HoldRecord& hold) {
    Sha256 hash;
    HeldLeaves held;
    SegmentReader reader;
    const auto segments = stores.segments(hold);
    if (!segments) { return std::string("its events cannot be read"); }
    for (const auto& segment : *segments) {
        for (std::size_t block = 0; block < segment->blocks.size(); ++block) {
            if (const auto opened = sealed.open(*segment, block, reader); !opened) {
                return std::string("its events cannot be read");
            }
            for (const BlockRow& row : reader.rows()) {
                held[row.seq][row.index] =
                    leaf_hash(hash, row.index, row.received, static_cast<std::uint32_t>(row.source), row.raw);
            }
        }
    }
    const auto store = stores.open(hold.name, false);
    if (!store) { return common::fail(store.error()); }
    const auto list = (*store)->get(hold_batches_key());
    if (!list) { return common::fail(list.error()); }
    ByteSource in(*list ? std::string_view(**list) : std::string_view());
    const std::uint64_t count = in.varint();
    if (!in.ok() || count != hold.batches || count != held.size()) { return std::string("a batch is missing"); }
    std::uint64_t seq = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        seq += in.varint();
        const auto value = (*store)->get(hold_proof_key(seq));
        if (!value) { return common::fail(value.error()); }
        const auto rows = held.find(seq);
        if (!*value || rows == held.end()) { return fmt::format("batch {}: a proof is missing", seq); }
        const std::string problem = check_batch(db, seq, **value, rows->second, hash);
        if (!problem.empty()) { return fmt::format("batch {}: {}", seq, problem); }
    }
    return std::string();
}

} // namespace canhgac::storage
