#include "collector/decoders/evtx_file.hpp"

#include <algorithm>
#include <zlib.h>

namespace canhgac::collector {

namespace {

constexpr std::size_t kHeaderBytes = 128; ///< of file and chunk: what the checksum covers, and the checksum
constexpr std::size_t kChecksumAt = 124;  ///< in both headers
constexpr std::size_t kChecksummed = 120; ///< bytes in front of the flags
constexpr std::string_view kRecordStart{"**\0\0", 4};
constexpr std::size_t kFreeSpaceAt = 48;
constexpr std::size_t kRecordsChecksumAt = 52;

std::uint32_t crc32_of(std::string_view bytes, std::uint32_t start = 0) noexcept {
    return static_cast<std::uint32_t>(
        ::crc32(start, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// The size of the record whose frame begins at `at`, 0 when there is none.
std::uint32_t record_size(std::string_view chunk, std::size_t at) noexcept {
    if (chunk.size() - at < kEvtxRecordFrameBytes) { return 0; }
    if (load_evtx<std::uint32_t>(chunk.data() + at) != kEvtxRecordSignature) { return 0; }
    const auto size = load_evtx<std::uint32_t>(chunk.data() + at + 4);
    if (size < kEvtxRecordFrameBytes || size > chunk.size() - at) { return 0; }
    return load_evtx<std::uint32_t>(chunk.data() + at + size - 4) == size ? size : 0;
}

std::uint64_t record_number(std::string_view chunk, std::size_t at) noexcept {
    return load_evtx<std::uint64_t>(chunk.data() + at + 8);
}

bool only_zeros(std::string_view bytes) noexcept {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

/// Checks the chunk's own header; returns where its records end.
std::size_t read_chunk_header(std::string_view chunk, EvtxChunkDamage& damage) noexcept {
    damage.truncated = chunk.size() < kEvtxChunkBytes;
    const bool whole = chunk.size() >= kEvtxChunkHeaderBytes && chunk.starts_with(kEvtxChunkSignature);
    if (!whole) {
        damage.header = true;
        return chunk.size();
    }
    const std::uint32_t checksum = crc32_of(chunk.substr(kHeaderBytes, kEvtxChunkHeaderBytes - kHeaderBytes),
                                            crc32_of(chunk.substr(0, kChecksummed)));
    damage.header = load_evtx<std::uint32_t>(chunk.data() + kChecksumAt) != checksum;
    const std::size_t end = load_evtx<std::uint32_t>(chunk.data() + kFreeSpaceAt);
    if (end < kEvtxChunkHeaderBytes || end > kEvtxChunkBytes) {
        damage.header = true;
        return chunk.size();
    }
    if (end <= chunk.size()) {
        const auto records = chunk.substr(kEvtxChunkHeaderBytes, end - kEvtxChunkHeaderBytes);
        damage.records = load_evtx<std::uint32_t>(chunk.data() + kRecordsChecksumAt) != crc32_of(records);
    }
    return std::min(end, chunk.size());
}

} // namespace

bool looks_like_evtx(std::string_view bytes) noexcept {
    return bytes.starts_with(kEvtxFileSignature) || bytes.starts_with(kEvtxChunkSignature);
}

std::optional<EvtxFileHeader> read_evtx_header(std::string_view bytes) noexcept {
    if (bytes.size() < kHeaderBytes || !bytes.starts_with(kEvtxFileSignature)) { return std::nullopt; }
    EvtxFileHeader header;
    header.next_record = load_evtx<std::uint64_t>(bytes.data() + 24);
    header.block_bytes = load_evtx<std::uint16_t>(bytes.data() + 40);
    header.chunks = load_evtx<std::uint16_t>(bytes.data() + 42);
    header.flags = load_evtx<std::uint32_t>(bytes.data() + kChecksummed);
    header.checksum_ok =
        load_evtx<std::uint32_t>(bytes.data() + kChecksumAt) == crc32_of(bytes.substr(0, kChecksummed));
    if (header.block_bytes < kHeaderBytes || !header.checksum_ok) {
        header.block_bytes = static_cast<std::uint16_t>(kEvtxFileHeaderBytes);
    }
    return header;
}

EvtxChunkDamage find_evtx_records(std::string_view chunk, std::vector<EvtxSpan>& records) {
    chunk = chunk.substr(0, kEvtxChunkBytes);
    EvtxChunkDamage damage;
    if (only_zeros(chunk)) { return damage; }
    const std::size_t end = read_chunk_header(chunk, damage);
    const std::size_t first = records.size();
    std::size_t at = kEvtxChunkHeaderBytes;
    bool in_gap = false;
    std::uint64_t last_number = 0;
    while (at < chunk.size()) {
        const std::uint32_t size = record_size(chunk, at);
        const bool listed = at < end;
        if (size == 0 && !listed) { break; }
        if (size == 0) {
            // Archived files list the zeros behind the last record as used.
            if (!in_gap && only_zeros(chunk.substr(at, end - at))) {
                at = end;
                continue;
            }
            damage.gaps += in_gap ? 0U : 1U;
            in_gap = true;
            at = std::min(chunk.find(kRecordStart, at + 1), chunk.size());
            continue;
        }
        // Behind the end lie the records of a file in use, then what an earlier use of the chunk left.
        const std::uint64_t number = record_number(chunk, at);
        if (!listed) {
            if (records.size() != first && number != last_number + 1) { break; }
            ++damage.unlisted;
        }
        records.push_back({static_cast<std::uint32_t>(at), size});
        last_number = number;
        in_gap = false;
        at += size;
    }
    return damage;
}

} // namespace canhgac::collector
