#include "storage/prepared.hpp"

#include <algorithm>

#include "common/ensure.hpp"
#include "storage/coding.hpp"
#include "storage/detection_codec.hpp"

namespace canhgac::storage {

namespace {

/// Idle encoders kept; each holds about three times the bytes of its largest batch.
constexpr std::size_t kIdleEncoders = 16;

SourceDelta& delta_of(std::vector<SourceDelta>& deltas, std::uint32_t source) {
    if (!deltas.empty() && deltas.back().id == source) { return deltas.back(); }
    const auto found =
        std::find_if(deltas.begin(), deltas.end(), [source](const SourceDelta& delta) { return delta.id == source; });
    if (found != deltas.end()) {
        std::swap(*found, deltas.back());
    } else {
        deltas.push_back({source, {}});
    }
    return deltas.back();
}

bool is_unparsed(const event::Event& event) noexcept {
    return (event.flags & event::flag::kUnparsed) != 0;
}

} // namespace

std::size_t Prepared::size() const noexcept {
    std::size_t bytes = sizeof *this + block.bytes.size() + keyed.size() * sizeof(KeyedRow);
    for (const EncodedDetection& detection : detections) {
        bytes += sizeof detection + detection.bytes.size();
    }
    return bytes;
}

std::unique_ptr<BlockEncoder> Preparer::borrow() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto encoder = std::move(idle_.back());
            idle_.pop_back();
            return encoder;
        }
    }
    return std::make_unique<BlockEncoder>(*dict_);
}

std::unique_ptr<Prepared> Preparer::prepare(const event::EventBatch& batch,
                                            std::span<const event::DetectionRecord> detections,
                                            std::span<const std::uint64_t> keys) {
    common::ensure(keys.empty() || keys.size() == batch.size(), "one de-duplication key an event, or none at all");
    auto prepared = std::make_unique<Prepared>();
    if (batch.empty()) { return prepared; }
    auto encoder = borrow();
    prepared->block = encoder->encode(batch);
    {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < kIdleEncoders) { idle_.push_back(std::move(encoder)); }
    }
    std::uint32_t row = 0;
    for (const event::Event& event : batch.events()) {
        const auto source = static_cast<std::uint32_t>(event.source);
        event::SourceTotals& totals = delta_of(prepared->sources, source).add;
        totals.stored += 1;
        totals.bytes += event.raw.size();
        totals.unparsed += is_unparsed(event) ? 1 : 0;
        totals.last_event_time = std::max(totals.last_event_time, event.time);
        totals.last_received = std::max(totals.last_received, event.received);
        if (!keys.empty() && keys[row] != 0) {
            prepared->keyed.push_back(
                {keys[row], row, source, static_cast<std::uint32_t>(event.raw.size()), is_unparsed(event)});
        }
        ++row;
    }
    ByteSink bytes;
    for (const event::DetectionRecord& detection : detections) {
        common::ensure(detection.event.index < batch.size(), "a detection is about a row of its batch");
        bytes.clear();
        encode(detection, bytes);
        prepared->detections.push_back({detection.event.index, std::string(bytes.view())});
    }
    return prepared;
}

void RowSet::add(std::uint32_t row) {
    if (row / 8 >= bits_.size()) { bits_.resize(row / 8 + 1); }
    bits_[row / 8] = static_cast<char>(static_cast<unsigned char>(bits_[row / 8]) | 1U << (row % 8));
}

std::string stored_block_head(const RowSet& duplicates, const RowSet& dropped) {
    ByteSink sink;
    sink.u8(kStoredBlockVersion);
    sink.text(duplicates.bits());
    sink.text(dropped.bits());
    return std::string(sink.view());
}

std::optional<StoredBlock> decode_stored_block(std::string_view value) {
    ByteSource in(value);
    if (in.u8() != kStoredBlockVersion) { return std::nullopt; }
    StoredBlock result;
    result.duplicates = RowSet(in.text());
    result.dropped = RowSet(in.text());
    result.block = in.bytes(in.left());
    if (!in.ok()) { return std::nullopt; }
    return result;
}

} // namespace canhgac::storage
