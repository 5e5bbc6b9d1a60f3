/// What stands between detections and alerts: correlation, given by app.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/detection.hpp"

namespace canhgac::alerting {

/// Called by the engine's thread only. What it says depends on the sequence of calls alone, so that it can be brought
/// back to where it was: restore() of what save() gave, then the same calls again.
class DetectionTransform {
public:
    using Records = std::vector<event::DetectionRecord>;

    virtual ~DetectionTransform() = default;
    /// Gets every detection in commit order, generates = false ones too; appends what it concludes.
    virtual void push(const event::DetectionRecord& record, Records& out) = 0;
    /// Everything received before `now` was pushed: appends what is concluded from the passing of time. True when
    /// anything was decided by it, with or without a record.
    virtual bool advance(common::Nanos now, Records& out) = 0;
    [[nodiscard]] virtual std::string save() = 0;
    /// False when the bytes are of another version or damaged; it starts from nothing then.
    [[nodiscard]] virtual bool restore(std::string_view saved) = 0;
};

} // namespace canhgac::alerting
