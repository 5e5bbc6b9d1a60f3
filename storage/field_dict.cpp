#include "storage/field_dict.hpp"

#include <algorithm>

namespace canhgac::storage {

FieldDict::FieldDict(const event::FieldTable& names)
    : table_(&names),
      known_(std::make_unique<std::array<std::atomic<std::uint32_t>, event::FieldTable::kDefaultLimit>>()) {
    for (auto& slot : *known_) {
        slot.store(0, std::memory_order_relaxed);
    }
}

bool FieldDict::restore(std::uint32_t number, std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (number != names_.size() || numbers_.contains(name)) { return false; }
    durable_ = add_locked(name) + 1;
    return true;
}

std::uint32_t FieldDict::add_locked(std::string_view name) {
    const auto number = static_cast<std::uint32_t>(names_.size());
    numbers_.emplace(names_.emplace_back(name), number);
    size_.store(number + 1, std::memory_order_release);
    return number;
}

std::optional<std::uint32_t> FieldDict::number(event::FieldId id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index < known_->size()) {
        const std::uint32_t known = (*known_)[index].load(std::memory_order_acquire);
        if (known != 0) [[likely]] { return known - 1; }
    }
    return number_slow(id);
}

std::optional<std::uint32_t> FieldDict::number_slow(event::FieldId id) {
    const std::string_view name = table_->name(id);
    const std::lock_guard lock(mutex_);
    const auto found = numbers_.find(name);
    if (found == numbers_.end() && names_.size() >= kLimit) { return std::nullopt; }
    const std::uint32_t number = found == numbers_.end() ? add_locked(name) : found->second;
    const auto index = static_cast<std::uint32_t>(id);
    if (index < known_->size()) { (*known_)[index].store(number + 1, std::memory_order_release); }
    return number;
}

std::optional<std::uint32_t> FieldDict::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) { return std::nullopt; }
    return found->second;
}

std::string_view FieldDict::name(std::uint32_t number) const {
    const std::lock_guard lock(mutex_);
    return number < names_.size() ? std::string_view(names_[number]) : std::string_view{};
}

std::vector<std::pair<std::uint32_t, std::string>> FieldDict::pending() const {
    std::vector<std::pair<std::uint32_t, std::string>> result;
    const std::lock_guard lock(mutex_);
    for (std::uint32_t number = durable_; number < names_.size(); ++number) {
        result.emplace_back(number, names_[number]);
    }
    return result;
}

void FieldDict::confirm(std::uint32_t up_to_number) {
    const std::lock_guard lock(mutex_);
    durable_ = std::max(durable_, up_to_number);
}

} // namespace canhgac::storage
