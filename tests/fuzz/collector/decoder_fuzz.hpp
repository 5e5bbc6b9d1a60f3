// What every decoder promises, whatever the bytes: one event a record, raw bytes kept, fields valid UTF-8.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "collector/decoders/utf8_repair.hpp"
#include "collector/record_decoder.hpp"
#include "common/ensure.hpp"

namespace canhgac::collector {

class DecoderUnderFuzz {
public:
    DecoderUnderFuzz() : decoder_(fields_, peers_, nullptr), peer_(peers_.intern_local("fuzz")) {}

    const event::Event& decode(event::Protocol protocol, std::string_view record, std::string_view meta) {
        in_.protocol = protocol;
        in_.received = 1'795'309'200LL * common::kSecond;
        in_.bytes.assign(meta);
        in_.bytes.append(record);
        event::Record item;
        item.meta_size = static_cast<std::uint32_t>(meta.size());
        item.offset = item.meta_size;
        item.size = static_cast<std::uint32_t>(record.size());
        item.peer = peer_;
        in_.records.assign(1, item);
        out_.reset();
        keys_.clear();
        decoder_.decode(in_, out_, keys_);
        common::ensure(out_.size() == 1 && keys_.size() == 1, "one event a record");
        const event::Event& event = out_.events().front();
        common::ensure(event.raw == record, "the raw bytes are kept");
        bool has_message = false;
        bool has_error = false;
        for (const event::Field& field : out_.fields(event)) {
            common::ensure(is_utf8(field.text()), "texts are valid UTF-8");
            common::ensure(!fields_.name(field.name()).empty(), "names come from the table");
            has_message = has_message || field.name() == event::field::kMessage;
            has_error = has_error || field.name() == event::field::kParseError;
        }
        const bool unparsed = (event.flags & event::flag::kUnparsed) != 0;
        common::ensure(unparsed == (event.format == event::Format::unparsed), "flag and format agree");
        common::ensure(!unparsed || (has_message && has_error), "an unparsed event says why and keeps its text");
        return event;
    }
    [[nodiscard]] const event::EventBatch& batch() const noexcept { return out_; }

private:
    event::FieldTable fields_{4'096}; // small, so that the overflow is reached
    PeerTable peers_;
    RecordDecoder decoder_;
    event::PeerId peer_;
    event::RecordBatch in_;
    event::EventBatch out_;
    std::vector<std::uint64_t> keys_;
};

/// Made anew now and then, so that one input does not depend on all before it.
inline DecoderUnderFuzz& decoder_under_fuzz() {
    static std::unique_ptr<DecoderUnderFuzz> decoder;
    static unsigned runs = 0;
    if (runs++ % 10'000 == 0) { decoder = std::make_unique<DecoderUnderFuzz>(); }
    return *decoder;
}

} // namespace canhgac::collector
