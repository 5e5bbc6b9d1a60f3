#include "storage/segment_reader.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace canhgac::storage {

namespace {

constexpr std::uint64_t kSealedMax32 = std::numeric_limits<std::uint32_t>::max();

/// A stored time, `unit` nanoseconds a step; any number is one.
common::Nanos stored_time(std::uint64_t value, std::uint64_t unit) noexcept {
    return static_cast<common::Nanos>((value ^ (1ULL << 63U)) * unit);
}

} // namespace

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
    next_place_ = 0;
    rows_.clear();
    fields_.clear();
    texts_.clear();
}

common::Result<void, BlockError> SegmentReader::open(std::string_view head, const Fetch& fetch) {
    reset();
    ByteSource in(head);
    if (in.u8() != kSegmentVersion) {
        return common::fail(head.empty() ? BlockError::truncated : BlockError::unknown_version);
    }
    row_count_ = in.varint(kMaxSealedRows);
    const auto layout = frames_.read(in, head_bytes_);
    if (!layout) { return common::fail(layout.error()); }
    if (!in.ok() || in.left() != 0) { return common::fail(BlockError::truncated); }
    ByteSource parts(*layout);
    const bool good = read_layout(parts) && read_envelope(fetch) && read_line_columns(fetch) && read_fields(fetch) &&
                      inline_.left() == 0 && build_rows();
    if (!good) {
        reset();
        return common::fail(BlockError::inconsistent);
    }
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
    for (const Lines& lines : lines_) {
        count += lines.literals.size() + lines.starts.size();
    }
    if (count > in.left()) { return false; }
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t code = in.varint(FrameReader::kMaxPartBytes * 2);
        places_.push_back({code >> 1U, (code & 1U) != 0});
    }
    inline_ = ByteSource(in.bytes(in.left()));
    return in.ok();
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
        const auto spans = static_cast<std::size_t>(
            std::count_if(lines.plan.slots.begin(), lines.plan.slots.end(),
                          [](const LineTemplate::Slot& slot) { return slot.place == ValuePlace::span; }));
        lines.literals.resize(lines.plan.holes.size() + 1);
        lines.starts.resize(spans);
        lines.ends.resize(spans);
    }
    return in.ok();
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

bool SegmentReader::next_column(std::uint32_t chunk, const Fetch& fetch, ByteSource& column) {
    const ColumnPlace place = places_[next_place_++];
    if (!place.own) {
        column = ByteSource(inline_.bytes(place.size));
        return inline_.ok();
    }
    const auto bytes = fetch(chunk);
    if (!bytes) { return false; }
    if (own_used_ == own_bytes_.size()) { own_bytes_.emplace_back(); }
    ByteSource in(*bytes);
    if (in.u8() != kSegmentVersion) { return false; }
    const auto plain = frames_.read(in, own_bytes_[own_used_++]);
    if (!plain || in.left() != 0 || plain->size() != place.size) { return false; }
    column = ByteSource(*plain);
    return true;
}

bool SegmentReader::read_envelope(const Fetch& fetch) {
    for (std::size_t i = 0; i < kEnvelopeColumns; ++i) {
        ByteSource column;
        if (!next_column(chunk::kEnvelope + static_cast<std::uint32_t>(i), fetch, column) ||
            !decode_numbers(column, row_count_, envelope_[i]) || column.left() != 0) {
            return false;
        }
    }
    for (std::size_t row = 0; row < row_count_; ++row) {
        const std::uint64_t line = envelope(Envelope::line)[row];
        if (line >= lines_.size() || envelope(Envelope::source)[row] >= sources_.size()) { return false; }
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
            if (place == ValuePlace::span) { continue; }
            FieldColumn& column = columns_[shape[slot].column];
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
        const common::Nanos time = stored_time(envelope(Envelope::time)[row], time_unit_);
        times_.insert(times_.end(), often[envelope(Envelope::line)[row]], time);
    }
    return times_;
}

bool SegmentReader::read_line_columns(const Fetch& fetch) {
    std::uint32_t other = chunk::kOther;
    for (Lines& lines : lines_) {
        const auto times = [this, &lines] {
            return times_of([&lines](const Lines& each) { return &each == &lines ? 1U : 0U; });
        };
        ByteSource column;
        for (DecodedTexts& literals : lines.literals) {
            if (!next_column(other++, fetch, column) || !decode_texts(column, lines.rows, times, arena_, literals) ||
                column.left() != 0) {
                return false;
            }
        }
        for (std::size_t span = 0; span < lines.starts.size(); ++span) {
            if (!next_column(other++, fetch, column) || !decode_numbers(column, lines.rows, lines.starts[span]) ||
                !decode_numbers(column, lines.rows, lines.ends[span]) || column.left() != 0) {
                return false;
            }
        }
    }
    return true;
}

bool SegmentReader::read_fields(const Fetch& fetch) {
    for (std::uint32_t number = 0; number < columns_.size(); ++number) {
        FieldColumn& field = columns_[number];
        const auto times = [this, number] {
            return times_of([this, number](const Lines& lines) {
                std::size_t often = 0;
                const Shape& shape = shapes_[lines.plan.shape];
                for (std::size_t slot = 0; slot < shape.size(); ++slot) {
                    const bool own = lines.plan.slots[slot].place != ValuePlace::span;
                    often += own && shape[slot].column == number ? 1U : 0U;
                }
                return often;
            });
        };
        ByteSource column;
        if (!next_column(chunk::kFields + field.number, fetch, column) ||
            !decode_texts(column, field.count, times, arena_, field.values) || column.left() != 0) {
            return false;
        }
        if (field.escaped) { escape_distinct(field); }
    }
    return true;
}

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

bool SegmentReader::build_rows() {
    if (raw_capacity_ < raw_total_) {
        raw_ = std::make_unique_for_overwrite<char[]>(raw_total_);
        raw_capacity_ = raw_total_;
    }
    std::size_t values = 0;
    for (const std::uint64_t line : envelope(Envelope::line)) {
        values += shapes_[lines_[line].plan.shape].size();
    }
    fields_.reserve(values); // rows view it
    rows_.reserve(row_count_);
    for (std::size_t i = 0; i < row_count_; ++i) {
        Lines& lines = lines_[envelope(Envelope::line)[i]];
        const std::size_t first_field = fields_.size();
        const std::size_t start = raw_size_;
        const Shape& shape = shapes_[lines.plan.shape];
        escaped_.assign(shape.size(), {});
        for (std::size_t slot = 0; slot < shape.size(); ++slot) {
            FieldColumn& column = columns_[shape[slot].column];
            const ValuePlace place = lines.plan.slots[slot].place;
            if (place == ValuePlace::span) {
                fields_.push_back({column.number, shape[slot].type, {}});
                continue;
            }
            const std::size_t next = column.next++;
            fields_.push_back({column.number, shape[slot].type, column.values[next]});
            if (place == ValuePlace::escaped && !column.escaped_distinct.empty()) {
                escaped_[slot] = column.escaped_distinct[column.values.code(next)];
            }
        }
        const std::span<BlockField> fields(fields_.data() + first_field, shape.size());
        if (!build_line(lines, first_field)) { return false; }
        BlockRow& row = rows_.emplace_back();
        row.raw = {raw_.get() + start, raw_size_ - start};
        if (!take_spans(lines, row.raw, fields)) { return false; }
        ++lines.next;
        const std::uint64_t kind = envelope(Envelope::kind)[i];
        const std::uint64_t index = envelope(Envelope::index)[i];
        if (kind >= 1ULL << 20U || index > kSealedMax32) { return false; }
        const auto format = static_cast<std::uint8_t>(kind & 15U);
        row.seq = envelope(Envelope::seq)[i];
        row.index = static_cast<std::uint32_t>(index);
        row.time = stored_time(envelope(Envelope::time)[i], time_unit_);
        row.received = stored_time(envelope(Envelope::received)[i], received_unit_);
        row.source = event::SourceId{sources_[envelope(Envelope::source)[i]]};
        row.flags = static_cast<std::uint16_t>(kind >> 4U);
        row.format = format < event::kFormatCount ? static_cast<event::Format>(format) : event::Format::unparsed;
        row.fields = fields;
    }
    for (const FieldColumn& column : columns_) {
        if (!column.in_lines) { texts_.push_back({column.number, column.values.any_once()}); }
    }
    return raw_size_ == raw_total_;
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
            const std::string_view known = escaped_[slot];
            if (!(known.data() != nullptr ? append_raw(known) : append_escaped(field.text))) { return false; }
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
