/// The framing of an EVTX file: header, chunks of 64 KiB, records inside them. Reads on behind damage: a chunk is
/// looked at whether or not the header counts it, and records are found by their own frame when a neighbour is broken.
/// Source: libevtx's format documentation, chapters 2 and 3. Pure, thread safe, nothing allocated but `records`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "collector/decoders/evtx_layout.hpp"

namespace canhgac::collector {

struct EvtxFileHeader {
    std::uint64_t next_record = 0;
    std::uint32_t flags = 0;       ///< bit 0: dirty (was being written), bit 1: full
    std::uint16_t block_bytes = 0; ///< where the first chunk begins
    std::uint16_t chunks = 0;      ///< as the header says; dirty files say too little
    bool checksum_ok = false;

    [[nodiscard]] bool dirty() const noexcept { return (flags & 1U) != 0; }
};

/// True when `bytes` begins like an EVTX file or, for carved data, like one of its chunks.
[[nodiscard]] bool looks_like_evtx(std::string_view bytes) noexcept;
/// The header at the start of `bytes` (>= 128 of them); nothing when the signature is another one. A block size that
/// cannot be is replaced by the usual one.
[[nodiscard]] std::optional<EvtxFileHeader> read_evtx_header(std::string_view bytes) noexcept;

/// A record within its chunk.
struct EvtxSpan {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

/// What is wrong with a chunk. Each field that is not zero is one parse error of the file.
struct EvtxChunkDamage {
    bool header = false;        ///< signature or header checksum wrong
    bool records = false;       ///< checksum of the records wrong
    bool truncated = false;     ///< less than 64 KiB
    std::uint32_t gaps = 0;     ///< stretches inside the used part that are no record and were stepped over
    std::uint32_t unlisted = 0; ///< records found behind the end that the header knows

    [[nodiscard]] std::uint32_t count() const noexcept {
        return static_cast<std::uint32_t>(header) + static_cast<std::uint32_t>(records) +
               static_cast<std::uint32_t>(truncated) + gaps + static_cast<std::uint32_t>(unlisted != 0);
    }
};

/// Appends the records of `chunk` (up to 64 KiB; the last of a file may be shorter) to `records`, by offset. A chunk of
/// zeros is one never used: no records, no damage. Time is linear in the size of the chunk.
[[nodiscard]] EvtxChunkDamage find_evtx_records(std::string_view chunk, std::vector<EvtxSpan>& records);

} // namespace canhgac::collector
