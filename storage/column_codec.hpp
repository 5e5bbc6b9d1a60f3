/// Columns of a sealed block: many numbers, or many texts of one field, in the smallest of several typed forms. Every
/// form gives back the exact bytes; a text that has another spelling than the form's own goes into a plainer one.
/// Layout: docs/reference/storage-format.md, "Column". Bytes are then compressed by the block (frame.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/arena.hpp"
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

/// Texts to encode, coded as they come, while they are warm in the cache: as long as all are the same only the first is
/// kept, then a dictionary of distinct ones while that is worth it, then all. Not thread safe.
class TextColumn {
public:
    /// A text, which must live until the column is encoded, and the time of its row.
    void add(std::string_view text, common::Nanos time) {
        const bool again = count_ != 0 && text.size() == last_.size() && (text.data() == last_.data() || text == last_);
        if (kind_ >= Kind::all || !again) {
            add_other(text, time);
        } else if (kind_ == Kind::dictionary) {
            codes_.push_back(last_code_);
        }
        ++count_;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

private:
    friend void encode_texts(const TextColumn& column, ByteSink& out);
    enum class Kind : std::uint8_t {
        constant,
        dictionary,
        all,
        stamps, ///< all, and the first is a timestamp: perhaps they follow the row's own time
    };
    struct Place { ///< of the hash table
        std::uint32_t hash = 0;
        std::uint32_t code = kFree;
    };
    static constexpr std::uint32_t kFree = UINT32_MAX;

    void add_other(std::string_view text, common::Nanos time);
    void start_dictionary();
    [[nodiscard]] std::uint32_t code_of(std::string_view text);
    void grow_table();
    [[nodiscard]] std::vector<std::string_view> texts() const;

    Kind kind_ = Kind::constant;
    std::size_t count_ = 0;
    std::string_view last_;
    std::uint16_t last_code_ = 0;
    std::vector<std::string_view> entries_; ///< distinct texts in order of appearance
    std::vector<std::uint16_t> codes_;      ///< of each text
    std::vector<Place> table_;              ///< open addressing, at most half full
    std::vector<std::string_view> all_;
    std::vector<common::Nanos> times_; ///< of stamps
};

/// Appends a column.
void encode_texts(const TextColumn& column, ByteSink& out);

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
    /// Of a constant or a dictionary: the row's place in `distinct`.
    [[nodiscard]] std::size_t code(std::size_t row) const noexcept {
        return form == TextForm::dictionary ? codes[row] : 0;
    }
    /// Each text at least once.
    [[nodiscard]] std::span<const std::string_view> any_once() const noexcept {
        return distinct.empty() ? std::span(texts) : std::span(distinct);
    }
};
/// The times of a column's rows, asked for by a column of timestamps only.
using RowTimes = std::function<std::span<const common::Nanos>()>;
/// Reads `count` texts; false if damaged. Input is not trusted. The bytes must live as long as `out`. `times` gives
/// `count` times.
[[nodiscard]] bool decode_texts(ByteSource& in, std::size_t count, const RowTimes& times, event::Arena& arena,
                                DecodedTexts& out);

} // namespace canhgac::storage
