#include "storage/verify.hpp"

#include <algorithm>

#include <rocksdb/db.h>

#include "storage/block_reader.hpp"
#include "storage/order_book.hpp"
#include "storage/prepared.hpp"
#include "storage/sealed_proof.hpp"

namespace canhgac::storage {

namespace {

class Verifier {
public:
    Verifier(const JournalDb& db, const SealedReader& sealed, const ChainSigner& signer)
        : db_(&db), signer_(&signer), snapshot_(db), orders_(db, signer), sealed_(sealed, snapshot_, orders_) {}

    [[nodiscard]] common::Result<VerifyReport, std::error_code> run() {
        const auto orders = orders_.check();
        if (!orders) { return common::fail(orders.error()); }
        auto report = walk();
        if (report) { report->orders = orders_.orders(); }
        if (report && report->first_bad_seq == 0 && !orders->empty()) {
            report->first_bad_seq =
                orders_.orders().empty() ? 1 : std::max<std::uint64_t>(1, orders_.orders().back().last_seq);
            report->problem = *orders;
        }
        return report;
    }

private:
    [[nodiscard]] common::Result<VerifyReport, std::error_code> walk() {
        const auto records = db_->iterate(Family::chain, snapshot_.get());
        std::uint64_t expected = 1;
        Digest previous{};
        for (records->SeekToFirst(); records->Valid(); records->Next()) {
            const auto seq = key_part<std::uint64_t>(records->key().ToStringView(), 0);
            if (seq != expected) { return bad(expected, "its record is missing from the chain"); }
            const auto record = decode_chain(seq, records->value().ToStringView());
            if (!record) { return bad(seq, "its record is damaged"); }
            if (record->previous != previous || chain_head(hash_, *record) != record->head) {
                return bad(seq, "its record does not follow from the one before");
            }
            const auto problem = check_block(*record);
            if (!problem) { return common::fail(problem.error()); }
            if (!problem->empty()) { return bad(seq, *problem); }
            if (!check_signature(*record)) { return bad(seq, "its signed head is not ours"); }
            previous = record->head;
            ++report_.batches;
            ++expected;
        }
        if (const std::error_code error = to_error(records->status())) { return common::fail(error); }
        const auto heads = db_->iterate(Family::heads, snapshot_.get());
        heads->SeekToLast();
        if (heads->Valid() && key_part<std::uint64_t>(heads->key().ToStringView(), 0) >= expected) {
            return bad(expected, "a signed head names a later batch: the end of the chain was cut off");
        }
        return report_;
    }
    [[nodiscard]] VerifyReport bad(std::uint64_t seq, std::string_view problem) {
        report_.first_bad_seq = seq;
        report_.problem = problem;
        return report_;
    }
    /// Empty if the block holds what the record says; an error only if reading failed.
    [[nodiscard]] common::Result<std::string, std::error_code> check_block(const ChainRecord& record) {
        const auto value = get(Family::mb, to_key({day_of(record.max_time), 0, record.seq}));
        if (!value && value.error() == std::errc::bad_message) { return std::string("its events cannot be read"); }
        if (!value) { return common::fail(value.error()); }
        if (!*value) { return check_sealed(record); }
        const auto stored = decode_stored_block(**value);
        if (!stored || !reader_.open(stored->block)) { return std::string("its events cannot be read"); }
        if (hash_.of(stored->duplicates.bits()) != record.duplicates) {
            return std::string("its list of duplicates was changed");
        }
        leaves_.clear();
        BlockRow row;
        while (reader_.next(row)) {
            leaves_.push_back(
                leaf_hash(hash_, row.index, row.received, static_cast<std::uint32_t>(row.source), row.raw));
            if (stored->dropped.contains(row.index) && !orders_.dropped(day_of(row.time), record.seq)) {
                return std::string("an event is marked as dropped but its day is not");
            }
        }
        if (reader_.failed()) { return std::string("its events cannot be read"); }
        if (leaves_.size() != record.rows) { return std::string("it has another number of events"); }
        report_.events += leaves_.size();
        if (merkle_root(hash_, leaves_) != record.root) { return std::string("an event was changed"); }
        return std::string();
    }
    [[nodiscard]] common::Result<std::string, std::error_code> check_sealed(const ChainRecord& record) {
        std::string key;
        append_key(key, record.seq);
        const auto value = get(Family::sealed, key);
        if (!value) { return common::fail(value.error()); }
        if (!*value) { return check_absent(record); }
        const auto batch = decode_sealed_batch(**value);
        if (!batch) { return std::string("its record of sealing is damaged"); }
        return sealed_.check(record, *batch, report_);
    }
    /// As of the snapshot: a batch must not be looked for in both places at different times.
    [[nodiscard]] common::Result<std::optional<std::string>, std::error_code> get(Family family,
                                                                                  std::string_view key) const {
        return db_->get(family, key, snapshot_.get());
    }
    /// A block may only be absent if every day it spans was dropped after it was committed.
    [[nodiscard]] std::string check_absent(const ChainRecord& record) {
        for (std::uint32_t day = day_of(record.min_time); day <= day_of(record.max_time); ++day) {
            // Days between may have had no row; the ends had one.
            const bool end = day == day_of(record.min_time) || day == day_of(record.max_time);
            if (end && !orders_.dropped(static_cast<std::uint16_t>(day), record.seq)) {
                return "its events are missing";
            }
        }
        ++report_.expired;
        return {};
    }
    [[nodiscard]] bool check_signature(const ChainRecord& record) {
        std::string key;
        append_key(key, record.seq);
        const auto value = db_->get(Family::heads, key);
        if (!value || !*value) { return value.has_value(); }
        const auto head = decode_head(record.seq, **value);
        ++report_.signed_heads;
        return head && head->head == record.head && signer_->verify(*head);
    }

    const JournalDb* db_;
    const ChainSigner* signer_;
    SnapshotGuard snapshot_;
    OrderProof orders_;
    SealedProof sealed_;
    Sha256 hash_;
    BlockReader reader_;
    std::vector<Digest> leaves_;
    VerifyReport report_;
};

} // namespace

common::Result<VerifyReport, std::error_code> verify_chain(const JournalDb& db, const SealedReader& sealed,
                                                           const ChainSigner& signer) {
    return Verifier(db, sealed, signer).run();
}

} // namespace canhgac::storage
