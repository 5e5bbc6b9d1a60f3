// The framer must give the same frames as the plain reference, however the stream is cut into reads.
// Input: byte 0 = longest frame, byte 1 = seed of the cuts, then the stream.
#include <cstdint>
#include <string_view>

#include "common/ensure.hpp"
#include "tests/unit/collector/framing_reference.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using namespace canhgac;
    if (size < 2) { return 0; }
    const std::size_t max_frame = 6 + data[0] % 60U;
    std::uint32_t state = data[1] + 1U;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto want = collector::reference::frames_of(stream, max_frame);
    const auto pieces = collector::reference::frames_by_pieces(stream, max_frame, [&state] {
        state = state * 1664525U + 1013904223U;
        return static_cast<std::size_t>(1 + (state >> 24U) % 17U);
    });
    common::ensure(want == pieces, "frames do not depend on how they arrive");
    const auto whole = collector::reference::frames_by_pieces(stream, max_frame, [size] { return size; });
    common::ensure(want == whole, "the fast framer agrees with the plain one");
    return 0;
}
