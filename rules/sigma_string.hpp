/// Sigma's string values: literals with wildcards, and the escapes of SIGMA.md 17-24. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/ir.hpp"

namespace canhgac::rules {

using Pattern = std::vector<PatternPart>;

/// `*` any, `?` one; `\*` `\?` `\\` are the character itself; any other `\`, also a final one, is itself (SIGMA.md 20).
/// Literals are never empty and never adjacent; adjacent `*` count as one.
[[nodiscard]] Pattern parse_sigma_string(std::string_view text);

/// Appends a literal or a wildcard and keeps the form that parse_sigma_string() promises.
void append_literal(Pattern& pattern, std::string_view text);
void append_part(Pattern& pattern, PatternPart part);

/// Puts `*` before or after, unless the pattern begins or ends with it (SIGMA.md 21, 22).
void add_leading_any(Pattern& pattern);
void add_trailing_any(Pattern& pattern);

[[nodiscard]] bool has_wildcard(const Pattern& pattern) noexcept;
/// The text of a pattern without wildcards.
[[nodiscard]] std::string literal_text(const Pattern& pattern);

/// The number of bytes of the UTF-8 character at the start of `text`; 1 when it is not well formed, 0 when empty.
[[nodiscard]] std::size_t character_length(std::string_view text) noexcept;
/// Strict: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

} // namespace canhgac::rules
