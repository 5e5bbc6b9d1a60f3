/// Where the values of a row's fields stand in its raw line: known for views of the line, searched for near the value
/// before for copies, first of all where the row before of the same shape had it. Used by segment_encoder.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block_reader.hpp"

namespace canhgac::storage {

/// A value found in its line.
struct ValueSpan {
    std::uint32_t offset = 0; ///< bytes from the line's start
    std::uint32_t size = 0;   ///< as it stands there
    std::uint32_t slot = 0;   ///< of the field in the row
    bool escaped = false;     ///< it stands there as a JSON string escapes it, else verbatim
};

/// Finds row by row, reusing its memory. Which of several places is found is no promise; that the value stands there
/// is. Not thread safe.
class ValueFinder {
public:
    /// Forgets the rows before. Until then the texts of their fields must live.
    void reset();
    /// The values of `row` that were found, in slot order; valid until the next call. `shape` is a small number, the
    /// same for rows with the same number of fields of the same names.
    [[nodiscard]] std::span<const ValueSpan> find(const BlockRow& row, std::uint32_t shape);

private:
    /// Of one slot of a shape.
    struct Habit {
        std::uint32_t gap = 0; ///< bytes between the end of the value before and this one, in the row it was found last
        bool known = false;
        std::uint32_t misses = 0; ///< searches in a row that found nothing
        std::uint32_t waited = 0; ///< rows that were not searched since
    };

    /// A text and how a JSON string escapes it.
    struct Escaped {
        std::string_view text;
        bool differs = false;
        std::string form; ///< if it differs
    };

    [[nodiscard]] const Escaped& escape(std::string_view text);
    [[nodiscard]] bool find_value(std::string_view raw, std::string_view text, std::size_t last_end, Habit& habit,
                                  ValueSpan& span);
    [[nodiscard]] bool stands_at(std::string_view raw, std::size_t offset, std::string_view text, ValueSpan& span);
    [[nodiscard]] bool search(std::string_view raw, std::size_t start, std::string_view text, ValueSpan& span);

    std::vector<std::vector<Habit>> habits_; ///< by shape and slot
    std::vector<ValueSpan> found_;
    /// By place in memory: what a micro-block's dictionary held is one text for many rows.
    std::array<Escaped, 256> escaped_;
};

} // namespace canhgac::storage
