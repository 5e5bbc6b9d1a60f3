/// Patterns of literals, "any run" and "any one character", matched plainly against a whole value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace canhgac::text {

struct GlobPart {
    enum class Kind : std::uint8_t { literal, any, one }; ///< `any`: 0 or more characters, newlines included
    Kind kind = Kind::literal;
    std::string_view text; ///< of a literal; viewed, not owned
};

/// Whether the whole of `value` matches. Characters are code points. Unless `cased`, both sides are case folded.
/// Time O(value x pattern) at worst; allocates nothing.
[[nodiscard]] bool glob_match(std::span<const GlobPart> pattern, std::string_view value, bool cased) noexcept;

/// Splits `*` and `?` out of a text; a backslash makes `*`, `?` or itself literal, before others it stands for itself.
/// Literals go to `storage`, which the parts view: keep it as long as the parts and do not copy it.
[[nodiscard]] std::vector<GlobPart> parse_glob(std::string_view source, std::string& storage);

} // namespace canhgac::text
