/// Columns of a sealed block: many numbers, or many texts of one field, in the smallest of several typed forms. Every
/// form gives back the exact bytes; a text that has another spelling than the form's own goes into a plainer one.
/// Layout: docs/reference/storage-format.md, "Column". Bytes are then compressed by the block (frame.hpp).
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "storage/coding.hpp"

namespace canhgac::storage {

/// Forms of a column of texts, as stored.
enum class TextForm : std::uint8_t {
    constant,   ///< one text
    dictionary, ///< distinct texts, themselves a column, and a code a row
    integer,    ///< canonical decimal, 64 bits with sign
    timestamp,  ///< RFC 3339 in one spelling, as distance from the row's time
    ip4,        ///< canonical dotted form
    hex,        ///< one length; each position is one character, or a hexadecimal digit of one case: GUIDs, hashes
    plain,      ///< sizes and bytes
};
inline constexpr std::uint8_t kTextForms = 7;

/// Appends a column of numbers; `values` may be empty.
void encode_numbers(std::span<const std::uint64_t> values, ByteSink& out);
/// Reads `count` numbers; false if damaged.
[[nodiscard]] bool decode_numbers(ByteSource& in, std::size_t count, std::vector<std::uint64_t>& out);

/// Appends a column of texts. `times` are those of the rows the texts belong to, as many as texts.
void encode_texts(std::span<const std::string_view> texts, std::span<const common::Nanos> times, ByteSink& out);

/// A column read back. The texts view the input or memory of `arena` given to decode_texts.
struct DecodedTexts {
    TextForm form = TextForm::constant;
    std::size_t count = 0;                  ///< texts of the column
    std::vector<std::string_view> texts;    ///< one a row, but for:
    std::vector<std::string_view> distinct; ///< of a constant or a dictionary: each text once
    std::vector<std::uint16_t> codes;       ///< of a dictionary: into `distinct`, one a row
    [[nodiscard]] std::string_view operator[](std::size_t row) const noexcept {
        return form == TextForm::constant     ? distinct.front()
               : form == TextForm::dictionary ? distinct[codes[row]]
                                              : texts[row];
    }
    /// Each text at least once.
    [[nodiscard]] std::span<const std::string_view> any_once() const noexcept {
        return distinct.empty() ? std::span(texts) : std::span(distinct);
    }
};
/// Reads as many texts as there are times; false if damaged. Input is not trusted. The bytes must live as long as
/// `out`.
[[nodiscard]] bool decode_texts(ByteSource& in, std::span<const common::Nanos> times, std::pmr::memory_resource& arena,
                                DecodedTexts& out);

} // namespace canhgac::storage
