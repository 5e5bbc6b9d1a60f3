// What a Correlator says when a condition holds.
#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "engine/correlation_impl.hpp"

namespace canhgac::engine {

namespace {

/// "203.0.113.9", "cmd.exe (2 of 1530)".
std::string unusual_text(const rules::Correlation& correlation, const event::DetectionRecord& detection,
                         const CorrelationWindow::Span& span) {
    std::string text;
    for (const auto& name : correlation.fields) {
        text += text.empty() ? "" : ", ";
        text += value_of(detection.captured, resolve_alias(correlation, name, detection.rule_id));
    }
    if (correlation.type == rules::Correlation::Type::new_terms) { return text; }
    return text + fmt::format(" ({} of {})", span.measured, span.end - span.begin + 1);
}

} // namespace

event::DetectionRecord Correlator::State::record_of(RunningCorrelation& of, const CorrelationGroup& group,
                                                    const event::DetectionRecord& detection,
                                                    const CorrelationWindow::Span& span) const {
    const rules::Correlation& correlation = of.rule.correlation();
    ++of.stats.fired;
    event::DetectionRecord record;
    record.event = detection.event;
    record.time = detection.time;
    record.received = detection.received;
    record.rule_id = correlation.id;
    record.title = correlation.title;
    record.level = correlation.level;
    record.tags = correlation.tags;
    record.matched = detection.matched;
    record.organization = detection.organization;
    record.service = detection.service;
    record.asset_level = detection.asset_level;
    record.host = detection.host;
    record.log_source = detection.log_source;
    record.message = detection.message;
    record.is_correlation = true;
    record.count = group.episode->count;
    record.events = group.episode->listed;
    record.from = group.episode->from;
    record.to = group.episode->to;
    record.value = span.measured;
    if (of.rule.measures_values()) { // people see it with what matched
        auto text =
            of.rule.looks_back() ? unusual_text(correlation, detection, span) : fmt::format("{}", span.measured);
        record.matched.emplace(record.matched.begin(), of.rule.measure_name(), std::move(text));
    }
    record.entity = key_pairs(correlation.group_by, *group.key);
    record.captured = record.entity;
    const auto above = fed_by.find(correlation.id);
    if (above == fed_by.end()) { return record; }
    // A correlation that only feeds another gives no result of its own, unless that one lets it.
    record.generates = std::any_of(above->second.begin(), above->second.end(), [this](const CorrelationFeed& feed) {
        return running[feed.correlation]->rule.correlation().generate;
    });
    for (const auto& [name, text] : detection.captured) {
        if (value_of(record.entity, name).empty()) { record.captured.emplace_back(name, text); }
    }
    return record;
}

} // namespace canhgac::engine
