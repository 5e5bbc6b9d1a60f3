/// The modifiers that rewrite text: base64, base64offset, wide/utf16*, windash, expand (SIGMA.md 42-45, 50).
/// Pure functions; any thread. Bytes, not characters, are what is encoded.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/sigma_string.hpp"

namespace canhgac::rules {

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

/// The three texts of which one is in the base64 form of anything that contains `bytes`, by their offset modulo 3.
/// Nothing when one of them would be empty: the value is too short to be told apart.
[[nodiscard]] std::optional<std::vector<std::string>> base64_offsets(std::string_view bytes);

enum class Utf16 { little_endian, big_endian, with_mark }; ///< with_mark: FF FE, then little endian

/// `text` (UTF-8) as UTF-16 bytes.
[[nodiscard]] std::string utf16(std::string_view text, Utf16 form);

/// Every `-` or `/` with no word character before and one after becomes `-`, `/`, U+2013, U+2014, U+2015: all
/// combinations, the original among them. Nothing when there would be more than kMaxVariants.
[[nodiscard]] std::optional<std::vector<Pattern>> windash(const Pattern& pattern);
inline constexpr std::size_t kMaxVariants = 20'000;

using Placeholders = std::map<std::string, std::vector<std::string>>;

struct Expansion {
    std::vector<Pattern> patterns;
    bool too_many = false;
};

/// Replaces every `%name%` by each of its values (which may hold wildcards), or, when it has none, by a part of kind
/// placeholder that pipelines may still resolve; `\%` is a percent sign.
[[nodiscard]] Expansion expand(const Pattern& pattern, const Placeholders& placeholders);

} // namespace canhgac::rules
