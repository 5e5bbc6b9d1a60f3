/// All alerts: groups detections into them, lists them, takes what people do to them, tells subscribers. Kept in the
/// StateStore; every change of alerts, their indexes, notices and the reader's cursor is one atomic write.
///
/// Keys (format versions are inside the values):
///   alert/ID                        the alert as JSON (alert_codec.hpp)
///   alertkey/GROUP, .../GROUP@HOUR  id of the open alert of a group; the second form for detections that come later
///                                   than the window behind the group's alert, one an hour of event time
///   alerttime/CREATED/ID            listing newest first; CREATED in 16 hexadecimal digits
///   alertstatus/STATUS/CREATED/ID   the same for one status
///   alertseq/SEQUENCE               id of the alert whose newest change has that number
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "alerting/alert.hpp"
#include "common/clock.hpp"
#include "common/result.hpp"
#include "event/detection.hpp"
#include "event/store.hpp"

namespace canhgac::alerting {

struct AlertBookLimits {
    common::Nanos window = common::kHour; ///< event time since the alert was last seen within which a group stays open
    std::size_t cached_alerts = 16'384;   ///< open alerts held in memory; others are read back when they grow
    std::uint64_t scan_per_page = 20'000; ///< index entries one list call looks at before it returns a cursor
};

/// What to list. Newest created first.
struct AlertQuery {
    std::vector<AlertStatus> statuses{}; ///< empty = every status
    std::optional<event::Severity> least_level{};
    common::Nanos created_since = 0; ///< inclusive, our clock
    std::string cursor{};            ///< AlertPage::next of the page before; empty = from the newest
    std::size_t limit = 100;
};
struct AlertPage {
    std::vector<Alert> alerts{};
    std::string next{}; ///< empty = there is no more
};

struct AlertAction {
    enum class Kind : std::uint8_t { acknowledge, investigate, contain, close, assign, comment };
    Kind kind = Kind::comment;
    std::string who{};
    std::string text{};                                       ///< comment, or who it is assigned to
    AlertStatus close_as = AlertStatus::closed_true_positive; ///< for close
    std::optional<std::uint64_t> expected_version{};          ///< refuse when the alert has another version
};
[[nodiscard]] std::optional<AlertAction::Kind> parse_action(std::string_view text) noexcept;

enum class AlertErrc : std::uint8_t {
    not_found,
    version_conflict, ///< somebody changed it meanwhile
    closed,           ///< closed alerts take comments only
    store,            ///< the state store failed; try again
};

/// What one apply() did.
struct ApplyCounts {
    std::uint64_t opened = 0;
    std::uint64_t updated = 0;  ///< alerts that grew, each once
    std::uint64_t repeated = 0; ///< detections that were counted before
};

/// Thread safe. Subscribers are called by the thread that made the change, after it is durable, in sequence order; they
/// must not block nor call back into the book.
class AlertBook {
public:
    /// Adds the notices of an alert just opened to the same write (Outbox::enqueue). Called under the book's lock.
    using NoticeHook = std::function<void(const Alert&, std::vector<event::StateStore::Change>&)>;
    using Subscriber = std::function<void(const Alert& alert, bool opened)>;

    /// `state` and `clock` outlive the book. Throws std::system_error when the store cannot be read.
    AlertBook(event::StateStore& state, const common::Clock& clock, AlertBookLimits limits = {}, NoticeHook hook = {});
    ~AlertBook();
    AlertBook(const AlertBook&) = delete;
    AlertBook& operator=(const AlertBook&) = delete;

    /// Groups detections (those with generates = false are passed over) and writes alerts, notices and `also` (the
    /// reader's cursor) at once. On error nothing has changed and the same call may be made again.
    [[nodiscard]] common::Result<ApplyCounts, std::error_code> apply(std::span<const event::DetectionRecord> records,
                                                                     std::span<const event::StateStore::Change> also);

    /// Nothing when there is no such alert.
    [[nodiscard]] common::Result<std::optional<Alert>, std::error_code> find(std::string_view id) const;
    /// A cursor that is not ours lists from the newest.
    [[nodiscard]] common::Result<AlertPage, std::error_code> list(const AlertQuery& query) const;
    [[nodiscard]] common::Result<Alert, AlertErrc> act(std::string_view id, const AlertAction& action);

    /// Alerts whose newest change is after `sequence`, oldest change first, until `visit` returns false.
    [[nodiscard]] common::Result<void, std::error_code>
    changes_after(std::uint64_t sequence, const std::function<bool(const Alert&)>& visit) const;
    /// Number of the newest change; 0 = none.
    [[nodiscard]] std::uint64_t sequence() const;

    /// Ends the subscription when it is destroyed, which waits for a call under way. May outlive the book.
    class Subscription {
    public:
        virtual ~Subscription() = default;
    };
    [[nodiscard]] std::unique_ptr<Subscription> subscribe(Subscriber subscriber);

    /// Forgets group keys of alerts not updated for a day of our clock (the alerts stay). Returns how many.
    std::size_t sweep();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::alerting
