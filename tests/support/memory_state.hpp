/// A StateStore in memory that can fail on command and be copied: tests restart from any point of its history.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "event/store.hpp"

namespace canhgac::test {

class MemoryState final : public event::StateStore {
public:
    using Map = std::map<std::string, std::string, std::less<>>;

    MemoryState() = default;
    explicit MemoryState(Map map) : map_(std::move(map)) {}

    [[nodiscard]] common::Result<std::optional<std::string>, std::error_code> get(std::string_view key) const override {
        const std::scoped_lock lock(mutex_);
        if (failing_reads_) { return common::fail(std::make_error_code(std::errc::io_error)); }
        const auto found = map_.find(key);
        return found == map_.end() ? std::nullopt : std::optional(found->second);
    }

    [[nodiscard]] common::Result<void, std::error_code> write(std::span<const Change> changes) override {
        const std::scoped_lock lock(mutex_);
        if (failing_writes_ > 0) {
            --failing_writes_;
            return common::fail(std::make_error_code(std::errc::no_space_on_device));
        }
        for (const auto& change : changes) {
            if (change.value) {
                map_.insert_or_assign(change.key, *change.value);
            } else {
                map_.erase(change.key);
            }
        }
        ++writes_;
        if (keep_history_) { history_.push_back(map_); }
        return {};
    }

    [[nodiscard]] common::Result<void, std::error_code>
    iterate(std::string_view prefix, std::string_view start, bool backwards,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
        Map copy;
        {
            const std::scoped_lock lock(mutex_);
            if (failing_reads_) { return common::fail(std::make_error_code(std::errc::io_error)); }
            copy = map_;
        }
        if (backwards) {
            for (auto at = std::make_reverse_iterator(copy.upper_bound(start)); at != copy.rend(); ++at) {
                if (!at->first.starts_with(prefix) || !visit(at->first, at->second)) { break; }
            }
        } else {
            for (auto at = copy.lower_bound(start); at != copy.end(); ++at) {
                if (!at->first.starts_with(prefix) || !visit(at->first, at->second)) { break; }
            }
        }
        return {};
    }

    void fail_writes(int count) {
        const std::scoped_lock lock(mutex_);
        failing_writes_ = count;
    }
    void fail_reads(bool failing) {
        const std::scoped_lock lock(mutex_);
        failing_reads_ = failing;
    }
    /// Keeps what the store held after each write.
    void keep_history() {
        const std::scoped_lock lock(mutex_);
        keep_history_ = true;
        history_.push_back(map_);
    }
    [[nodiscard]] std::vector<Map> history() const {
        const std::scoped_lock lock(mutex_);
        return history_;
    }
    [[nodiscard]] Map content() const {
        const std::scoped_lock lock(mutex_);
        return map_;
    }
    [[nodiscard]] std::size_t writes() const {
        const std::scoped_lock lock(mutex_);
        return writes_;
    }
    [[nodiscard]] std::size_t count(std::string_view prefix) const {
        const std::scoped_lock lock(mutex_);
        std::size_t keys = 0;
        for (auto at = map_.lower_bound(prefix); at != map_.end() && at->first.starts_with(prefix); ++at) {
            ++keys;
        }
        return keys;
    }

private:
    mutable std::mutex mutex_;
    Map map_;
    std::vector<Map> history_;
    bool keep_history_ = false;
    bool failing_reads_ = false;
    int failing_writes_ = 0;
    std::size_t writes_ = 0;
};

} // namespace canhgac::test
