#include "alerting/alert_book.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "alerting/alert_cache.hpp"
#include "alerting/alert_codec.hpp"
#include "alerting/alert_keys.hpp"

namespace canhgac::alerting {
namespace {

using Change = event::StateStore::Change;

constexpr std::size_t kKeysPerRead = 256;
constexpr common::Nanos kForgetGroupAfter = common::kDay;

std::error_code damaged() noexcept {
    return std::make_error_code(std::errc::bad_message);
}

struct IndexEntry {
    std::string key;
    std::string value;
};

/// At most kKeysPerRead entries from `start` on, without the one that is exactly `start` when it is a place already
/// seen.
common::Result<std::vector<IndexEntry>, std::error_code> read_index(const event::StateStore& state,
                                                                    std::string_view prefix, const std::string& start,
                                                                    bool backwards, bool skip_start) {
    std::vector<IndexEntry> out;
    const auto read = state.iterate(prefix, start, backwards, [&](std::string_view key, std::string_view value) {
        if (!(skip_start && key == start)) { out.push_back({std::string(key), std::string(value)}); }
        return out.size() < kKeysPerRead;
    });
    if (!read) { return common::fail(read.error()); }
    return out;
}

common::Result<std::optional<Alert>, std::error_code> load(const event::StateStore& state, std::string_view id) {
    const auto text = state.get(keys::alert(id));
    if (!text) { return common::fail(text.error()); }
    if (!*text) { return std::optional<Alert>{}; }
    auto alert = decode_alert(**text);
    if (!alert) { return common::fail(damaged()); }
    return std::optional<Alert>(std::move(*alert));
}

bool wanted(const Alert& alert, const AlertQuery& query) {
    if (query.least_level && alert.level < *query.least_level) { return false; }
    return query.statuses.empty() ||
           std::find(query.statuses.begin(), query.statuses.end(), alert.status) != query.statuses.end();
}

/// Subscribers in a box of their own, so that a Subscription may outlive the book.
struct Subscribers {
    std::mutex mutex;
    std::uint64_t next = 1;
    std::vector<std::pair<std::uint64_t, AlertBook::Subscriber>> list;
};

class SubscriptionHandle final : public AlertBook::Subscription {
public:
    SubscriptionHandle(std::shared_ptr<Subscribers> all, std::uint64_t id) noexcept : all_(std::move(all)), id_(id) {}
    SubscriptionHandle(const SubscriptionHandle&) = delete;
    SubscriptionHandle& operator=(const SubscriptionHandle&) = delete;
    ~SubscriptionHandle() override {
        const std::scoped_lock lock(all_->mutex);
        std::erase_if(all_->list, [this](const auto& entry) { return entry.first == id_; });
    }

private:
    std::shared_ptr<Subscribers> all_;
    std::uint64_t id_;
};

/// Takes `action` into the alert; false when its status forbids it.
bool take_action(Alert& alert, const AlertAction& action) {
    using Kind = AlertAction::Kind;
    if (is_closed(alert.status) && action.kind != Kind::comment) { return false; }
    switch (action.kind) {
    case Kind::acknowledge:
        alert.status = std::max(alert.status, AlertStatus::acknowledged);
        if (alert.assignee.empty()) { alert.assignee = action.who; }
        break;
    case Kind::investigate:
        alert.status = std::max(alert.status, AlertStatus::investigating);
        break;
    case Kind::contain:
        alert.status = std::max(alert.status, AlertStatus::contained);
        break;
    case Kind::close:
        alert.status = action.close_as;
        break;
    case Kind::assign:
        alert.assignee = action.text;
        break;
    case Kind::comment:
        break;
    }
    return true;
}

constexpr std::array<std::string_view, 6> kActionNames = {"acknowledge", "investigate", "contain",
                                                          "close",       "assign",      "comment"};

std::string action_detail(const AlertAction& action) {
    if (action.kind != AlertAction::Kind::close) { return action.text; }
    std::string detail(to_string(action.close_as));
    if (!action.text.empty()) { detail += ": " + action.text; }
    return detail;
}

} // namespace

std::optional<AlertAction::Kind> parse_action(std::string_view text) noexcept {
    const auto* const found = std::find(kActionNames.begin(), kActionNames.end(), text);
    if (found == kActionNames.end()) { return std::nullopt; }
    return static_cast<AlertAction::Kind>(found - kActionNames.begin());
}

struct AlertBook::Impl {
    Impl(event::StateStore& store, const common::Clock& now, AlertBookLimits limit, NoticeHook notice)
        : state(store), clock(now), limits(limit), hook(std::move(notice)), cache(limit.cached_alerts) {}

    event::StateStore& state;
    const common::Clock& clock;
    AlertBookLimits limits;
    NoticeHook hook;
    std::mutex mutex; ///< one change at a time; guards cache
    AlertCache cache; ///< newest alert of a group key
    std::atomic<std::uint64_t> sequence{0};
    std::shared_ptr<Subscribers> subscribers = std::make_shared<Subscribers>();

    /// What one apply() is about to write; nothing of it is visible before the write succeeded.
    struct Touched {
        std::string key; ///< group key
        Alert alert;
        std::uint64_t old_sequence = 0;
        bool opened = false;
        bool changed = false;
    };
    struct Pending {
        std::vector<Touched> alerts;
        std::unordered_map<std::string, std::size_t> newest; ///< group key -> index in alerts
        ApplyCounts counts;
    };

    common::Result<Touched*, std::error_code> newest_of(Pending& pending, const std::string& key);
    common::Result<void, std::error_code> group(Pending& pending, const event::DetectionRecord& record,
                                                common::Nanos now);
    common::Result<void, std::error_code> open(Pending& pending, const std::string& group, const std::string& key,
                                               const event::DetectionRecord& record, common::Nanos now);
    void merge(Pending& pending, Touched& touched, const event::DetectionRecord& record, common::Nanos now) const;
    std::vector<Change> changes_of(Pending& pending) const;
    void publish(const Alert& alert, bool opened) const;
};

/// The newest alert of a group: from this call, from memory, from the store; nullptr when the group is new.
common::Result<AlertBook::Impl::Touched*, std::error_code> AlertBook::Impl::newest_of(Pending& pending,
                                                                                      const std::string& key) {
    if (const auto found = pending.newest.find(key); found != pending.newest.end()) {
        return &pending.alerts[found->second];
    }
    std::optional<Alert> alert;
    if (const Alert* const cached = cache.find(key); cached != nullptr) {
        alert = *cached;
    } else {
        const auto id = state.get(keys::group(key));
        if (!id) { return common::fail(id.error()); }
        if (!*id) { return nullptr; }
        auto loaded = load(state, **id);
        if (!loaded) { return common::fail(loaded.error()); }
        alert = std::move(*loaded);
    }
    if (!alert) { return nullptr; }
    pending.newest.insert_or_assign(key, pending.alerts.size());
    const std::uint64_t old_sequence = alert->sequence;
    pending.alerts.push_back({.key = key, .alert = std::move(*alert), .old_sequence = old_sequence});
    return &pending.alerts.back();
}

common::Result<void, std::error_code> AlertBook::Impl::open(Pending& pending, const std::string& group,
                                                            const std::string& key,
                                                            const event::DetectionRecord& record, common::Nanos now) {
    std::string id = alert_id(group, record.event);
    const auto known = state.get(keys::alert(id));
    if (!known) { return common::fail(known.error()); }
    if (*known) { // opened in an earlier life and closed or followed by another alert since
        ++pending.counts.repeated;
        return {};
    }
    pending.newest.insert_or_assign(key, pending.alerts.size());
    pending.alerts.push_back(
        {.key = key, .alert = open_alert(record, std::move(id), now), .opened = true, .changed = true});
    ++pending.counts.opened;
    return {};
}

void AlertBook::Impl::merge(Pending& pending, Touched& touched, const event::DetectionRecord& record,
                            common::Nanos now) const {
    if (!merge_detection(touched.alert, record, now)) {
        ++pending.counts.repeated;
        return;
    }
    if (!touched.changed) { ++pending.counts.updated; }
    touched.changed = true;
}

common::Result<void, std::error_code> AlertBook::Impl::group(Pending& pending, const event::DetectionRecord& record,
                                                             common::Nanos now) {
    const std::string group = group_key(record);
    const auto newest = newest_of(pending, group);
    if (!newest) { return common::fail(newest.error()); }
    if (*newest == nullptr) { return open(pending, group, group, record, now); }
    const Alert& known = (*newest)->alert;
    if (!record.is_correlation && record.event <= known.last_event) {
        ++pending.counts.repeated;
        return {};
    }
    const auto [from, to] = time_span(record);
    if (to < known.first_seen - limits.window) {
        // Far behind: an hour of its own, so that old and new events in turn do not open an alert each.
        const std::string late = fmt::format("{}@{}", group, to / limits.window);
        const auto behind = newest_of(pending, late);
        if (!behind) { return common::fail(behind.error()); }
        if (*behind == nullptr || is_closed((*behind)->alert.status)) {
            return open(pending, group, late, record, now);
        }
        merge(pending, **behind, record, now);
        return {};
    }
    if (is_closed(known.status) || from > known.last_seen + limits.window) {
        return open(pending, group, group, record, now);
    }
    merge(pending, **newest, record, now);
    return {};
}

/// Numbers the changed alerts and spells out the write.
std::vector<Change> AlertBook::Impl::changes_of(Pending& pending) const {
    std::vector<Change> changes;
    std::uint64_t next = sequence.load();
    for (auto& touched : pending.alerts) {
        if (!touched.changed) { continue; }
        Alert& alert = touched.alert;
        alert.sequence = ++next;
        changes.push_back({keys::sequence(alert.sequence), alert.id});
        if (touched.old_sequence != 0) { changes.push_back({keys::sequence(touched.old_sequence), std::nullopt}); }
        changes.push_back({keys::alert(alert.id), encode_alert(alert)});
        if (!touched.opened) { continue; }
        changes.push_back({keys::group(touched.key), alert.id});
        changes.push_back({keys::time(alert), std::string()});
        changes.push_back({keys::status(alert), std::string()});
        if (hook) { hook(alert, changes); }
    }
    return changes;
}

void AlertBook::Impl::publish(const Alert& alert, bool opened) const {
    const std::scoped_lock lock(subscribers->mutex);
    for (const auto& [id, call] : subscribers->list) {
        call(alert, opened);
    }
}

AlertBook::AlertBook(event::StateStore& state, const common::Clock& clock, AlertBookLimits limits, NoticeHook hook)
    : impl_(std::make_unique<Impl>(state, clock, limits, std::move(hook))) {
    const auto newest = state.iterate(keys::kSequence, fmt::format("{}{}", keys::kSequence, keys::kLast), true,
                                      [this](std::string_view key, std::string_view /*value*/) {
                                          impl_->sequence =
                                              keys::parse_hex(key.substr(keys::kSequence.size())).value_or(0);
                                          return false;
                                      });
    if (!newest) { throw std::system_error(newest.error(), "reading the alerts"); }
}

AlertBook::~AlertBook() = default;

common::Result<ApplyCounts, std::error_code> AlertBook::apply(std::span<const event::DetectionRecord> records,
                                                              std::span<const event::StateStore::Change> also) {
    const std::scoped_lock lock(impl_->mutex);
    const common::Nanos now = impl_->clock.now();
    Impl::Pending pending;
    for (const auto& record : records) {
        if (!record.generates) { continue; }
        if (const auto done = impl_->group(pending, record, now); !done) { return common::fail(done.error()); }
    }
    std::vector<Change> changes = impl_->changes_of(pending);
    changes.insert(changes.end(), also.begin(), also.end());
    if (!changes.empty()) {
        if (const auto written = impl_->state.write(changes); !written) { return common::fail(written.error()); }
    }
    for (auto& touched : pending.alerts) {
        if (!touched.changed) { continue; }
        impl_->sequence = std::max(impl_->sequence.load(), touched.alert.sequence);
        impl_->publish(touched.alert, touched.opened);
        impl_->cache.put(touched.key, std::move(touched.alert));
    }
    return pending.counts;
}

common::Result<std::optional<Alert>, std::error_code> AlertBook::find(std::string_view id) const {
    return load(impl_->state, id);
}

common::Result<AlertPage, std::error_code> AlertBook::list(const AlertQuery& query) const {
    const std::string prefix =
        query.statuses.size() == 1 ? keys::status_prefix(query.statuses.front()) : std::string(keys::kTime);
    std::string start = prefix + (query.cursor.empty() ? std::string(keys::kLast) : query.cursor);
    AlertPage page;
    std::string last_cursor;
    for (std::uint64_t looked_at = 0;;) {
        const auto entries = read_index(impl_->state, prefix, start, true, true);
        if (!entries) { return common::fail(entries.error()); }
        if (entries->empty()) { return page; }
        for (const auto& entry : *entries) {
            const std::string_view place = std::string_view(entry.key).substr(prefix.size());
            const auto created = keys::parse_hex(place.substr(0, place.find('/')));
            if (!created || *created < static_cast<std::uint64_t>(std::max<common::Nanos>(query.created_since, 0))) {
                return page;
            }
            if (page.alerts.size() >= query.limit || looked_at++ >= impl_->limits.scan_per_page) {
                page.next = last_cursor;
                return page;
            }
            last_cursor = place;
            auto alert = load(impl_->state, place.substr(place.find('/') + 1));
            if (!alert) { return common::fail(alert.error()); }
            if (*alert && wanted(**alert, query)) { page.alerts.push_back(std::move(**alert)); }
        }
        start = entries->back().key;
    }
}

common::Result<Alert, AlertErrc> AlertBook::act(std::string_view id, const AlertAction& action) {
    const std::scoped_lock lock(impl_->mutex);
    auto loaded = load(impl_->state, id);
    if (!loaded) { return common::fail(AlertErrc::store); }
    if (!*loaded) { return common::fail(AlertErrc::not_found); }
    Alert alert = std::move(**loaded);
    if (action.expected_version && *action.expected_version != alert.version) {
        return common::fail(AlertErrc::version_conflict);
    }
    const std::string old_status = keys::status(alert);
    const std::uint64_t old_sequence = alert.sequence;
    if (!take_action(alert, action)) { return common::fail(AlertErrc::closed); }
    const common::Nanos now = impl_->clock.now();
    add_history(alert, {.at = now,
                        .who = action.who,
                        .action = std::string(kActionNames[static_cast<std::size_t>(action.kind)]),
                        .detail = action_detail(action)});
    alert.updated = now;
    ++alert.version;
    alert.sequence = impl_->sequence + 1;
    std::vector<Change> changes;
    if (const std::string status = keys::status(alert); status != old_status) {
        changes.push_back({old_status, std::nullopt});
        changes.push_back({status, std::string()});
    }
    changes.push_back({keys::sequence(old_sequence), std::nullopt});
    changes.push_back({keys::sequence(alert.sequence), alert.id});
    changes.push_back({keys::alert(alert.id), encode_alert(alert)});
    if (!impl_->state.write(changes)) { return common::fail(AlertErrc::store); }
    impl_->sequence = alert.sequence;
    impl_->cache.forget_alert(alert.id);
    impl_->publish(alert, false);
    return alert;
}

common::Result<void, std::error_code> AlertBook::changes_after(std::uint64_t sequence,
                                                               const std::function<bool(const Alert&)>& visit) const {
    std::string start = keys::sequence(sequence);
    for (;;) {
        const auto entries = read_index(impl_->state, keys::kSequence, start, false, true);
        if (!entries) { return common::fail(entries.error()); }
        if (entries->empty()) { return {}; }
        for (const auto& entry : *entries) {
            const auto alert = load(impl_->state, entry.value);
            if (!alert) { return common::fail(alert.error()); }
            // One that changed meanwhile stands again further on.
            if (!*alert || keys::sequence((*alert)->sequence) != entry.key) { continue; }
            if (!visit(**alert)) { return {}; }
        }
        start = entries->back().key;
    }
}

std::uint64_t AlertBook::sequence() const {
    return impl_->sequence;
}

std::unique_ptr<AlertBook::Subscription> AlertBook::subscribe(Subscriber subscriber) {
    const std::scoped_lock lock(impl_->subscribers->mutex);
    const std::uint64_t id = impl_->subscribers->next++;
    impl_->subscribers->list.emplace_back(id, std::move(subscriber));
    return std::make_unique<SubscriptionHandle>(impl_->subscribers, id);
}

std::size_t AlertBook::sweep() {
    const common::Nanos before = impl_->clock.now() - std::max(kForgetGroupAfter, impl_->limits.window);
    std::size_t forgotten = 0;
    std::string start(keys::kGroup);
    for (;;) {
        const std::scoped_lock lock(impl_->mutex);
        const auto entries = read_index(impl_->state, keys::kGroup, start, false, true);
        if (!entries || entries->empty()) { return forgotten; }
        std::vector<Change> changes;
        for (const auto& entry : *entries) {
            const auto alert = load(impl_->state, entry.value);
            if (!alert || (*alert && (*alert)->updated >= before)) { continue; }
            changes.push_back({entry.key, std::nullopt});
        }
        if (!changes.empty()) {
            if (!impl_->state.write(changes)) { return forgotten; }
            for (const auto& change : changes) {
                impl_->cache.forget_group(change.key.substr(keys::kGroup.size()));
            }
            forgotten += changes.size();
        }
        start = entries->back().key;
    }
}

} // namespace canhgac::alerting
