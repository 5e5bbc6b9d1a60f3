#include "storage/journal_store.hpp"

#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "common/ensure.hpp"
#include "storage/committer.hpp"
#include "storage/day_ages.hpp"
#include "storage/detection_codec.hpp"
#include "storage/hold_writer.hpp"
#include "storage/retention.hpp"
#include "storage/sealer.hpp"
#include "storage/searcher.hpp"
#include "storage/state_book.hpp"
#include "storage/verify.hpp"

namespace canhgac::storage {

namespace {

constexpr std::size_t kColdName = 16; ///< digits of the public key

/// Start-up: visits every pair of a family from `start` on; throws if one is damaged or cannot be read.
void restore_all(const JournalDb& db, Family family, std::string_view start,
                 const std::function<bool(std::string_view key, std::string_view value)>& take) {
    const auto entries = db.iterate(family);
    for (entries->Seek(rocksdb::Slice(start.data(), start.size())); entries->Valid(); entries->Next()) {
        if (!take(entries->key().ToStringView(), entries->value().ToStringView())) {
            throw std::runtime_error(fmt::format("the journal {} is damaged (column family {})",
                                                 (db.folder() / "journal").string(),
                                                 kFamilyNames[static_cast<std::size_t>(family)]));
        }
    }
    if (!entries->status().ok()) {
        throw std::runtime_error(fmt::format("cannot read the journal {}: {}", (db.folder() / "journal").string(),
                                             entries->status().ToString()));
    }
}

ChainTip restore_tip(const JournalDb& db) {
    const auto records = db.iterate(Family::chain);
    records->SeekToLast();
    if (!records->Valid()) {
        if (!records->status().ok()) {
            throw std::runtime_error(fmt::format("cannot read the journal: {}", records->status().ToString()));
        }
        return {};
    }
    const auto record =
        decode_chain(key_part<std::uint64_t>(records->key().ToStringView(), 0), records->value().ToStringView());
    if (!record) { throw std::runtime_error("the end of the hash chain is damaged"); }
    return {record->seq, record->head};
}

DedupWindow restore_dedup(const JournalDb& db, const JournalOptions& options, common::Nanos now) {
    DedupWindow window(options.dedup_window, options.dedup_bytes);
    std::string start;
    append_key(start,
               static_cast<std::uint32_t>(std::max<common::Nanos>(now - options.dedup_window, 0) / common::kMinute));
    restore_all(db, Family::dedup, start, [&window](std::string_view, std::string_view value) {
        ByteSource in(value);
        if (in.u8() != 1) { return false; }
        const common::Nanos time = in.signed64();
        while (in.left() != 0 && in.ok()) {
            const std::uint64_t key = in.fixed64();
            if (in.ok() && key != 0) { common::ignore(window.insert(key, time), "seen twice is seen"); }
        }
        return in.ok();
    });
    return window;
}

class Detections final : public event::DetectionLog {
public:
    Detections(const JournalDb& db, Committer& committer) noexcept : db_(&db), committer_(&committer) {}

    common::Result<std::uint64_t, std::error_code>
    read(std::uint64_t after, std::uint64_t limit,
         const std::function<void(event::DetectionRecord&&)>& visit) override {
        const std::uint64_t newest = committer_->committed();
        std::string start;
        append_key(start, after + 1);
        const auto entries = db_->iterate(Family::det);
        std::uint64_t looked_at = after;
        for (entries->Seek(start); entries->Valid(); entries->Next()) {
            const auto seq = key_part<std::uint64_t>(entries->key().ToStringView(), 0);
            if (seq > newest) { break; } // written, but its batch is not acknowledged yet
            if (limit-- == 0) { return looked_at; }
            if (!decode_detections(seq, entries->value().ToStringView(), visit)) {
                return common::fail(std::make_error_code(std::errc::bad_message));
            }
            looked_at = seq;
        }
        if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
        return std::max(newest, after);
    }
    void wait(std::uint64_t after, std::chrono::milliseconds at_most) override { committer_->wait(after, at_most); }

private:
    const JournalDb* db_;
    Committer* committer_;
};

/// The store's own folder on the cold volume, named after its public key; empty: there is none.
std::filesystem::path cold_folder(const std::filesystem::path& folder, const std::filesystem::path& cold) {
    if (cold.empty()) { return {}; }
    std::string name;
    std::getline(std::ifstream(folder / "chain.pub") >> std::ws, name);
    if (name.size() < kColdName) { throw std::runtime_error("chain.pub is damaged"); }
    std::error_code error;
    const auto absolute = std::filesystem::absolute(cold, error);
    return (error ? cold : absolute) / name.substr(0, kColdName);
}

} // namespace

struct JournalStore::Impl final : event::EventStore {
    Impl(const std::filesystem::path& folder, const JournalOptions& given, event::FieldTable& names,
         const common::Clock& the_clock, common::MetricsRegistry& registry, common::Logger& logger)
        : options(given), clock(the_clock), db(folder, options, logger), signer(folder, is_fresh()), dict(names),
          state(db), preparer(dict), stores(folder, logger, cold_folder(folder, options.cold_path)),
          sealed(db, stores, days), holds(db, logger), searcher(db, dict, sources, sealed, holds, options.query_bytes),
          orders(db, signer) {
        restore();
        committer =
            std::make_unique<Committer>(Committer::Parts{db, dict, sources, days, signer, clock, logger}, options,
                                        registry, restore_tip(db), restore_dedup(db, options, clock.now()));
        detections = std::make_unique<Detections>(db, *committer);
        sealer =
            std::make_unique<Sealer>(Sealer::Parts{db, stores, days, *committer, clock, logger}, options, registry);
    }

    [[nodiscard]] HoldParts hold_parts() { return {db, holds, searcher, sealed, signer, *committer, *sealer, orders}; }
    [[nodiscard]] bool is_fresh() const { return restore_tip(db).seq == 0; }
    void restore() {
        restore_all(db, Family::dict, {}, [this](std::string_view key, std::string_view value) {
            return key.size() == 4 && !value.empty() && value.front() == 1 &&
                   dict.restore(key_part<std::uint32_t>(key, 0), value.substr(1));
        });
        restore_all(db, Family::sources, {},
                    [this](std::string_view key, std::string_view value) { return sources.restore(key, value); });
        restore_all(db, Family::day, {},
                    [this](std::string_view key, std::string_view value) { return days.restore(key, value); });
    }

    std::unique_ptr<event::PreparedBatch> prepare(const event::EventBatch& batch,
                                                  std::span<const event::DetectionRecord> found,
                                                  std::span<const std::uint64_t> keys) override {
        return preparer.prepare(batch, found, keys);
    }
    void append(std::unique_ptr<event::PreparedBatch> batch, std::function<void(bool durable)> done) override {
        auto* prepared = dynamic_cast<Prepared*>(batch.get());
        common::ensure(prepared != nullptr, "only batches of this store's prepare() are appended");
        common::ignore(batch.release(), "owned by the next line");
        committer->append(std::unique_ptr<Prepared>(prepared), std::move(done));
    }
    common::Result<event::QueryStats, std::error_code>
    query(const event::QueryPlan& plan, const event::RowVisitor& visit, const std::atomic<bool>* cancelled) override {
        return searcher.query(plan, visit, cancelled);
    }
    common::Result<event::QueryStats, std::error_code> scan(common::Nanos from, common::Nanos to,
                                                            const event::RowVisitor& visit) override {
        return searcher.scan(from, to, visit);
    }
    common::Result<void, std::error_code> drop(std::int32_t day, const event::DropOrder& order) override {
        if (options.may_drop && !options.may_drop(day)) {
            return common::fail(std::make_error_code(std::errc::operation_not_permitted));
        }
        if (const std::error_code error =
                drop_day({db, days, stores, *committer, *sealer, orders}, day, order, clock.now())) {
            return common::fail(error);
        }
        return {};
    }
    common::Result<std::uint64_t, std::error_code> tail(std::uint64_t position, const event::Filter& filter,
                                                        std::uint64_t limit, const event::RowVisitor& visit) override {
        return searcher.tail(position, filter, limit, visit);
    }
    std::uint64_t committed() const noexcept override { return committer->committed(); }

    JournalOptions options;
    const common::Clock& clock;
    JournalDb db;
    ChainSigner signer;
    FieldDict dict;
    SourceBook sources;
    DayBook days;
    StateBook state;
    Preparer preparer;
    DayStores stores;
    SealedReader sealed;
    HoldStores holds;
    Searcher searcher;
    OrderBook orders;                     ///< used under the committer's write_mutex()
    std::unique_ptr<Committer> committer; ///< after all it uses
    std::unique_ptr<Detections> detections;
    std::unique_ptr<Sealer> sealer;
};

JournalStore::JournalStore(const std::filesystem::path& folder, const JournalOptions& options, event::FieldTable& names,
                           const common::Clock& clock, common::MetricsRegistry& metrics, common::Logger& logger)
    : impl_(std::make_unique<Impl>(folder, options, names, clock, metrics, logger)) {}

JournalStore::~JournalStore() {
    close();
}

event::EventStore& JournalStore::events() noexcept {
    return *impl_;
}
event::DetectionLog& JournalStore::detections() noexcept {
    return *impl_->detections;
}
event::StateStore& JournalStore::state() noexcept {
    return impl_->state;
}
event::SourceRegistry& JournalStore::sources() noexcept {
    return impl_->sources;
}

common::Result<void, std::error_code> JournalStore::trim_detections(std::uint64_t seq) {
    std::string begin;
    std::string end;
    append_key(begin, std::uint64_t{0});
    append_key(end, std::min(seq, impl_->committer->committed()) + 1);
    rocksdb::WriteBatch batch;
    batch.DeleteRange(impl_->db.family(Family::det), begin, end);
    if (const std::error_code error = impl_->db.write(batch)) { return common::fail(error); }
    return {};
}

common::Result<VerifyReport, std::error_code> JournalStore::verify(const VerifyOptions& options) const {
    auto report = verify_chain({impl_->db, impl_->sealed, impl_->signer}, options);
    for (const HoldRecord& hold : impl_->holds.list()) {
        if (!report || report->first_bad_seq != 0 || report->cancelled) { break; }
        const auto problem = prove_hold(impl_->db, impl_->holds, impl_->sealed, hold);
        if (!problem) { return common::fail(problem.error()); }
        if (problem->empty()) {
            report->held += hold.rows;
        } else {
            report->first_bad_seq = std::max<std::uint64_t>(1, hold.last_seq);
            report->problem = fmt::format("hold {}: {}", hold.name, *problem);
        }
    }
    return report;
}

common::Result<void, EvidenceError>
JournalStore::evidence(std::span<const std::uint64_t> batches,
                       const std::function<bool(const BatchEvidence&)>& visit) const {
    return gather_evidence({impl_->db, impl_->sealed, impl_->signer}, batches, visit);
}

common::Result<std::vector<ChainLink>, EvidenceError> JournalStore::links_to_signature(std::uint64_t batch) const {
    return storage::links_to_signature({impl_->db, impl_->sealed, impl_->signer}, batch);
}

const ChainSigner& JournalStore::signer() const noexcept {
    return impl_->signer;
}

std::vector<StoredDay> JournalStore::days() const {
    std::vector<StoredDay> result;
    for (const auto& [day, summary] : impl_->days.days()) {
        result.push_back({day, summary.rows, summary.bytes});
    }
    return result;
}

common::Result<std::vector<DayAge>, std::error_code> JournalStore::ages(common::Nanos old, common::Nanos ahead) const {
    return day_ages(impl_->db, old, ahead);
}

common::Result<std::vector<Order>, std::error_code> JournalStore::orders() const {
    return read_orders(impl_->db, 0);
}

common::Result<HoldRecord, std::error_code> JournalStore::hold(HoldRecord hold, const event::QueryPlan& plan) {
    return add_hold(impl_->hold_parts(), std::move(hold), plan, impl_->clock.now());
}

common::Result<void, std::error_code> JournalStore::release_hold(const std::string& name,
                                                                 const event::DropOrder& order) {
    if (const std::error_code error = storage::release_hold(impl_->hold_parts(), name, order, impl_->clock.now())) {
        return common::fail(error);
    }
    return {};
}

common::Result<void, std::error_code> JournalStore::move_to_cold(std::uint16_t day) {
    if (impl_->options.cold_path.empty()) { return common::fail(std::make_error_code(std::errc::invalid_argument)); }
    if (place(day) != Place::here) { return {}; }
    if (const std::error_code error = impl_->stores.copy_to_cold(day)) { return common::fail(error); }
    const std::lock_guard sealing(impl_->sealer->mutex());
    std::error_code error = impl_->sealer->settle();
    if (!error) { error = impl_->stores.switch_to_cold(day); }
    if (error) { return common::fail(error); }
    return {};
}

JournalStore::Place JournalStore::place(std::uint16_t day) const {
    if (!impl_->stores.reachable(day)) { return Place::unreachable; }
    if (impl_->stores.is_cold(day)) { return Place::cold; }
    return impl_->stores.has(day) ? Place::here : Place::nowhere;
}

std::vector<HoldRecord> JournalStore::holds() const {
    return impl_->holds.list();
}

common::Nanos JournalStore::newest_commit() const {
    const std::uint64_t seq = impl_->committer->committed();
    std::string key;
    append_key(key, seq);
    const auto value = impl_->db.get(Family::chain, key);
    const auto record = value && *value ? decode_chain(seq, **value) : std::nullopt;
    return record ? record->time : 0;
}

const std::filesystem::path& JournalStore::folder() const noexcept {
    return impl_->db.folder();
}

std::uint64_t JournalStore::min_free_bytes() const noexcept {
    return impl_->options.min_free_bytes;
}

common::Result<void, std::error_code> JournalStore::seal() {
    if (const std::error_code error = impl_->sealer->seal_all()) { return common::fail(error); }
    return {};
}

void JournalStore::close() noexcept {
    impl_->sealer->stop();
    impl_->committer->stop();
}

} // namespace canhgac::storage
