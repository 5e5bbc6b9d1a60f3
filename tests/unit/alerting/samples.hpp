/// Detections and alerts for the tests of alerting.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "alerting/alert.hpp"
#include "alerting/channel.hpp"
#include "common/clock.hpp"
#include "event/detection.hpp"

namespace canhgac::test {

/// 22/11/2026 08:00:00 in Vietnam.
inline constexpr common::Nanos kMorning = 1'795'309'200LL * common::kSecond;

inline event::DetectionRecord detection(std::string rule, std::string address, common::Nanos time = kMorning) {
    event::DetectionRecord record;
    record.time = time;
    record.received = std::min(time, alerting::kLastTime) + 5 * common::kMillisecond;
    record.rule_id = std::move(rule);
    record.title = "Dò mật khẩu SSH";
    record.level = event::Severity::high;
    record.tags = {"attack.credential-access", "attack.t1110.001"};
    record.matched = {{"message", "Failed password for invalid user admin"}};
    record.entity = {{"source.ip", std::move(address)}};
    record.organization = "Sở Tài chính";
    record.service = "Một cửa điện tử";
    record.asset_level = 3;
    record.host = "web01";
    record.log_source = "10.20.0.5/web01";
    record.message = "Failed password for invalid user admin from 203.0.113.7 port 51514 ssh2";
    return record;
}

inline event::DetectionRecord correlation(std::string rule, std::string address, std::uint64_t count,
                                          common::Nanos from, common::Nanos to) {
    auto record = detection(std::move(rule), std::move(address), to);
    record.is_correlation = true;
    record.count = count;
    record.from = from;
    record.to = to;
    return record;
}

inline alerting::Alert sample_alert() {
    auto record = correlation("5b1f3c0e-5d43-4f0a-9d6e-2f4f0a7b1c11", "203.0.113.7", 10, kMorning,
                              kMorning + 42 * common::kSecond);
    record.event = {.seq = 812, .index = 3};
    record.events = {{810, 0}, {811, 4}, {812, 3}};
    return alerting::open_alert(record, alerting::alert_id(alerting::group_key(record), record.event),
                                kMorning + 43 * common::kSecond);
}

inline alerting::Notice sample_notice() {
    alerting::Notice notice;
    notice.key = "0123456789abcdef0123456789abcdef";
    notice.kind = "alert.new";
    notice.alert = sample_alert();
    notice.alert.id = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
    notice.created = notice.alert.created;
    return notice;
}

} // namespace canhgac::test
