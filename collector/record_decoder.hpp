/// The decoder of a shard: records of any protocol in, events with named fields out (DESIGN sections 4 and 5).
#pragma once

#include <memory>

#include "collector/peer_table.hpp"
#include "common/clock.hpp"
#include "event/field_table.hpp"
#include "event/record.hpp"
#include "event/store.hpp"

namespace canhgac::collector {

struct DecoderOptions {
    /// `logsource` of every sender is honoured (scan); else only of peers registered as trusted.
    bool trust_logsource = false;
    /// Event times further than this from the time of receipt set flag::kTimeSkewed; not for files.
    common::Nanos skew_limit = common::kHour;
    /// Text logs inside the `message` of a JSON document (Filebeat, Fluent Bit) are decoded as well.
    bool decode_inner_message = true;
};

/// One a shard; not thread safe; takes nothing from the heap once it has seen the names and sources it meets.
/// Every record becomes exactly one event with Event::raw = its bytes; text fields are valid UTF-8. Texts of the events
/// are views into the RecordBatch, the EventBatch's arena or the peer table, so these must live as long.
class RecordDecoder final : public event::BatchDecoder {
public:
    /// `sources` may be null (offline): then every event has SourceId 0. All references must outlive the decoder.
    RecordDecoder(event::FieldTable& fields, const PeerTable& peers, event::SourceRegistry* sources,
                  DecoderOptions options = {});
    ~RecordDecoder() override;
    RecordDecoder(const RecordDecoder&) = delete;
    RecordDecoder& operator=(const RecordDecoder&) = delete;

    /// See event::BatchDecoder. `keys` gets one key per record: for `_bulk` items that can be known again, else 0.
    void decode(const event::RecordBatch& in, event::EventBatch& out, std::vector<std::uint64_t>& keys) override;

private:
    class Worker;
    std::unique_ptr<Worker> worker_;
};

} // namespace canhgac::collector
