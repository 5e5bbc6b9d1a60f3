#include "app/unpack_stream.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "common/bytes.hpp"
#include "common/ensure.hpp"

namespace canhgac::app {

namespace {

using common::fail;

constexpr int kGzipWindow = 15 + 16; // the largest window, gzip only (zlib.h, inflateInit2)
constexpr std::size_t kPackedBytes = 256 * common::kKiB;
constexpr std::size_t kMaxStep = common::kGiB; // zlib counts in unsigned int

} // namespace

common::Result<std::size_t, std::string> PrefixedStream::read(char* target, std::size_t size) {
    if (at_ == first_.size()) { return rest_.read(target, size); }
    const std::size_t given = std::min(size, first_.size() - at_);
    std::memcpy(target, first_.data() + at_, given);
    at_ += given;
    return given;
}

GunzipStream::GunzipStream(InputStream& packed) : packed_(packed), buffer_(kPackedBytes, '\0') {
    common::ensure(inflateInit2(&state_, kGzipWindow) == Z_OK, "memory for zlib");
}

GunzipStream::~GunzipStream() {
    inflateEnd(&state_);
}

common::Result<bool, std::string> GunzipStream::fill() {
    if (state_.avail_in != 0) { return true; }
    const auto got = packed_.read(buffer_.data(), buffer_.size());
    if (!got) { return fail(got.error()); }
    state_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    state_.avail_in = static_cast<uInt>(*got);
    return *got != 0;
}

/// Behind a member: is there another one?
common::Result<bool, std::string> GunzipStream::next_member() {
    const auto more = fill();
    if (!more || !*more || *state_.next_in != 0x1F) { return more ? common::Result<bool, std::string>(false) : more; }
    inflateReset(&state_);
    return true;
}

common::Result<std::size_t, std::string> GunzipStream::read(char* target, std::size_t size) {
    if (ended_ || size == 0) { return std::size_t{0}; }
    const auto room = static_cast<uInt>(std::min(size, kMaxStep));
    state_.next_out = reinterpret_cast<Bytef*>(target);
    state_.avail_out = room;
    while (state_.avail_out == room) {
        const auto more = fill();
        if (!more) { return fail(more.error()); }
        if (!*more) { return fail(std::string("gzip: the file ends in the middle")); }
        const int code = inflate(&state_, Z_NO_FLUSH);
        if (code == Z_STREAM_END) {
            const auto another = next_member();
            if (!another) { return fail(another.error()); }
            ended_ = !*another;
            if (ended_) { break; }
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return fail(fmt::format("gzip: {}", state_.msg == nullptr ? "damaged" : state_.msg));
        }
    }
    return std::size_t{room - state_.avail_out};
}

common::Result<std::size_t, std::string> LimitedStream::read(char* target, std::size_t size) {
    auto got = stream_.read(target, size);
    if (!got) { return got; }
    count_.unpacked += *got;
    if (count_.unpacked > count_.limits.max_unpacked) {
        return fail(
            fmt::format("unpacks to more than {} MiB (--max-unpacked)", count_.limits.max_unpacked / common::kMiB));
    }
    if (count_.unpacked > InputLimits::kFreeUnpacked &&
        count_.unpacked / count_.limits.max_ratio > std::max<std::uint64_t>(count_.packed, 1)) {
        return fail(fmt::format("unpacks to more than {} times its size, as archives made to exhaust do (--max-ratio)",
                                count_.limits.max_ratio));
    }
    return got;
}

} // namespace canhgac::app
