/// Stored bytes of any kind are not trusted: every decoder gives a value or an error, and what it gives stays inside
/// the input. The first byte chooses the decoder; 0 builds a block of two uncompressed parts, so that the fuzzer need
/// not learn zstd.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/ensure.hpp"
#include "storage/block_reader.hpp"
#include "storage/chain.hpp"
#include "storage/day_book.hpp"
#include "storage/detection_codec.hpp"
#include "storage/prepared.hpp"
#include "storage/source_book.hpp"
#include "storage/zone_record.hpp"

using namespace canhgac;
using namespace canhgac::storage;

namespace {

void read_rows(std::string_view block) {
    BlockReader reader;
    if (!reader.open(block)) { return; }
    const std::string_view all = reader.all_raw();
    BlockRow row;
    std::uint32_t rows = 0;
    while (reader.next(row)) {
        common::ensure(row.index == rows++, "rows are counted");
        common::ensure(row.raw.empty() ||
                           (row.raw.data() >= all.data() && row.raw.data() + row.raw.size() <= all.data() + all.size()),
                       "a raw line is inside the block");
        std::size_t sum = 0;
        for (const BlockField& field : row.fields) {
            for (const char c : field.text) {
                sum += static_cast<unsigned char>(c); // reads every byte: a view outside would be seen
            }
        }
        common::ensure(sum < SIZE_MAX, "summed");
    }
    common::ensure(rows <= reader.rows(), "no more rows than announced");
}

std::string plain_block(std::string_view input) {
    const std::size_t rows = input.empty() ? 0 : static_cast<unsigned char>(input.front());
    input.remove_prefix(input.empty() ? 0 : 1);
    const std::size_t half = input.size() - input.size() / 4;
    ByteSink block;
    block.u8(1);
    block.varint(rows);
    for (const std::string_view part : {input.substr(0, half), input.substr(half)}) {
        block.varint(part.size());
        block.varint(part.size());
        block.bytes(part);
    }
    return std::string(block.view());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    if (size == 0) { return 0; }
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 8) {
    case 0:
        read_rows(plain_block(input));
        break;
    case 1:
        read_rows(input);
        break;
    case 2:
        if (const auto stored = decode_stored_block(input)) { read_rows(stored->block); }
        break;
    case 3: {
        const auto zone = decode_zone(input);
        common::ensure(!zone || zone->gone <= zone->rows, "no more rows gone than there were");
        break;
    }
    case 4: {
        const auto record = decode_chain(1, input);
        if (record) {
            std::string again;
            encode(*record, again);
            common::ensure(decode_chain(1, again)->head == record->head, "a record survives");
        }
        break;
    }
    case 5:
        static_cast<void>(decode_head(1, input));
        break;
    case 6:
        static_cast<void>(decode_detections(1, input, [](event::DetectionRecord&&) {}));
        break;
    default: {
        SourceBook sources;
        DayBook days;
        const std::string_view key = input.substr(0, std::min<std::size_t>(input.size(), 5));
        static_cast<void>(sources.restore(key, input.substr(key.size())));
        static_cast<void>(days.restore(key, input.substr(key.size())));
        break;
    }
    }
    return 0;
}
