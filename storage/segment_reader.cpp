#include "storage/segment_reader.hpp"

#include <algorithm>
#include <map>

namespace canhgac::storage {

void SegmentReader::reset() {
    own_used_ = 0;
    arena_.reset();
    raw_size_ = 0;
    row_count_ = 0;
    sources_.clear();
    columns_.clear();
    shapes_.clear();
    lines_.clear();
    envelope_.assign(kEnvelopeColumns, {});
    places_.clear();
    fetch_ = {};
    with_lines_ = false;
    rows_.clear();
    fields_.clear();
    texts_.clear();
}

BlockError SegmentReader::give_up() {
    reset();
    return BlockError::inconsistent;
}

SegmentReader::Status SegmentReader::open(std::string_view head, const Fetch& fetch) {
    const Status begun = begin(head, fetch);
    return begun ? build(RowBits(row_count_, true), {}) : begun;
}

SegmentReader::Status SegmentReader::begin(std::string_view head, Fetch fetch) {
    reset();
    ByteSource in(head);
    if (in.u8() != kSegmentVersion) {
        return common::fail(head.empty() ? BlockError::truncated : BlockError::unknown_version);
    }
    row_count_ = in.varint(kMaxSealedRows);
    const auto layout = frames_.read(in, head_bytes_);
    if (!layout || !in.ok() || in.left() != 0) {
        reset();
        return common::fail(layout ? BlockError::truncated : layout.error());
    }
    fetch_ = std::move(fetch);
    ByteSource parts(*layout);
    if (!read_layout(parts) || !load_envelope(Envelope::time) || !load_envelope(Envelope::line) || !read_row_lines()) {
        return common::fail(give_up());
    }
    return {};
}

common::Nanos SegmentReader::time(std::size_t row) const noexcept {
    return time_of(envelope(Envelope::time)[row], time_unit_);
}

/// Whether the texts of a column pass, told once for each of a dictionary.
class SegmentReader::Answers {
public:
    Answers(const FieldColumn& column, const std::function<bool(std::string_view)>& holds) : column_(&column) {
        for (const std::string_view text : column.values.distinct) {
            known_.push_back(holds(text));
        }
    }
    /// Nothing: not known beforehand.
    [[nodiscard]] std::optional<bool> operator[](std::size_t at) const {
        if (known_.empty()) { return std::nullopt; }
        return known_[column_->values.code(at)];
    }

private:
    const FieldColumn* column_;
    std::vector<bool> known_;
};

common::Result<RowBits, BlockError> SegmentReader::rows_where(std::uint32_t field,
                                                              const std::function<bool(std::string_view)>& holds) {
    RowBits rows(row_count_, false);
    for (std::uint32_t number = 0; number < columns_.size(); ++number) {
        if (columns_[number].number != field) { continue; }
        for (Lines& lines : lines_) {
            if (!load_texts(lines, number)) { return common::fail(give_up()); }
        }
        const Answers answers(columns_[number], holds);
        start_rows();
        for (std::size_t row = 0; row < row_count_; ++row) {
            Lines& lines = lines_[envelope(Envelope::line)[row]];
            for (const std::uint32_t slot : lines.asked) {
                const bool own = lines.plan.slots[slot].place != ValuePlace::span;
                auto passes = own ? answers[columns_[number].next + lines.ranks[slot]] : std::nullopt;
                if (!passes) {
                    piece_.clear();
                    const auto text = slot_text(lines, slot, piece_);
                    if (!text) { return common::fail(give_up()); }
                    passes = holds(*text);
                }
                if (*passes) { rows.set(row); }
            }
            next_row(lines);
        }
    }
    return rows;
}

/// Loads what slot_text() needs of a field, and notes the slots that have it and are not null.
bool SegmentReader::load_texts(Lines& lines, std::uint32_t column) {
    lines.asked.clear();
    const Shape& shape = shapes_[lines.plan.shape];
    for (std::uint32_t slot = 0; lines.rows != 0 && slot < shape.size(); ++slot) {
        if (shape[slot].column != column) { continue; }
        if (!load_text(lines, slot)) { return false; }
        if (shape[slot].type != event::ValueType::null) { lines.asked.push_back(slot); }
    }
    return true;
}

/// The column of a slot; of a span the columns and literals of its part of the line.
bool SegmentReader::load_text(Lines& lines, std::uint32_t slot) {
    const Shape& shape = shapes_[lines.plan.shape];
    const LineTemplate::Slot& plan = lines.plan.slots[slot];
    if (plan.place != ValuePlace::span) { return load_field(columns_[shape[slot].column]); }
    if (!load_spans(lines)) { return false; }
    for (std::uint32_t edge = plan.from; edge < plan.to; ++edge) {
        const bool good =
            edge % 2 == 0 ? load_literals(lines) : load_field(columns_[shape[lines.plan.holes[edge / 2]].column]);
        if (!good) { return false; }
    }
    return true;
}

SegmentReader::Status SegmentReader::build(const RowBits& wanted, const RowParts& parts) {
    if (!load_for(parts) || !build_rows(wanted)) { return common::fail(give_up()); }
    return {};
}

bool SegmentReader::read_layout(ByteSource& in) {
    raw_total_ = in.varint(FrameReader::kMaxPartBytes);
    time_unit_ = in.varint(static_cast<std::uint64_t>(common::kSecond));
    received_unit_ = in.varint(static_cast<std::uint64_t>(common::kSecond));
    if (time_unit_ == 0 || received_unit_ == 0) { return false; }
    const std::uint64_t sources = in.varint(in.left());
    for (std::uint64_t i = 0; i < sources && in.ok(); ++i) {
        sources_.push_back(static_cast<std::uint32_t>(in.varint(kSealedMax32)));
    }
    const std::uint64_t columns = in.varint(in.left());
    for (std::uint64_t i = 0; i < columns && in.ok(); ++i) {
        columns_.emplace_back().number = static_cast<std::uint32_t>(in.varint(kSealedMax32));
    }
    if (!read_shapes(in) || !read_lines(in)) { return false; }
    std::size_t count = kEnvelopeColumns + columns_.size();
    std::size_t place = kEnvelopeColumns;
    for (Lines& lines : lines_) {
        lines.first_place = place;
        lines.first_chunk = chunk::kOther + static_cast<std::uint32_t>(place - kEnvelopeColumns);
        place += lines.literals.size() + lines.starts.size();
    }
    count += place - kEnvelopeColumns;
    if (count > in.left()) { return false; }
    std::uint64_t in_head = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t code = in.varint(FrameReader::kMaxPartBytes * 2);
        const bool own = (code & 1U) != 0;
        places_.push_back({code >> 1U, in_head, own});
        in_head += own ? 0 : code >> 1U;
    }
    inline_ = in.bytes(in.left());
    return in.ok() && in_head == inline_.size();
}

bool SegmentReader::read_shapes(ByteSource& in) {
    const std::uint64_t count = in.varint(in.left());
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        Shape& shape = shapes_.emplace_back();
        const std::uint64_t slots = in.varint(in.left());
        for (std::uint64_t slot = 0; slot < slots && in.ok(); ++slot) {
            const std::uint64_t code = in.varint(kSealedMax32);
            const std::uint64_t type = code & 7U;
            if (type > static_cast<std::uint64_t>(event::ValueType::boolean) || code >> 3U >= columns_.size()) {
                return false;
            }
            shape.push_back({static_cast<std::uint32_t>(code >> 3U), static_cast<event::ValueType>(type)});
        }
    }
    return in.ok();
}

bool SegmentReader::read_lines(ByteSource& in) {
    const std::uint64_t count = in.varint(std::min<std::uint64_t>(in.left(), row_count_));
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        Lines& lines = lines_.emplace_back();
        const std::uint64_t shape = in.varint(kSealedMax32);
        if (shape >= shapes_.size() || shapes_[shape].size() > in.left()) { return false; }
        lines.plan.shape = static_cast<std::uint32_t>(shape);
        lines.plan.slots.resize(shapes_[shape].size());
        if (!read_slots(in, lines.plan)) { return false; }
        const std::uint32_t spans = rank_slots(lines);
        lines.literals.resize(lines.plan.holes.size() + 1);
        lines.starts.resize(spans);
        lines.ends.resize(spans);
    }
    return in.ok();
}

/// Numbers the texts that a row has in each column, and the spans of the row; the number of spans.
std::uint32_t SegmentReader::rank_slots(Lines& lines) {
    const Shape& shape = shapes_[lines.plan.shape];
    std::uint32_t spans = 0;
    for (std::size_t slot = 0; slot < shape.size(); ++slot) {
        const bool own = lines.plan.slots[slot].place != ValuePlace::span;
        lines.ranks.push_back(own ? static_cast<std::uint32_t>(columns_[shape[slot].column].next++) : spans++);
    }
    for (const ShapeSlot& slot : shape) {
        columns_[slot.column].next = 0;
    }
    return spans;
}

bool SegmentReader::read_slots(ByteSource& in, LineTemplate& plan) {
    std::size_t holes = 0;
    for (LineTemplate::Slot& slot : plan.slots) {
        const std::uint8_t place = in.u8();
        if (place > static_cast<std::uint8_t>(ValuePlace::span)) { return false; }
        slot.place = static_cast<ValuePlace>(place);
        if (slot.place == ValuePlace::hole || slot.place == ValuePlace::escaped) { ++holes; }
        if (slot.place != ValuePlace::span) { continue; }
        slot.from = static_cast<std::uint32_t>(in.varint(kSealedMax32));
        slot.to = static_cast<std::uint32_t>(in.varint(kSealedMax32));
    }
    if (in.varint(plan.slots.size()) != holes) { return false; }
    std::vector<bool> seen(plan.slots.size(), false);
    for (std::size_t i = 0; i < holes && in.ok(); ++i) {
        const auto slot = static_cast<std::uint32_t>(in.varint(kSealedMax32));
        if (slot >= plan.slots.size() || seen[slot] ||
            (plan.slots[slot].place != ValuePlace::hole && plan.slots[slot].place != ValuePlace::escaped)) {
            return false;
        }
        seen[slot] = true;
        plan.holes.push_back(slot);
    }
    return in.ok() && std::all_of(plan.slots.begin(), plan.slots.end(), [&plan](const LineTemplate::Slot& slot) {
               return slot.from <= plan.last_edge() && slot.to <= plan.last_edge();
           });
}

bool SegmentReader::column_at(std::size_t index, std::uint32_t chunk, ByteSource& column) {
    const ColumnPlace place = places_[index];
    if (!place.own) {
        column = ByteSource(inline_.substr(place.offset, place.size));
        return true;
    }
    const auto bytes = fetch_(chunk);
    if (!bytes) { return false; }
    if (own_used_ == own_bytes_.size()) { own_bytes_.emplace_back(); }
    ByteSource in(*bytes);
    if (in.u8() != kSegmentVersion) { return false; }
    const auto plain = frames_.read(in, own_bytes_[own_used_++]);
    if (!plain || in.left() != 0 || plain->size() != place.size) { return false; }
    column = ByteSource(*plain);
    return true;
}

bool SegmentReader::load_envelope(Envelope which) {
    const auto index = static_cast<std::size_t>(which);
    ByteSource column;
    return column_at(index, chunk::kEnvelope + static_cast<std::uint32_t>(index), column) &&
           decode_numbers(column, row_count_, envelope_[index]) && column.left() == 0;
}

/// How each row's line is put together, and so how many texts each column has.
bool SegmentReader::read_row_lines() {
    for (const std::uint64_t line : envelope(Envelope::line)) {
        if (line >= lines_.size()) { return false; }
        ++lines_[line].rows;
    }
    std::uint64_t values = 0;
    for (const Lines& lines : lines_) {
        values += lines.rows * (lines.plan.slots.size() + lines.plan.holes.size());
    }
    if (row_count_ > 1 && values > kMaxSealedValues * 2) { return false; }
    count_texts();
    return true;
}

/// How many texts each column has.
void SegmentReader::count_texts() {
    for (const Lines& lines : lines_) {
        const Shape& shape = shapes_[lines.plan.shape];
        for (std::size_t slot = 0; lines.rows != 0 && slot < shape.size(); ++slot) {
            const ValuePlace place = lines.plan.slots[slot].place;
            FieldColumn& column = columns_[shape[slot].column];
            if (place == ValuePlace::span) { continue; }
            column.count += lines.rows;
            column.in_lines = column.in_lines && place == ValuePlace::hole;
            column.escaped = column.escaped || place == ValuePlace::escaped;
        }
    }
}

/// The times of all rows whose lines have it, as often as they have it.
template <typename HowOften>
std::span<const common::Nanos> SegmentReader::times_of(const HowOften& how_often) {
    std::vector<std::size_t> often;
    for (const Lines& lines : lines_) {
        often.push_back(how_often(lines));
    }
    times_.clear();
    for (std::size_t row = 0; row < row_count_; ++row) {
        const common::Nanos time = time_of(envelope(Envelope::time)[row], time_unit_);
        times_.insert(times_.end(), often[envelope(Envelope::line)[row]], time);
    }
    return times_;
}

bool SegmentReader::load_literals(Lines& lines) {
    if (lines.literals_loaded) { return true; }
    const auto times = [this, &lines] {
        return times_of([&lines](const Lines& each) { return &each == &lines ? 1U : 0U; });
    };
    for (std::size_t i = 0; i < lines.literals.size(); ++i) {
        ByteSource column;
        if (!column_at(lines.first_place + i, lines.first_chunk + static_cast<std::uint32_t>(i), column) ||
            !decode_texts(column, lines.rows, times, arena_, lines.literals[i]) || column.left() != 0) {
            return false;
        }
    }
    lines.literals_loaded = true;
    return true;
}

bool SegmentReader::load_spans(Lines& lines) {
    if (lines.spans_loaded) { return true; }
    for (std::size_t span = 0; span < lines.starts.size(); ++span) {
        const std::size_t at = lines.literals.size() + span;
        ByteSource column;
        if (!column_at(lines.first_place + at, lines.first_chunk + static_cast<std::uint32_t>(at), column) ||
            !decode_numbers(column, lines.rows, lines.starts[span]) ||
            !decode_numbers(column, lines.rows, lines.ends[span]) || column.left() != 0) {
            return false;
        }
    }
    lines.spans_loaded = true;
    return true;
}

bool SegmentReader::load_field(FieldColumn& field) {
    if (field.loaded) { return true; }
    const auto index = static_cast<std::size_t>(&field - columns_.data());
    const auto times = [this, index] {
        return times_of([this, index](const Lines& lines) {
            std::size_t often = 0;
            const Shape& shape = shapes_[lines.plan.shape];
            for (std::size_t slot = 0; slot < shape.size(); ++slot) {
                const bool own = lines.plan.slots[slot].place != ValuePlace::span;
                often += own && shape[slot].column == index ? 1U : 0U;
            }
            return often;
        });
    };
    ByteSource column;
    if (!column_at(places_.size() - columns_.size() + index, chunk::kFields + field.number, column) ||
        !decode_texts(column, field.count, times, arena_, field.values) || column.left() != 0) {
        return false;
    }
    field.loaded = true;
    return true;
}

/// Decodes the columns that the parts of a row need.
bool SegmentReader::load_for(const RowParts& parts) {
    for (const Envelope column :
         {Envelope::received, Envelope::kind, Envelope::source, Envelope::seq, Envelope::index}) {
        if (!load_envelope(column)) { return false; }
    }
    const auto& sources = envelope(Envelope::source);
    if (std::any_of(sources.begin(), sources.end(), [this](std::uint64_t at) { return at >= sources_.size(); })) {
        return false;
    }
    with_lines_ = parts.lines;
    std::size_t pieces = 1;
    for (FieldColumn& column : columns_) {
        column.given = with_lines_ || parts.all_fields ||
                       std::binary_search(parts.fields.begin(), parts.fields.end(), column.number);
        if (with_lines_ && !load_field(column)) { return false; }
        if (with_lines_ && column.escaped) { escape_distinct(column); }
    }
    for (Lines& lines : lines_) {
        if (with_lines_ && (!load_literals(lines) || !load_spans(lines))) { return false; }
        const Shape& shape = shapes_[lines.plan.shape];
        for (std::uint32_t slot = 0; !with_lines_ && lines.rows != 0 && slot < shape.size(); ++slot) {
            if (!columns_[shape[slot].column].given) { continue; }
            if (!load_text(lines, slot)) { return false; }
            ++pieces;
        }
    }
    piece_room_ = raw_total_ * pieces; // no piece of a line is longer than the line
    return true;
}

} // namespace canhgac::storage
