#include "event/field_table.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/ensure.hpp"
#include "common/result.hpp"

namespace canhgac::event {

FieldTable::FieldTable(std::uint32_t limit) : limit_(limit), names_(std::make_unique<std::string[]>(limit)) {
    common::ensure(limit > kEnvelopeNames.size(), "the field limit must leave room for payload names");
    for (const std::string_view name : kEnvelopeNames) {
        common::ignore(intern(name), "ids follow the order of the list");
    }
}

FieldTable::~FieldTable() = default;

FieldId FieldTable::intern(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (const auto found = ids_.find(name); found != ids_.end()) { return found->second; }
    const std::uint32_t index = size_.load(std::memory_order_relaxed);
    if (index >= limit_) {
        overflowed_.fetch_add(1, std::memory_order_relaxed);
        return field::kOverflow;
    }
    names_[index] = std::string(name);
    const FieldId id{index};
    ids_.emplace(names_[index], id);
    size_.store(index + 1, std::memory_order_release);
    return id;
}

std::optional<FieldId> FieldTable::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = ids_.find(name);
    if (found == ids_.end()) { return std::nullopt; }
    return found->second;
}

std::string_view FieldTable::name(FieldId id) const noexcept {
    const auto index = static_cast<std::uint32_t>(id);
    return index < size() ? std::string_view(names_[index]) : std::string_view{};
}

FieldCache::FieldCache(FieldTable& table) : table_(&table), slots_(512) {}

FieldId FieldCache::intern(std::string_view name) {
    const std::uint64_t hash = XXH3_64bits(name.data(), name.size()) | 1U; // 0 marks an empty slot
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash >> 8U & mask;
    while (slots_[at].hash != 0) {
        if (slots_[at].hash == hash && slots_[at].name == name) { return slots_[at].id; }
        at = (at + 1) & mask;
    }
    const FieldId id = table_->intern(name);
    if (id == field::kOverflow) { return id; } // not cached: the cache stays bounded by the table
    if (++used_ * 2 > slots_.size()) {
        grow();
        --used_;
        return intern(name);
    }
    slots_[at] = {hash, table_->name(id), id};
    return id;
}

void FieldCache::grow() {
    std::vector<Slot> old = std::move(slots_);
    slots_.assign(old.size() * 2, {});
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
        if (slot.hash == 0) { continue; }
        std::size_t at = slot.hash >> 8U & mask;
        while (slots_[at].hash != 0) {
            at = (at + 1) & mask;
        }
        slots_[at] = slot;
    }
}

} // namespace canhgac::event
