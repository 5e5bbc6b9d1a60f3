#include "storage/frame.hpp"

#include <cstring>
#include <utility>
#include <zstd.h>

#include "common/ensure.hpp"

namespace canhgac::storage {

FrameWriter::FrameWriter(int level, int hash_log, int min_match) : zstd_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
    common::ensure(zstd_ != nullptr, "memory for a zstd context");
    for (const auto& [parameter, value] :
         {std::pair{ZSTD_c_compressionLevel, level}, std::pair{ZSTD_c_hashLog, hash_log},
          std::pair{ZSTD_c_minMatch, min_match}}) {
        common::ensure(ZSTD_isError(ZSTD_CCtx_setParameter(zstd_.get(), parameter, value)) == 0, "zstd parameters");
    }
}

FrameWriter::~FrameWriter() = default;

void FrameWriter::write(std::string_view content, ByteSink& out) {
    frame_.clear();
    const std::size_t bound = ZSTD_compressBound(content.size());
    const std::size_t size = ZSTD_compress2(zstd_.get(), frame_.room(bound), bound, content.data(), content.size());
    common::ensure(ZSTD_isError(size) == 0, "zstd compresses into a buffer of its own bound");
    frame_.commit(size);
    // Equal sizes mean "not compressed": the reader tells by them.
    const std::string_view kept = size < content.size() ? frame_.view() : content;
    out.varint(content.size());
    out.varint(kept.size());
    out.bytes(kept);
}

FrameReader::FrameReader() : zstd_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    common::ensure(zstd_ != nullptr, "memory for a zstd context");
}

FrameReader::~FrameReader() = default;

common::Result<std::string_view, BlockError> FrameReader::read(ByteSource& in, FrameBuffer& buffer) {
    const std::uint64_t size = in.varint(kMaxPartBytes);
    const std::uint64_t packed_size = in.varint(kMaxPartBytes);
    const std::string_view packed = in.bytes(packed_size);
    if (!in.ok()) { return common::fail(BlockError::truncated); }
    if (size == 0 && packed_size == 0) { return std::string_view{}; }
    if (buffer.capacity < size) {
        if (packed_size != size && ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) {
            return common::fail(BlockError::bad_frame);
        }
        buffer.bytes = std::make_unique_for_overwrite<char[]>(size);
        buffer.capacity = size;
    }
    if (packed_size == size) {
        std::memcpy(buffer.bytes.get(), packed.data(), size);
        return std::string_view(buffer.bytes.get(), size);
    }
    const std::size_t got = ZSTD_decompressDCtx(zstd_.get(), buffer.bytes.get(), size, packed.data(), packed.size());
    if (ZSTD_isError(got) != 0 || got != size) { return common::fail(BlockError::bad_frame); }
    return std::string_view(buffer.bytes.get(), size);
}

} // namespace canhgac::storage
