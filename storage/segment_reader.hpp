/// Reads sealed blocks back. Input is not trusted: any bytes give rows or an error, never a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "storage/block_reader.hpp"
#include "storage/coding.hpp"
#include "storage/column_codec.hpp"
#include "storage/frame.hpp"
#include "storage/row_bits.hpp"
#include "storage/segment_format.hpp"

namespace canhgac::storage {

/// What of rows is wanted: their numbers, times and sources always.
struct RowParts {
    bool lines = true;                          ///< the raw line
    bool all_fields = true;                     ///< else:
    std::span<const std::uint32_t> fields = {}; ///< numbers in ascending order; others may be given too
};

/// Opens blocks one after the other, reusing its memory; columns are decoded when they are asked for. Not thread safe.
///
/// begin(), then any number of rows_where(), then build(); or open(), which builds everything. After an error there
/// are no rows.
class SegmentReader {
public:
    /// Gives the bytes of a column that is not in the head; nothing: it cannot be read.
    using Fetch = std::function<std::optional<std::string>(std::uint32_t chunk)>;
    using Status = common::Result<void, BlockError>;

    /// Reads what says how the block is laid out. The bytes need not live on; `fetch` is called until build() is done.
    [[nodiscard]] Status begin(std::string_view head, Fetch fetch);
    /// Rows of the block; their times.
    [[nodiscard]] std::size_t size() const noexcept { return row_count_; }
    [[nodiscard]] common::Nanos time(std::size_t row) const noexcept;
    /// The rows that have a value of this field, null excepted, for which `holds` is true; it is asked once for each
    /// text of a dictionary.
    [[nodiscard]] common::Result<RowBits, BlockError> rows_where(std::uint32_t field,
                                                                 const std::function<bool(std::string_view)>& holds);
    /// Puts these rows together.
    [[nodiscard]] Status build(const RowBits& wanted, const RowParts& parts);

    /// Unpacks a whole block.
    [[nodiscard]] Status open(std::string_view head, const Fetch& fetch);
    /// The rows built, in the order of the encoder; they and all they view live until another block is begun.
    [[nodiscard]] std::span<const BlockRow> rows() const noexcept { return rows_; }
    /// Of the rows built, and more of the texts that do not stand in their lines.
    [[nodiscard]] BlockTexts texts() const noexcept { return {{raw_.get(), raw_size_}, texts_}; }

private:
    struct FieldColumn {
        std::uint32_t number = 0;
        std::size_t count = 0; ///< texts it has
        DecodedTexts values;
        bool loaded = false;
        bool given = false; ///< with the rows
        std::size_t next = 0;
        bool in_lines = true;                           ///< every value stands verbatim in its line
        bool escaped = false;                           ///< some stand there escaped
        std::vector<std::string_view> escaped_distinct; ///< of values.distinct, if so
    };
    struct Lines {
        LineTemplate plan;
        std::size_t rows = 0;
        std::vector<DecodedTexts> literals;
        std::vector<std::vector<std::uint64_t>> starts; ///< of the spans
        std::vector<std::vector<std::uint64_t>> ends;
        bool literals_loaded = false;
        bool spans_loaded = false;
        std::vector<std::uint32_t> ranks; ///< of each slot among the row's texts in its column, or among its spans
        std::vector<std::uint32_t> asked; ///< slots of the field that rows_where() looks at
        std::size_t first_place = 0;      ///< of its columns among all: the literals, then the spans
        std::uint32_t first_chunk = 0;
        std::vector<std::uint32_t> own; ///< columns of the slots that have a text of their own and are loaded
        std::size_t next = 0;
    };
    static constexpr std::uint64_t kSealedMax32 = UINT32_MAX;
    /// A stored time, `unit` nanoseconds a step; any number is one.
    [[nodiscard]] static common::Nanos time_of(std::uint64_t value, std::uint64_t unit) noexcept {
        return static_cast<common::Nanos>((value ^ (1ULL << 63U)) * unit);
    }
    struct ColumnPlace {
        std::uint64_t size = 0;
        std::uint64_t offset = 0; ///< in the head, unless it is
        bool own = false;
    };

    void reset();
    [[nodiscard]] bool read_layout(ByteSource& in);
    [[nodiscard]] bool read_shapes(ByteSource& in);
    [[nodiscard]] bool read_lines(ByteSource& in);
    [[nodiscard]] bool read_slots(ByteSource& in, LineTemplate& plan);
    /// The bytes of a column, by its place among all.
    [[nodiscard]] bool column_at(std::size_t place, std::uint32_t chunk, ByteSource& column);
    [[nodiscard]] bool load_envelope(Envelope column);
    [[nodiscard]] bool read_row_lines();
    [[nodiscard]] std::uint32_t rank_slots(Lines& lines);
    [[nodiscard]] bool load_literals(Lines& lines);
    [[nodiscard]] bool load_spans(Lines& lines);
    [[nodiscard]] bool load_text(Lines& lines, std::uint32_t slot);
    [[nodiscard]] bool load_texts(Lines& lines, std::uint32_t column);
    class Answers;
    /// Without so many bytes in front and behind; nothing if it has not so many.
    [[nodiscard]] static std::optional<std::string_view> part_of(std::string_view text, std::uint64_t before,
                                                                 std::uint64_t behind) noexcept {
        if (before > text.size() || behind > text.size() - before) { return std::nullopt; }
        return text.substr(before, text.size() - before - behind);
    }
    void start_rows();
    void next_row(Lines& lines);
    [[nodiscard]] std::optional<std::string_view> slot_text(const Lines& lines, std::uint32_t slot,
                                                            std::string& room) const;
    [[nodiscard]] bool load_field(FieldColumn& field);
    [[nodiscard]] bool load_for(const RowParts& parts);
    void count_texts();
    template <typename HowOften>
    [[nodiscard]] std::span<const common::Nanos> times_of(const HowOften& how_often);
    [[nodiscard]] bool build_rows(const RowBits& wanted);
    [[nodiscard]] bool build_row(std::size_t i, Lines& lines);
    [[nodiscard]] BlockError give_up();
    void escape_distinct(FieldColumn& column);
    [[nodiscard]] bool append_escaped(std::string_view text);
    [[nodiscard]] bool build_line(Lines& lines, std::size_t first_field);
    [[nodiscard]] bool take_spans(Lines& lines, std::string_view raw, std::span<BlockField> fields);
    [[nodiscard]] bool append_raw(std::string_view text);
    [[nodiscard]] const std::vector<std::uint64_t>& envelope(Envelope column) const {
        return envelope_[static_cast<std::size_t>(column)];
    }

    FrameReader frames_;
    FrameBuffer head_bytes_;
    std::vector<FrameBuffer> own_bytes_; ///< of columns that are not in the head
    std::size_t own_used_ = 0;
    event::Arena arena_;
    std::unique_ptr<char[]> raw_;
    std::size_t raw_capacity_ = 0;
    std::size_t raw_size_ = 0; ///< so far
    std::uint64_t raw_total_ = 0;
    std::size_t row_count_ = 0;
    std::uint64_t time_unit_ = 1;
    std::uint64_t received_unit_ = 1;
    std::vector<std::uint32_t> sources_;
    std::vector<FieldColumn> columns_;
    std::vector<Shape> shapes_;
    std::vector<Lines> lines_;
    std::vector<std::vector<std::uint64_t>> envelope_;
    std::vector<ColumnPlace> places_;
    std::string_view inline_; ///< columns in the head
    Fetch fetch_;
    bool with_lines_ = false; ///< lines are built
    std::vector<BlockRow> rows_;
    std::vector<BlockField> fields_;
    std::vector<ColumnTexts> texts_;
    std::vector<std::uint32_t> edges_; ///< of the line at hand
    std::string piece_;                ///< of the line at hand, put together
    std::uint64_t piece_room_ = 0;     ///< bytes that pieces kept may still take
    std::vector<common::Nanos> times_; ///< of the column at hand
};

} // namespace canhgac::storage
