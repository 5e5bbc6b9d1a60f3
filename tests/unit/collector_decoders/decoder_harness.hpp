// A decoder with everything around it, for tests: one record in, one event out, printable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/record_decoder.hpp"
#include "common/clock.hpp"
#include "event/batch.hpp"
#include "event/field_table.hpp"

namespace canhgac::collector {

inline constexpr common::Nanos kReceived = 1'795'309'200LL * common::kSecond; // 2026-11-22T01:00:00Z, 08:00 in Vietnam

class DecoderHarness {
public:
    explicit DecoderHarness(SourceRule rule = {}, DecoderOptions options = {});

    /// Decodes one record; the event stays until the next call.
    const event::Event& decode(event::Protocol protocol, std::string_view record, std::string_view meta = {},
                               std::uint16_t flags = 0);
    /// Every value of a name, joined with "|"; "(absent)" when there is none.
    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] const event::Event& event() const { return batch_.events().front(); }
    [[nodiscard]] std::uint64_t key() const { return keys_.front(); }
    /// The whole event, a line a field, in the order of the event.
    [[nodiscard]] std::string print() const;

    event::FieldTable fields;
    PeerTable peers;
    event::PeerId peer{};

private:
    RecordDecoder decoder_;
    event::RecordBatch in_;
    event::EventBatch batch_;
    std::vector<std::uint64_t> keys_;
};

} // namespace canhgac::collector
