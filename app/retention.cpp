#include "app/retention.hpp"

#include <vector>

#include <fmt/format.h>

#include "net/digest.hpp"

namespace canhgac::app {

std::optional<storage::RetentionPolicy> longest_retention(const Config::Storage::Retention& retention) {
    std::optional<storage::RetentionPolicy> longest(std::in_place);
    longest->months = retention.months;
    longest->rule = "storage.retention.months";
    bool forever = retention.months == 0;
    const auto add = [&](unsigned months, std::string rule) {
        forever = forever || months == 0;
        if (months > longest->months) { longest = {months, std::move(rule)}; }
    };
    for (std::size_t i = 0; i < retention.levels.size(); ++i) {
        if (retention.levels[i]) { add(*retention.levels[i], fmt::format("storage.retention.levels.{}", i + 1)); }
    }
    for (const auto& source : retention.sources) {
        add(source.months, fmt::format("sources {}: retention_months", source.network));
    }
    if (forever) { return std::nullopt; }
    return longest;
}

void notify_disk(const storage::DiskState& disk, alerting::Outbox& outbox, event::StateStore& state,
                 const common::Clock& clock, common::Logger& logger) {
    alerting::Alert alert;
    alert.id = net::random_hex(16);
    alert.rule_id = "canhgac.disk";
    const unsigned threshold = storage::kDiskPercent[static_cast<std::size_t>(disk.level)];
    alert.title = fmt::format("The disk of stored events is more than {} % full", threshold);
    alert.title_vi = fmt::format("Ổ đĩa lưu sự kiện đã đầy hơn {} %", threshold);
    alert.advice_vi = "Mở rộng ổ đĩa, hoặc rút ngắn thời hạn lưu trong cấu hình (storage.retention).";
    alert.level = disk.level == storage::DiskLevel::critical ? event::Severity::critical : event::Severity::high;
    alert.message = storage::to_text(disk);
    alert.log_source = "canhgac";
    alert.count = 1;
    alert.first_seen = alert.last_seen = alert.created = alert.updated = clock.now();
    std::vector<event::StateStore::Change> changes;
    outbox.enqueue(alert, "alert.new", changes);
    if (changes.empty()) { return; }
    if (const auto written = state.write(changes); !written) {
        logger.error("nobody is told by notice of the full disk: {}", written.error().message());
        return;
    }
    outbox.wake();
}

} // namespace canhgac::app
