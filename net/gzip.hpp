/// gzip bodies of requests (RFC 1952), bounded in size and ratio.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace canhgac::net {

enum class GzipError : std::uint8_t {
    broken,    ///< not gzip, damaged, or cut short
    too_large, ///< more than max_bytes
    bomb,      ///< more than max_ratio times the input
};

struct GzipLimits {
    std::size_t max_bytes = 100 * 1024 * 1024;
    std::size_t max_ratio = 200;                    ///< logs reach 50; the format's own end is about 1,030
    std::size_t ratio_free_bytes = 4 * 1024 * 1024; ///< below this size the ratio does not matter
};

/// Unpacks one or more gzip members. Never holds more than the limits and 64 KiB.
[[nodiscard]] common::Result<std::string, GzipError> gunzip(std::string_view packed, const GzipLimits& limits = {});
/// Packs, for tests and tools.
[[nodiscard]] std::string gzip(std::string_view plain);

} // namespace canhgac::net
