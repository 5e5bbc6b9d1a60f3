#include "alerting/alert.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "alerting/hash.hpp"

namespace canhgac::alerting {
namespace {

constexpr std::array<std::string_view, kAlertStatuses> kStatusNames = {
    "new",           "acknowledged",     "investigating", "contained", "closed_true_positive", "closed_false_positive",
    "closed_benign", "closed_duplicate", "closed_test"};
constexpr std::uint8_t kRaisingAssetLevel = 4;

std::string folded(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
    }
    return out;
}

/// At most kMaxFieldBytes, cut between code points.
std::string bounded(std::string_view text) {
    if (text.size() <= kMaxFieldBytes) { return std::string(text); }
    std::size_t size = kMaxFieldBytes;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
        --size;
    }
    return std::string(text.substr(0, size));
}

NameValues bounded(const NameValues& values) {
    NameValues out;
    for (const auto& [name, value] : values) {
        if (out.size() == kMaxMatchedFields) { break; }
        out.emplace_back(bounded(name), bounded(value));
    }
    return out;
}

void add_event(Alert& alert, event::EventId id) {
    if (alert.events.size() >= kMaxAlertEvents) { return; }
    const auto place = std::lower_bound(alert.events.begin(), alert.events.end(), id);
    if (place == alert.events.end() || *place != id) { alert.events.insert(place, id); }
}

void add_events(Alert& alert, const event::DetectionRecord& record) {
    for (const auto id : record.events) {
        add_event(alert, id);
    }
    if (!record.is_correlation || record.events.empty()) { add_event(alert, record.event); }
}

} // namespace

std::string_view to_string(AlertStatus status) noexcept {
    const auto index = static_cast<std::size_t>(status);
    return index < kStatusNames.size() ? kStatusNames[index] : "new";
}

std::optional<AlertStatus> parse_status(std::string_view text) noexcept {
    const auto* const found = std::find(kStatusNames.begin(), kStatusNames.end(), text);
    if (found == kStatusNames.end()) { return std::nullopt; }
    return static_cast<AlertStatus>(found - kStatusNames.begin());
}

std::optional<event::Severity> parse_severity(std::string_view text) noexcept {
    for (const auto level : {event::Severity::informational, event::Severity::low, event::Severity::medium,
                             event::Severity::high, event::Severity::critical}) {
        if (event::to_string(level) == text) { return level; }
    }
    return std::nullopt;
}

std::string group_key(const event::DetectionRecord& record) {
    PartHash hash;
    hash.add(record.rule_id);
    hash.add(record.organization);
    for (const auto& [name, value] : record.entity) {
        hash.add(name);
        hash.add(folded(value));
    }
    if (record.entity.empty()) {
        hash.add("host.name");
        hash.add(folded(record.host));
    }
    return hash.finish();
}

std::string alert_id(std::string_view group, event::EventId opened_by) {
    return hash_parts({group, event_id_text(opened_by)});
}

event::Severity raised_level(event::Severity level, std::uint8_t asset_level) noexcept {
    if (asset_level < kRaisingAssetLevel || level >= event::Severity::critical) { return level; }
    return static_cast<event::Severity>(static_cast<std::uint8_t>(level) + 1);
}

std::pair<common::Nanos, common::Nanos> time_span(const event::DetectionRecord& record) noexcept {
    const auto within = [](common::Nanos time) { return std::clamp(time, kFirstTime, kLastTime); };
    if (!record.is_correlation || record.to == 0) { return {within(record.time), within(record.time)}; }
    return {within(record.from), within(std::max(record.from, record.to))};
}

Alert open_alert(const event::DetectionRecord& record, std::string id, common::Nanos now) {
    Alert alert;
    alert.id = std::move(id);
    alert.rule_id = record.rule_id;
    alert.title = bounded(record.title);
    alert.level = raised_level(record.level, record.asset_level);
    alert.tags = record.tags;
    alert.entity = bounded(record.entity);
    alert.organization = record.organization;
    alert.service = record.service;
    alert.asset_level = record.asset_level;
    alert.host = record.host;
    alert.log_source = record.log_source;
    alert.is_correlation = record.is_correlation;
    alert.count = std::max<std::uint64_t>(record.count, 1);
    std::tie(alert.first_seen, alert.last_seen) = time_span(record);
    alert.created = now;
    alert.updated = now;
    alert.matched = bounded(record.matched);
    alert.message = bounded(record.message);
    add_events(alert, record);
    alert.last_event = record.event;
    alert.history.push_back({.at = now, .who = "system", .action = "created", .detail = {}});
    return alert;
}

bool merge_detection(Alert& alert, const event::DetectionRecord& record, common::Nanos now) {
    const auto [from, to] = time_span(record);
    if (record.is_correlation) {
        const bool says_new = record.count > alert.count || to > alert.last_seen || from < alert.first_seen;
        if (!says_new) { return false; }
        alert.count = std::max(alert.count, record.count);
    } else {
        if (record.event <= alert.last_event) { return false; }
        alert.count += std::max<std::uint64_t>(record.count, 1);
    }
    alert.first_seen = std::min(alert.first_seen, from);
    alert.last_seen = std::max(alert.last_seen, to);
    alert.last_event = std::max(alert.last_event, record.event);
    alert.level = std::max(alert.level, raised_level(record.level, record.asset_level));
    alert.asset_level = std::max(alert.asset_level, record.asset_level);
    alert.updated = now;
    add_events(alert, record);
    return true;
}

void add_history(Alert& alert, AlertHistory entry) {
    if (alert.history.size() >= kMaxAlertHistory) { alert.history.erase(alert.history.begin() + 1); }
    entry.detail = bounded(entry.detail);
    alert.history.push_back(std::move(entry));
}

std::string event_id_text(event::EventId id) {
    return fmt::format("{}.{}", id.seq, id.index);
}

std::optional<event::EventId> parse_event_id(std::string_view text) noexcept {
    event::EventId id;
    const char* const end = text.data() + text.size();
    const auto [dot, seq_error] = std::from_chars(text.data(), end, id.seq);
    if (seq_error != std::errc{} || dot == end || *dot != '.') { return std::nullopt; }
    const auto [rest, index_error] = std::from_chars(dot + 1, end, id.index);
    if (index_error != std::errc{} || rest != end) { return std::nullopt; }
    return id;
}

} // namespace canhgac::alerting
