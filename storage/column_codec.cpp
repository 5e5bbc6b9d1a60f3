#include "storage/column_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <utility>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/ensure.hpp"
#include "common/result.hpp"
#include "storage/text_forms.hpp"

namespace canhgac::storage {

namespace {

enum class NumberForm : std::uint8_t { constant, offset, step };
constexpr std::uint8_t kNumberForms = 3;

/// Most distinct texts of a dictionary: codes take two bytes.
constexpr std::size_t kMaxEntries = 65'535;
/// So many texts tell whether a dictionary is worth going on with.
constexpr std::size_t kDictionaryTrial = 4096;

unsigned width_of(std::uint64_t value) noexcept {
    return std::max(1U, (static_cast<unsigned>(std::bit_width(value)) + 7U) / 8U);
}

/// Lowest bytes of all values first, then the next bytes: what hardly changes stands together.
void put_planes(std::span<const std::uint64_t> values, unsigned width, ByteSink& out) {
    for (unsigned plane = 0; plane < width; ++plane) {
        char* to = out.room(values.size());
        for (const std::uint64_t value : values) {
            *to++ = static_cast<char>(value >> (plane * 8U));
        }
        out.commit(values.size());
    }
}

[[nodiscard]] bool get_planes(ByteSource& in, std::span<std::uint64_t> values, unsigned width) {
    for (unsigned plane = 0; plane < width; ++plane) {
        const std::string_view bytes = in.bytes(values.size());
        if (!in.ok()) { return false; }
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (plane * 8U);
        }
    }
    return true;
}

void put_offsets(std::vector<std::uint64_t>& values, std::uint64_t least, unsigned width, ByteSink& out) {
    out.varint(least);
    out.u8(static_cast<std::uint8_t>(width));
    for (std::uint64_t& value : values) {
        value -= least;
    }
    put_planes(values, width, out);
}

[[nodiscard]] bool get_offsets(ByteSource& in, std::span<std::uint64_t> values) {
    const std::uint64_t least = in.varint();
    const unsigned width = in.u8();
    if (!in.ok() || width == 0 || width > 8 || !get_planes(in, values, width)) { return false; }
    for (std::uint64_t& value : values) {
        value += least;
    }
    return true;
}

void put_plain(std::span<const std::string_view> texts, ByteSink& out) {
    std::vector<std::uint64_t> sizes;
    sizes.reserve(texts.size());
    for (const std::string_view text : texts) {
        sizes.push_back(text.size());
    }
    out.u8(static_cast<std::uint8_t>(TextForm::plain));
    encode_numbers(sizes, out);
    for (const std::string_view text : texts) {
        out.bytes(text);
    }
}

/// Writes the first typed form all texts fit, or the plain one.
void put_typed(std::span<const std::string_view> texts, ByteSink& out) {
    if (!put_integers(texts, out) && !put_ip4(texts, out) && !put_hex(texts, out)) { put_plain(texts, out); }
}

[[nodiscard]] bool get_plain(ByteSource& in, std::size_t count, std::vector<std::string_view>& texts) {
    std::vector<std::uint64_t> sizes;
    if (!decode_numbers(in, count, sizes)) { return false; }
    for (const std::uint64_t size : sizes) {
        texts.push_back(in.bytes(size));
    }
    return in.ok();
}

[[nodiscard]] bool get_form(ByteSource& in, TextForm form, std::size_t count, const RowTimes& times,
                            event::Arena& arena, std::vector<std::string_view>& texts) {
    texts.clear();
    switch (form) {
    case TextForm::integer:
        return get_integers(in, count, arena, texts);
    case TextForm::timestamp:
        return get_timestamps(in, times(), arena, texts);
    case TextForm::ip4:
        return get_ip4(in, count, arena, texts);
    case TextForm::hex:
        return get_hex(in, count, arena, texts);
    case TextForm::plain:
        return get_plain(in, count, texts);
    case TextForm::constant:
        texts.assign(count, in.text());
        return in.ok();
    case TextForm::dictionary:
        break;
    }
    return false;
}

} // namespace

void encode_numbers(std::span<const std::uint64_t> values, ByteSink& out) {
    if (values.empty() || std::all_of(values.begin(), values.end(), [&](auto value) { return value == values[0]; })) {
        out.u8(static_cast<std::uint8_t>(NumberForm::constant));
        out.varint(values.empty() ? 0 : values.front());
        return;
    }
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    const unsigned width = width_of(*most - *least);
    std::vector<std::uint64_t> steps;
    steps.reserve(values.size() - 1);
    for (std::size_t i = 1; i < values.size(); ++i) {
        steps.push_back(zigzag(static_cast<std::int64_t>(values[i] - values[i - 1])));
    }
    const auto [least_step, most_step] = std::minmax_element(steps.begin(), steps.end());
    const unsigned step_width = width_of(*most_step - *least_step);
    if (step_width < width || *most_step == *least_step) {
        out.u8(static_cast<std::uint8_t>(NumberForm::step));
        out.varint(values.front());
        put_offsets(steps, *least_step, step_width, out);
        return;
    }
    out.u8(static_cast<std::uint8_t>(NumberForm::offset));
    steps.assign(values.begin(), values.end());
    put_offsets(steps, *least, width, out);
}

bool decode_numbers(ByteSource& in, std::size_t count, std::vector<std::uint64_t>& out) {
    const std::uint8_t form = in.u8();
    if (!in.ok() || form >= kNumberForms) { return false; }
    if (static_cast<NumberForm>(form) == NumberForm::constant) {
        out.assign(count, in.varint());
        return in.ok();
    }
    if (count > in.left()) { return false; } // a byte each at least; the first of steps stands apart
    out.assign(count, 0);
    if (static_cast<NumberForm>(form) == NumberForm::offset) { return get_offsets(in, out); }
    if (count == 0) { return false; }
    const std::uint64_t first = in.varint();
    if (!get_offsets(in, std::span(out).subspan(1))) { return false; }
    out[0] = first;
    for (std::size_t i = 1; i < count; ++i) {
        out[i] = out[i - 1] + static_cast<std::uint64_t>(unzigzag(out[i]));
    }
    return true;
}

void TextColumn::add_other(std::string_view text, common::Nanos time) {
    last_ = text;
    if (count_ == 0 && is_timestamp(text)) { kind_ = Kind::stamps; }
    if (kind_ >= Kind::all) {
        all_.push_back(text);
        if (kind_ == Kind::stamps) { times_.push_back(time); }
        return;
    }
    if (count_ == 0) {
        entries_.assign(1, text);
        return;
    }
    if (kind_ == Kind::constant) { start_dictionary(); }
    const std::uint32_t code = code_of(text);
    if (code >= kMaxEntries || (count_ + 1 == kDictionaryTrial && entries_.size() * 4 > kDictionaryTrial * 3)) {
        all_ = texts();
        all_.push_back(text);
        kind_ = Kind::all;
        return;
    }
    last_code_ = static_cast<std::uint16_t>(code);
    codes_.push_back(last_code_);
}

/// The second text differs from the ones before.
void TextColumn::start_dictionary() {
    kind_ = Kind::dictionary;
    table_.assign(64, {});
    common::ignore(code_of(std::exchange(entries_, {}).front()), "the first code is 0");
    codes_.assign(count_, 0);
}

std::uint32_t TextColumn::code_of(std::string_view text) {
    const auto hash = static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()));
    const std::size_t mask = table_.size() - 1;
    std::size_t at = hash & mask;
    while (table_[at].code != kFree) {
        if (table_[at].hash == hash && entries_[table_[at].code] == text) { return table_[at].code; }
        at = (at + 1) & mask;
    }
    const auto code = static_cast<std::uint32_t>(entries_.size());
    table_[at] = {hash, code};
    entries_.push_back(text);
    if (entries_.size() * 2 > table_.size()) { grow_table(); }
    return code;
}

void TextColumn::grow_table() {
    const std::vector<Place> old = std::exchange(table_, std::vector<Place>(table_.size() * 2));
    const std::size_t mask = table_.size() - 1;
    for (const Place& place : old) {
        if (place.code == kFree) { continue; }
        std::size_t at = place.hash & mask;
        while (table_[at].code != kFree) {
            at = (at + 1) & mask;
        }
        table_[at] = place;
    }
}

std::vector<std::string_view> TextColumn::texts() const {
    if (kind_ == Kind::all) { return all_; }
    std::vector<std::string_view> result;
    result.reserve(codes_.size() + 1);
    for (const std::uint16_t code : codes_) {
        result.push_back(entries_[code]);
    }
    return result;
}

void encode_texts(const TextColumn& column, ByteSink& out) {
    using Kind = TextColumn::Kind;
    if (column.kind_ == Kind::constant) {
        out.u8(static_cast<std::uint8_t>(TextForm::constant));
        out.text(column.entries_.empty() ? std::string_view{} : column.entries_.front());
        return;
    }
    if (column.kind_ == Kind::stamps) {
        if (put_timestamps(column.all_, column.times_, out)) { return; }
        TextColumn other;
        other.entries_.assign(1, column.all_.front());
        other.count_ = 1;
        for (const std::string_view text : std::span(column.all_).subspan(1)) {
            other.add(text, 0);
        }
        encode_texts(other, out);
        return;
    }
    if (column.kind_ == Kind::all) {
        put_typed(column.all_, out);
        return;
    }
    if (column.entries_.size() * 2 > column.size()) {
        put_typed(column.texts(), out);
        return;
    }
    out.u8(static_cast<std::uint8_t>(TextForm::dictionary));
    out.varint(column.entries_.size());
    put_typed(column.entries_, out);
    for (unsigned shift = 0; shift < (column.entries_.size() <= 256 ? 8U : 16U); shift += 8) {
        char* to = out.room(column.codes_.size());
        for (const std::uint16_t code : column.codes_) {
            *to++ = static_cast<char>(code >> shift);
        }
        out.commit(column.codes_.size());
    }
}

bool decode_texts(ByteSource& in, std::size_t count, const RowTimes& times, event::Arena& arena, DecodedTexts& out) {
    out.texts.clear();
    out.distinct.clear();
    out.codes.clear();
    out.count = count;
    const std::uint8_t form = in.u8();
    if (!in.ok() || form >= kTextForms) { return false; }
    out.form = static_cast<TextForm>(form);
    if (out.form == TextForm::constant) {
        out.distinct.push_back(in.text());
        return in.ok();
    }
    if (out.form != TextForm::dictionary) { return get_form(in, out.form, count, times, arena, out.texts); }
    const std::uint64_t entries = in.varint(std::min<std::uint64_t>(kMaxEntries, count));
    const std::uint8_t entry_form = in.u8();
    // The times of first appearance are not known yet: timestamps never stand in a dictionary.
    if (!in.ok() || entries == 0 || entry_form >= kTextForms ||
        static_cast<TextForm>(entry_form) == TextForm::timestamp ||
        !get_form(in, static_cast<TextForm>(entry_form), entries, times, arena, out.distinct)) {
        return false;
    }
    const std::size_t width = entries <= 256 ? 1 : 2;
    const std::string_view low = in.bytes(count);
    const std::string_view high = width == 2 ? in.bytes(count) : std::string_view{};
    if (!in.ok()) { return false; }
    out.codes.resize(count);
    std::uint16_t most = 0;
    for (std::size_t i = 0; i < count; ++i) {
        unsigned code = static_cast<unsigned char>(low[i]);
        if (width == 2) { code |= static_cast<unsigned>(static_cast<unsigned char>(high[i])) << 8U; }
        out.codes[i] = static_cast<std::uint16_t>(code);
        most = std::max(most, out.codes[i]);
    }
    return count == 0 || most < entries;
}

} // namespace canhgac::storage
