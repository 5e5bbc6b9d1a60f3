/// What the query language does with texts. Characters are code points; broken bytes count as one each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace canhgac::storage {

[[nodiscard]] std::size_t count_characters(std::string_view text) noexcept;
/// `length` characters from character `start`; a negative start counts from the end.
[[nodiscard]] std::string_view substring_of(std::string_view text, std::int64_t start,
                                            std::optional<std::int64_t> length) noexcept;
/// Whether `term` stands in `text` in any case, with no letter, digit or character beyond ASCII beside it.
[[nodiscard]] bool has_term(std::string_view text, std::string_view term);
/// Behind the last "/" or "\"; all of it if there is none.
[[nodiscard]] std::string_view base_name_of(std::string_view path) noexcept;
/// Before the last "/" or "\"; empty if there is none.
[[nodiscard]] std::string_view directory_of(std::string_view path) noexcept;
/// Simple case mapping (Unicode 15): lower is text::fold().
[[nodiscard]] std::string to_upper(std::string_view text);

} // namespace canhgac::storage
