/// From list files to an IndicatorSet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "engine/intel/indicator_set.hpp"
#include "engine/intel/list_reader.hpp"

namespace canhgac::engine {

inline constexpr std::uint64_t kMaxListBytes = std::uint64_t{2} << 30U; ///< of one file

/// One list of the configuration.
struct ListSource {
    std::string name;
    std::filesystem::path path;
    ListFormat format = ListFormat::automatic;
    IndicatorKind kind = IndicatorKind::any;
    std::vector<std::string> columns;
    event::Severity level = event::Severity::medium;
    std::uint8_t confidence = 50;
    common::Nanos expires = 0; ///< 0 = never
    std::vector<std::string> tags;
};

struct LoadedList {
    ListFormat format = ListFormat::automatic; ///< as read
    ListReport report;
    std::error_code error;     ///< the file could not be read: nothing of it is in the set
    common::Nanos changed = 0; ///< when the file was last written
};

struct LoadedIndicators {
    std::shared_ptr<const IndicatorSet> set; ///< never null; lists() has one entry per source, in order
    std::vector<LoadedList> lists;           ///< in the order of the sources
    double seconds = 0.0;
};

/// Start-up or reload work. The texts go to an unlinked file in `folder`. Lists that expired before `now` are read as
/// empty. Errors: of the text file.
[[nodiscard]] common::Result<LoadedIndicators, std::error_code>
load_indicators(std::span<const ListSource> sources, const std::filesystem::path& folder, common::Nanos now,
                std::size_t max_entries = kMaxIndicators);

} // namespace canhgac::engine
