/// Follows the detection log and turns it into alerts: exactly once in effect, whatever happens in between.
///
///   DetectionLog --(durable cursor)--> transform (correlation) --> AlertBook.apply --> one StateStore write:
///                                                                   alerts + notices in the outbox + cursor
///
/// After a restart the transform is fed again with the detections of the last `horizon` before the cursor (warm-up);
/// what it says about them is dropped, because it was applied before the cursor was written.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "alerting/alert_book.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "common/result.hpp"
#include "event/detection.hpp"
#include "event/store.hpp"

namespace canhgac::alerting {

struct AlertEngineSettings {
    /// How far back the transform is fed at start, in receive time: at least the longest correlation window plus the
    /// lateness allowed. 0 = the transform needs no past.
    common::Nanos horizon = 0;
    /// Batches read at once; adapts between 1 and this by the number of detections they hold.
    std::uint64_t batches_per_read = 256;
    /// A cursor that only passed batches without alerts is written this often.
    common::Nanos cursor_interval = common::kSecond;
    std::chrono::milliseconds idle_wait{250};
};

/// One thread of its own after start(); step() is for tests and for callers with their own loop, never both.
class AlertEngine {
public:
    /// Gets every detection in commit order, generates = false ones too; appends what it concludes (correlations).
    using Transform =
        std::function<void(const event::DetectionRecord& record, std::vector<event::DetectionRecord>& out)>;
    /// Called after a write that put something into the outbox: Outbox::wake.
    using Wake = std::function<void()>;

    /// Everything referred to outlives the engine. Throws std::system_error when the cursor cannot be read,
    /// std::runtime_error when it is not readable.
    AlertEngine(event::DetectionLog& log, event::StateStore& state, AlertBook& book, const common::Clock& clock,
                common::Logger& logger, common::MetricsRegistry& metrics, AlertEngineSettings settings = {},
                Transform transform = {}, Wake wake = {});
    ~AlertEngine();
    AlertEngine(const AlertEngine&) = delete;
    AlertEngine& operator=(const AlertEngine&) = delete;

    /// Feeds the past to the transform; start() and the first step() do it when nobody did.
    [[nodiscard]] common::Result<void, std::error_code> warm_up();
    /// Reads and applies once; true when there was something new. On error nothing is lost: call again.
    [[nodiscard]] common::Result<bool, std::error_code> step();

    void start();
    /// Finishes the read under way, writes the cursor, joins. A second call does nothing.
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
