#include "storage/order.hpp"

#include <cstring>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint8_t kOrderVersion = 1;
constexpr std::string_view kOrderMark = "CGO1";

template <std::size_t Size>
std::array<std::uint8_t, Size> take_array(ByteSource& in) noexcept {
    std::array<std::uint8_t, Size> result{};
    const std::string_view bytes = in.bytes(Size);
    if (!bytes.empty()) { std::memcpy(result.data(), bytes.data(), bytes.size()); }
    return result;
}

} // namespace

Digest order_digest(Sha256& hash, const Order& order) {
    ByteSink text;
    text.bytes(kOrderMark);
    text.bytes(bytes_of(order.previous));
    text.fixed64(order.number);
    text.u8(static_cast<std::uint8_t>(order.kind));
    text.fixed64(static_cast<std::uint64_t>(order.at));
    text.text(order.subject);
    text.text(order.actor);
    text.text(order.reason);
    text.fixed64(order.last_seq);
    text.fixed64(order.rows);
    return hash.of(text.view());
}

std::string signed_bytes(const Order& order) {
    std::string text(kOrderMark);
    text += bytes_of(order.digest);
    return text;
}

std::string encode(const Order& order) {
    ByteSink sink;
    sink.u8(kOrderVersion);
    sink.u8(static_cast<std::uint8_t>(order.kind));
    sink.fixed64(static_cast<std::uint64_t>(order.at));
    sink.text(order.subject);
    sink.text(order.actor);
    sink.text(order.reason);
    sink.varint(order.last_seq);
    sink.varint(order.rows);
    sink.bytes(bytes_of(order.previous));
    sink.bytes(bytes_of(order.digest));
    sink.bytes({reinterpret_cast<const char*>(order.signature.data()), order.signature.size()});
    return std::string(sink.view());
}

std::optional<Order> decode_order(std::uint64_t number, std::string_view value) {
    ByteSource in(value);
    if (in.u8() != kOrderVersion) { return std::nullopt; }
    Order order;
    order.number = number;
    order.kind = static_cast<OrderKind>(in.u8());
    order.at = in.signed64();
    order.subject = in.text();
    order.actor = in.text();
    order.reason = in.text();
    order.last_seq = in.varint();
    order.rows = in.varint();
    order.previous = take_array<32>(in);
    order.digest = take_array<32>(in);
    order.signature = take_array<64>(in);
    if (!in.ok() || in.left() != 0) { return std::nullopt; }
    return order;
}

std::string day_name(std::uint16_t day) {
    return common::format_rfc3339(day * common::kDay).substr(0, 10);
}

} // namespace canhgac::storage
