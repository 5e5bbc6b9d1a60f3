/// Streams over streams: gzip, bytes put back, limits.
#pragma once

#include <memory>
#include <string>
#include <zlib.h>

#include "app/input_files.hpp"

namespace canhgac::app {

/// Hands out `first`, then what `rest` has. `rest` must outlive it.
class PrefixedStream final : public InputStream {
public:
    PrefixedStream(std::string first, InputStream& rest) : first_(std::move(first)), rest_(rest) {}
    [[nodiscard]] common::Result<std::size_t, std::string> read(char* target, std::size_t size) override;

private:
    std::string first_;
    std::size_t at_ = 0;
    InputStream& rest_;
};

/// Unpacks gzip (RFC 1952), several members one after the other as one stream. Bytes behind the last member that are no
/// gzip are left out, as gzip(1) does. `packed` must outlive it. Error: damaged, or cut off.
class GunzipStream final : public InputStream {
public:
    explicit GunzipStream(InputStream& packed);
    ~GunzipStream() override;
    GunzipStream(const GunzipStream&) = delete;
    GunzipStream& operator=(const GunzipStream&) = delete;
    [[nodiscard]] common::Result<std::size_t, std::string> read(char* target, std::size_t size) override;

private:
    [[nodiscard]] common::Result<bool, std::string> fill();
    [[nodiscard]] common::Result<bool, std::string> next_member();

    InputStream& packed_;
    std::string buffer_;
    z_stream state_{};
    bool ended_ = false;
};

/// What one file on disk has been unpacked to.
struct UnpackCount {
    InputLimits limits;
    std::uint64_t packed = 0;   ///< size of the archive, or the bytes read of it so far
    std::uint64_t unpacked = 0; ///< over all members
};

/// Counts what it hands out and stops where the limits are passed. All must outlive it.
class LimitedStream final : public InputStream {
public:
    LimitedStream(InputStream& stream, UnpackCount& count) : stream_(stream), count_(count) {}
    [[nodiscard]] common::Result<std::size_t, std::string> read(char* target, std::size_t size) override;

private:
    InputStream& stream_;
    UnpackCount& count_;
};

} // namespace canhgac::app
