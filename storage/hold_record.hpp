/// What is known of events under legal hold: one record a hold, in the journal (column family `holds`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.hpp"

namespace canhgac::storage {

struct HoldRecord {
    std::string name;     ///< the key
    std::string incident; ///< what it is held for, for people
    std::string query;    ///< as asked
    std::string actor;
    common::Nanos from = 0; ///< of event time, as asked
    common::Nanos to = 0;
    common::Nanos at = 0;       ///< when it was made
    std::uint64_t last_seq = 0; ///< from what was committed up to this batch
    std::uint64_t rows = 0;
    std::uint64_t batches = 0;  ///< they came in, each with its proof
    std::uint64_t bytes = 0;    ///< of the copies, proofs included
    std::uint32_t segments = 0; ///< numbered from 1
    bool complete = false;      ///< false: being made, or cut off
};
[[nodiscard]] std::string encode(const HoldRecord& hold);
/// Nothing: damaged or from a newer release.
[[nodiscard]] std::optional<HoldRecord> decode_hold(std::string_view name, std::string_view value);

/// 1 to 64 of a-z, 0-9, '-' and '_', the first a letter or digit: it names a folder.
[[nodiscard]] bool is_hold_name(std::string_view name) noexcept;

} // namespace canhgac::storage
