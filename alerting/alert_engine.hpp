/// Follows the detection log and turns it into alerts: exactly once in effect, whatever happens in between.
///
///   DetectionLog --(durable cursor)--> transform (correlation) --> AlertBook.apply --> one StateStore write:
///                                                                   alerts + notices in the outbox + cursor
///
/// The transform's state is kept as checkpoints. After a restart it is restored from the last one and fed again with
/// the detections between it and the cursor; what it says about them is dropped, because it was applied before the
/// cursor was written. So it is exactly where it was, and the time this takes is bounded by `checkpoint_records`.
/// Without a usable checkpoint (the first start of this version) it is fed with the last `horizon` before the cursor.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "alerting/alert_book.hpp"
#include "alerting/detection_transform.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "common/result.hpp"
#include "event/detection.hpp"
#include "event/store.hpp"

namespace canhgac::alerting {

struct AlertEngineSettings {
    /// How far back the transform is fed when there is no checkpoint, in receive time: at least the longest correlation
    /// window plus the lateness allowed. 0 = the transform needs no past then.
    common::Nanos horizon = 0;
    /// Batches read at once; adapts between 1 and this by the number of detections they hold.
    std::uint64_t batches_per_read = 256;
    /// A cursor that only passed batches without alerts is written this often.
    common::Nanos cursor_interval = common::kSecond;
    std::chrono::milliseconds idle_wait{250};
    /// A checkpoint is made after so many detections, or so much time when there was any.
    std::uint64_t checkpoint_records = 100'000;
    common::Nanos checkpoint_interval = 10 * common::kMinute;
    /// How long after its receipt a record is committed at the latest: the transform is told a time this far back.
    common::Nanos commit_delay = 2 * common::kSecond;
};

/// One thread of its own after start(); step() is for tests and for callers with their own loop, never both.
class AlertEngine {
public:
    /// Called after a write that put something into the outbox: Outbox::wake.
    using Wake = std::function<void()>;

    /// Everything referred to outlives the engine. Throws std::system_error when the cursor cannot be read,
    /// std::runtime_error when it is not readable.
    AlertEngine(event::DetectionLog& log, event::StateStore& state, AlertBook& book, const common::Clock& clock,
                common::Logger& logger, common::MetricsRegistry& metrics, AlertEngineSettings settings = {},
                DetectionTransform* transform = nullptr, Wake wake = {});
    ~AlertEngine();
    AlertEngine(const AlertEngine&) = delete;
    AlertEngine& operator=(const AlertEngine&) = delete;

    /// Brings the transform back to where it was; start() and the first step() do it when nobody did.
    [[nodiscard]] common::Result<void, std::error_code> warm_up();
    /// Reads and applies once; true when there was something new. On error nothing is lost: call again.
    [[nodiscard]] common::Result<bool, std::error_code> step();
    /// What the thread does when there is nothing to read: tells the transform the time, goes on with a checkpoint.
    [[nodiscard]] common::Result<void, std::error_code> idle();
    /// Makes a checkpoint soon: the transform works by other rules now. Any thread.
    void request_checkpoint() noexcept;

    void start();
    /// Finishes the read under way, writes a checkpoint and the cursor, joins. A second call does nothing.
    void stop();

    /// Last batch whose detections are applied.
    [[nodiscard]] std::uint64_t position() const noexcept;
    /// Waits until position() >= seq; false when the time is up first.
    [[nodiscard]] bool wait(std::uint64_t seq, std::chrono::milliseconds at_most) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::alerting
