// The first byte chooses the protocol; up to the first line feed it is the action line, then the record.
#include "decoder_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using namespace canhgac; // NOLINT(google-build-using-namespace)
    if (size == 0) { return 0; }
    constexpr event::Protocol kProtocols[] = {event::Protocol::syslog_udp, event::Protocol::elastic_bulk,
                                              event::Protocol::file, event::Protocol::syslog_tls};
    std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::string_view meta;
    const event::Protocol protocol = kProtocols[data[0] % 4];
    if (protocol == event::Protocol::elastic_bulk) {
        const std::size_t feed = input.find('\n');
        if (feed != std::string_view::npos) {
            meta = input.substr(0, feed);
            input.remove_prefix(feed + 1);
        }
    }
    collector::decoder_under_fuzz().decode(protocol, input, meta);
    return 0;
}
