#include "storage/committer.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "common/ensure.hpp"
#include "storage/detection_codec.hpp"

namespace canhgac::storage {

namespace {

constexpr common::Nanos kSignEvery = common::kSecond;
constexpr common::Nanos kDedupBucket = common::kMinute;
constexpr std::uint8_t kDedupVersion = 1;
constexpr std::uint8_t kDictVersion = 1;
constexpr std::chrono::duration<double> kPacedCommit{0.05}; ///< what one commit holds while there is a limit
constexpr std::chrono::duration<double> kLongestPause{1};

rocksdb::Slice slice(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

std::string seq_key(std::uint64_t seq) {
    std::string key;
    append_key(key, seq);
    return key;
}

std::uint32_t bucket_of(common::Nanos time) noexcept {
    return static_cast<std::uint32_t>(std::max<common::Nanos>(time, 0) / kDedupBucket);
}

} // namespace

CommitMetrics::CommitMetrics(common::MetricsRegistry& registry)
    : queue_bytes(registry.gauge("canhgac_store_queue_bytes", "Prepared batches waiting for the committer")),
      commits(registry.counter("canhgac_store_commits_total", "Group commits")),
      batches(registry.counter("canhgac_store_batches_total", "Batches committed")),
      events(registry.counter("canhgac_store_events_total", "Events committed")),
      duplicates(registry.counter("canhgac_store_duplicates_total", "Events left out as stored before")),
      bytes(registry.counter("canhgac_store_written_bytes_total", "Bytes of committed write batches")),
      fsyncs(registry.counter("canhgac_store_fsyncs_total", "Synced writes of the journal by the committer")),
      errors(registry.counter("canhgac_store_errors_total", "Commits that failed")),
      refused(registry.counter("canhgac_store_refused_batches_total", "Batches refused: disk full, error or closed")),
      dedup_bytes(registry.gauge("canhgac_store_dedup_bytes", "Memory of the de-duplication window")),
      dedup_early(registry.counter("canhgac_store_dedup_cut_total",
                                   "Times the de-duplication window was cut short because it was full")),
      seconds(registry.histogram("canhgac_store_commit_seconds", "Duration of a group commit",
                                 {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0})) {}

struct Committer::Draft {
    rocksdb::WriteBatch writes;
    common::Nanos now = 0;
    ChainTip tip;
    std::vector<std::uint64_t> new_keys; ///< put into the window for this commit
    std::map<std::uint16_t, DaySummary> days;
    std::vector<SourceDelta> sources;
    std::unordered_map<std::uint32_t, std::size_t> source_index;
    std::uint32_t dict_size = 0;
    std::uint32_t source_count = 0;
    std::uint64_t events = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t batches = 0;
    bool signs = false;

    SourceDelta& source(std::uint32_t id) {
        const auto [at, fresh] = source_index.try_emplace(id, sources.size());
        if (fresh) { sources.push_back({id, {}}); }
        return sources[at->second];
    }
};

Committer::Committer(const Parts& parts, const JournalOptions& options, common::MetricsRegistry& metrics, ChainTip tip,
                     DedupWindow dedup)
    : parts_(parts), options_(options), metrics_(metrics), tip_(tip), dedup_(std::move(dedup)), signed_seq_(tip.seq),
      committed_(tip.seq), thread_([this] { run(); }) {}

Committer::~Committer() {
    stop();
}

void Committer::append(std::unique_ptr<Prepared> batch, std::function<void(bool durable)> done) {
    if (batch->block.zone.rows == 0) { // nothing to keep
        if (done) { done(true); }
        return;
    }
    const std::size_t bytes = batch->size();
    {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return stopping_ || queued_bytes_ < options_.queue_bytes; });
        if (!stopping_) {
            queued_bytes_ += bytes;
            metrics_.queue_bytes.set(static_cast<double>(queued_bytes_));
            queue_.push_back({std::move(batch), std::move(done)});
            ready_.notify_one();
            return;
        }
    }
    metrics_.refused.add();
    if (done) { done(false); }
}

void Committer::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_all();
    room_.notify_all();
    if (thread_.joinable()) { thread_.join(); }
    progress_.notify_all();
}

void Committer::wait(std::uint64_t after, std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    progress_.wait_for(lock, at_most, [this, after] { return committed() > after || stopping_; });
}

void Committer::run() {
    std::vector<Item> items;
    while (take(items)) {
        if (items.empty()) {
            sign_tip();
            continue;
        }
        commit(items);
        items.clear();
    }
    sign_tip();
}

/// Takes what is queued up to the size of a commit; nothing after a second without work while a head is unsigned.
/// False: stopped and empty.
bool Committer::take(std::vector<Item>& items) {
    std::unique_lock lock(mutex_);
    const auto woken = [this] { return stopping_ || !queue_.empty(); };
    if (signed_seq_ == tip_.seq) {
        ready_.wait(lock, woken);
    } else if (!ready_.wait_for(lock, std::chrono::nanoseconds(kSignEvery), woken)) {
        return true;
    }
    const double limit = limit_;
    if (limit > 0) {
        ready_.wait_until(lock, not_before_, [this] { return stopping_; });
    }
    const double most = limit > 0 ? limit * kPacedCommit.count() : std::numeric_limits<double>::max();
    std::size_t bytes = 0;
    double rows = 0;
    while (!queue_.empty() && bytes < options_.commit_bytes && rows < most) {
        bytes += queue_.front().batch->size();
        rows += queue_.front().batch->block.zone.rows;
        items.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    if (limit > 0) {
        const std::chrono::duration<double> share(std::min(rows / limit, kLongestPause.count()));
        not_before_ = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(share);
    }
    queued_bytes_ -= bytes;
    metrics_.queue_bytes.set(static_cast<double>(queued_bytes_));
    room_.notify_all();
    return !items.empty();
}

void Committer::commit(std::vector<Item>& items) {
    const auto start = std::chrono::steady_clock::now();
    const bool durable = write(items);
    metrics_.seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (durable) {
        const std::lock_guard lock(mutex_); // so that no waiter misses it between its check and its sleep
        progress_.notify_all();
    } else {
        metrics_.refused.add(static_cast<double>(items.size()));
    }
    for (Item& item : items) {
        if (item.done) { item.done(durable); }
    }
}

bool Committer::write(std::vector<Item>& items) {
    const std::lock_guard lock(write_mutex_);
    if (parts_.db.free_bytes() < options_.min_free_bytes) {
        report_error(std::make_error_code(std::errc::no_space_on_device));
        return false;
    }
    Draft draft;
    draft.now = parts_.clock.now();
    draft.tip = tip_;
    for (const Item& item : items) {
        add_batch(draft, *item.batch);
    }
    add_names_and_totals(draft);
    add_signed_head(draft);
    const std::error_code error = parts_.db.write(draft.writes);
    if (error) {
        for (const std::uint64_t key : draft.new_keys) {
            dedup_.forget(key);
        }
        report_error(error);
        return false;
    }
    accept(draft, items);
    return true;
}

void Committer::add_batch(Draft& draft, const Prepared& batch) {
    const RowSet duplicates = find_duplicates(draft, batch);
    for (const SourceDelta& delta : batch.sources) {
        event::SourceTotals& sum = draft.source(delta.id).add;
        sum.stored += delta.add.stored;
        sum.bytes += delta.add.bytes;
        sum.unparsed += delta.add.unparsed;
        sum.last_event_time = std::max(sum.last_event_time, delta.add.last_event_time);
        sum.last_received = std::max(sum.last_received, delta.add.last_received);
    }
    ZoneRecord zone = batch.block.zone;
    for (const Prepared::KeyedRow& keyed : batch.keyed) {
        if (!duplicates.contains(keyed.row)) { continue; }
        event::SourceTotals& sum = draft.source(keyed.source).add;
        sum.stored -= 1;
        sum.bytes -= keyed.bytes;
        sum.unparsed -= keyed.unparsed ? 1 : 0;
        sum.duplicates += 1;
        zone.gone += 1;
    }
    draft.duplicates += zone.gone;
    if (zone.gone == zone.rows) { return; } // nothing new in it: no block, no number
    draft.events += zone.rows - zone.gone;
    draft.batches += 1;

    ChainRecord record;
    record.seq = draft.tip.seq + 1;
    record.root = batch.block.root;
    record.rows = zone.rows;
    record.stored = zone.rows - zone.gone;
    record.time = draft.now;
    record.min_time = zone.min_time;
    record.max_time = zone.max_time;
    record.duplicates = hash_.of(duplicates.bits());
    record.previous = draft.tip.head;
    record.head = chain_head(hash_, record);
    draft.tip = {record.seq, record.head};

    std::string value;
    encode(record, value);
    draft.writes.Put(parts_.db.family(Family::chain), seq_key(record.seq), value);
    const BlockKey key{day_of(zone.max_time), 0, record.seq};
    const std::string block_key = to_key(key);
    const std::string head = stored_block_head(duplicates, {});
    const rocksdb::Slice key_slice = block_key;
    const std::array<rocksdb::Slice, 2> parts = {slice(head), slice(batch.block.bytes)};
    draft.writes.Put(parts_.db.family(Family::mb), rocksdb::SliceParts(&key_slice, 1),
                     rocksdb::SliceParts(parts.data(), 2));
    encode(zone, value);
    draft.writes.Put(parts_.db.family(Family::zone), block_key, value);
    const auto day = draft.days.try_emplace(key.day, parts_.days.summary(key.day)).first;
    day->second = with_block(day->second, zone);
    add_detections(draft, batch, duplicates);
    add_dedup_keys(draft, batch, duplicates);
}

RowSet Committer::find_duplicates(Draft& draft, const Prepared& batch) {
    RowSet duplicates;
    for (const Prepared::KeyedRow& keyed : batch.keyed) {
        if (dedup_.insert(keyed.key, draft.now)) {
            draft.new_keys.push_back(keyed.key);
        } else {
            duplicates.add(keyed.row);
        }
    }
    return duplicates;
}

void Committer::add_detections(Draft& draft, const Prepared& batch, const RowSet& duplicates) {
    std::string value(1, static_cast<char>(kDetectionVersion));
    for (const Prepared::EncodedDetection& detection : batch.detections) {
        if (!duplicates.contains(detection.row)) { value += detection.bytes; }
    }
    if (value.size() > 1) { draft.writes.Put(parts_.db.family(Family::det), seq_key(draft.tip.seq), value); }
}

void Committer::add_dedup_keys(Draft& draft, const Prepared& batch, const RowSet& duplicates) {
    if (batch.keyed.empty()) { return; }
    ByteSink value;
    value.u8(kDedupVersion);
    value.fixed64(static_cast<std::uint64_t>(draft.now));
    for (const Prepared::KeyedRow& keyed : batch.keyed) {
        if (!duplicates.contains(keyed.row)) { value.fixed64(keyed.key); }
    }
    std::string key;
    append_key(key, bucket_of(draft.now));
    append_key(key, draft.tip.seq);
    draft.writes.Put(parts_.db.family(Family::dedup), key, slice(value.view()));
}

void Committer::add_names_and_totals(Draft& draft) {
    draft.dict_size = parts_.dict.size();
    for (const auto& [number, name] : parts_.dict.pending()) {
        ByteSink value;
        value.u8(kDictVersion);
        value.bytes(name);
        std::string key;
        append_key(key, number);
        draft.writes.Put(parts_.db.family(Family::dict), key, slice(value.view()));
        draft.dict_size = std::max(draft.dict_size, number + 1);
    }
    rocksdb::ColumnFamilyHandle* sources = parts_.db.family(Family::sources);
    for (const SourceBook::Write& write : parts_.sources.pending(draft.source_count)) {
        draft.writes.Put(sources, write.key, write.value);
    }
    for (const SourceBook::Write& write : parts_.sources.totals_with(draft.sources)) {
        draft.writes.Put(sources, write.key, write.value);
    }
    for (const auto& [day, summary] : draft.days) {
        draft.writes.Put(parts_.db.family(Family::day), DayBook::key(day), DayBook::encode(summary));
    }
    const std::uint32_t expired = bucket_of(draft.now - options_.dedup_window);
    if (expired > expired_bucket_) {
        std::string begin;
        std::string end;
        append_key(begin, std::uint32_t{0});
        append_key(end, expired);
        draft.writes.DeleteRange(parts_.db.family(Family::dedup), begin, end);
    }
}

void Committer::add_signed_head(Draft& draft) {
    const bool due = draft.now - signed_at_ >= kSignEvery || draft.now < signed_at_; // the clock was set back
    draft.signs = draft.tip.seq != tip_.seq && due;
    if (!draft.signs) { return; }
    SignedHead head{draft.tip.seq, draft.now, draft.tip.head, {}};
    parts_.signer.sign(head);
    std::string value;
    encode(head, value);
    draft.writes.Put(parts_.db.family(Family::heads), seq_key(head.seq), value);
}

void Committer::accept(const Draft& draft, const std::vector<Item>& items) {
    tip_ = draft.tip;
    if (draft.signs) {
        signed_seq_ = draft.tip.seq;
        signed_at_ = draft.now;
    }
    expired_bucket_ = std::max(expired_bucket_, bucket_of(draft.now - options_.dedup_window));
    parts_.dict.confirm(draft.dict_size);
    parts_.sources.confirm(draft.source_count);
    parts_.sources.apply(draft.sources);
    for (const auto& [day, summary] : draft.days) {
        parts_.days.set(day, summary);
    }
    committed_.store(tip_.seq, std::memory_order_release);
    metrics_.commits.add();
    metrics_.batches.add(static_cast<double>(items.size()));
    metrics_.events.add(static_cast<double>(draft.events));
    metrics_.duplicates.add(static_cast<double>(draft.duplicates));
    metrics_.bytes.add(static_cast<double>(draft.writes.GetDataSize()));
    if (options_.durability == Durability::fsync) { metrics_.fsyncs.add(); }
    metrics_.dedup_bytes.set(static_cast<double>(dedup_.bytes()));
    metrics_.dedup_early.add(static_cast<double>(dedup_.early_rotations() - early_rotations_));
    early_rotations_ = dedup_.early_rotations();
    if (failing_) {
        failing_ = false;
        parts_.logger.info("the store writes again");
    }
}

/// Signs the newest head if it is not, and writes names and sources nobody committed yet.
void Committer::sign_tip() noexcept {
    const std::lock_guard lock(write_mutex_);
    Draft draft;
    draft.now = parts_.clock.now();
    draft.tip = tip_;
    add_names_and_totals(draft);
    if (signed_seq_ != tip_.seq) {
        SignedHead head{tip_.seq, draft.now, tip_.head, {}};
        parts_.signer.sign(head);
        std::string value;
        encode(head, value);
        draft.writes.Put(parts_.db.family(Family::heads), seq_key(head.seq), value);
    }
    if (draft.writes.Count() == 0) { return; }
    if (const std::error_code error = parts_.db.write(draft.writes)) {
        report_error(error);
        signed_seq_ = tip_.seq; // not again each second: the next commit signs anew
        return;
    }
    signed_seq_ = tip_.seq;
    signed_at_ = draft.now;
    parts_.dict.confirm(draft.dict_size);
    parts_.sources.confirm(draft.source_count);
    expired_bucket_ = std::max(expired_bucket_, bucket_of(draft.now - options_.dedup_window));
}

void Committer::report_error(std::error_code error) {
    metrics_.errors.add();
    if (failing_) { return; } // once, until it works again
    failing_ = true;
    parts_.logger.error("the store refuses events: {}", error.message());
}

} // namespace canhgac::storage
