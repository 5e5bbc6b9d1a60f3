/// Compressed parts of stored values: varint plain size, varint kept size, bytes. Equal sizes mean "not compressed",
/// else one zstd frame (docs/reference/storage-format.md, "part").
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/result.hpp"
#include "storage/coding.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace canhgac::storage {

enum class BlockError : std::uint8_t {
    truncated,       ///< ends early or has bytes too many
    unknown_version, ///< written by a newer release
    bad_frame,       ///< zstd does not take it
    inconsistent,    ///< numbers that contradict each other
};

/// Writes parts; keeps its memory. Not thread safe.
class FrameWriter {
public:
    /// `hash_log` and `min_match` 0: what zstd takes for the level.
    explicit FrameWriter(int level, int hash_log = 0, int min_match = 0);
    ~FrameWriter();
    FrameWriter(const FrameWriter&) = delete;
    FrameWriter& operator=(const FrameWriter&) = delete;
    void write(std::string_view content, ByteSink& out);

private:
    std::unique_ptr<ZSTD_CCtx_s, std::size_t (*)(ZSTD_CCtx_s*)> zstd_;
    ByteSink frame_;
};

/// Unpacked bytes of one part; views of it live until the next part is read into it.
struct FrameBuffer {
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;
};

/// Reads parts. Input is not trusted. Not thread safe.
class FrameReader {
public:
    /// Most bytes one part may unpack to.
    static constexpr std::uint64_t kMaxPartBytes = 1ULL << 30U;

    FrameReader();
    ~FrameReader();
    FrameReader(const FrameReader&) = delete;
    FrameReader& operator=(const FrameReader&) = delete;
    [[nodiscard]] common::Result<std::string_view, BlockError> read(ByteSource& in, FrameBuffer& buffer);

private:
    std::unique_ptr<ZSTD_DCtx_s, std::size_t (*)(ZSTD_DCtx_s*)> zstd_;
};

} // namespace canhgac::storage
