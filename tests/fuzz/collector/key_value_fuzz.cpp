#include "collector/decoders/key_value.hpp"

#include "decoder_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using namespace canhgac; // NOLINT(google-build-using-namespace)
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    std::string_view rest = input;
    std::size_t words = 0;
    while (const auto pair = collector::next_pair(rest, words)) {
        common::ensure(!pair->key.empty() && input.ends_with(rest), "a pair has a key and is taken off");
        common::ensure(pair->value.empty() || (pair->value.data() > pair->key.data() &&
                                               pair->value.data() + pair->value.size() <= input.data() + size),
                       "the value follows the key");
    }
    common::ensure(rest.empty(), "all of the text is looked at");
    collector::decoder_under_fuzz().decode(event::Protocol::file, input, {});
    return 0;
}
