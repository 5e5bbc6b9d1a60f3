#include "storage/detection_codec.hpp"

namespace canhgac::storage {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

void put_pairs(ByteSink& out, const Pairs& pairs) {
    out.varint(pairs.size());
    for (const auto& [name, value] : pairs) {
        out.text(name);
        out.text(value);
    }
}

Pairs take_pairs(ByteSource& in) {
    Pairs pairs;
    const std::uint64_t count = in.varint(in.left());
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        std::string name(in.text());
        pairs.emplace_back(std::move(name), std::string(in.text()));
    }
    return pairs;
}

event::DetectionRecord take_record(std::uint64_t seq, ByteSource& in) {
    event::DetectionRecord record;
    record.event = {seq, static_cast<std::uint32_t>(in.varint(0xFFFFFFFFU))};
    record.time = in.signed64();
    record.received = in.signed64();
    record.rule_id = in.text();
    record.title = in.text();
    const std::uint8_t level = in.u8();
    if (level > static_cast<std::uint8_t>(event::Severity::critical)) { in.fail(); }
    record.level = static_cast<event::Severity>(level);
    const std::uint8_t bits = in.u8();
    record.generates = (bits & 1U) != 0;
    record.is_correlation = (bits & 2U) != 0;
    const std::uint64_t tags = in.varint(in.left());
    for (std::uint64_t i = 0; i < tags && in.ok(); ++i) {
        record.tags.emplace_back(in.text());
    }
    record.matched = take_pairs(in);
    record.captured = take_pairs(in);
    record.entity = take_pairs(in);
    record.organization = in.text();
    record.service = in.text();
    record.asset_level = in.u8();
    record.host = in.text();
    record.log_source = in.text();
    record.message = in.text();
    record.count = in.varint();
    const std::uint64_t events = in.varint(in.left());
    for (std::uint64_t i = 0; i < events && in.ok(); ++i) {
        const std::uint64_t event_seq = in.varint();
        record.events.push_back({event_seq, static_cast<std::uint32_t>(in.varint(0xFFFFFFFFU))});
    }
    record.from = in.signed64();
    record.to = in.signed64();
    return record;
}

} // namespace

void encode(const event::DetectionRecord& record, ByteSink& out) {
    out.varint(record.event.index);
    out.fixed64(static_cast<std::uint64_t>(record.time));
    out.fixed64(static_cast<std::uint64_t>(record.received));
    out.text(record.rule_id);
    out.text(record.title);
    out.u8(static_cast<std::uint8_t>(record.level));
    out.u8(static_cast<std::uint8_t>((record.generates ? 1U : 0U) | (record.is_correlation ? 2U : 0U)));
    out.varint(record.tags.size());
    for (const std::string& tag : record.tags) {
        out.text(tag);
    }
    put_pairs(out, record.matched);
    put_pairs(out, record.captured);
    put_pairs(out, record.entity);
    out.text(record.organization);
    out.text(record.service);
    out.u8(record.asset_level);
    out.text(record.host);
    out.text(record.log_source);
    out.text(record.message);
    out.varint(record.count);
    out.varint(record.events.size());
    for (const event::EventId& id : record.events) {
        out.varint(id.seq);
        out.varint(id.index);
    }
    out.fixed64(static_cast<std::uint64_t>(record.from));
    out.fixed64(static_cast<std::uint64_t>(record.to));
}

bool decode_detections(std::uint64_t seq, std::string_view value,
                       const std::function<void(event::DetectionRecord&&)>& visit) {
    ByteSource in(value);
    if (in.u8() != kDetectionVersion) { return false; }
    while (in.left() != 0) {
        event::DetectionRecord record = take_record(seq, in);
        if (!in.ok()) { return false; }
        visit(std::move(record));
    }
    return in.ok();
}

} // namespace canhgac::storage
