/// Field names of the store: numbers that stay the same over restarts, unlike the ids of the process's FieldTable.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/field_table.hpp"

namespace canhgac::storage {

/// Thread safe. Numbers are given from 0 without gaps; a new one is durable before or with the first block that uses
/// it, because the committer writes take_pending() with every commit.
class FieldDict {
public:
    /// Beyond this many names ever seen, values are kept under event.overflow as "name=value".
    static constexpr std::uint32_t kLimit = 262'144;

    explicit FieldDict(const event::FieldTable& names);

    /// Start-up: a name read back. Numbers must come in order; false if not.
    [[nodiscard]] bool restore(std::uint32_t number, std::string_view name);

    /// The number of a process field id. No lock once known. Nothing: the dictionary is full.
    [[nodiscard]] std::optional<std::uint32_t> number(event::FieldId id);
    /// The number of a name, if any event ever had it.
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const;
    /// The name of a number, empty if unknown. The view lives as long as the dictionary.
    [[nodiscard]] std::string_view name(std::uint32_t number) const;
    [[nodiscard]] std::uint32_t size() const noexcept { return size_.load(std::memory_order_acquire); }
    [[nodiscard]] std::string_view process_name(event::FieldId id) const noexcept { return table_->name(id); }

    /// Names not written yet, to be written with the next commit; confirm() once that is durable.
    [[nodiscard]] std::vector<std::pair<std::uint32_t, std::string>> pending() const;
    void confirm(std::uint32_t up_to_number);

private:
    [[nodiscard]] std::optional<std::uint32_t> number_slow(event::FieldId id);
    [[nodiscard]] std::uint32_t add_locked(std::string_view name);

    const event::FieldTable* table_;
    /// Process id -> number + 1; 0 = not asked yet.
    std::unique_ptr<std::array<std::atomic<std::uint32_t>, event::FieldTable::kDefaultLimit>> known_;
    mutable std::mutex mutex_;
    std::deque<std::string> names_; ///< by number; elements never move
    std::unordered_map<std::string_view, std::uint32_t> numbers_;
    std::uint32_t durable_ = 0; ///< numbers below are on disk
    std::atomic<std::uint32_t> size_{0};
};

} // namespace canhgac::storage
