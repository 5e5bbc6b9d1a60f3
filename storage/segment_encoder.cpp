#include "storage/segment_encoder.hpp"

#include <algorithm>
#include <cstring>

#include "common/ensure.hpp"
#include "storage/text_forms.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint64_t kSignFlip = 1ULL << 63U; ///< makes signed times sort as unsigned numbers
std::uint64_t flip(common::Nanos time) noexcept {
    return static_cast<std::uint64_t>(time) ^ kSignFlip;
}

void append_number(std::string& key, std::uint64_t value) {
    while (value >= 0x80U) {
        key.push_back(static_cast<char>(value | 0x80U));
        value >>= 7U;
    }
    key.push_back(static_cast<char>(value));
}

/// Ends of the holes in the line, and of the line: see LineTemplate::Slot.
template <typename Spans>
std::uint32_t edge_offset(const Spans& holes, std::uint32_t edge, std::size_t line_size) {
    if (edge == 0) { return 0; }
    if (edge == holes.size() * 2 + 1) { return static_cast<std::uint32_t>(line_size); }
    const auto& hole = holes[(edge - 1) / 2];
    return edge % 2 == 1 ? hole.offset : hole.offset + hole.size;
}

/// Times in the largest unit that divides them all: fewer bytes a row.
std::uint64_t scale(std::vector<std::uint64_t>& times) {
    for (const auto unit :
         {static_cast<std::uint64_t>(common::kSecond), std::uint64_t{1'000'000}, std::uint64_t{1'000}}) {
        const auto whole = [unit](std::uint64_t time) {
            return static_cast<common::Nanos>(time ^ kSignFlip) % static_cast<common::Nanos>(unit) == 0;
        };
        if (!std::all_of(times.begin(), times.end(), whole)) { continue; }
        for (std::uint64_t& time : times) {
            time = flip(static_cast<common::Nanos>(time ^ kSignFlip) / static_cast<common::Nanos>(unit));
        }
        return unit;
    }
    return 1;
}

} // namespace

void SegmentEncoder::reset() {
    shapes_.clear();
    shape_index_.clear();
    columns_.clear();
    column_index_.clear();
    lines_.clear();
    line_index_.clear();
    envelope_.assign(kEnvelopeColumns, {});
    sources_.clear();
    raw_bytes_ = 0;
    layout_.clear();
    sizes_.clear();
    inline_.clear();
    source_index_.clear();
    finder_.reset();
    last_fields_ = {};
    repeatable_ = false;
}

SealedBlock SegmentEncoder::encode(std::span<const BlockRow> rows) {
    common::ensure(!rows.empty() && rows.size() <= kMaxSealedRows, "1 to kMaxSealedRows rows in a block");
    reset();
    for (const BlockRow& row : rows) {
        add_row(row);
    }
    SealedBlock block;
    write_columns(block);
    write_layout();
    ByteSink head;
    head.u8(kSegmentVersion);
    head.varint(rows.size());
    frames_.write(layout_.view(), head);
    block.head.assign(head.view());
    block.columns.emplace_back(chunk::kGrams, grams_.finish());
    std::sort(block.columns.begin(), block.columns.end());
    finish_zone(rows, block);
    return block;
}

void SegmentEncoder::add_row(const BlockRow& row) {
    const std::uint32_t shape = shape_of(row);
    const auto found = finder_.find(row, shape);
    if (!repeats_last(row, shape, found)) {
        found_.assign(found.begin(), found.end());
        choose_holes(row);
        const std::size_t wanted = plan_.holes.size();
        line_ = lines_of(shape);
        repeatable_ = holes_.size() == wanted; // else its lines are stored whole
    }
    add_values(row, lines_[line_]);
    add_grams(row);
    add_envelope(row);
    raw_bytes_ += row.raw.size();
}

/// The line is put together as the last one, as most are: the same values stand in it, spelled and nested alike. Then
/// found_ and holes_ are those of the row.
bool SegmentEncoder::repeats_last(const BlockRow& row, std::uint32_t shape, std::span<const ValueSpan> found) {
    const auto alike = [](const ValueSpan& span, const ValueSpan& last) {
        return span.slot == last.slot && span.escaped == last.escaped;
    };
    if (!repeatable_ || lines_[line_].plan.shape != shape ||
        !std::equal(found.begin(), found.end(), found_.begin(), found_.end(), alike)) {
        return false;
    }
    found_.assign(found.begin(), found.end());
    repeatable_ = false; // until it is shown
    std::uint32_t end = 0;
    for (std::size_t i = 0; i < holes_.size(); ++i) {
        holes_[i] = found_[hole_places_[i]];
        if (holes_[i].offset < end) { return false; }
        end = holes_[i].offset + holes_[i].size;
    }
    const LineTemplate& plan = lines_[line_].plan;
    for (const ValueSpan& span : found_) {
        const LineTemplate::Slot& slot = plan.slots[span.slot];
        if (slot.place != ValuePlace::span) { continue; }
        if (edge_offset(holes_, slot.from, row.raw.size()) > span.offset ||
            edge_offset(holes_, slot.to, row.raw.size()) < span.offset + span.size) {
            return false;
        }
    }
    repeatable_ = true;
    return true;
}

std::uint32_t SegmentEncoder::shape_of(const BlockRow& row) {
    const auto same = [](const BlockField& left, const BlockField& right) {
        return left.number == right.number && left.type == right.type;
    };
    if (!shapes_.empty() &&
        std::equal(row.fields.begin(), row.fields.end(), last_fields_.begin(), last_fields_.end(), same)) {
        return last_shape_;
    }
    last_fields_ = row.fields;
    key_.clear();
    for (const BlockField& field : row.fields) {
        append_number(key_, static_cast<std::uint64_t>(field.number) << 3U | static_cast<std::uint64_t>(field.type));
    }
    const auto [at, fresh] = shape_index_.try_emplace(key_, static_cast<std::uint32_t>(shapes_.size()));
    last_shape_ = at->second;
    if (!fresh) { return last_shape_; }
    Shape& shape = shapes_.emplace_back();
    for (const BlockField& field : row.fields) {
        const auto [column, is_new] =
            column_index_.try_emplace(field.number, static_cast<std::uint32_t>(columns_.size()));
        if (is_new) { columns_.emplace_back().number = field.number; }
        shape.push_back({column->second, field.type});
    }
    return last_shape_;
}

/// Fills plan_ (but for its shape) and holes_: inner spans become holes, those around or across them stay spans.
void SegmentEncoder::choose_holes(const BlockRow& row) {
    plan_.slots.assign(row.fields.size(), {});
    plan_.holes.clear();
    holes_.clear();
    const auto overlap = [](const ValueSpan& left, const ValueSpan& right) {
        return left.offset + left.size > right.offset;
    };
    if (std::adjacent_find(found_.begin(), found_.end(), overlap) == found_.end()) {
        holes_ = found_;
    } else {
        by_size_ = found_;
        std::stable_sort(by_size_.begin(), by_size_.end(),
                         [](const ValueSpan& left, const ValueSpan& right) { return left.size < right.size; });
        for (const ValueSpan& span : by_size_) {
            const auto next =
                std::lower_bound(holes_.begin(), holes_.end(), span.offset,
                                 [](const ValueSpan& hole, std::uint32_t offset) { return hole.offset < offset; });
            const bool clear =
                (next == holes_.end() || next->offset >= span.offset + span.size) &&
                (next == holes_.begin() || std::prev(next)->offset + std::prev(next)->size <= span.offset);
            if (clear) {
                holes_.insert(next, span);
            } else if (!span.escaped) {
                plan_.slots[span.slot].place = ValuePlace::span;
            }
        }
    }
    hole_places_.clear();
    for (const ValueSpan& hole : holes_) {
        plan_.slots[hole.slot].place = hole.escaped ? ValuePlace::escaped : ValuePlace::hole;
        plan_.holes.push_back(hole.slot);
        const auto place = std::lower_bound(found_.begin(), found_.end(), hole.slot,
                                            [](const ValueSpan& span, std::uint32_t slot) { return span.slot < slot; });
        hole_places_.push_back(static_cast<std::size_t>(place - found_.begin()));
    }
    for (const ValueSpan& span : found_) {
        LineTemplate::Slot& slot = plan_.slots[span.slot];
        if (slot.place != ValuePlace::span) { continue; }
        slot.to = plan_.last_edge();
        while (slot.from < plan_.last_edge() && edge_offset(holes_, slot.from + 1, row.raw.size()) <= span.offset) {
            ++slot.from;
        }
        while (slot.to > 0 && edge_offset(holes_, slot.to - 1, row.raw.size()) >= span.offset + span.size) {
            --slot.to;
        }
    }
}

std::uint32_t SegmentEncoder::lines_of(std::uint32_t shape) {
    const auto find = [this, shape] {
        key_.clear();
        append_number(key_, shape);
        for (const LineTemplate::Slot& slot : plan_.slots) {
            key_.push_back(static_cast<char>(slot.place));
            if (slot.place != ValuePlace::span) { continue; }
            append_number(key_, slot.from);
            append_number(key_, slot.to);
        }
        for (const std::uint32_t slot : plan_.holes) {
            append_number(key_, slot);
        }
        return line_index_.find(key_);
    };
    auto at = find();
    if (at == line_index_.end() && lines_.size() >= kMaxTemplates) { // whole lines from here on, one way a shape
        plan_.slots.assign(plan_.slots.size(), {});
        plan_.holes.clear();
        holes_.clear();
        at = find();
    }
    if (at != line_index_.end()) { return at->second; }
    const auto made = static_cast<std::uint32_t>(lines_.size());
    line_index_.emplace(key_, made);
    Lines& lines = lines_.emplace_back();
    lines.plan = plan_;
    lines.plan.shape = shape;
    lines.literals.resize(plan_.holes.size() + 1);
    lines.spans.resize(static_cast<std::size_t>(
        std::count_if(plan_.slots.begin(), plan_.slots.end(),
                      [](const LineTemplate::Slot& slot) { return slot.place == ValuePlace::span; })));
    return made;
}

void SegmentEncoder::add_values(const BlockRow& row, Lines& lines) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < holes_.size(); ++i) {
        lines.literals[i].add(row.raw.substr(end, holes_[i].offset - end), row.time);
        end = holes_[i].offset + holes_[i].size;
    }
    lines.literals.back().add(row.raw.substr(end), row.time);
    const Shape& shape = shapes_[lines.plan.shape];
    std::size_t span = 0;
    auto found = found_.begin();
    for (std::size_t slot = 0; slot < shape.size(); ++slot) {
        const LineTemplate::Slot& plan = lines.plan.slots[slot];
        const std::string_view text = row.fields[slot].text;
        if (plan.place == ValuePlace::span) {
            while (found->slot != slot) {
                ++found;
            }
            const std::uint64_t start = found->offset;
            SpanColumn& column = lines.spans[span++];
            column.starts.push_back(start - edge_offset(holes_, plan.from, row.raw.size()));
            column.ends.push_back(edge_offset(holes_, plan.to, row.raw.size()) - (start + text.size()));
            continue;
        }
        columns_[shape[slot].column].texts.add(text, row.time);
    }
}

/// The line, and each value that does not stand in it as it is; one that is cut out of the midst of a character is
/// folded otherwise than inside the line.
void SegmentEncoder::add_grams(const BlockRow& row) {
    grams_.add_line(row.raw);
    auto next = found_.begin();
    for (std::uint32_t slot = 0; slot < row.fields.size(); ++slot) {
        const std::string_view text = row.fields[slot].text;
        const bool verbatim = next != found_.end() && next->slot == slot && !next->escaped;
        if (next != found_.end() && next->slot == slot) { ++next; }
        if (text.size() < kGramBytes) { continue; }
        const bool whole = ((text.front() | text.back()) & 0x80) == 0;
        if (!verbatim || !whole) { grams_.add(text); }
    }
}

void SegmentEncoder::add_envelope(const BlockRow& row) {
    const auto source = static_cast<std::uint32_t>(row.source);
    if (sources_.empty() || sources_[last_source_] != source) {
        const auto [at, fresh] = source_index_.try_emplace(source, static_cast<std::uint32_t>(sources_.size()));
        if (fresh) { sources_.push_back(source); }
        last_source_ = at->second;
    }
    envelope(Envelope::source).push_back(last_source_);
    envelope(Envelope::time).push_back(flip(row.time));
    envelope(Envelope::received).push_back(flip(row.received));
    envelope(Envelope::kind)
        .push_back(static_cast<std::uint64_t>(row.flags) << 4U | static_cast<std::uint64_t>(row.format));
    envelope(Envelope::line).push_back(line_);
    envelope(Envelope::seq).push_back(row.seq);
    envelope(Envelope::index).push_back(row.index);
}

void SegmentEncoder::finish_column(std::uint32_t number, SealedBlock& block) {
    const bool own = column_.size() >= kLeastOwnChunk;
    sizes_.varint(static_cast<std::uint64_t>(column_.size()) << 1U | (own ? 1U : 0U));
    if (own) {
        part_.clear();
        part_.u8(kSegmentVersion);
        frames_.write(column_.view(), part_);
        block.columns.emplace_back(number, part_.view());
    } else {
        inline_.bytes(column_.view());
    }
    column_.clear();
}

void SegmentEncoder::write_columns(SealedBlock& block) {
    column_.clear();
    layout_.varint(raw_bytes_);
    layout_.varint(scale(envelope(Envelope::time)));
    layout_.varint(scale(envelope(Envelope::received)));
    for (std::size_t i = 0; i < kEnvelopeColumns; ++i) {
        encode_numbers(envelope_[i], column_);
        finish_column(chunk::kEnvelope + static_cast<std::uint32_t>(i), block);
    }
    std::uint32_t other = chunk::kOther;
    for (const Lines& lines : lines_) {
        for (const auto& literals : lines.literals) {
            encode_texts(literals, column_);
            finish_column(other++, block);
        }
        for (const SpanColumn& span : lines.spans) {
            encode_numbers(span.starts, column_);
            encode_numbers(span.ends, column_);
            finish_column(other++, block);
        }
    }
    for (const FieldColumn& column : columns_) {
        encode_texts(column.texts, column_);
        finish_column(chunk::kFields + column.number, block);
    }
}

void SegmentEncoder::write_layout() {
    layout_.varint(sources_.size());
    for (const std::uint32_t source : sources_) {
        layout_.varint(source);
    }
    layout_.varint(columns_.size());
    for (const FieldColumn& column : columns_) {
        layout_.varint(column.number);
    }
    layout_.varint(shapes_.size());
    for (const Shape& shape : shapes_) {
        layout_.varint(shape.size());
        for (const ShapeSlot& slot : shape) {
            layout_.varint(static_cast<std::uint64_t>(slot.column) << 3U | static_cast<std::uint64_t>(slot.type));
        }
    }
    layout_.varint(lines_.size());
    for (const Lines& lines : lines_) {
        layout_.varint(lines.plan.shape);
        for (const LineTemplate::Slot& slot : lines.plan.slots) {
            layout_.u8(static_cast<std::uint8_t>(slot.place));
            if (slot.place != ValuePlace::span) { continue; }
            layout_.varint(slot.from);
            layout_.varint(slot.to);
        }
        layout_.varint(lines.plan.holes.size());
        for (const std::uint32_t slot : lines.plan.holes) {
            layout_.varint(slot);
        }
    }
    layout_.bytes(sizes_.view());
    layout_.bytes(inline_.view());
}

void SegmentEncoder::finish_zone(std::span<const BlockRow> rows, SealedBlock& block) {
    ZoneRecord& zone = block.zone;
    zone.rows = static_cast<std::uint32_t>(rows.size());
    zone.min_time = zone.max_time = rows.front().time;
    zone.min_received = zone.max_received = rows.front().received;
    block.min_seq = block.max_seq = rows.front().seq;
    for (const BlockRow& row : rows) {
        zone.min_time = std::min(zone.min_time, row.time);
        zone.max_time = std::max(zone.max_time, row.time);
        zone.min_received = std::min(zone.min_received, row.received);
        zone.max_received = std::max(zone.max_received, row.received);
        block.min_seq = std::min(block.min_seq, row.seq);
        block.max_seq = std::max(block.max_seq, row.seq);
    }
    zone.bytes = block.head.size();
    for (const auto& [number, bytes] : block.columns) {
        zone.bytes += bytes.size();
    }
    zone.sources = sources_;
    std::sort(zone.sources.begin(), zone.sources.end());
    zone.all_sources = zone.sources.size() > ZoneRecord::kMaxListed;
    for (const FieldColumn& column : columns_) {
        zone.fields.push_back(column.number);
    }
    std::sort(zone.fields.begin(), zone.fields.end());
    zone.all_fields = zone.fields.size() > ZoneRecord::kMaxListed;
}

} // namespace canhgac::storage
