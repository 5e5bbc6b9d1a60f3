/// Bytes of segments and of their catalogue are not trusted: every decoder gives a value or an error, and what it gives
/// stays inside its memory. The first byte chooses the decoder; 0 builds a block of uncompressed parts, so that the
/// fuzzer need not learn zstd.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ensure.hpp"
#include "storage/column_codec.hpp"
#include "storage/gram_set.hpp"
#include "storage/seal_catalogue.hpp"
#include "storage/segment_reader.hpp"

using namespace canhgac;
using namespace canhgac::storage;

namespace {

std::size_t sum_of(std::string_view text) {
    std::size_t sum = 0;
    for (const char c : text) {
        sum += static_cast<unsigned char>(c); // reads every byte: a view outside would be seen
    }
    return sum;
}

void read_block(std::string_view head, std::string_view column) {
    SegmentReader reader;
    const auto fetch = [column](std::uint32_t) -> std::optional<std::string> {
        if (column.empty()) { return std::nullopt; }
        ByteSink sink;
        sink.u8(kSegmentVersion);
        sink.varint(column.size());
        sink.varint(column.size());
        sink.bytes(column);
        return std::string(sink.view());
    };
    SegmentReader part; // another way through the same bytes
    if (part.begin(head, fetch)) {
        RowBits rows(part.size(), false);
        for (std::size_t row = 0; row < part.size(); row += 2) {
            rows.set(row);
        }
        const auto found = part.rows_where(1, [](std::string_view text) { return sum_of(text) % 2 == 0; });
        const std::uint32_t field = 1;
        if (found && part.build(rows, {false, false, {&field, 1}})) {
            common::ensure(part.rows().size() == rows.count(), "the rows asked for");
            for (const BlockRow& row : part.rows()) {
                for (const BlockField& each : row.fields) {
                    common::ensure(sum_of(each.text) < SIZE_MAX, "texts are there");
                }
            }
        } else {
            common::ensure(part.rows().empty(), "no rows of a block that is damaged");
        }
    }
    if (!reader.open(head, fetch)) {
        common::ensure(reader.rows().empty(), "no rows of a block that is damaged");
        return;
    }
    const std::string_view all = reader.texts().all_raw;
    std::size_t total = 0;
    std::size_t sum = 0;
    for (const BlockRow& row : reader.rows()) {
        common::ensure(row.raw.data() == all.data() + total, "lines stand one after the other");
        total += row.raw.size();
        sum += sum_of(row.raw);
        for (const BlockField& field : row.fields) {
            sum += sum_of(field.text);
        }
    }
    for (const ColumnTexts& texts : reader.texts().columns) {
        for (const std::string_view text : texts.texts) {
            sum += sum_of(text);
        }
    }
    common::ensure(total == all.size() && sum < SIZE_MAX, "lines are the whole");
}

/// A head of one uncompressed part: rows, layout; the last quarter of the input serves as every column of its own.
void read_plain_block(std::string_view input) {
    const std::size_t rows = input.empty() ? 0 : static_cast<unsigned char>(input.front());
    input.remove_prefix(input.empty() ? 0 : 1);
    const std::size_t split = input.size() - input.size() / 4;
    ByteSink head;
    head.u8(kSegmentVersion);
    head.varint(rows);
    head.varint(split);
    head.varint(split);
    head.bytes(input.substr(0, split));
    read_block(head.view(), input.substr(split));
}

void read_column(std::string_view input) {
    const std::size_t count = input.empty() ? 0 : static_cast<unsigned char>(input.front());
    input.remove_prefix(input.empty() ? 0 : 1);
    const std::vector<common::Nanos> times(count, static_cast<common::Nanos>(count) * common::kDay);
    event::Arena arena;
    DecodedTexts texts;
    ByteSource in(input);
    const auto row_times = [&times] { return std::span<const common::Nanos>(times); };
    if (!decode_texts(in, count, row_times, arena, texts)) { return; }
    std::vector<std::string_view> all;
    TextColumn column;
    for (std::size_t i = 0; i < texts.count; ++i) {
        all.push_back(texts[i]);
        column.add(texts[i], times[i]);
    }
    ByteSink again;
    encode_texts(column, again);
    DecodedTexts other;
    ByteSource second(again.view());
    common::ensure(decode_texts(second, count, row_times, arena, other) && second.left() == 0 && other.count == count,
                   "texts are read back");
    for (std::size_t i = 0; i < count; ++i) {
        common::ensure(other[i] == all[i], "texts survive");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    if (size == 0) { return 0; }
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 8) {
    case 0:
        read_plain_block(input);
        break;
    case 1:
        read_block(input, {});
        break;
    case 2:
    case 3:
        read_column(input);
        break;
    case 4:
        if (const auto batch = decode_sealed_batch(input)) {
            common::ensure(decode_sealed_batch(encode(*batch)).has_value(), "a batch survives");
        }
        break;
    case 5:
        if (const auto blocks = decode_directory(input)) {
            common::ensure(decode_directory(encode_directory(*blocks)).has_value(), "a directory survives");
        }
        break;
    case 6:
        if (const auto grams = GramSet::decode(input)) { static_cast<void>(grams->may_contain(input.substr(0, 64))); }
        static_cast<void>(decode_run(input.substr(0, 9), input.substr(std::min<std::size_t>(9, input.size()))));
        break;
    default:
        static_cast<void>(decode_segment(input.substr(0, 7), input.substr(std::min<std::size_t>(7, input.size()))));
        break;
    }
    return 0;
}
