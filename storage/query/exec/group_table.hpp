/// Rows of equal values, by number.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/query/exec/aggregator.hpp"
#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

/// Numbers values as they are first seen.
class GroupTable {
public:
    static constexpr std::size_t kEntryBytes = 96; ///< a node of the map, its share of the buckets, the list

    static constexpr std::size_t kNone = SIZE_MAX;

    struct Found {
        std::size_t group = 0;
        bool is_new = false;
        std::size_t bytes = 0; ///< taken for it
    };
    Found find(std::span<const QueryValue> values) {
        key_.clear();
        for (const QueryValue& value : values) {
            append_value_key(key_, value);
        }
        if (const auto known = groups_.find(std::string_view(key_)); known != groups_.end()) {
            return {known->second, false, 0};
        }
        const std::size_t group = values_.size();
        groups_.emplace(key_, group);
        values_.emplace_back(values, nullptr);
        return {group, true, key_.size() + values_.back().bytes() + kEntryBytes};
    }
    /// The group of values that were found before, or kNone.
    [[nodiscard]] std::size_t known(std::span<const QueryValue> values) {
        key_.clear();
        for (const QueryValue& value : values) {
            append_value_key(key_, value);
        }
        const auto found = groups_.find(std::string_view(key_));
        return found == groups_.end() ? kNone : found->second;
    }
    /// Other values of the same group to be shown for it: 1 and 1.0 are one.
    void show(std::size_t group, std::span<const QueryValue> values) { values_[group] = KeptRow(values, nullptr); }
    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
    [[nodiscard]] std::span<const QueryValue> values(std::size_t group) const noexcept {
        return values_[group].values();
    }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return hash_of(text); }
    };
    std::string key_;
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> groups_;
    std::vector<KeptRow> values_;
};

/// The values of expressions over a row, in `out`.
inline std::span<const QueryValue> evaluate_all(const StageInputs& in,
                                                const std::vector<PlannedExpression>& expressions, const QueryRow& row,
                                                std::vector<QueryValue>& out) {
    out.clear();
    for (const PlannedExpression& expression : expressions) {
        out.push_back(in.context.evaluator.evaluate(expression, row.slots));
    }
    return out;
}

} // namespace canhgac::storage
