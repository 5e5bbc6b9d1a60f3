/// Rows and values that outlive the event they came from, each in one block of memory, and the account of such memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "event/store.hpp"
#include "storage/query/value.hpp"

namespace canhgac::storage {

/// The bytes one query holds. Not thread safe.
class QueryMemory {
public:
    explicit QueryMemory(std::size_t limit) noexcept : limit_(limit) {}
    /// False: more than allowed (it is counted all the same).
    [[nodiscard]] bool take(std::size_t bytes) noexcept {
        used_ += bytes;
        peak_ = used_ > peak_ ? used_ : peak_;
        return used_ <= limit_;
    }
    void give_back(std::size_t bytes) noexcept { used_ -= bytes; }
    [[nodiscard]] std::size_t used() const noexcept { return used_; }
    [[nodiscard]] std::size_t peak() const noexcept { return peak_; }

private:
    std::size_t limit_;
    std::size_t used_ = 0;
    std::size_t peak_ = 0;
};

/// A row on its way through the steps.
struct QueryRow {
    std::span<QueryValue> slots;
    const event::StoredEvent* event = nullptr; ///< null in a table
};

/// Deep copies of values, and of an event if there is one. Moves only.
class KeptRow {
public:
    KeptRow() noexcept = default;
    KeptRow(std::span<const QueryValue> values, const event::StoredEvent* event);

    [[nodiscard]] std::span<const QueryValue> values() const noexcept { return {values_, count_}; }
    [[nodiscard]] const event::StoredEvent* event() const noexcept { return event_; }
    /// What it takes, itself included.
    [[nodiscard]] std::size_t bytes() const noexcept { return size_ + sizeof *this; }

private:
    std::unique_ptr<std::byte[]> block_;
    std::size_t size_ = 0;
    const QueryValue* values_ = nullptr;
    std::size_t count_ = 0;
    const event::StoredEvent* event_ = nullptr;
};

} // namespace canhgac::storage
