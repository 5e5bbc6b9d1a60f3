/// From a match inside a batch to the record that is stored with its event and read by correlation and alerting.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "event/batch.hpp"
#include "event/detection.hpp"
#include "event/field_table.hpp"

namespace canhgac::engine {

inline constexpr std::size_t kMaxMessageBytes = 1024;      ///< of DetectionRecord::message
inline constexpr std::size_t kMaxMatchedValueBytes = 1024; ///< of each value in matched, captured, entity

/// A record that owns all it says. `event.index` is the row in the batch; `event.seq` is given at commit.
/// entity (DESIGN 8): the rule's entity fields that are present; if it names none or none is present, the first of
/// source.ip + user.name, user.name, source.ip, host.name that is present. captured: the rule's capture and entity
/// fields that are present, first value each. message: `message`, else the raw line, valid UTF-8, cut between
/// characters. Pure; any thread. Allocates.
[[nodiscard]] event::DetectionRecord make_detection_record(const event::EventBatch& batch,
                                                           const event::Detection& detection,
                                                           const event::FieldTable& fields);
/// The same for all detections of a batch; appends.
void make_detection_records(const event::EventBatch& batch, std::span<const event::Detection> detections,
                            const event::FieldTable& fields, std::vector<event::DetectionRecord>& out);

} // namespace canhgac::engine
