#include "alerting/alert_engine.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "alerting/checkpoint.hpp"
#include "alerting/cursor.hpp"

namespace canhgac::alerting {
namespace {

constexpr std::size_t kManyDetections = 4'096; ///< in one read: read fewer batches next time
constexpr std::size_t kFewDetections = 512;
constexpr std::chrono::milliseconds kRetryWait{200};
constexpr common::Nanos kSweepInterval = common::kHour;
constexpr common::Nanos kTickInterval = common::kSecond;
constexpr std::size_t kMaxTicks = 256; ///< kept in the cursor

} // namespace

struct AlertEngine::Impl {
    event::DetectionLog& log;
    event::StateStore& state;
    AlertBook& book;
    const common::Clock& clock;
    common::Logger& logger;
    AlertEngineSettings settings;
    DetectionTransform* transform;
    Wake wake;

    common::Counter detections;
    common::Counter opened;
    common::Counter updated;
    common::Counter failures;
    common::Gauge at_batch;
    common::Counter checkpoints_made;
    common::Gauge checkpoint_bytes;

    CheckpointStore checkpoints;
    std::uint64_t since_checkpoint = 0; ///< detections applied since the last one was begun
    common::Nanos checkpointed = 0;     ///< our clock, when the last one was begun
    std::atomic<bool> wants_checkpoint{false};
    common::Nanos ticked = 0; ///< our clock

    Cursor cursor{};                     ///< what is applied; of the engine's thread only
    bool warm = false;                   ///< the transform knows the past
    std::uint64_t batches = 1;           ///< to read next time
    common::Nanos cursor_written = 0;    ///< our clock
    common::Nanos swept = 0;             ///< our clock
    bool cursor_moved = false;           ///< since it was written
    bool must_write_cursor = false;      ///< with the next write
    std::uint64_t checkpointing_seq = 0; ///< of the one being written
    /// Read and transformed but not yet applied: the transform must not see a detection twice.
    std::vector<event::DetectionRecord> ready{};
    std::optional<Cursor> ready_cursor{};

    std::atomic<std::uint64_t> applied{0};
    std::atomic<bool> stopping{false};
    mutable std::mutex mutex{};
    mutable std::condition_variable moved{};
    std::thread thread{};

    common::Result<void, std::error_code> warm_up();
    common::Result<void, std::error_code> replay(std::uint64_t from, std::uint64_t& fed);
    common::Result<void, std::error_code> tick();
    common::Result<void, std::error_code> checkpoint();
    void last_checkpoint();
    common::Result<bool, std::error_code> read_more();
    common::Result<void, std::error_code> apply();
    common::Result<bool, std::error_code> step();
    common::Result<void, std::error_code> idle();
    void take(event::DetectionRecord&& record);
    void adapt(std::size_t records) noexcept;
    void run();
    void pause(std::chrono::milliseconds at_most);
};

/// Feeds what is between `from` and the cursor again, with the ticks between.
common::Result<void, std::error_code> AlertEngine::Impl::replay(std::uint64_t from, std::uint64_t& fed) {
    std::vector<event::DetectionRecord> dropped;
    auto next_tick = cursor.ticks.begin();
    const auto tick_before = [&](std::uint64_t seq) {
        for (; next_tick != cursor.ticks.end() && next_tick->first < seq; ++next_tick) {
            if (next_tick->first >= from) { transform->advance(next_tick->second, dropped); }
        }
    };
    std::uint64_t at = from;
    while (at < cursor.seq && !stopping) {
        const std::uint64_t limit = std::min<std::uint64_t>(settings.batches_per_read, cursor.seq - at);
        const auto next = log.read(at, limit, [&](event::DetectionRecord&& record) {
            if (record.event.seq > cursor.seq) { return; }
            tick_before(record.event.seq);
            transform->push(record, dropped);
            dropped.clear();
            ++fed;
        });
        if (!next) { return common::fail(next.error()); }
        if (*next == at) { break; }
        at = *next;
    }
    if (stopping) { return common::fail(std::make_error_code(std::errc::operation_canceled)); }
    tick_before(cursor.seq + 1);
    return {};
}

common::Result<void, std::error_code> AlertEngine::Impl::warm_up() {
    if (warm) { return {}; }
    if (transform == nullptr) {
        warm = true;
        return {};
    }
    auto checkpoint = checkpoints.load();
    if (!checkpoint) { return common::fail(checkpoint.error()); }
    const bool usable = *checkpoint && (*checkpoint)->seq <= cursor.seq && transform->restore((*checkpoint)->state);
    if (*checkpoint && !usable) { logger.warning("alerting: the checkpoint of correlation cannot be used"); }
    std::uint64_t from = cursor.seq;
    if (usable) {
        from = (*checkpoint)->seq;
    } else {
        static_cast<void>(transform->restore({})); // from nothing: it may have been fed before a read failed
        if (settings.horizon != 0) { from = start_of_horizon(cursor, settings.horizon); }
        wants_checkpoint = cursor.seq != 0;
    }
    std::uint64_t fed = 0;
    if (const auto done = replay(from, fed); !done) { return common::fail(done.error()); }
    since_checkpoint = fed;
    checkpointed = clock.now();
    if (fed > 0) { logger.info("alerting: correlation knows {} earlier detections again", fed); }
    warm = true;
    return {};
}

void AlertEngine::Impl::take(event::DetectionRecord&& record) {
    // The detection itself comes before what is concluded from it.
    const std::size_t own = ready.size();
    if (record.generates) { ready.emplace_back(); }
    if (transform != nullptr) { transform->push(record, ready); }
    if (record.generates) { ready[own] = std::move(record); }
}

common::Result<bool, std::error_code> AlertEngine::Impl::read_more() {
    // Read whole before anything is transformed: a read that fails half way may be made again.
    std::vector<event::DetectionRecord> records;
    const auto next =
        log.read(cursor.seq, batches, [&](event::DetectionRecord&& record) { records.push_back(std::move(record)); });
    if (!next) { return common::fail(next.error()); }
    if (*next <= cursor.seq) { return false; }
    common::Nanos newest = cursor.received;
    for (auto& record : records) {
        newest = std::max(newest, record.received);
        take(std::move(record));
    }
    detections.add(static_cast<double>(records.size()));
    since_checkpoint += records.size();
    adapt(records.size());
    ready_cursor = advanced(cursor, *next, newest, settings.horizon);
    return true;
}

common::Result<void, std::error_code> AlertEngine::Impl::apply() {
    const common::Nanos now = clock.now();
    const bool write_cursor = must_write_cursor || !ready.empty() || now - cursor_written >= settings.cursor_interval;
    std::vector<event::StateStore::Change> also;
    if (write_cursor) { also.push_back({std::string(kCursorKey), encode_cursor(*ready_cursor)}); }
    const auto counts = book.apply(ready, also);
    if (!counts) { return common::fail(counts.error()); }
    opened.add(static_cast<double>(counts->opened));
    updated.add(static_cast<double>(counts->updated));
    cursor = std::move(*ready_cursor);
    ready_cursor.reset();
    ready.clear();
    must_write_cursor = false;
    cursor_moved = !write_cursor;
    if (write_cursor) { cursor_written = now; }
    at_batch.set(static_cast<double>(cursor.seq));
    if (counts->opened > 0 && wake) { wake(); }
    {
        const std::scoped_lock lock(mutex);
        applied = cursor.seq;
    }
    moved.notify_all();
    return {};
}

/// Tells the transform how late it is, at most once a second.
common::Result<void, std::error_code> AlertEngine::Impl::tick() {
    const common::Nanos now = clock.now();
    if (transform == nullptr || ready_cursor || now - ticked < kTickInterval) { return {}; }
    ticked = now;
    const common::Nanos told = now - settings.commit_delay;
    if (!transform->advance(told, ready)) { return {}; }
    ready_cursor = cursor;
    ready_cursor->ticks.emplace_back(cursor.seq, told);
    if (ready_cursor->ticks.size() > kMaxTicks) { wants_checkpoint = true; }
    must_write_cursor = true; // or this moment could not be found again
    return apply();
}

/// One step of the checkpoint being written; begins one when it is due. Only when everything read is applied.
common::Result<void, std::error_code> AlertEngine::Impl::checkpoint() {
    if (transform == nullptr) { return {}; }
    if (!checkpoints.is_writing()) {
        const common::Nanos now = clock.now();
        const bool due = since_checkpoint >= settings.checkpoint_records ||
                         (since_checkpoint > 0 && now - checkpointed >= settings.checkpoint_interval);
        if (!due && !wants_checkpoint) { return {}; }
        wants_checkpoint = false;
        checkpointing_seq = cursor.seq;
        std::string saved = transform->save();
        checkpoint_bytes.set(static_cast<double>(saved.size()));
        checkpoints.begin({cursor.seq, std::move(saved)});
        checkpointed = now;
        since_checkpoint = 0;
    }
    // Ticks before the checkpoint are in it. Those at its own batch may have come before or after it: the transform
    // is told twice then, which changes nothing.
    Cursor trimmed = cursor;
    std::erase_if(trimmed.ticks, [this](const auto& tick) { return tick.first < checkpointing_seq; });
    const auto whole = checkpoints.step({std::string(kCursorKey), encode_cursor(trimmed)});
    if (!whole) { return common::fail(whole.error()); }
    if (!*whole) { return {}; }
    cursor = std::move(trimmed);
    cursor_moved = false;
    cursor_written = clock.now();
    checkpoints_made.add();
    return {};
}

void AlertEngine::Impl::last_checkpoint() {
    if (ready_cursor || !warm) { return; }
    if (since_checkpoint > 0) { wants_checkpoint = true; }
    while (checkpoints.is_writing() || wants_checkpoint) {
        if (!checkpoint()) { return; } // the one before is as good, only slower
    }
}

common::Result<bool, std::error_code> AlertEngine::Impl::step() {
    if (const auto warmed = warm_up(); !warmed) { return common::fail(warmed.error()); }
    if (!ready_cursor) {
        const auto more = read_more();
        if (!more || !*more) { return more; }
    }
    if (const auto done = apply(); !done) { return common::fail(done.error()); }
    if (const auto done = checkpoint(); !done) { return common::fail(done.error()); }
    return true;
}

common::Result<void, std::error_code> AlertEngine::Impl::idle() {
    if (const auto done = tick(); !done) { return common::fail(done.error()); }
    return ready_cursor ? common::Result<void, std::error_code>{} : checkpoint();
}

void AlertEngine::Impl::adapt(std::size_t records) noexcept {
    if (records > kManyDetections) {
        batches = std::max<std::uint64_t>(batches / 2, 1);
    } else if (records < kFewDetections) {
        batches = std::min(batches * 2, settings.batches_per_read);
    }
}

void AlertEngine::Impl::pause(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex);
    moved.wait_for(lock, at_most, [this] { return stopping.load(); });
}

void AlertEngine::Impl::run() {
    bool complained = false;
    while (!stopping) {
        const auto more = step();
        if (stopping) { break; }
        if (!more) {
            failures.add();
            if (!complained) { logger.error("alerting: {}; trying again", more.error().message()); }
            complained = true;
            pause(kRetryWait);
            continue;
        }
        if (complained) { logger.info("alerting: works again"); }
        complained = false;
        if (*more) { continue; }
        if (const auto done = idle(); !done) {
            failures.add();
            logger.error("alerting: {}; trying again", done.error().message());
            pause(kRetryWait);
            continue;
        }
        if (checkpoints.is_writing()) { continue; }
        if (const common::Nanos now = clock.now(); now - swept >= kSweepInterval) {
            swept = now;
            book.sweep();
        }
        log.wait(cursor.seq, settings.idle_wait);
    }
    last_checkpoint();
    if (cursor_moved && !ready_cursor) {
        const event::StateStore::Change change{std::string(kCursorKey), encode_cursor(cursor)};
        common::ignore(state.write({&change, 1}), "an older cursor is as good, only slower");
    }
}

AlertEngine::AlertEngine(event::DetectionLog& log, event::StateStore& state, AlertBook& book,
                         const common::Clock& clock, common::Logger& logger, common::MetricsRegistry& metrics,
                         AlertEngineSettings settings, DetectionTransform* transform, Wake wake)
    : impl_(new Impl{
          .log = log,
          .state = state,
          .book = book,
          .clock = clock,
          .logger = logger,
          .settings = settings,
          .transform = transform,
          .wake = std::move(wake),
          .detections = metrics.counter("canhgac_alerting_detections_total", "Detections read by alerting"),
          .opened = metrics.counter("canhgac_alerts_opened_total", "Alerts opened"),
          .updated = metrics.counter("canhgac_alerts_updated_total", "Writes that made an open alert grow"),
          .failures = metrics.counter("canhgac_alerting_failures_total", "Reads or writes of alerting that failed"),
          .at_batch = metrics.gauge("canhgac_alerting_batch", "Last batch whose detections became alerts"),
          .checkpoints_made =
              metrics.counter("canhgac_correlation_checkpoints_total", "Checkpoints of correlation that are whole"),
          .checkpoint_bytes =
              metrics.gauge("canhgac_correlation_checkpoint_bytes", "Size of the last checkpoint of correlation"),
          .checkpoints = CheckpointStore(state),
      }) {
    const auto text = state.get(kCursorKey);
    if (!text) { throw std::system_error(text.error(), "reading the cursor of alerting"); }
    if (*text) {
        auto cursor = decode_cursor(**text);
        if (!cursor) { throw std::runtime_error("the cursor of alerting in the data folder is not readable"); }
        impl_->cursor = std::move(*cursor);
    }
    impl_->applied = impl_->cursor.seq;
    impl_->swept = clock.now();
}

AlertEngine::~AlertEngine() {
    stop();
}

common::Result<void, std::error_code> AlertEngine::warm_up() {
    return impl_->warm_up();
}

common::Result<bool, std::error_code> AlertEngine::step() {
    return impl_->step();
}

common::Result<void, std::error_code> AlertEngine::idle() {
    return impl_->idle();
}

void AlertEngine::request_checkpoint() noexcept {
    impl_->wants_checkpoint = true;
}

void AlertEngine::start() {
    impl_->thread = std::thread([this] { impl_->run(); });
}

void AlertEngine::stop() {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->moved.notify_all();
    if (impl_->thread.joinable()) { impl_->thread.join(); }
}

std::uint64_t AlertEngine::position() const noexcept {
    return impl_->applied;
}

bool AlertEngine::wait(std::uint64_t seq, std::chrono::milliseconds at_most) const {
    std::unique_lock lock(impl_->mutex);
    return impl_->moved.wait_for(lock, at_most, [&] { return impl_->applied >= seq; });
}

} // namespace canhgac::alerting
