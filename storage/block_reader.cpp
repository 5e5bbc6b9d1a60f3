#include "storage/block_reader.hpp"

#include <algorithm>
#include <limits>

#include "storage/block_encoder.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();

} // namespace

BlockReader::BlockReader() = default;

BlockReader::~BlockReader() = default;

common::Result<void, BlockError> BlockReader::open(std::string_view block) {
    rows_ = 0;
    next_row_ = 0;
    failed_ = true; // until everything is found in order
    raw_ = {};
    raw_offset_ = 0;
    received_value_ = 0;
    ByteSource in(block);
    if (in.u8() != kBlockVersion) {
        return common::fail(block.empty() ? BlockError::truncated : BlockError::unknown_version);
    }
    const std::uint64_t rows = in.varint(kMax32);
    const auto plain = frames_.read(in, plain_bytes_);
    if (!plain) { return common::fail(plain.error()); }
    const auto raw = frames_.read(in, raw_bytes_);
    if (!raw) { return common::fail(raw.error()); }
    if (!in.ok() || in.left() != 0) { return common::fail(BlockError::truncated); }
    raw_ = *raw;
    ByteSource layout(*plain);
    if (!read_layout(layout)) { return common::fail(BlockError::inconsistent); }
    // Every row takes at least one byte in each of these streams.
    if (times_.left() < rows || kinds_.left() < rows || shape_codes_.left() < rows) {
        return common::fail(BlockError::inconsistent);
    }
    rows_ = static_cast<std::uint32_t>(rows);
    failed_ = false;
    return {};
}

bool BlockReader::read_layout(ByteSource& in) {
    unit_ = in.varint(static_cast<std::uint64_t>(common::kSecond));
    if (unit_ == 0) { return false; }
    scaled_time_ = static_cast<std::uint64_t>(in.signed64() / static_cast<common::Nanos>(unit_));
    sources_.clear();
    const std::uint64_t sources = in.varint(in.left());
    for (std::uint64_t i = 0; i < sources && in.ok(); ++i) {
        sources_.push_back(static_cast<std::uint32_t>(in.varint(kMax32)));
    }
    for (ByteSource* stream : {&times_, &received_, &kinds_, &source_codes_, &shape_codes_, &raw_sizes_}) {
        *stream = ByteSource(in.text());
    }
    return read_shapes(in) && read_columns(in) && in.ok() && in.left() == 0;
}

bool BlockReader::read_shapes(ByteSource& in) {
    shapes_.clear();
    slots_.clear();
    const std::uint64_t count = in.varint(in.left());
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const auto slots = static_cast<std::uint32_t>(in.varint(in.left()));
        shapes_.push_back({static_cast<std::uint32_t>(slots_.size()), slots});
        for (std::uint32_t slot = 0; slot < slots && in.ok(); ++slot) {
            const std::uint64_t code = in.varint(kMax32);
            const auto type = code & 7U;
            if (type > static_cast<std::uint64_t>(event::ValueType::boolean)) { return false; }
            slots_.push_back({static_cast<std::uint32_t>(code >> 3U), static_cast<event::ValueType>(type)});
        }
    }
    return in.ok();
}

bool BlockReader::read_columns(ByteSource& in) {
    columns_.clear();
    entries_.clear();
    texts_.clear();
    const std::uint64_t count = in.varint(in.left());
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        Column column;
        column.number = static_cast<std::uint32_t>(in.varint(kMax32));
        column.places = ByteSource(in.text());
        column.sizes = ByteSource(in.text());
        column.codes = ByteSource(in.text());
        ByteSource entry_sizes(in.text());
        ByteSource entries(in.text());
        column.first_entry = static_cast<std::uint32_t>(entries_.size());
        while (entry_sizes.left() != 0 && entry_sizes.ok()) {
            entries_.push_back(entries.bytes(entry_sizes.varint()));
        }
        if (!entry_sizes.ok() || !entries.ok() || entries.left() != 0) { return false; }
        column.entries = static_cast<std::uint32_t>(entries_.size()) - column.first_entry;
        columns_.push_back(column);
    }
    for (const Column& column : columns_) {
        texts_.push_back({column.number, std::span(entries_).subspan(column.first_entry, column.entries)});
    }
    for (const Slot& slot : slots_) {
        if (slot.column >= columns_.size()) { return false; }
    }
    return in.ok();
}

bool BlockReader::read_value(Column& column, std::string_view raw, std::size_t& last_end, std::string_view& text) {
    const std::uint64_t place = column.places.varint();
    if (place != 0) {
        const std::uint64_t offset = last_end + static_cast<std::uint64_t>(unzigzag(place - 1));
        const std::uint64_t size = column.sizes.varint();
        if (offset > raw.size() || size > raw.size() - offset) { return false; }
        text = raw.substr(offset, size);
        last_end = offset + size;
        return column.sizes.ok();
    }
    if (!column.places.ok()) { return false; }
    const std::uint64_t code = column.codes.varint();
    const std::uint64_t entry = code == 0 ? column.next_entry++ : code - 1;
    if (!column.codes.ok() || entry >= column.entries) { return false; }
    text = entries_[column.first_entry + entry];
    last_end = std::min(last_end + text.size(), raw.size());
    return true;
}

bool BlockReader::next(BlockRow& row) {
    if (failed_ || next_row_ == rows_) { return false; }
    failed_ = true;
    row.index = next_row_++;
    scaled_time_ += static_cast<std::uint64_t>(unzigzag(times_.varint()));
    row.time = static_cast<common::Nanos>(scaled_time_ * unit_);
    received_value_ += static_cast<std::uint64_t>(unzigzag(received_.varint()));
    row.received = static_cast<common::Nanos>(received_value_);
    const std::uint64_t kind = kinds_.varint((1ULL << 20U) - 1);
    const auto format = kind & 15U;
    row.flags = static_cast<std::uint16_t>(kind >> 4U);
    row.format = format < event::kFormatCount ? static_cast<event::Format>(format) : event::Format::unparsed;
    const std::uint64_t source = source_codes_.varint();
    const std::uint64_t shape_code = shape_codes_.varint();
    const std::uint64_t raw_size = raw_sizes_.varint();
    if (source >= sources_.size() || shape_code >= shapes_.size() || raw_size > raw_.size() - raw_offset_ ||
        !times_.ok() || !received_.ok() || !kinds_.ok() || !source_codes_.ok() || !shape_codes_.ok() ||
        !raw_sizes_.ok()) {
        return false;
    }
    row.source = event::SourceId{sources_[source]};
    row.raw = raw_.substr(raw_offset_, raw_size);
    raw_offset_ += raw_size;
    const Shape& shape = shapes_[shape_code];
    fields_.clear();
    std::size_t last_end = 0;
    for (std::uint32_t i = 0; i < shape.slots; ++i) {
        const Slot& slot = slots_[shape.first_slot + i];
        Column& column = columns_[slot.column];
        std::string_view text;
        if (!read_value(column, row.raw, last_end, text)) { return false; }
        fields_.push_back({column.number, slot.type, text});
    }
    row.fields = fields_;
    failed_ = false;
    return true;
}

} // namespace canhgac::storage
