#include "collector/decoders/syslog_header.hpp"
#include "decoder_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using namespace canhgac; // NOLINT(google-build-using-namespace)
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    std::string_view rest = input;
    const auto priority = collector::parse_priority(rest);
    common::ensure(priority ? *priority <= 191 && input.ends_with(rest) : rest == input, "promise of parse_priority");
    if (const auto header = collector::parse_rfc5424(rest)) {
        common::ensure(rest.ends_with(header->message), "the message is the tail of the text");
        std::string_view structured = header->structured_data;
        std::string_view element;
        std::size_t parameters = 0;
        while (collector::next_parameter(structured, element)) {
            common::ensure(++parameters <= size, "parameters end");
        }
    }
    const auto old = collector::parse_rfc3164(rest, priority.has_value(), 0, 7 * 3600);
    common::ensure(rest.ends_with(old.message), "the message is the tail of the text");
    collector::decoder_under_fuzz().decode(event::Protocol::syslog_udp, input, {});
    return 0;
}
