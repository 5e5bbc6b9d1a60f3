// The second half of SegmentReader: puts rows and their lines together from columns.
#include <algorithm>
#include <cstring>

#include "storage/segment_reader.hpp"

namespace canhgac::storage {

/// Once for each text of a dictionary instead of once a row.
void SegmentReader::escape_distinct(FieldColumn& column) {
    for (const std::string_view text : column.values.distinct) {
        const std::size_t size = json_escaped_size(text);
        char* const form = arena_.allocate(size);
        put_json_escaped(text, form);
        column.escaped_distinct.emplace_back(form, size);
    }
}

bool SegmentReader::append_escaped(std::string_view text) {
    const std::size_t size = json_escaped_size(text);
    if (size > raw_total_ - raw_size_) { return false; }
    put_json_escaped(text, raw_.get() + raw_size_);
    raw_size_ += size;
    return true;
}

bool SegmentReader::append_raw(std::string_view text) {
    if (text.size() > raw_total_ - raw_size_) { return false; }
    if (!text.empty()) { std::memcpy(raw_.get() + raw_size_, text.data(), text.size()); }
    raw_size_ += text.size();
    return true;
}

/// Goes to the first row: FieldColumn::next and Lines::next are then where the texts of the row at hand begin.
void SegmentReader::start_rows() {
    for (FieldColumn& column : columns_) {
        column.next = 0;
    }
    for (Lines& lines : lines_) {
        lines.next = 0;
        lines.own.clear();
        const Shape& shape = shapes_[lines.plan.shape];
        for (std::size_t slot = 0; slot < shape.size(); ++slot) {
            const bool own = lines.plan.slots[slot].place != ValuePlace::span;
            if (own && columns_[shape[slot].column].loaded) { lines.own.push_back(shape[slot].column); }
        }
    }
}

void SegmentReader::next_row(Lines& lines) {
    for (const std::uint32_t column : lines.own) {
        ++columns_[column].next;
    }
    ++lines.next;
}

/// The text of a slot of the row at hand whose columns are loaded; a piece of the line that several parts make is put
/// together in `room`. Nothing: damaged.
std::optional<std::string_view> SegmentReader::slot_text(const Lines& lines, std::uint32_t slot,
                                                         std::string& room) const {
    const Shape& shape = shapes_[lines.plan.shape];
    const LineTemplate::Slot& plan = lines.plan.slots[slot];
    const auto own = [&](std::uint32_t at) {
        const FieldColumn& column = columns_[shape[at].column];
        return column.values[column.next + lines.ranks[at]];
    };
    if (plan.place != ValuePlace::span) { return own(slot); }
    const std::uint64_t before = lines.starts[lines.ranks[slot]][lines.next];
    const std::uint64_t behind = lines.ends[lines.ranks[slot]][lines.next];
    const bool in_hole = plan.from % 2 == 1 && plan.to == plan.from + 1;
    if (in_hole && lines.plan.slots[lines.plan.holes[plan.from / 2]].place == ValuePlace::hole) {
        return part_of(own(lines.plan.holes[plan.from / 2]), before, behind);
    }
    for (std::uint32_t edge = plan.from; edge < plan.to; ++edge) {
        if (edge % 2 == 0) {
            room += lines.literals[edge / 2][lines.next];
            continue;
        }
        const std::uint32_t hole = lines.plan.holes[edge / 2];
        const std::string_view text = own(hole);
        if (lines.plan.slots[hole].place == ValuePlace::escaped) {
            const std::size_t start = room.size();
            room.resize(start + json_escaped_size(text));
            put_json_escaped(text, room.data() + start);
        } else {
            room += text;
        }
        if (room.size() > raw_total_) { return std::nullopt; }
    }
    return part_of(room, before, behind);
}

bool SegmentReader::build_rows(const RowBits& wanted) {
    if (with_lines_ && raw_capacity_ < raw_total_) {
        raw_ = std::make_unique_for_overwrite<char[]>(raw_total_);
        raw_capacity_ = raw_total_;
    }
    std::size_t values = 0;
    for (std::size_t i = 0; i < row_count_; ++i) {
        if (wanted.test(i)) { values += shapes_[lines_[envelope(Envelope::line)[i]].plan.shape].size(); }
    }
    fields_.reserve(values); // rows view it
    const std::size_t count = wanted.count();
    rows_.reserve(count);
    start_rows();
    for (std::size_t i = 0; i < row_count_ && rows_.size() < count; ++i) {
        Lines& lines = lines_[envelope(Envelope::line)[i]];
        if (wanted.test(i) && !build_row(i, lines)) { return false; }
        next_row(lines);
    }
    for (const FieldColumn& column : columns_) {
        if (column.loaded && !column.in_lines) { texts_.push_back({column.number, column.values.any_once()}); }
    }
    return !with_lines_ || count < row_count_ || raw_size_ == raw_total_;
}

bool SegmentReader::build_row(std::size_t i, Lines& lines) {
    const std::size_t first_field = fields_.size();
    const std::size_t start = raw_size_;
    const Shape& shape = shapes_[lines.plan.shape];
    for (std::uint32_t slot = 0; slot < shape.size(); ++slot) {
        const FieldColumn& column = columns_[shape[slot].column];
        if (!column.given) { continue; }
        BlockField& field = fields_.emplace_back(BlockField{column.number, shape[slot].type, {}});
        if (with_lines_ && lines.plan.slots[slot].place == ValuePlace::span) { continue; } // when the line is there
        piece_.clear();
        const auto text = slot_text(lines, slot, piece_);
        if (!text) { return false; }
        field.text = *text;
        if (piece_.empty()) { continue; } // it lives as long as the columns
        if (text->size() > piece_room_) { return false; }
        piece_room_ -= text->size();
        field.text = arena_.copy(*text);
    }
    const std::span<BlockField> fields(fields_.data() + first_field, fields_.size() - first_field);
    BlockRow& row = rows_.emplace_back();
    if (with_lines_) {
        if (!build_line(lines, first_field)) { return false; }
        row.raw = {raw_.get() + start, raw_size_ - start};
        if (!take_spans(lines, row.raw, fields)) { return false; }
    }
    const std::uint64_t kind = envelope(Envelope::kind)[i];
    const std::uint64_t index = envelope(Envelope::index)[i];
    if (kind >= 1ULL << 20U || index > kSealedMax32) { return false; }
    const auto format = static_cast<std::uint8_t>(kind & 15U);
    row.seq = envelope(Envelope::seq)[i];
    row.index = static_cast<std::uint32_t>(index);
    row.time = time(i);
    row.received = time_of(envelope(Envelope::received)[i], received_unit_);
    row.source = event::SourceId{sources_[envelope(Envelope::source)[i]]};
    row.flags = static_cast<std::uint16_t>(kind >> 4U);
    row.format = format < event::kFormatCount ? static_cast<event::Format>(format) : event::Format::unparsed;
    row.fields = fields;
    return true;
}

/// Puts the line together; values that stand in it verbatim become views of it.
bool SegmentReader::build_line(Lines& lines, std::size_t first_field) {
    const std::size_t start = raw_size_;
    edges_.assign(1, 0);
    for (std::size_t hole = 0; hole < lines.plan.holes.size(); ++hole) {
        if (!append_raw(lines.literals[hole][lines.next])) { return false; }
        edges_.push_back(static_cast<std::uint32_t>(raw_size_ - start));
        const std::uint32_t slot = lines.plan.holes[hole];
        BlockField& field = fields_[first_field + slot];
        if (lines.plan.slots[slot].place == ValuePlace::escaped) {
            const FieldColumn& column = columns_[shapes_[lines.plan.shape][slot].column];
            const bool known = !column.escaped_distinct.empty();
            const std::size_t at = column.next + lines.ranks[slot];
            if (!(known ? append_raw(column.escaped_distinct[column.values.code(at)]) : append_escaped(field.text))) {
                return false;
            }
        } else {
            if (!append_raw(field.text)) { return false; }
            field.text = {raw_.get() + raw_size_ - field.text.size(), field.text.size()};
        }
        edges_.push_back(static_cast<std::uint32_t>(raw_size_ - start));
    }
    if (!append_raw(lines.literals.back()[lines.next])) { return false; }
    edges_.push_back(static_cast<std::uint32_t>(raw_size_ - start));
    return true;
}

bool SegmentReader::take_spans(Lines& lines, std::string_view raw, std::span<BlockField> fields) {
    std::size_t span = 0;
    for (std::size_t slot = 0; slot < fields.size(); ++slot) {
        const LineTemplate::Slot& plan = lines.plan.slots[slot];
        if (plan.place != ValuePlace::span) { continue; }
        const std::uint64_t after = lines.starts[span][lines.next];
        const std::uint64_t before = lines.ends[span++][lines.next];
        if (after > raw.size() || before > edges_[plan.to]) { return false; }
        const std::uint64_t start = edges_[plan.from] + after;
        const std::uint64_t end = edges_[plan.to] - before;
        if (start > end || end > raw.size()) { return false; }
        fields[slot].text = raw.substr(start, end - start);
    }
    return true;
}

} // namespace canhgac::storage
