#include "storage/verify.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <rocksdb/db.h>

#include "storage/block_reader.hpp"
#include "storage/order_book.hpp"
#include "storage/prepared.hpp"
#include "storage/sealed_proof.hpp"

namespace canhgac::storage {

namespace {

/// While events come a head is signed each second, with a commit or by itself (committer.cpp). A batch so long after
/// the first one without a signed head has one, unless another of the same commit follows it.
constexpr common::Nanos kLongestUnsigned = 2 * common::kSecond;
constexpr std::chrono::milliseconds kBetweenReports{500};

class Verifier {
public:
    Verifier(const VerifyParts& parts, const VerifyOptions& options)
        : db_(&parts.db), signer_(&parts.signer), options_(&options), snapshot_(parts.db),
          orders_(parts.db, parts.signer), sealed_(parts.sealed, snapshot_, orders_), catalogue_(&parts.sealed) {}

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
        records->SeekToLast();
        if (records->Valid()) { report_.total = key_part<std::uint64_t>(records->key().ToStringView(), 0); }
        Digest previous{};
        for (records->SeekToFirst(); records->Valid(); records->Next()) {
            if (cancelled()) { return report_; }
            const auto seq = key_part<std::uint64_t>(records->key().ToStringView(), 0);
            const auto problem = check(seq, records->value().ToStringView(), previous);
            if (!problem) { return common::fail(problem.error()); }
            if (!problem->empty()) { return bad(stray_ != 0 ? stray_ : report_.batches + 1, *problem); }
            ++report_.batches;
            report_.reached = seq;
            report_.head = to_hex(previous);
            tell();
        }
        if (const std::error_code error = to_error(records->status())) { return common::fail(error); }
        if (unsigned_seq_ != 0) { return bad(unsigned_seq_, kNotSigned); }
        return check_end();
    }

    static constexpr std::string_view kNotSigned = "no head is signed for it: one is each second while events come";
    static constexpr std::string_view kStrayRows = "segments hold events that this batch does not have";

    [[nodiscard]] bool cancelled() {
        report_.cancelled = options_->cancelled != nullptr && options_->cancelled->load(std::memory_order_relaxed);
        return report_.cancelled;
    }
    void tell() {
        if (!options_->progress) { return; }
        const auto now = std::chrono::steady_clock::now();
        if (now - told_ < kBetweenReports) { return; }
        told_ = now;
        options_->progress(report_);
    }
    /// Empty if the batch holds; then `previous` is its head.
    [[nodiscard]] common::Result<std::string, std::error_code> check(std::uint64_t seq, std::string_view value,
                                                                     Digest& previous) {
        if (seq != report_.batches + 1) { return std::string("its record is missing from the chain"); }
        const auto record = decode_chain(seq, value);
        if (!record) { return std::string("its record is damaged"); }
        if (record->previous != previous || chain_head(hash_, *record) != record->head) {
            return std::string("its record does not follow from the one before");
        }
        if (seq == options_->after && to_hex(record->head) != options_->after_head) {
            return std::string("it is not the batch up to which the chain was proven before");
        }
        auto problem = check_events(*record);
        if (!problem || !problem->empty()) { return problem; }
        if (!check_signature(*record)) { return std::string("its signed head is not ours"); }
        if (unsigned_seq_ != 0 && unsigned_time_ != record->time) {
            stray_ = unsigned_seq_;
            return std::string(kNotSigned);
        }
        note_unsigned(*record);
        previous = record->head;
        return std::string();
    }
    [[nodiscard]] common::Result<std::string, std::error_code> check_events(const ChainRecord& record) {
        if (record.seq <= options_->after || record.time < options_->from || record.time >= options_->to) {
            ++report_.skipped;
            sealed_.skip(record.seq);
            return std::string();
        }
        auto problem = check_block(record);
        if (problem && problem->empty()) {
            if (const auto stray = sealed_.stray()) {
                stray_ = *stray;
                return std::string(kStrayRows);
            }
        }
        return problem;
    }
    void note_unsigned(const ChainRecord& record) {
        if (signed_here_) {
            unsigned_seq_ = 0;
            unsigned_since_.reset();
            return;
        }
        if (!unsigned_since_) { unsigned_since_ = record.time; }
        const common::Nanos apart = record.time - *unsigned_since_;
        if (apart < kLongestUnsigned && apart > -kLongestUnsigned) { return; }
        unsigned_seq_ = record.seq;
        unsigned_time_ = record.time;
    }

    /// What lies in the store and belongs to no batch of the chain.
    [[nodiscard]] common::Result<VerifyReport, std::error_code> check_end() {
        if (options_->after > report_.batches) {
            return bad(report_.batches + 1, "the chain was proven up to a later batch before: its end was cut off");
        }
        const auto beyond = [this](Family family) -> std::uint64_t {
            const auto entries = db_->iterate(family, snapshot_.get());
            entries->SeekToLast();
            if (!entries->Valid()) { return 0; }
            const auto seq = key_part<std::uint64_t>(entries->key().ToStringView(), 0);
            return seq > report_.batches ? seq : 0;
        };
        if (beyond(Family::heads) != 0) {
            return bad(report_.batches + 1, "a signed head names a later batch: the end of the chain was cut off");
        }
        if (beyond(Family::sealed) != 0) {
            return bad(report_.batches + 1, "sealed events are of a later batch: the end of the chain was cut off");
        }
        if (const auto stray = sealed_.finish()) { return bad(*stray, kStrayRows); }
        const auto block = stray_block();
        if (!block) { return common::fail(block.error()); }
        if (*block != 0) { return bad(*block, "there is a block of events that the chain does not have"); }
        const auto segment = catalogue_->stray_segment(snapshot_);
        if (!segment) { return common::fail(segment.error()); }
        if (*segment != 0) { return bad(*segment, "there is a segment of events that no batches were sealed into"); }
        return report_;
    }
    /// A block of the journal in a place where no batch has one; 0 = none.
    [[nodiscard]] common::Result<std::uint64_t, std::error_code> stray_block() const {
        const auto blocks = db_->iterate(Family::zone, snapshot_.get());
        for (blocks->SeekToFirst(); blocks->Valid(); blocks->Next()) {
            const auto key = block_key(blocks->key().ToStringView());
            if (!key) { return common::fail(std::make_error_code(std::errc::bad_message)); }
            std::string chain_key;
            append_key(chain_key, key->seq);
            const auto value = get(Family::chain, chain_key);
            if (!value) { return common::fail(value.error()); }
            const auto record = *value ? decode_chain(key->seq, **value) : std::nullopt;
            if (!record || key->shard != 0 || key->day != day_of(record->max_time)) { return key->seq; }
        }
        if (const std::error_code error = to_error(blocks->status())) { return common::fail(error); }
        return 0;
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
        if (const std::error_code error = sealed_.expect_none(record.seq)) { return common::fail(error); }
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
        if (!*value) {
            if (const std::error_code error = sealed_.expect_none(record.seq)) { return common::fail(error); }
            return check_absent(record);
        }
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
        const auto value = get(Family::heads, key);
        signed_here_ = value && *value;
        if (!signed_here_) { return value.has_value(); }
        const auto head = decode_head(record.seq, **value);
        if (!head || head->head != record.head || !signer_->verify(*head)) { return false; }
        ++report_.signed_heads;
        return true;
    }

    const JournalDb* db_;
    const ChainSigner* signer_;
    const VerifyOptions* options_;
    SnapshotGuard snapshot_;
    OrderProof orders_;
    SealedProof sealed_;
    const SealedReader* catalogue_;
    Sha256 hash_;
    BlockReader reader_;
    std::vector<Digest> leaves_;
    VerifyReport report_;
    std::uint64_t stray_ = 0; ///< the batch a problem is about, when it is not the one at hand
    bool signed_here_ = false;
    std::optional<common::Nanos> unsigned_since_; ///< commit time of the first batch behind the last signed head
    std::uint64_t unsigned_seq_ = 0; ///< a batch that needs a signed head unless its commit goes on; 0 = none
    common::Nanos unsigned_time_ = 0;
    std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

} // namespace

common::Result<VerifyReport, std::error_code> verify_chain(const VerifyParts& parts, const VerifyOptions& options) {
    return Verifier(parts, options).run();
}

} // namespace canhgac::storage
