/// Keeps the orders (column family `orders`) and proves them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "storage/chain.hpp"
#include "storage/journal_db.hpp"
#include "storage/order.hpp"

namespace canhgac::storage {

/// Writes orders. Not thread safe: used under Committer::write_mutex().
class OrderBook {
public:
    /// Reads the newest order. Throws std::runtime_error when it is damaged. The parts must outlive it.
    OrderBook(const JournalDb& db, const ChainSigner& signer);

    /// Completes an order (number, previous, digest, signature) and adds it to `writes`. Until confirm() says that they
    /// were written, the next one has the same number.
    void add(Order& order, rocksdb::WriteBatch& writes);
    void confirm(const Order& order) noexcept;

private:
    const JournalDb* db_;
    const ChainSigner* signer_;
    Sha256 hash_;
    std::uint64_t number_ = 0;
    Digest tip_{};
};

/// Orders with a number after `after`, ascending. Errors: bad_message (a damaged one), io_error.
[[nodiscard]] common::Result<std::vector<Order>, std::error_code> read_orders(const JournalDb& db, std::uint64_t after);

/// Walks the orders, and says which days they dropped. Orders given while it lives are read when asked for. Not thread
/// safe.
class OrderProof {
public:
    OrderProof(const JournalDb& db, const ChainSigner& signer) noexcept : db_(&db), signer_(&signer) {}

    /// Reads what is new. Empty if every order so far follows from the one before and is signed by us, else what is
    /// wrong with the first that is not; an error only if reading failed.
    [[nodiscard]] common::Result<std::string, std::error_code> check();
    /// An order had the day's events committed up to `seq` forgotten.
    [[nodiscard]] bool dropped(std::uint16_t day, std::uint64_t seq);
    /// Those that hold, in order.
    [[nodiscard]] const std::vector<Order>& orders() const noexcept { return orders_; }

private:
    const JournalDb* db_;
    const ChainSigner* signer_;
    Sha256 hash_;
    std::vector<Order> orders_;
    std::map<std::string, std::uint64_t> days_; ///< by name: dropped up to this batch
};

} // namespace canhgac::storage
