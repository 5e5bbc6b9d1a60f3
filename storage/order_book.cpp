#include "storage/order_book.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

std::string order_key(std::uint64_t number) {
    std::string key;
    append_key(key, number);
    return key;
}

} // namespace

OrderBook::OrderBook(const JournalDb& db, const ChainSigner& signer) : db_(&db), signer_(&signer) {
    const auto entries = db.iterate(Family::orders);
    entries->SeekToLast();
    if (entries->Valid()) {
        const auto number = key_part<std::uint64_t>(entries->key().ToStringView(), 0);
        const auto order = decode_order(number, entries->value().ToStringView());
        if (!order) { throw std::runtime_error("the newest order in the journal is damaged"); }
        number_ = number;
        tip_ = order->digest;
    }
    if (!entries->status().ok()) {
        throw std::runtime_error(fmt::format("cannot read the journal: {}", entries->status().ToString()));
    }
}

void OrderBook::add(Order& order, rocksdb::WriteBatch& writes) {
    order.number = number_ + 1;
    order.previous = tip_;
    order.digest = order_digest(hash_, order);
    order.signature = signer_->sign(signed_bytes(order));
    writes.Put(db_->family(Family::orders), order_key(order.number), encode(order));
}

void OrderBook::confirm(const Order& order) noexcept {
    number_ = order.number;
    tip_ = order.digest;
}

common::Result<std::vector<Order>, std::error_code> read_orders(const JournalDb& db, std::uint64_t after) {
    std::vector<Order> result;
    const auto entries = db.iterate(Family::orders);
    for (entries->Seek(order_key(after + 1)); entries->Valid(); entries->Next()) {
        const auto key = entries->key().ToStringView();
        auto order = key.size() == sizeof(std::uint64_t)
                         ? decode_order(key_part<std::uint64_t>(key, 0), entries->value().ToStringView())
                         : std::nullopt;
        if (!order) { return common::fail(std::make_error_code(std::errc::bad_message)); }
        result.push_back(std::move(*order));
    }
    if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
    return result;
}

common::Result<std::string, std::error_code> OrderProof::check() {
    auto orders = read_orders(*db_, orders_.size());
    if (!orders && orders.error() == std::errc::bad_message) { return std::string("an order is damaged"); }
    if (!orders) { return common::fail(orders.error()); }
    for (Order& order : *orders) {
        if (order.number != orders_.size() + 1) { return fmt::format("order {} is missing", orders_.size() + 1); }
        const Digest previous = orders_.empty() ? Digest{} : orders_.back().digest;
        if (order.previous != previous || order_digest(hash_, order) != order.digest) {
            return fmt::format("order {} does not follow from the one before", order.number);
        }
        if (!signer_->verify(signed_bytes(order), order.signature)) {
            return fmt::format("order {} is not signed by us", order.number);
        }
        if (order.kind == OrderKind::drop_day) {
            std::uint64_t& last = days_[order.subject];
            last = std::max(last, order.last_seq);
        }
        orders_.push_back(std::move(order));
    }
    return std::string();
}

bool OrderProof::dropped(std::uint16_t day, std::uint64_t seq) {
    const auto known = [&] {
        const auto found = days_.find(day_name(day));
        return found != days_.end() && seq <= found->second;
    };
    if (known()) { return true; }
    common::ignore(check(), "what does not hold does not count");
    return known();
}

} // namespace canhgac::storage
