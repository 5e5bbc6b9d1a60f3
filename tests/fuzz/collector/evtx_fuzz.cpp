// The first byte chooses: an even one makes what follows a chunk, an odd one the BinXML of the only record of one.
#include <cstring>

#include "collector/decoders/evtx_file.hpp"
#include "collector/decoders/utf8_repair.hpp"
#include "collector/record_decoder.hpp"
#include "common/ensure.hpp"

namespace canhgac::collector {
namespace {

std::string chunk_around(std::string_view binxml) {
    binxml = binxml.substr(0, kEvtxChunkBytes - kEvtxChunkHeaderBytes - kEvtxRecordFrameBytes);
    std::string chunk(kEvtxChunkHeaderBytes, '\0');
    chunk.replace(0, kEvtxChunkSignature.size(), kEvtxChunkSignature);
    const auto size = static_cast<std::uint32_t>(binxml.size() + kEvtxRecordFrameBytes);
    std::string frame(kEvtxRecordHeaderBytes, '\0');
    std::memcpy(frame.data(), &kEvtxRecordSignature, sizeof kEvtxRecordSignature);
    std::memcpy(frame.data() + 4, &size, sizeof size);
    chunk += frame;
    chunk += binxml;
    chunk.append(reinterpret_cast<const char*>(&size), sizeof size);
    return chunk;
}

void check(const event::RecordBatch& in, const event::EventBatch& out, const event::FieldTable& fields) {
    common::ensure(out.size() == in.records.size(), "one event a record");
    for (std::size_t i = 0; i < out.size(); ++i) {
        const event::Event& event = out.events()[i];
        common::ensure(event.raw == in.text(in.records[i]), "the raw bytes are kept");
        bool has_error = false;
        for (const event::Field& field : out.fields(event)) {
            common::ensure(is_utf8(field.text()), "texts are valid UTF-8");
            common::ensure(!fields.name(field.name()).empty(), "names come from the table");
            has_error = has_error || field.name() == event::field::kParseError;
        }
        const bool unparsed = (event.flags & event::flag::kUnparsed) != 0;
        common::ensure(unparsed == (event.format == event::Format::unparsed), "flag and format agree");
        common::ensure(!unparsed || has_error, "an unparsed event says why");
    }
}

void decode(std::string chunk, RecordDecoder& decoder, const event::FieldTable& fields, event::PeerId peer) {
    std::vector<EvtxSpan> spans;
    common::ignore(find_evtx_records(chunk, spans), "damage is what a fuzzer makes");
    event::RecordBatch in;
    in.protocol = event::Protocol::evtx;
    in.received = 1'795'309'200LL * common::kSecond;
    std::size_t end = 0;
    for (const EvtxSpan span : spans) {
        common::ensure(span.offset >= end && span.offset + span.size <= chunk.size(), "records follow each other");
        end = span.offset + span.size;
        event::Record record;
        record.offset = span.offset;
        record.size = span.size;
        record.meta_size = static_cast<std::uint32_t>(std::min(chunk.size(), kEvtxChunkBytes));
        record.peer = peer;
        in.records.push_back(record);
    }
    in.bytes = std::move(chunk);
    event::EventBatch out;
    std::vector<std::uint64_t> keys;
    decoder.decode(in, out, keys);
    check(in, out, fields);
}

} // namespace
} // namespace canhgac::collector

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { // NOLINT(*-naming)
    using namespace canhgac; // NOLINT(google-build-using-namespace)
    if (size == 0) { return 0; }
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    static event::FieldTable fields(4'096); // small, so that the overflow is reached
    static collector::PeerTable peers;
    static const event::PeerId peer = peers.intern_local("fuzz");
    static std::unique_ptr<collector::RecordDecoder> decoder;
    static unsigned runs = 0;
    if (runs++ % 10'000 == 0) { decoder = std::make_unique<collector::RecordDecoder>(fields, peers, nullptr); }
    collector::decode(data[0] % 2 == 0 ? std::string(input) : collector::chunk_around(input), *decoder, fields, peer);
    return 0;
}
