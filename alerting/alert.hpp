/// An alert: detections of one rule about one entity of one agency, counted in a sliding window (DESIGN 8).
/// Pure values and functions; how alerts are kept is alert_book.hpp, how they are spelled alert_codec.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "event/detection.hpp"

namespace canhgac::alerting {

enum class AlertStatus : std::uint8_t {
    fresh, ///< spelled "new"
    acknowledged,
    investigating,
    contained,
    closed_true_positive,
    closed_false_positive,
    closed_benign,
    closed_duplicate,
    closed_test,
};
inline constexpr std::size_t kAlertStatuses = 9;
/// "new", "acknowledged", ... "closed_test".
[[nodiscard]] std::string_view to_string(AlertStatus status) noexcept;
[[nodiscard]] std::optional<AlertStatus> parse_status(std::string_view text) noexcept;
[[nodiscard]] constexpr bool is_closed(AlertStatus status) noexcept {
    return status >= AlertStatus::closed_true_positive;
}
/// "informational" ... "critical"; the inverse of event::to_string.
[[nodiscard]] std::optional<event::Severity> parse_severity(std::string_view text) noexcept;

using NameValues = std::vector<std::pair<std::string, std::string>>;

/// One line of an alert's story: what a person or the program did to it.
struct AlertHistory {
    common::Nanos at = 0; ///< our clock
    std::string who{};    ///< "system" for the program itself
    std::string action{}; ///< created, acknowledge, investigate, contain, close, assign, comment
    std::string detail{}; ///< comment text, assignee or closing status
};

/// Event times of an alert are kept within what RFC 3339 text and local time can carry, whatever a sender says.
inline constexpr common::Nanos kFirstTime = -106649 * common::kDay; ///< 1678-01-02
inline constexpr common::Nanos kLastTime = 106650 * common::kDay;   ///< 2261-12-31
inline constexpr std::size_t kMaxAlertEvents = 100;
inline constexpr std::size_t kMaxAlertHistory = 200;
inline constexpr std::size_t kMaxMatchedFields = 32;
inline constexpr std::size_t kMaxFieldBytes = 1024;

struct Alert {
    std::string id; ///< alert_id(): 32 hexadecimal digits
    std::string rule_id;
    std::string title;
    std::string title_vi;  ///< the rule's title in Vietnamese, if it has one; set on what notices carry
    std::string advice_vi; ///< the rule's own advice on the response, in Vietnamese; the same
    event::Severity level = event::Severity::medium; ///< after the asset level raised it
    std::vector<std::string> tags;
    NameValues entity;
    std::string organization;
    std::string service;
    std::uint8_t asset_level = 0; ///< 1..5, 0 = not known
    std::string host;
    std::string log_source;
    bool is_correlation = false;
    AlertStatus status = AlertStatus::fresh;
    std::string assignee;
    std::uint64_t count = 0;            ///< detections; of a correlation the largest count it reported
    common::Nanos first_seen = 0;       ///< event time
    common::Nanos last_seen = 0;        ///< event time
    common::Nanos created = 0;          ///< our clock
    common::Nanos updated = 0;          ///< our clock
    NameValues matched;                 ///< of the first detection, at most kMaxMatchedFields
    std::string message;                ///< of the first detection, for people
    std::vector<event::EventId> events; ///< the first kMaxAlertEvents, in commit order
    event::EventId last_event;          ///< newest event counted; makes counting again harmless
    std::uint64_t version = 1;          ///< edits by people; counters do not change it (optimistic concurrency)
    std::uint64_t sequence = 0;         ///< number of its newest change among all alerts (live stream, resume)
    std::vector<AlertHistory> history;  ///< oldest first, at most kMaxAlertHistory; the first entry always stays
};

/// What a detection is grouped by: rule, agency and entity (the host when the rule names no entity), hashed to 32
/// hexadecimal digits (BLAKE2b-128). ASCII case of values does not matter.
[[nodiscard]] std::string group_key(const event::DetectionRecord& record);
/// The id of the alert that the detection of event `opened_by` opens in a group: a replay finds the same id.
[[nodiscard]] std::string alert_id(std::string_view group, event::EventId opened_by);
/// Level of the alert: one step above the rule's on assets of level 4 and 5 (critical stays critical).
[[nodiscard]] event::Severity raised_level(event::Severity level, std::uint8_t asset_level) noexcept;

/// When a detection began and ended, within kFirstTime and kLastTime; of a plain one both are its event's time.
[[nodiscard]] std::pair<common::Nanos, common::Nanos> time_span(const event::DetectionRecord& record) noexcept;
/// A new alert of one detection; its count is that of the record.
[[nodiscard]] Alert open_alert(const event::DetectionRecord& record, std::string id, common::Nanos now);
/// Adds one more detection of the same group. False when it is already counted (a plain detection of an event not
/// newer than last_event, or a correlation that says nothing new); then nothing changes.
bool merge_detection(Alert& alert, const event::DetectionRecord& record, common::Nanos now);
/// Appends to the history, dropping the oldest entry but the first when it is full.
void add_history(Alert& alert, AlertHistory entry);

/// "seq.index".
[[nodiscard]] std::string event_id_text(event::EventId id);
[[nodiscard]] std::optional<event::EventId> parse_event_id(std::string_view text) noexcept;

} // namespace canhgac::alerting
