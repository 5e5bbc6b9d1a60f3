#include "storage/hold_stores.hpp"

#include <limits>
#include <stdexcept>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "common/bytes.hpp"
#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint32_t kProofs = 0xFFFF'FFFFU; ///< in place of a run

} // namespace

std::string hold_batches_key() {
    std::string key;
    append_key(key, kProofs - 1);
    return key;
}

std::string hold_proof_key(std::uint64_t seq) {
    std::string key;
    append_key(key, kProofs);
    append_key(key, seq);
    return key;
}

HoldStores::HoldStores(JournalDb& db, common::Logger& logger)
    : folder_(db.folder() / "hold"), log_(make_error_log(logger)), cache_(rocksdb::NewLRUCache(common::kMiB)) {
    clean_up(db);
}

HoldStores::~HoldStores() = default;

void HoldStores::clean_up(JournalDb& db) {
    rocksdb::WriteBatch writes;
    const auto entries = db.iterate(Family::holds);
    for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
        const auto name = entries->key().ToStringView();
        auto hold = decode_hold(name, entries->value().ToStringView());
        if (!hold) { throw std::runtime_error(fmt::format("the record of the hold '{}' is damaged", name)); }
        if (hold->complete) {
            holds_[hold->name].record = std::move(*hold);
        } else {
            writes.Delete(db.family(Family::holds), entries->key());
        }
    }
    if (!entries->status().ok()) {
        throw std::runtime_error(fmt::format("cannot read the journal: {}", entries->status().ToString()));
    }
    std::error_code error;
    std::vector<std::filesystem::path> left;
    for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
        if (holds_.find(at->path().filename().string()) == holds_.end()) { left.push_back(at->path()); }
    }
    for (const auto& each : left) {
        std::filesystem::remove_all(each, error); // what stays goes at the next start
    }
    if (writes.Count() == 0) { return; }
    if (const std::error_code failed = db.write_synced(writes)) {
        throw std::runtime_error(fmt::format("cannot write the journal: {}", failed.message()));
    }
}

std::filesystem::path HoldStores::path(const std::string& name) const {
    return folder_ / name;
}

std::vector<HoldRecord> HoldStores::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<HoldRecord> result;
    for (const auto& [name, entry] : holds_) {
        result.push_back(entry.record);
    }
    return result;
}

std::optional<HoldRecord> HoldStores::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = holds_.find(name);
    if (found == holds_.end()) { return std::nullopt; }
    return found->second.record;
}

common::Result<std::shared_ptr<DayDb>, std::error_code> HoldStores::open(const std::string& name, bool create) {
    const std::lock_guard lock(mutex_);
    return open_locked(name, create);
}

common::Result<std::shared_ptr<DayDb>, std::error_code> HoldStores::open_locked(const std::string& name, bool create) {
    if (const auto known = open_.find(name); known != open_.end()) { return known->second; }
    auto db = open_day_db(path(name), create, log_, cache_);
    if (!db) { return db; }
    if (*db == nullptr) { return common::fail(std::make_error_code(std::errc::bad_message)); }
    open_[name] = *db;
    return db;
}

std::error_code HoldStores::load_segments(Entry& entry) {
    if (!entry.segments.empty() || entry.record.segments == 0) { return {}; }
    auto db = open_locked(entry.record.name, false);
    if (!db) { return db.error(); }
    std::vector<std::shared_ptr<const OpenSegment>> segments;
    for (std::uint32_t run = 1; run <= entry.record.segments; ++run) {
        const auto directory = (*db)->get(chunk_key(run, chunk::kDirectory, 0));
        if (!directory) { return directory.error(); }
        auto blocks = *directory ? decode_directory(**directory) : std::nullopt;
        if (!blocks || blocks->empty()) { return std::make_error_code(std::errc::bad_message); }
        auto segment = std::make_shared<OpenSegment>();
        segment->record.run = run;
        segment->record.blocks = blocks->size();
        segment->record.min_time = std::numeric_limits<common::Nanos>::max();
        segment->record.max_time = std::numeric_limits<common::Nanos>::min();
        for (const BlockEntry& block : *blocks) {
            segment->record.rows += block.zone.rows;
            segment->record.bytes += block.zone.bytes;
            segment->record.min_time = std::min(segment->record.min_time, block.zone.min_time);
            segment->record.max_time = std::max(segment->record.max_time, block.zone.max_time);
        }
        segment->db = *db;
        segment->blocks = std::move(*blocks);
        segment->held = true;
        segments.push_back(std::move(segment));
    }
    entry.segments = std::move(segments);
    return {};
}

common::Result<std::vector<std::shared_ptr<const OpenSegment>>, std::error_code>
HoldStores::segments(common::Nanos from, common::Nanos to) {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<const OpenSegment>> result;
    for (auto& [name, entry] : holds_) {
        if (const std::error_code error = load_segments(entry)) { return common::fail(error); }
        for (const auto& segment : entry.segments) {
            if (segment->record.max_time >= from && segment->record.min_time < to) { result.push_back(segment); }
        }
    }
    return result;
}

common::Result<std::vector<std::shared_ptr<const OpenSegment>>, std::error_code>
HoldStores::segments(const HoldRecord& hold) {
    const std::lock_guard lock(mutex_);
    const auto found = holds_.find(hold.name);
    if (found == holds_.end()) { return std::vector<std::shared_ptr<const OpenSegment>>{}; } // released meanwhile
    if (const std::error_code error = load_segments(found->second)) { return common::fail(error); }
    return found->second.segments;
}

void HoldStores::put(const HoldRecord& hold) {
    const std::lock_guard lock(mutex_);
    holds_[hold.name].record = hold;
}

void HoldStores::remove(const std::string& name) {
    {
        const std::lock_guard lock(mutex_);
        holds_.erase(name);
        open_.erase(name);
    }
    std::error_code ignored; // who reads still has it open; what stays goes at the next start
    std::filesystem::remove_all(path(name), ignored);
}

} // namespace canhgac::storage
