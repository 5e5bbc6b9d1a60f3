/// The typed forms of column_codec, one pair of functions each. put_x() writes the form's byte and the column and gives
/// true, or writes nothing and gives false if a text does not fit; get_x() reads what stands after the form's byte and
/// appends the texts, false if damaged. Texts read are written into `arena`.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/arena.hpp"
#include "storage/coding.hpp"

namespace canhgac::storage {

[[nodiscard]] bool put_integers(std::span<const std::string_view> texts, ByteSink& out);
[[nodiscard]] bool get_integers(ByteSource& in, std::size_t count, event::Arena& arena,
                                std::vector<std::string_view>& texts);

/// All of one spelling: "2026-11-22T08:00:00.123Z" with 'T' or a blank, 0 to 9 digits of fraction, 'Z' or nothing.
[[nodiscard]] bool is_timestamp(std::string_view text) noexcept;
[[nodiscard]] bool put_timestamps(std::span<const std::string_view> texts, std::span<const common::Nanos> times,
                                  ByteSink& out);
[[nodiscard]] bool get_timestamps(ByteSource& in, std::span<const common::Nanos> times, event::Arena& arena,
                                  std::vector<std::string_view>& texts);

[[nodiscard]] bool put_ip4(std::span<const std::string_view> texts, ByteSink& out);
[[nodiscard]] bool get_ip4(ByteSource& in, std::size_t count, event::Arena& arena,
                           std::vector<std::string_view>& texts);

/// At most kMaxHexSize bytes a text, at least eight positions that vary.
inline constexpr std::size_t kMaxHexSize = 256;
[[nodiscard]] bool put_hex(std::span<const std::string_view> texts, ByteSink& out);
[[nodiscard]] bool get_hex(ByteSource& in, std::size_t count, event::Arena& arena,
                           std::vector<std::string_view>& texts);

} // namespace canhgac::storage
