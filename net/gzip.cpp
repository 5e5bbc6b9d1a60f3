#include "net/gzip.hpp"

#include <algorithm>
#include <array>
#include <zlib.h>

#include "common/ensure.hpp"

namespace canhgac::net {
namespace {

constexpr int kGzipWindow = 15 + 16; // zlib: 16 asks for the gzip wrapper
constexpr std::size_t kStep = 64 * 1024;

/// Ends the stream on every way out.
class Inflater {
public:
    explicit Inflater(std::string_view packed) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream_.avail_in = static_cast<uInt>(packed.size());
        common::ensure(inflateInit2(&stream_, kGzipWindow) == Z_OK, "zlib is there");
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    z_stream& operator*() noexcept { return stream_; }
    z_stream* operator->() noexcept { return &stream_; }

private:
    z_stream stream_{};
};

} // namespace

common::Result<std::string, GzipError> gunzip(std::string_view packed, const GzipLimits& limits) {
    if (packed.empty() || packed.size() > UINT32_MAX) { return common::fail(GzipError::broken); }
    const std::size_t by_ratio = std::max(limits.ratio_free_bytes, packed.size() * limits.max_ratio);
    const std::size_t most = std::min(limits.max_bytes, by_ratio);
    Inflater stream(packed);
    std::string out;
    std::array<char, kStep> step; // NOLINT(*-member-init): inflate() fills what is used
    for (;;) {
        stream->next_out = reinterpret_cast<Bytef*>(step.data());
        stream->avail_out = static_cast<uInt>(step.size());
        const int status = inflate(&*stream, Z_NO_FLUSH);
        out.append(step.data(), step.size() - stream->avail_out);
        if (out.size() > most) {
            return common::fail(most == limits.max_bytes ? GzipError::too_large : GzipError::bomb);
        }
        if (status == Z_STREAM_END) {
            if (stream->avail_in == 0) { return out; }
            if (inflateReset2(&*stream, kGzipWindow) != Z_OK) { return common::fail(GzipError::broken); }
        } else if (status != Z_OK || (stream->avail_in == 0 && stream->avail_out != 0)) {
            return common::fail(GzipError::broken);
        }
    }
}

std::string gzip(std::string_view plain) {
    z_stream stream{};
    common::ensure(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
                   "zlib is there");
    std::string out(deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    common::ensure(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflateBound gives room enough");
    out.erase(stream.total_out);
    deflateEnd(&stream);
    return out;
}

} // namespace canhgac::net
