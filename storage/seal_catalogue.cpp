#include "storage/seal_catalogue.hpp"

#include <bit>
#include <limits>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint8_t kCatalogueVersion = 1;
constexpr std::uint64_t kAny32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMaxDays = 0x1'0000;

std::uint32_t get32(ByteSource& in) noexcept {
    return static_cast<std::uint32_t>(in.varint(kAny32));
}

void put_days(ByteSink& out, const std::vector<std::uint16_t>& days) {
    out.varint(days.size());
    for (const std::uint16_t day : days) {
        out.varint(day);
    }
}

[[nodiscard]] std::vector<std::uint16_t> get_days(ByteSource& in) {
    std::vector<std::uint16_t> days;
    const std::uint64_t count = in.varint(kMaxDays);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        days.push_back(static_cast<std::uint16_t>(in.varint(kMaxDays - 1)));
    }
    return days;
}

std::size_t count_bits(const RowSet& rows) {
    std::size_t count = 0;
    for (const char byte : rows.bits()) {
        count += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
    }
    return count;
}

} // namespace

std::string run_key(std::uint64_t last_seq) {
    std::string key(1, kRunMark);
    append_key(key, last_seq);
    return key;
}

std::string building_key(std::uint32_t run) {
    std::string key(1, kBuildingMark);
    append_key(key, run);
    return key;
}

std::string encode(const RunRecord& run) {
    ByteSink sink;
    sink.u8(kCatalogueVersion);
    sink.varint(run.run);
    sink.varint(run.first_seq);
    put_days(sink, run.days);
    return std::string(sink.view());
}

std::optional<RunRecord> decode_run(std::string_view key, std::string_view value) {
    ByteSource in(value);
    if (key.size() != 9 || in.u8() != kCatalogueVersion) { return std::nullopt; }
    RunRecord run;
    run.last_seq = key_part<std::uint64_t>(key, 1);
    run.run = get32(in);
    run.first_seq = in.varint();
    run.days = get_days(in);
    if (!in.ok() || in.left() != 0 || run.first_seq > run.last_seq) { return std::nullopt; }
    return run;
}

std::string segment_prefix(std::uint16_t day) {
    std::string key(1, kSegmentMark);
    append_key(key, day);
    return key;
}

std::string segment_key(std::uint16_t day, std::uint32_t run) {
    std::string key = segment_prefix(day);
    append_key(key, run);
    return key;
}

std::string encode(const SegmentRecord& segment) {
    ByteSink sink;
    sink.u8(kCatalogueVersion);
    sink.varint(segment.rows);
    sink.varint(segment.blocks);
    sink.varint(segment.bytes);
    sink.fixed64(static_cast<std::uint64_t>(segment.min_time));
    sink.fixed64(static_cast<std::uint64_t>(segment.max_time));
    return std::string(sink.view());
}

std::optional<SegmentRecord> decode_segment(std::string_view key, std::string_view value) {
    ByteSource in(value);
    if (key.size() != 7 || in.u8() != kCatalogueVersion) { return std::nullopt; }
    SegmentRecord segment;
    segment.day = key_part<std::uint16_t>(key, 1);
    segment.run = key_part<std::uint32_t>(key, 3);
    segment.rows = in.varint();
    segment.blocks = in.varint();
    segment.bytes = in.varint();
    segment.min_time = in.signed64();
    segment.max_time = in.signed64();
    if (!in.ok() || in.left() != 0) { return std::nullopt; }
    return segment;
}

std::string encode(const SealedBatch& batch) {
    ByteSink sink;
    sink.u8(kCatalogueVersion);
    sink.varint(batch.rows);
    sink.text(batch.duplicates.bits());
    sink.text(batch.dropped.bits());
    put_days(sink, batch.days);
    sink.u8(batch.day_index.empty() ? 0 : 1);
    for (const std::uint32_t index : batch.day_index) {
        sink.varint(index);
    }
    for (const Digest& leaf : batch.leaves) {
        sink.bytes({reinterpret_cast<const char*>(leaf.data()), leaf.size()});
    }
    return std::string(sink.view());
}

std::optional<SealedBatch> decode_sealed_batch(std::string_view value) {
    ByteSource in(value);
    if (in.u8() != kCatalogueVersion) { return std::nullopt; }
    SealedBatch batch;
    batch.rows = get32(in);
    batch.duplicates = RowSet(in.text());
    batch.dropped = RowSet(in.text());
    batch.days = get_days(in);
    const std::uint8_t full = in.u8();
    if (!in.ok() || full > 1 || batch.rows == 0) { return std::nullopt; }
    if (full == 1) {
        if (batch.rows > in.left()) { return std::nullopt; }
        for (std::uint32_t row = 0; row < batch.rows; ++row) {
            batch.day_index.push_back(get32(in));
        }
    }
    if (in.left() % sizeof(Digest) != 0 || batch.duplicates.bits().size() > batch.rows / 8U + 1U) {
        return std::nullopt;
    }
    const std::size_t wanted = full == 1 ? batch.rows : count_bits(batch.duplicates);
    if (in.left() != wanted * sizeof(Digest)) { return std::nullopt; }
    for (std::size_t i = 0; i < wanted; ++i) {
        const std::string_view bytes = in.bytes(sizeof(Digest));
        std::memcpy(batch.leaves.emplace_back().data(), bytes.data(), bytes.size());
    }
    return batch;
}

std::string chunk_key(std::uint32_t run, std::uint32_t chunk, std::uint16_t block) {
    std::string key;
    append_key(key, run);
    append_key(key, chunk);
    append_key(key, block);
    return key;
}

std::string encode_directory(const std::vector<BlockEntry>& blocks) {
    ByteSink sink;
    sink.u8(kCatalogueVersion);
    sink.varint(blocks.size());
    std::string zone;
    for (const BlockEntry& block : blocks) {
        encode(block.zone, zone);
        sink.text(zone);
        sink.varint(block.min_seq);
        sink.varint(block.max_seq - block.min_seq);
    }
    return std::string(sink.view());
}

std::optional<std::vector<BlockEntry>> decode_directory(std::string_view value) {
    ByteSource in(value);
    if (in.u8() != kCatalogueVersion) { return std::nullopt; }
    std::vector<BlockEntry> blocks;
    const std::uint64_t count = in.varint(kMaxDays);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const auto zone = decode_zone(in.text());
        if (!zone) { return std::nullopt; }
        BlockEntry& block = blocks.emplace_back();
        block.zone = *zone;
        block.min_seq = in.varint();
        block.max_seq = block.min_seq + in.varint();
    }
    if (!in.ok() || in.left() != 0) { return std::nullopt; }
    return blocks;
}

} // namespace canhgac::storage
