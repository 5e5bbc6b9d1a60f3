/// What the configuration says of how long events are kept, as the store needs it.
#pragma once

#include <optional>
#include <string>

#include "alerting/outbox.hpp"
#include "app/config.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "event/store.hpp"
#include "storage/disk_state.hpp"
#include "storage/retention_policy.hpp"

namespace canhgac::app {

/// The longest period any source or level may claim, as a day is forgotten as a whole; nothing: one of them is for
/// ever.
[[nodiscard]] std::optional<storage::RetentionPolicy> longest_retention(const Config::Storage::Retention& retention);

/// A notice of a disk that fills up, put into the outbox of every channel; only written down in the log when the store
/// takes no more.
void notify_disk(const storage::DiskState& disk, alerting::Outbox& outbox, event::StateStore& state,
                 const common::Clock& clock, common::Logger& logger);

} // namespace canhgac::app
