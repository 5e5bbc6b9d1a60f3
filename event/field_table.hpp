/// Interned field names: one table a process, one number a name, bounded so that no sender can exhaust memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/schema.hpp"
#include "event/value.hpp"

namespace canhgac::event {

/// Envelope names are there from the start with their fixed ids. Thread safe; name() takes no lock.
class FieldTable {
public:
    static constexpr std::uint32_t kDefaultLimit = 65'536;

    explicit FieldTable(std::uint32_t limit = kDefaultLimit);
    ~FieldTable();
    FieldTable(const FieldTable&) = delete;
    FieldTable& operator=(const FieldTable&) = delete;

    /// The id of a name, made if new. Beyond the limit: field::kOverflow (and overflowed() counts).
    [[nodiscard]] FieldId intern(std::string_view name);
    /// The id of a name already known.
    [[nodiscard]] std::optional<FieldId> find(std::string_view name) const;
    /// The name of an id this table gave out. The view lives as long as the table.
    [[nodiscard]] std::string_view name(FieldId id) const noexcept;
    /// Ids in use are 0 .. size()-1.
    [[nodiscard]] std::uint32_t size() const noexcept { return size_.load(std::memory_order_acquire); }
    [[nodiscard]] std::uint64_t overflowed() const noexcept { return overflowed_.load(std::memory_order_relaxed); }

private:
    std::uint32_t limit_;
    std::unique_ptr<std::string[]> names_; ///< limit_ slots; slot i is written once, before size_ passes i
    std::atomic<std::uint32_t> size_{0};
    std::atomic<std::uint64_t> overflowed_{0};
    mutable std::mutex mutex_;
    std::unordered_map<std::string_view, FieldId> ids_; ///< guarded by mutex_; keys view names_
};

/// A worker's private, lock-free window on the table for decoding. Not thread safe: one per worker.
/// Warm look-ups allocate nothing.
class FieldCache {
public:
    explicit FieldCache(FieldTable& table);
    /// Like FieldTable::intern, without its lock once the name was seen by this worker.
    [[nodiscard]] FieldId intern(std::string_view name);
    [[nodiscard]] FieldTable& table() const noexcept { return *table_; }

private:
    struct Slot {
        std::uint64_t hash = 0;
        std::string_view name; ///< views the table's storage
        FieldId id{};
    };
    void grow();

    FieldTable* table_;
    std::vector<Slot> slots_; ///< open addressing, power of two
    std::size_t used_ = 0;
};

} // namespace canhgac::event
