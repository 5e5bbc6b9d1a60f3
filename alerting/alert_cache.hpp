/// The alerts that grew last, by group key: bounded, the least recently used quarter goes first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "alerting/alert.hpp"

namespace canhgac::alerting {

/// Not thread safe.
class AlertCache {
public:
    explicit AlertCache(std::size_t limit) noexcept : limit_(limit) {}

    /// Valid until the next call of put or forget.
    [[nodiscard]] const Alert* find(const std::string& group) {
        const auto found = entries_.find(group);
        if (found == entries_.end()) { return nullptr; }
        found->second.used = ++uses_;
        return &found->second.alert;
    }
    void put(const std::string& group, Alert alert) {
        entries_.insert_or_assign(group, Entry{std::move(alert), ++uses_});
        if (entries_.size() > limit_) { shrink(); }
    }
    void forget_group(const std::string& group) { entries_.erase(group); }
    /// Looks at every entry: for what people do.
    void forget_alert(std::string_view id) {
        std::erase_if(entries_, [&](const auto& entry) { return entry.second.alert.id == id; });
    }

private:
    struct Entry {
        Alert alert;
        std::uint64_t used = 0;
    };
    void shrink() {
        std::vector<std::uint64_t> uses;
        uses.reserve(entries_.size());
        for (const auto& [group, entry] : entries_) {
            uses.push_back(entry.used);
        }
        const auto quarter = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 4);
        std::nth_element(uses.begin(), quarter, uses.end());
        std::erase_if(entries_, [&](const auto& entry) { return entry.second.used <= *quarter; });
    }

    std::size_t limit_;
    std::uint64_t uses_ = 0;
    std::unordered_map<std::string, Entry> entries_;
};

} // namespace canhgac::alerting
