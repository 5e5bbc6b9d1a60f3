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
#include "storage/segment_format.hpp"

namespace canhgac::storage {

/// Opens blocks one after the other, reusing its memory. Not thread safe.
class SegmentReader {
public:
    /// Gives the bytes of a column that is not in the head; nothing: it cannot be read.
    using Fetch = std::function<std::optional<std::string>(std::uint32_t chunk)>;

    /// Unpacks a whole block. The bytes need not live on.
    [[nodiscard]] common::Result<void, BlockError> open(std::string_view head, const Fetch& fetch);
    /// Rows in the order of the encoder; they and all they view live until another block is opened.
    [[nodiscard]] std::span<const BlockRow> rows() const noexcept { return rows_; }
    [[nodiscard]] BlockTexts texts() const noexcept { return {{raw_.get(), raw_size_}, texts_}; }

private:
    struct FieldColumn {
        std::uint32_t number = 0;
        std::size_t count = 0; ///< texts it has
        DecodedTexts values;
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
        std::size_t next = 0;
    };
    struct ColumnPlace {
        std::uint64_t size = 0;
        bool own = false;
    };

    void reset();
    [[nodiscard]] bool read_layout(ByteSource& in);
    [[nodiscard]] bool read_shapes(ByteSource& in);
    [[nodiscard]] bool read_lines(ByteSource& in);
    [[nodiscard]] bool read_slots(ByteSource& in, LineTemplate& plan);
    /// The bytes of the next column.
    [[nodiscard]] bool next_column(std::uint32_t chunk, const Fetch& fetch, ByteSource& column);
    [[nodiscard]] bool read_envelope(const Fetch& fetch);
    [[nodiscard]] bool read_line_columns(const Fetch& fetch);
    [[nodiscard]] bool read_fields(const Fetch& fetch);
    void count_texts();
    template <typename HowOften>
    [[nodiscard]] std::span<const common::Nanos> times_of(const HowOften& how_often);
    [[nodiscard]] bool build_rows();
    void escape_distinct(FieldColumn& column);
    [[nodiscard]] bool append_escaped(std::string_view text);
    [[nodiscard]] bool build_line(Lines& lines, std::size_t first_field);
    [[nodiscard]] bool take_spans(Lines& lines, std::string_view raw, std::span<BlockField> fields);
    [[nodiscard]] bool append_raw(std::string_view text);
    [[nodiscard]] std::vector<std::uint64_t>& envelope(Envelope column) {
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
    std::size_t next_place_ = 0;
    ByteSource inline_;
    std::vector<BlockRow> rows_;
    std::vector<BlockField> fields_;
    std::vector<ColumnTexts> texts_;
    std::vector<std::uint32_t> edges_;      ///< of the line at hand
    std::vector<std::string_view> escaped_; ///< of each slot of the row at hand: how it stands in the line, if known
    std::vector<common::Nanos> times_;      ///< of the column at hand
};

} // namespace canhgac::storage
