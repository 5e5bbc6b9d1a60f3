#include "collector/decoders/time_stamps.hpp"
#include "decoder_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using namespace canhgac; // NOLINT(google-build-using-namespace)
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    collector::DecoderUnderFuzz& decoder = collector::decoder_under_fuzz();
    const event::Event& event = decoder.decode(event::Protocol::file, input, {});
    if (event.format == event::Format::access_log) {
        bool address = false;
        bool status = false;
        for (const event::Field& field : decoder.batch().fields(event)) {
            address = address || field.name() == event::field::kHttpStatus;
            status = status || field.name() == event::field::kUrlOriginal;
        }
        common::ensure(address && status, "an access log line has a status and a target");
    }
    std::string_view stamp = input;
    const auto time = collector::take_bsd_stamp(stamp, 0, 0);
    common::ensure(time ? input.ends_with(stamp) : stamp == input, "a stamp is taken off or nothing is");
    common::ensure(collector::iso_stamp_length(input) <= size, "a stamp is part of the text");
    common::ignore(collector::parse_any_stamp(input, 0), "must only survive");
    common::ignore(collector::parse_access_log_stamp(input), "must only survive");
    return 0;
}
