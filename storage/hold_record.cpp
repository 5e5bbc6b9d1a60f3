#include "storage/hold_record.hpp"

#include <algorithm>
#include <limits>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint8_t kHoldVersion = 1;
constexpr std::size_t kMaxHoldName = 64;

} // namespace

std::string encode(const HoldRecord& hold) {
    ByteSink sink;
    sink.u8(kHoldVersion);
    sink.text(hold.incident);
    sink.text(hold.query);
    sink.text(hold.actor);
    sink.fixed64(static_cast<std::uint64_t>(hold.from));
    sink.fixed64(static_cast<std::uint64_t>(hold.to));
    sink.fixed64(static_cast<std::uint64_t>(hold.at));
    sink.varint(hold.last_seq);
    sink.varint(hold.rows);
    sink.varint(hold.batches);
    sink.varint(hold.bytes);
    sink.varint(hold.segments);
    sink.u8(hold.complete ? 1 : 0);
    return std::string(sink.view());
}

std::optional<HoldRecord> decode_hold(std::string_view name, std::string_view value) {
    ByteSource in(value);
    if (in.u8() != kHoldVersion) { return std::nullopt; }
    HoldRecord hold;
    hold.name = name;
    hold.incident = in.text();
    hold.query = in.text();
    hold.actor = in.text();
    hold.from = in.signed64();
    hold.to = in.signed64();
    hold.at = in.signed64();
    hold.last_seq = in.varint();
    hold.rows = in.varint();
    hold.batches = in.varint();
    hold.bytes = in.varint();
    hold.segments = static_cast<std::uint32_t>(in.varint(std::numeric_limits<std::uint32_t>::max()));
    hold.complete = in.u8() == 1;
    if (!in.ok() || in.left() != 0 || !is_hold_name(name)) { return std::nullopt; }
    return hold;
}

bool is_hold_name(std::string_view name) noexcept {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= kMaxHoldName && plain(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '-' || c == '_'; });
}

} // namespace canhgac::storage
