#include "storage/sealer.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::chrono::seconds kSealLookEvery{1};
/// Before a run that failed is tried again; doubles each time.
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};
/// Deleted micro-blocks the journal carries before it is compacted.
constexpr std::uint64_t kCompactBytes = 64 * common::kMiB;

std::string chain_key(std::uint64_t seq) {
    std::string key;
    append_key(key, seq);
    return key;
}

common::Nanos steady_now() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

} // namespace

SealMetrics::SealMetrics(common::MetricsRegistry& registry)
    : segments(registry.counter("canhgac_store_sealed_segments_total", "Segments written")),
      events(registry.counter("canhgac_store_sealed_events_total", "Events moved from the journal into segments")),
      bytes_in(registry.counter("canhgac_store_seal_read_bytes_total", "Bytes of micro-blocks that were sealed")),
      bytes_out(registry.counter("canhgac_store_seal_written_bytes_total", "Bytes of segments written")),
      errors(registry.counter("canhgac_store_seal_errors_total", "Runs that could not be sealed")),
      kept(registry.counter("canhgac_store_seal_kept_batches_total",
                            "Batches left in the journal: damaged, or with events of too many days")),
      joined(
          registry.counter("canhgac_store_seal_joined_files_total", "Small files of segments joined into larger ones")),
      cpu(registry.counter("canhgac_store_seal_cpu_seconds_total", "CPU time of sealing")),
      lag_batches(registry.gauge("canhgac_store_seal_lag_batches", "Acknowledged batches not sealed yet")),
      lag_seconds(registry.gauge("canhgac_store_seal_lag_seconds", "Age of the oldest of them")),
      limit(registry.gauge("canhgac_store_commit_limit_events_per_second",
                           "Most events acknowledged a second while sealing catches up; 0 = no limit")) {}

Sealer::Sealer(const Parts& parts, const JournalOptions& options, common::MetricsRegistry& metrics)
    : parts_(parts), options_(options), metrics_(metrics), builder_(parts.db),
      pace_(std::max<std::size_t>(options.seal.rows, 1)) {
    options_.seal.rows = std::max<std::size_t>(options_.seal.rows, 1);
    options_.seal.bytes = std::max<std::size_t>(options_.seal.bytes, 1);
    options_.seal.cpu_percent = std::clamp(options_.seal.cpu_percent, 1U, 100U);
    recover();
    counted_ = sealed_;
    if (options_.seal.on) {
        thread_ = std::thread([this] { run(); });
    }
}

Sealer::~Sealer() {
    stop();
}

void Sealer::stop() noexcept {
    {
        const std::lock_guard lock(wake_mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) { thread_.join(); }
}

void Sealer::recover() {
    const auto entries = parts_.db.iterate(Family::seg);
    entries->SeekToLast();
    if (entries->Valid() && entries->key().starts_with({&kRunMark, 1})) {
        const auto run = decode_run(entries->key().ToStringView(), entries->value().ToStringView());
        if (!run) { throw std::runtime_error("the journal's catalogue of segments is damaged"); }
        sealed_ = run->last_seq;
        next_run_ = run->run + 1;
    }
    if (!entries->status().ok()) {
        throw std::runtime_error(fmt::format("cannot read the journal: {}", entries->status().ToString()));
    }
    erase_unrecorded();
    remove_dropped_days();
}

void Sealer::erase_unrecorded() {
    const auto entries = parts_.db.iterate(Family::seg);
    const rocksdb::Slice mark(&kBuildingMark, 1);
    rocksdb::WriteBatch writes;
    for (entries->Seek(mark); entries->Valid() && entries->key().starts_with(mark); entries->Next()) {
        const auto run = decode_run(run_key(UINT64_MAX), entries->value().ToStringView());
        if (!run) { throw std::runtime_error("the journal's catalogue of segments is damaged"); }
        bool erased = true;
        for (const std::uint16_t day : run->days) {
            const auto db = parts_.stores.open(day, false);
            std::error_code error = db ? std::error_code{} : db.error();
            if (error == std::errc::no_such_device) { // at a later start; nobody reads what is not recorded
                erased = false;
                continue;
            }
            if (db && *db != nullptr) { error = (*db)->erase(run->run); }
            if (error) {
                throw std::runtime_error(fmt::format("cannot open the events of {}: {}",
                                                     common::format_rfc3339(day * common::kDay), error.message()));
            }
        }
        next_run_ = std::max(next_run_, run->run + 1);
        if (erased) { writes.Delete(parts_.db.family(Family::seg), entries->key()); }
    }
    if (writes.Count() == 0) { return; }
    if (const std::error_code error = parts_.db.write_synced(writes)) {
        throw std::runtime_error(fmt::format("cannot write the journal: {}", error.message()));
    }
}

/// A folder goes only if its day was dropped and nothing names it: one without either is somebody's evidence.
void Sealer::remove_dropped_days() {
    parts_.stores.empty_trash();
    const auto entries = parts_.db.iterate(Family::seg);
    for (const std::uint16_t day : parts_.stores.days()) {
        const std::string prefix = segment_prefix(day);
        entries->Seek(prefix);
        if (!entries->status().ok() || (entries->Valid() && entries->key().starts_with(prefix))) { continue; }
        if (!parts_.days.dropped(day)) { continue; }
        if (const std::error_code error = parts_.stores.drop(day)) {
            parts_.logger.warning("the folder of a dropped day stays: {}", error.message());
        }
    }
    for (const std::uint16_t day : parts_.stores.cold_orphans()) { // dropped while its volume was out of reach
        if (parts_.days.dropped(day)) { parts_.stores.remove_cold_copy(day); }
    }
}

void Sealer::run() {
    while (!stopping_) {
        {
            const std::lock_guard lock(mutex_);
            while (!stopping_ && !broken_ && std::chrono::steady_clock::now() >= next_try_ && due() && !seal_run()) {
                pace();
                measure();
            }
            pace();
            measure();
        }
        std::unique_lock lock(wake_mutex_);
        wake_.wait_for(lock, kSealLookEvery, [this] { return stopping_.load(); });
    }
}

std::error_code Sealer::seal_all() {
    const std::lock_guard lock(mutex_);
    if (stopping_) { return std::make_error_code(std::errc::operation_canceled); }
    while (sealed_ < parts_.committer.committed()) {
        if (broken_) { return std::make_error_code(std::errc::io_error); }
        if (stopping_) { return std::make_error_code(std::errc::operation_canceled); }
        if (const std::error_code error = seal_run()) { return error; }
    }
    measure();
    return {};
}

/// Enough rows wait, or the oldest of them long enough.
bool Sealer::due() {
    const std::uint64_t newest = parts_.committer.committed();
    if (newest <= sealed_) { return false; }
    const auto records = parts_.db.iterate(Family::chain);
    for (records->Seek(chain_key(counted_ + 1)); records->Valid(); records->Next()) {
        const auto seq = key_part<std::uint64_t>(records->key().ToStringView(), 0);
        if (seq > newest) { break; }
        const auto record = decode_chain(seq, records->value().ToStringView());
        waiting_rows_ += record ? record->rows : 0;
        counted_ = seq;
    }
    if (waiting_rows_ >= options_.seal.rows) { return true; }
    const auto first = parts_.db.get(Family::chain, chain_key(sealed_ + 1));
    const auto record = first && *first ? decode_chain(sealed_ + 1, **first) : std::nullopt;
    return !record || parts_.clock.now() - record->time >= options_.seal.after;
}

void Sealer::measure() {
    const std::uint64_t lag = parts_.committer.committed() - sealed_;
    metrics_.lag_batches.set(static_cast<double>(lag));
    const auto first = lag == 0 ? common::Result<std::optional<std::string>, std::error_code>{}
                                : parts_.db.get(Family::chain, chain_key(sealed_ + 1));
    const auto record = first && *first ? decode_chain(sealed_ + 1, **first) : std::nullopt;
    metrics_.lag_seconds.set(record ? static_cast<double>(parts_.clock.now() - record->time) / common::kSecond : 0.0);
}

bool Sealer::rest(common::Nanos worked) {
    metrics_.cpu.add(static_cast<double>(worked) / common::kSecond);
    if (stopping_) { return false; }
    if (!options_.seal.on || pace_.hurries(waiting_rows_)) { return true; }
    const common::Nanos pause = worked / options_.seal.cpu_percent * (100 - options_.seal.cpu_percent);
    std::unique_lock lock(wake_mutex_);
    return !wake_.wait_for(lock, std::chrono::nanoseconds(pause), [this] { return stopping_.load(); });
}

/// Without a limit while nothing is sealed: a full disk refuses by itself, and what is broken must not stop the ingest.
void Sealer::pace() {
    const double limit = broken_ || failures_ != 0 || stopping_ ? 0 : pace_.limit(waiting_rows_);
    if (limit != 0 && limit_ == 0) {
        parts_.logger.warning("{} events wait to be sealed: at most {:.0f} a second are acknowledged until fewer do",
                              waiting_rows_, limit);
    }
    limit_ = limit;
    metrics_.limit.set(limit);
    parts_.committer.limit(limit);
}

std::error_code Sealer::seal_run() {
    const std::error_code error = build_and_write();
    if (error == std::errc::operation_canceled) { return error; }
    if (error) {
        failed(error);
        return error;
    }
    if (failures_ != 0) { parts_.logger.info("events are sealed again"); }
    failures_ = 0;
    return {};
}

void Sealer::failed(std::error_code error) {
    metrics_.errors.add();
    broken_ = broken_ || error == std::errc::state_not_recoverable;
    if (failures_ == 0) {
        parts_.logger.error("events stay in the journal, sealing failed{}: {}",
                            broken_ ? "" : " and will be tried again", error.message());
    }
    next_try_ =
        std::chrono::steady_clock::now() + std::min(kFirstPause * (1U << std::min(failures_, 16U)), kLongestPause);
    ++failures_;
}

std::error_code Sealer::build_and_write() {
    const SealLimits limits{options_.seal.rows, options_.seal.bytes,
                            [this](std::uint16_t day) { return parts_.stores.reachable(day); }};
    // A segment is smaller than what it is made of, so this much is room enough.
    if (parts_.db.free_bytes() < options_.min_free_bytes + (options_.min_free_bytes == 0 ? 0 : options_.seal.bytes)) {
        return std::make_error_code(std::errc::no_space_on_device);
    }
    if (const std::error_code error = settle()) { return error; }
    if (sealed_ >= parts_.committer.committed()) { return {}; } // what was to be settled was all
    const bool hurried = pace_.hurries(waiting_rows_);
    const common::Nanos start = steady_now();
    auto run = builder_.build(next_run_, sealed_, parts_.committer.committed(), limits,
                              [this](common::Nanos worked) { return rest(worked); });
    const std::uint64_t rows = run ? run->rows : 0;
    const common::Nanos before = thread_cpu();
    const std::error_code error = run ? write_run(std::move(*run)) : run.error();
    if (!error && hurried) { pace_.sealed(rows, steady_now() - start); }
    common::ignore(rest(thread_cpu() - before), "whoever goes on looks at stopping_");
    return error;
}

std::error_code Sealer::write_run(SealRun&& run) {
    ++next_run_;
    if (!run.segments.empty()) {
        if (const std::error_code error = announce(run)) {
            undone_.push_back(run.record);
            return error;
        }
        if (!passes(SealStep::announced)) { return std::make_error_code(std::errc::operation_canceled); }
        if (const std::error_code error = ingest(run)) {
            undone_.push_back(run.record);
            common::ignore(settle(), "tried again before the next run");
            return error;
        }
        if (!passes(SealStep::ingested)) { return std::make_error_code(std::errc::operation_canceled); }
    }
    if (const std::error_code error = finish(run)) {
        for (SealRun::Segment& segment : run.segments) {
            segment.chunks.clear(); // they are in the days
        }
        unrecorded_ = std::move(run);
        return error;
    }
    if (!passes(SealStep::recorded)) { return std::make_error_code(std::errc::operation_canceled); }
    compact_journal(run);
    join_files(run);
    return {};
}

std::error_code Sealer::settle() {
    if (unrecorded_) {
        if (const std::error_code error = finish(*unrecorded_)) { return error; }
        unrecorded_.reset();
    }
    while (!undone_.empty()) {
        if (const std::error_code error = take_back(undone_.back())) { return error; }
        undone_.pop_back();
    }
    return {};
}

std::error_code Sealer::finish(const SealRun& run) {
    if (const std::error_code error = record(run)) { return error; }
    sealed_ = run.record.last_seq;
    waiting_rows_ -= std::min(waiting_rows_, run.rows);
    if (counted_ <= sealed_) {
        counted_ = sealed_;
        waiting_rows_ = 0;
    }
    metrics_.segments.add(static_cast<double>(run.segments.size()));
    metrics_.events.add(static_cast<double>(run.rows));
    metrics_.bytes_in.add(static_cast<double>(run.bytes_in));
    metrics_.bytes_out.add(static_cast<double>(run.bytes_out));
    metrics_.kept.add(static_cast<double>(run.kept_batches));
    if (run.kept_batches != 0) {
        parts_.logger.warning(
            "{} batches stay in the journal: damaged, or with events of too many days, or of one out of reach",
            run.kept_batches);
    }
    return {};
}

bool Sealer::passes(SealStep step) {
    if (!options_.seal.after_step || options_.seal.after_step(step)) { return true; }
    broken_ = true;
    return false;
}

std::error_code Sealer::announce(const SealRun& run) {
    rocksdb::WriteBatch writes;
    writes.Put(parts_.db.family(Family::seg), building_key(run.record.run), encode(run.record));
    return parts_.db.write_synced(writes);
}

std::error_code Sealer::ingest(const SealRun& run) {
    for (const SealRun::Segment& segment : run.segments) {
        const auto db = parts_.stores.open(segment.record.day, true);
        if (!db) { return db.error(); }
        if (const std::error_code error = (*db)->ingest(segment.chunks)) { return error; }
    }
    return {};
}

std::error_code Sealer::take_back(const RunRecord& run) {
    for (const std::uint16_t day : run.days) {
        const auto db = parts_.stores.open(day, false);
        if (!db && db.error() == std::errc::no_such_device) { return {}; } // a later start does it
        if (!db) { return db.error(); }
        if (*db == nullptr) { continue; }
        if (const std::error_code error = (*db)->erase(run.run)) { return error; }
    }
    rocksdb::WriteBatch writes;
    writes.Delete(parts_.db.family(Family::seg), building_key(run.run));
    return parts_.db.write_synced(writes);
}

std::error_code Sealer::record(const SealRun& run) {
    const std::lock_guard lock(parts_.committer.write_mutex());
    rocksdb::WriteBatch writes;
    rocksdb::ColumnFamilyHandle* seg = parts_.db.family(Family::seg);
    std::map<std::uint16_t, DaySummary> changed;
    const auto summary = [this, &changed](std::uint16_t day) -> DaySummary& {
        return changed.try_emplace(day, parts_.days.summary(day)).first->second;
    };
    for (const SealSource& source : run.sources) {
        const std::string key = to_key(source.key);
        writes.Delete(parts_.db.family(Family::mb), key);
        writes.Delete(parts_.db.family(Family::zone), key);
        writes.Put(parts_.db.family(Family::sealed), chain_key(source.key.seq), encode(source.sealed));
    }
    for (const SealRun::Segment& segment : run.segments) { // added first: bounds of an empty day start anew
        for (const BlockEntry& block : segment.blocks) {
            DaySummary& day = summary(segment.record.day);
            day = with_block(day, block.zone);
        }
        writes.Put(seg, segment_key(segment.record.day, segment.record.run), encode(segment.record));
    }
    for (const SealSource& source : run.sources) {
        DaySummary& day = summary(source.key.day);
        day.blocks -= 1;
        day.rows -= source.zone.rows - source.zone.gone;
        day.bytes -= source.zone.bytes;
    }
    for (const auto& [day, sum] : changed) {
        if (sum.blocks == 0) {
            writes.Delete(parts_.db.family(Family::day), DayBook::key(day));
        } else {
            writes.Put(parts_.db.family(Family::day), DayBook::key(day), DayBook::encode(sum));
        }
    }
    writes.Delete(seg, building_key(run.record.run));
    writes.Put(seg, run_key(run.record.last_seq), encode(run.record));
    if (const std::error_code error = parts_.db.write_synced(writes)) { return error; }
    for (const auto& [day, sum] : changed) {
        parts_.days.set(day, sum);
    }
    return {};
}

/// Keeps the files of the run's days few.
void Sealer::join_files(const SealRun& run) {
    const std::uint64_t free = parts_.db.free_bytes();
    const std::uint64_t room = free > options_.min_free_bytes ? (free - options_.min_free_bytes) / 2 : 0;
    for (const SealRun::Segment& segment : run.segments) {
        const auto db = parts_.stores.open(segment.record.day, false);
        if (!db || *db == nullptr) { continue; } // dropped meanwhile
        const auto joined = (*db)->join_files(room);
        if (joined) {
            metrics_.joined.add(static_cast<double>(*joined));
        } else {
            parts_.logger.warning("files of sealed events were not joined: {}", joined.error().message());
        }
    }
}

/// Gives the room of deleted micro-blocks back to the disk now and then.
void Sealer::compact_journal(const SealRun& run) {
    garbage_bytes_ += run.bytes_in;
    if (garbage_bytes_ < kCompactBytes) { return; }
    garbage_bytes_ = 0;
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    for (const Family family : {Family::mb, Family::zone}) {
        const auto status = parts_.db.db().CompactRange(options, parts_.db.family(family), nullptr, nullptr);
        if (!status.ok()) { parts_.logger.warning("the journal was not compacted: {}", status.ToString()); }
    }
}

} // namespace canhgac::storage
