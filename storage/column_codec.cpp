#include "storage/column_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <unordered_map>

#include "common/ensure.hpp"
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

/// Distinct texts in order of appearance and the code of each text; nothing if there are too many.
struct Dictionary {
    std::vector<std::string_view> entries;
    std::vector<std::uint64_t> codes;
};

[[nodiscard]] std::optional<Dictionary> make_dictionary(std::span<const std::string_view> texts) {
    Dictionary result;
    std::unordered_map<std::string_view, std::uint32_t> known;
    result.codes.reserve(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto [at, fresh] = known.try_emplace(texts[i], static_cast<std::uint32_t>(result.entries.size()));
        if (fresh) {
            result.entries.push_back(texts[i]);
            if (result.entries.size() > kMaxEntries) { return std::nullopt; }
        }
        result.codes.push_back(at->second);
        if (i + 1 == kDictionaryTrial && result.entries.size() * 4 > kDictionaryTrial * 3) { return std::nullopt; }
    }
    return result;
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

[[nodiscard]] bool get_form(ByteSource& in, TextForm form, std::span<const common::Nanos> times,
                            std::pmr::memory_resource& arena, std::vector<std::string_view>& texts) {
    texts.clear();
    switch (form) {
    case TextForm::integer:
        return get_integers(in, times.size(), arena, texts);
    case TextForm::timestamp:
        return get_timestamps(in, times, arena, texts);
    case TextForm::ip4:
        return get_ip4(in, times.size(), arena, texts);
    case TextForm::hex:
        return get_hex(in, times.size(), arena, texts);
    case TextForm::plain:
        return get_plain(in, times.size(), texts);
    case TextForm::constant:
        texts.assign(times.size(), in.text());
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

void encode_texts(std::span<const std::string_view> texts, std::span<const common::Nanos> times, ByteSink& out) {
    common::ensure(texts.size() == times.size(), "a time a text");
    if (texts.empty() || std::all_of(texts.begin(), texts.end(), [&](auto text) { return text == texts[0]; })) {
        out.u8(static_cast<std::uint8_t>(TextForm::constant));
        out.text(texts.empty() ? std::string_view{} : texts.front());
        return;
    }
    if (put_timestamps(texts, times, out)) { return; } // before the dictionary: most follow the row's own time
    const auto dictionary = make_dictionary(texts);
    if (!dictionary || dictionary->entries.size() * 2 > texts.size()) {
        put_typed(texts, out);
        return;
    }
    out.u8(static_cast<std::uint8_t>(TextForm::dictionary));
    out.varint(dictionary->entries.size());
    put_typed(dictionary->entries, out);
    put_planes(dictionary->codes, dictionary->entries.size() <= 256 ? 1 : 2, out);
}

bool decode_texts(ByteSource& in, std::span<const common::Nanos> times, std::pmr::memory_resource& arena,
                  DecodedTexts& out) {
    out.texts.clear();
    out.distinct.clear();
    out.codes.clear();
    out.count = times.size();
    const std::uint8_t form = in.u8();
    if (!in.ok() || form >= kTextForms) { return false; }
    out.form = static_cast<TextForm>(form);
    if (out.form == TextForm::constant) {
        out.distinct.push_back(in.text());
        return in.ok();
    }
    if (out.form != TextForm::dictionary) { return get_form(in, out.form, times, arena, out.texts); }
    const std::uint64_t entries = in.varint(std::min<std::uint64_t>(kMaxEntries, times.size()));
    const std::uint8_t entry_form = in.u8();
    // The times of first appearance are not known yet: timestamps never stand in a dictionary.
    if (!in.ok() || entries == 0 || entry_form >= kTextForms ||
        static_cast<TextForm>(entry_form) == TextForm::timestamp ||
        !get_form(in, static_cast<TextForm>(entry_form), times.subspan(0, entries), arena, out.distinct)) {
        return false;
    }
    std::vector<std::uint64_t> codes(times.size());
    if (!get_planes(in, codes, entries <= 256 ? 1 : 2)) { return false; }
    for (const std::uint64_t code : codes) {
        if (code >= entries) { return false; }
        out.codes.push_back(static_cast<std::uint16_t>(code));
    }
    return true;
}

} // namespace canhgac::storage
