/// Detections as stored in column family `det`: one value a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "event/detection.hpp"
#include "storage/coding.hpp"

namespace canhgac::storage {

inline constexpr std::uint8_t kDetectionVersion = 1;

/// Appends one record. Its event.seq is not written: it is the key of the value.
void encode(const event::DetectionRecord& record, ByteSink& out);

/// Reads the value of batch `seq` (version, then records to the end) and visits its records. False: damaged or newer.
[[nodiscard]] bool decode_detections(std::uint64_t seq, std::string_view value,
                                     const std::function<void(event::DetectionRecord&&)>& visit);

} // namespace canhgac::storage
