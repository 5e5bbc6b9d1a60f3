/// Reads micro-blocks back. Input is not trusted: any bytes give rows or an error, never a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "event/batch.hpp"
#include "event/value.hpp"
#include "storage/coding.hpp"
#include "storage/frame.hpp"

namespace canhgac::storage {

struct BlockField {
    std::uint32_t number = 0; ///< store field number (FieldDict)
    event::ValueType type{};
    std::string_view text;
};

/// One row; views live until the reader goes on or opens another block.
struct BlockRow {
    std::uint64_t seq = 0; ///< of its batch; a micro-block does not know it and leaves it alone
    std::uint32_t index = 0;
    common::Nanos time = 0;
    common::Nanos received = 0;
    event::SourceId source{};
    std::uint16_t flags = 0;
    event::Format format{};
    std::string_view raw;
    std::span<const BlockField> fields;
};

/// Texts of one field, each once if they repeat much.
struct ColumnTexts {
    std::uint32_t number = 0;
    std::span<const std::string_view> texts;
};
/// What a block holds, for searching it as a whole; views as those of its rows.
struct BlockTexts {
    std::string_view all_raw;             ///< every raw line, one after the other without separator
    std::span<const ColumnTexts> columns; ///< at least the texts that do not stand in raw lines
};

/// Opens blocks one after the other, reusing its memory; rows come in the order of the batch. Not thread safe.
class BlockReader {
public:
    BlockReader();
    ~BlockReader();
    BlockReader(const BlockReader&) = delete;
    BlockReader& operator=(const BlockReader&) = delete;

    /// Unpacks `block` and stands before its first row. The bytes need not live on.
    [[nodiscard]] common::Result<void, BlockError> open(std::string_view block);
    [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }
    /// The next row, or false: no more, or damaged (failed()).
    [[nodiscard]] bool next(BlockRow& row);
    [[nodiscard]] bool failed() const noexcept { return failed_; }

    /// Every raw line of the block, one after the other without separator.
    [[nodiscard]] std::string_view all_raw() const noexcept { return raw_; }
    [[nodiscard]] std::span<const ColumnTexts> column_texts() const noexcept { return texts_; }
    [[nodiscard]] BlockTexts texts() const noexcept { return {raw_, texts_}; }
    /// Hands out the memory that rows view, so that they outlive the next open(); the reader has no rows afterwards.
    struct Memory {
        FrameBuffer columns;
        FrameBuffer raw;
        [[nodiscard]] std::size_t size() const noexcept { return columns.capacity + raw.capacity; }
    };
    [[nodiscard]] Memory take_memory() noexcept {
        rows_ = next_row_ = 0;
        raw_ = {};
        return {std::exchange(plain_bytes_, {}), std::exchange(raw_bytes_, {})};
    }

private:
    struct Column {
        std::uint32_t number = 0;
        ByteSource places;
        ByteSource sizes;
        ByteSource codes;
        std::uint32_t first_entry = 0;
        std::uint32_t entries = 0;
        std::uint32_t next_entry = 0;
    };
    struct Slot {
        std::uint32_t column = 0;
        event::ValueType type{};
    };
    struct Shape {
        std::uint32_t first_slot = 0;
        std::uint32_t slots = 0;
    };

    [[nodiscard]] bool read_layout(ByteSource& in);
    [[nodiscard]] bool read_shapes(ByteSource& in);
    [[nodiscard]] bool read_columns(ByteSource& in);
    [[nodiscard]] bool read_value(Column& column, std::string_view raw, std::size_t& last_end, std::string_view& text);

    FrameReader frames_;
    FrameBuffer plain_bytes_;
    FrameBuffer raw_bytes_;
    std::string_view raw_;
    std::size_t raw_offset_ = 0;
    std::uint32_t rows_ = 0;
    std::uint32_t next_row_ = 0;
    bool failed_ = false;

    std::uint64_t unit_ = 1;
    std::uint64_t scaled_time_ = 0;
    std::uint64_t received_value_ = 0;
    std::vector<std::uint32_t> sources_;
    ByteSource times_;
    ByteSource received_;
    ByteSource kinds_;
    ByteSource source_codes_;
    ByteSource shape_codes_;
    ByteSource raw_sizes_;
    std::vector<Shape> shapes_;
    std::vector<Slot> slots_;
    std::vector<Column> columns_;
    std::vector<std::string_view> entries_;
    std::vector<ColumnTexts> texts_;
    std::vector<BlockField> fields_;
};

} // namespace canhgac::storage
