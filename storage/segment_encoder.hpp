/// Turns rows of like shape into a sealed block: every field a typed column, the raw line rebuilt from the fields and
/// the literal text between them, so that nothing is stored twice. Layout: docs/reference/storage-format.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "storage/block_reader.hpp"
#include "storage/coding.hpp"
#include "storage/column_codec.hpp"
#include "storage/frame.hpp"
#include "storage/gram_set.hpp"
#include "storage/segment_format.hpp"
#include "storage/value_finder.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

/// One sealed block as it is written: a head and the columns too large for it.
struct SealedBlock {
    ZoneRecord zone; ///< bytes = of head and columns
    std::uint64_t min_seq = 0;
    std::uint64_t max_seq = 0;
    std::string head;
    std::vector<std::pair<std::uint32_t, std::string>> columns; ///< chunk number and bytes, ascending
};

/// Makes blocks, one after the other, reusing its memory. Not thread safe.
class SegmentEncoder {
public:
    /// Of zstd: level 3 takes a tenth longer for as many bytes.
    static constexpr int kLevel = 1;

    SegmentEncoder() : frames_(kLevel) {}
    /// Encodes 1 to kMaxSealedRows rows in the order given (by time, for small steps). Their fields should stand in the
    /// raw line where they are copies of it; what stands there otherwise is searched for.
    [[nodiscard]] SealedBlock encode(std::span<const BlockRow> rows);

private:
    struct FieldColumn {
        std::uint32_t number = 0;
        TextColumn texts;
    };
    struct SpanColumn {
        std::vector<std::uint64_t> starts; ///< bytes from the edge before
        std::vector<std::uint64_t> ends;   ///< bytes to the edge after
    };
    struct Lines { ///< rows of one template
        LineTemplate plan;
        std::vector<TextColumn> literals;
        std::vector<SpanColumn> spans; ///< of the slots that are spans, in slot order
    };

    void reset();
    void add_row(const BlockRow& row);
    [[nodiscard]] std::uint32_t shape_of(const BlockRow& row);
    [[nodiscard]] bool repeats_last(const BlockRow& row, std::uint32_t shape, std::span<const ValueSpan> found);
    void choose_holes(const BlockRow& row);
    [[nodiscard]] std::uint32_t lines_of(std::uint32_t shape);
    void add_values(const BlockRow& row, Lines& lines);
    void add_grams(const BlockRow& row);
    void add_envelope(const BlockRow& row);
    void write_layout();
    void write_columns(SealedBlock& block);
    void finish_column(std::uint32_t number, SealedBlock& block);
    void finish_zone(std::span<const BlockRow> rows, SealedBlock& block);
    [[nodiscard]] std::vector<std::uint64_t>& envelope(Envelope column) {
        return envelope_[static_cast<std::size_t>(column)];
    }

    FrameWriter frames_;
    GramBuilder grams_;
    std::vector<Shape> shapes_;
    std::unordered_map<std::string, std::uint32_t> shape_index_;
    std::vector<FieldColumn> columns_;
    std::unordered_map<std::uint32_t, std::uint32_t> column_index_; ///< by field number
    std::vector<Lines> lines_;
    std::unordered_map<std::string, std::uint32_t> line_index_;
    std::vector<std::vector<std::uint64_t>> envelope_;
    std::vector<std::uint32_t> sources_;
    std::unordered_map<std::uint32_t, std::uint32_t> source_index_;
    std::uint64_t raw_bytes_ = 0;
    ValueFinder finder_;
    // Of the row at hand, and while it is looked at, of the row before.
    std::span<const BlockField> last_fields_; ///< of the last row whose shape was looked up
    std::uint32_t last_shape_ = 0;
    std::uint32_t last_source_ = 0;
    std::uint32_t line_ = 0;
    bool repeatable_ = false;      ///< the next row may be put together like this one
    std::vector<ValueSpan> found_; ///< in slot order
    std::vector<ValueSpan> by_size_;
    std::vector<ValueSpan> holes_;         ///< in the order of the line
    std::vector<std::size_t> hole_places_; ///< of the holes in found_
    LineTemplate plan_;
    std::string key_;
    ByteSink column_; ///< at hand
    ByteSink layout_; ///< of the head
    ByteSink sizes_;  ///< directory of the columns
    ByteSink inline_; ///< small columns
    ByteSink part_;   ///< a compressed one
};

} // namespace canhgac::storage
