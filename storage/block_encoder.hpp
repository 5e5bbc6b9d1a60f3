/// Turns a batch of events into a micro-block: column by column, texts as places in the raw line where they stand there
/// verbatim, else in per-column dictionaries, two zstd frames. Layout: docs/reference/storage-format.md, "Micro-block".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "storage/coding.hpp"
#include "storage/field_dict.hpp"
#include "storage/frame.hpp"
#include "storage/sha256.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

inline constexpr std::uint8_t kBlockVersion = 1;

/// Makes blocks, one after the other, reusing its memory. Not thread safe: one per thread at a time.
class BlockEncoder {
public:
    explicit BlockEncoder(FieldDict& dict);
    ~BlockEncoder();
    BlockEncoder(const BlockEncoder&) = delete;
    BlockEncoder& operator=(const BlockEncoder&) = delete;

    struct Block {
        std::string bytes; ///< the micro-block
        ZoneRecord zone;
        Digest root{}; ///< Merkle root over its events (sha256.hpp)
    };
    /// Encodes at least one event. The batch may go afterwards.
    [[nodiscard]] Block encode(const event::EventBatch& batch);

private:
    /// One field: where its values are, in row order.
    struct Column {
        std::uint32_t number = 0; ///< store field number
        ByteSink places;          ///< 0 = in the dictionary; else 1 + zigzag(gap from the end of the span before)
        ByteSink sizes;           ///< of the values that are spans
        ByteSink codes;           ///< of the others: 0 = next new entry, else entry + 1
        ByteSink entry_sizes;
        ByteSink entries;
        std::uint32_t entry_count = 0;
        const char* last_text = nullptr; ///< the value before, to spare hashing what enrichment repeats
        std::size_t last_size = 0;
        std::uint32_t last_code = 0;
        int search_credit = 0; ///< > 0: worth searching the raw line for values that are copies
    };
    struct Slot { ///< of a shape
        std::uint32_t column = 0;
        std::uint32_t process_field = 0;
        event::ValueType type{};
        bool overflow = false; ///< the name itself did not get a number
    };
    struct Shape {
        std::uint64_t hash = 0;
        std::uint32_t first_slot = 0;
        std::uint32_t slots = 0;
    };
    struct DictSlot {
        std::uint64_t hash = 0;
        const char* text = nullptr;
        std::uint32_t size = 0;
        std::uint32_t column = 0;
        std::uint32_t code = 0;
        std::uint32_t epoch = 0;
    };

    void reset();
    void add_event(const event::EventBatch& batch, const event::Event& event, std::uint32_t index, ZoneRecord& zone);
    void add_value(Column& column, std::uint32_t column_index, std::string_view raw, std::string_view text,
                   std::size_t& last_end);
    void add_text(Column& column, std::uint32_t column_index, std::string_view text);
    [[nodiscard]] std::string_view overflow_text(const Slot& slot, std::string_view text);
    [[nodiscard]] std::uint32_t shape_of(std::span<const event::Field> fields);
    [[nodiscard]] std::uint32_t new_shape(std::span<const event::Field> fields, std::uint64_t hash);
    [[nodiscard]] std::uint32_t column_of(std::uint32_t number);
    [[nodiscard]] std::uint32_t source_code(std::uint32_t source);
    void grow_dictionary();
    void write_columns(const ZoneRecord& zone);
    void finish_zone(ZoneRecord& zone) const;

    FieldDict* dict_;
    Sha256 hash_;
    FrameWriter frames_;

    std::vector<Column> columns_; ///< the first used_columns_ are in use
    std::uint32_t used_columns_ = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> column_index_; ///< by store number: epoch, column
    std::vector<Shape> shapes_;
    std::vector<Slot> slots_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> shape_table_; ///< open addressing: epoch, shape
    std::vector<DictSlot> dictionary_;                                 ///< open addressing
    std::uint32_t dictionary_used_ = 0;
    std::vector<std::uint32_t> sources_;
    std::uint32_t last_source_code_ = 0;
    std::uint32_t epoch_ = 0;
    std::vector<Digest> leaves_;
    std::vector<common::Nanos> times_;
    std::vector<std::unique_ptr<std::string>>
        overflow_texts_; ///< "name=value" beyond the name limit; almost never used
    common::Nanos last_received_ = 0;
    ByteSink time_steps_;
    ByteSink received_;
    ByteSink kinds_;
    ByteSink source_codes_;
    ByteSink shape_codes_;
    ByteSink raw_sizes_;
    ByteSink raw_;
    ByteSink plain_; ///< the column part before compression
    ByteSink out_;
};

} // namespace canhgac::storage
