// Our JSON reader against simdjson: what simdjson takes for an object, we read too, with the same values.
#include <simdjson.h>
#include <string>

#include "decoder_fuzz.hpp"

namespace {

using canhgac::common::ensure;

constexpr int kComparableDepth = 40;

/// Scalars of the document in order, as our decoder names their texts.
bool collect(simdjson::dom::element element, std::string& texts, int depth) {
    switch (element.type()) {
    case simdjson::dom::element_type::OBJECT:
        for (const auto member : simdjson::dom::object(element)) {
            // These are dropped, moved or kept aside by their names: not comparable one to one.
            if (member.key == "@timestamp" || member.key == "#attributes" || depth > kComparableDepth) { return false; }
            if (!collect(member.value, texts, depth + 1)) { return false; }
        }
        return true;
    case simdjson::dom::element_type::ARRAY:
        for (const auto item : simdjson::dom::array(element)) {
            if (!collect(item, texts, depth + 1)) { return false; }
        }
        return true;
    case simdjson::dom::element_type::STRING:
        texts += std::string_view(element);
        texts += '\x1f';
        return true;
    default:
        return false; // numbers are kept as their source token
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using namespace canhgac; // NOLINT(google-build-using-namespace)
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    collector::DecoderUnderFuzz& decoder = collector::decoder_under_fuzz();
    const event::Event& event = decoder.decode(event::Protocol::elastic_bulk, input, {});

    simdjson::dom::parser parser;
    simdjson::dom::element document;
    const simdjson::padded_string padded(input);
    if (parser.parse(padded).get(document) == simdjson::SUCCESS && document.is_object()) {
        std::string texts;
        const bool comparable = collect(document, texts, 0);
        ensure(!comparable || (event.flags & event::flag::kUnparsed) == 0, "what simdjson reads, we read");
        if (comparable && event.format == event::Format::json && (event.flags & event::flag::kRepaired) == 0) {
            std::string ours;
            bool overflow = false; // then values stand there with their names
            for (const event::Field& field : decoder.batch().fields(event)) {
                overflow = overflow || field.name() == event::field::kOverflow;
                ours += field.text();
                ours += '\x1f';
            }
            ensure(overflow || ours.starts_with(texts), "the same values in the same order");
        }
    }
    return 0;
}
