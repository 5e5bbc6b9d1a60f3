/// Unicode simple case folding (Unicode 15 CaseFolding.txt, statuses C and S): one character to one character. The one
/// notion of "ignoring case" of the whole product: fast path and plain evaluator both use this table.
/// K (U+212A) folds to k, U+017F to s, capital sharp s to sharp s; Turkish dotted and dotless i stay themselves.
#pragma once

#include <string>
#include <string_view>

namespace canhgac::text {

/// The folded character; codes outside Unicode come back unchanged.
[[nodiscard]] char32_t fold(char32_t code) noexcept;

/// Replaces `out` by the folded text (UTF-8; broken bytes are copied). May be up to 1.5 times as long as `text`.
/// Allocates only while `out` grows. `out` must not overlap `text`.
void fold_into(std::string_view text, std::string& out);
[[nodiscard]] std::string fold(std::string_view text);

/// Equal, starts, ends, contains after folding both sides. No allocation.
[[nodiscard]] bool equals_folded(std::string_view left, std::string_view right) noexcept;
[[nodiscard]] bool starts_folded(std::string_view text, std::string_view prefix) noexcept;
[[nodiscard]] bool ends_folded(std::string_view text, std::string_view suffix) noexcept;
[[nodiscard]] bool contains_folded(std::string_view text, std::string_view part) noexcept;

} // namespace canhgac::text
