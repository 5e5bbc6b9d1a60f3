/// An EventStore in memory for tests of what reads events: rows are given, the filter is a phrase in the raw text.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "event/store.hpp"

namespace canhgac::test {

class MemoryEvents final : public event::EventStore {
public:
    struct Row {
        common::Nanos time = 0;
        std::string raw;
        std::vector<std::pair<std::string, std::pair<std::string, event::ValueType>>> fields{};
        event::Format format = event::Format::json;
    };
    std::vector<Row> rows; ///< oldest first
    bool failing = false;
    bool endless = false; ///< finds nothing and goes on until it is cancelled
    std::atomic<bool> was_cancelled{false};
    event::QueryPlan last_plan;

    [[nodiscard]] std::unique_ptr<event::PreparedBatch> prepare(const event::EventBatch& /*batch*/,
                                                                std::span<const event::DetectionRecord> /*detections*/,
                                                                std::span<const std::uint64_t> /*keys*/) override {
        return nullptr;
    }
    void append(std::unique_ptr<event::PreparedBatch> /*batch*/, std::function<void(bool)> done) override {
        done(false);
    }

    [[nodiscard]] common::Result<event::QueryStats, std::error_code>
    query(const event::QueryPlan& plan, const event::RowVisitor& visit, const std::atomic<bool>* cancelled) override {
        last_plan = plan;
        event::QueryStats stats;
        while (endless) {
            if (cancelled != nullptr && *cancelled) {
                was_cancelled = true;
                return stats;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
            ++stats.rows_scanned;
            if (row->time < plan.from || row->time >= plan.to ||
                row->raw.find(plan.filter.pattern) == std::string::npos) {
                continue;
            }
            if (stats.rows_matched == plan.limit || (cancelled != nullptr && *cancelled)) {
                stats.stopped_early = true;
                break;
            }
            ++stats.rows_matched;
            if (!give(*row, static_cast<std::uint64_t>(rows.rend() - row), visit)) {
                was_cancelled = true;
                break;
            }
        }
        if (failing) { return common::fail(std::make_error_code(std::errc::io_error)); }
        return stats;
    }
    /// `endless`: the same rows again and again until the visitor has enough.
    [[nodiscard]] common::Result<event::QueryStats, std::error_code> scan(common::Nanos from, common::Nanos to,
                                                                          const event::RowVisitor& visit) override {
        event::QueryStats stats;
        do {
            std::uint64_t seq = 0;
            for (const Row& row : rows) {
                ++seq;
                if (row.time < from || row.time >= to) { continue; }
                ++stats.rows_matched;
                if (give(row, seq, visit)) { continue; }
                stats.stopped_early = true;
                was_cancelled = true;
                return stats;
            }
        } while (endless);
        if (failing) { return common::fail(std::make_error_code(std::errc::io_error)); }
        return stats;
    }
    [[nodiscard]] common::Result<void, std::error_code> drop(std::int32_t /*day*/,
                                                             const event::DropOrder& /*order*/) override {
        return {};
    }
    /// One more row, a batch of its own, while others read tail().
    void commit(Row row) {
        const std::lock_guard lock(mutex_);
        rows.push_back(std::move(row));
        committed_ = rows.size();
    }
    [[nodiscard]] common::Result<std::uint64_t, std::error_code> tail(std::uint64_t position,
                                                                      const event::Filter& filter, std::uint64_t limit,
                                                                      const event::RowVisitor& visit) override {
        const std::lock_guard lock(mutex_);
        if (failing_tail) { return common::fail(std::make_error_code(std::errc::io_error)); }
        for (; position < rows.size() && limit != 0; ++position, --limit) {
            const Row& row = rows[position];
            if (row.raw.find(filter.pattern) == std::string::npos) { continue; }
            if (!give(row, position + 1, visit)) { return position; }
        }
        return position;
    }
    [[nodiscard]] std::uint64_t committed() const noexcept override { return committed_; }

    std::atomic<bool> failing_tail{false};

private:
    static bool give(const Row& row, std::uint64_t seq, const event::RowVisitor& visit) {
        std::vector<std::pair<std::string_view, event::Field>> fields;
        for (const auto& [name, value] : row.fields) {
            fields.emplace_back(name, event::Field(event::FieldId{}, value.first, value.second));
        }
        event::StoredEvent event;
        event.id = {.seq = seq, .index = 0};
        event.time = row.time;
        event.received = row.time + common::kSecond;
        event.raw = row.raw;
        event.format = row.format;
        event.fields = fields;
        return visit(event);
    }

    std::mutex mutex_;
    std::atomic<std::uint64_t> committed_{0};
};

class MemorySources final : public event::SourceRegistry {
public:
    std::vector<event::SourceEntry> entries;
    event::SourceTotals all;

    [[nodiscard]] event::SourceId intern(const event::SourceKey& key, common::Nanos now) override {
        const auto id = static_cast<event::SourceId>(entries.size() + 1);
        entries.push_back({id, key, now});
        return id;
    }
    [[nodiscard]] std::vector<event::SourceEntry> sources() const override { return entries; }
    [[nodiscard]] event::SourceTotals totals(event::SourceId /*id*/) const override { return all; }
};

} // namespace canhgac::test
