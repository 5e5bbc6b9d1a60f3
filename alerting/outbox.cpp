#include "alerting/outbox.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "alerting/alert_keys.hpp"
#include "alerting/hash.hpp"
#include "alerting/outbox_record.hpp"

namespace canhgac::alerting {
namespace {

using Change = event::StateStore::Change;
using Outcome = Delivery::Outcome;

constexpr std::size_t kMaxNameBytes = 32;
constexpr common::Nanos kLongestSleep = 30 * common::kSecond; ///< the wall clock may be set meanwhile
constexpr common::Nanos kStoreFailurePause = common::kSecond;
constexpr std::size_t kReceiptsPerSweep = 1'000;

bool good_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

OutboxEntry entry_of(const OutboxKey& key, const OutboxRecord& record) {
    return {.channel = key.channel,
            .key = record.notice.key,
            .kind = record.notice.kind,
            .alert_id = record.notice.alert.id,
            .created = record.notice.created,
            .finished = key.time,
            .attempts = record.notice.attempts,
            .detail = record.detail};
}

} // namespace

std::string idempotency_key(std::string_view alert_id, std::string_view channel, std::string_view kind) {
    return hash_parts({alert_id, channel, kind});
}

struct Outbox::Impl {
    event::StateStore& state;
    const common::Clock& clock;
    common::Logger& logger;
    common::MetricsRegistry& metrics;
    OutboxSettings settings;
    std::mutex random_mutex;
    Random random;

    struct Sender {
        std::unique_ptr<Channel> channel;
        ChannelSettings settings;
        common::Counter delivered;
        common::Counter retried;
        common::Counter dead;
        common::Nanos paused_until = 0;
        std::uint32_t unreachable = 0; ///< tries in a row
        double tokens = 0.0;           ///< rate cap
        common::Nanos tokens_at = 0;
        common::Nanos swept = 0;
        std::thread thread;
    };
    std::vector<std::unique_ptr<Sender>> senders{};

    std::atomic<bool> cancelled{false};
    std::mutex mutex{};
    std::condition_variable woken{};
    std::uint64_t wakes = 0;

    struct Due {
        std::string store_key;
        OutboxRecord record;
    };
    struct DueList {
        std::vector<Due> due;
        std::vector<Change> damaged;
        std::optional<common::Nanos> next;
    };

    double jitter() {
        const std::scoped_lock lock(random_mutex);
        return 0.5 + 0.5 * std::clamp(random(), 0.0, 1.0);
    }
    common::Nanos delay(std::uint32_t attempts, common::Nanos longest);
    Sender* sender(std::string_view name);
    [[nodiscard]] common::Result<DueList, std::error_code> read_due(const Sender& sender, common::Nanos now,
                                                                    std::size_t limit) const;
    std::optional<common::Nanos> token_wait(Sender& sender, common::Nanos now) const;
    std::optional<common::Nanos> step(Sender& sender, std::size_t limit);
    bool settle(Sender& sender, Due& due, const Delivery& delivery);
    void sweep_receipts(Sender& sender);
    void run(Sender& sender);
    [[nodiscard]] common::Result<std::vector<OutboxEntry>, std::error_code> list(std::string_view prefix,
                                                                                 std::size_t limit) const;
    [[nodiscard]] common::Result<std::vector<std::string>, std::error_code> channels_of(std::string_view prefix) const;
};

/// Doubles with each failed try up to `longest`; half of it is random, so that notices do not come back together.
common::Nanos Outbox::Impl::delay(std::uint32_t attempts, common::Nanos longest) {
    const double full = std::min(static_cast<double>(settings.first_delay) * std::exp2(std::min(attempts, 40U)),
                                 static_cast<double>(longest));
    return static_cast<common::Nanos>(full * jitter());
}

Outbox::Impl::Sender* Outbox::Impl::sender(std::string_view name) {
    for (const auto& known : senders) {
        if (known->settings.name == name) { return known.get(); }
    }
    return nullptr;
}

common::Result<Outbox::Impl::DueList, std::error_code> Outbox::Impl::read_due(const Sender& sender, common::Nanos now,
                                                                              std::size_t limit) const {
    DueList list;
    const std::string prefix = channel_prefix(kQueuePrefix, sender.settings.name);
    const auto read = state.iterate(prefix, prefix, false, [&](std::string_view key, std::string_view value) {
        const auto place = parse_outbox_key(kQueuePrefix, key);
        if (place && (place->time > now || list.due.size() >= limit)) {
            list.next = place->time;
            return false;
        }
        auto record = place ? decode_outbox(value) : std::nullopt;
        if (!record) { // kept for a person, out of the way of the others
            list.damaged.push_back({std::string(key), std::nullopt});
            list.damaged.push_back({fmt::format("outboxdamaged/{}", key), std::string(value)});
            return true;
        }
        list.due.push_back({std::string(key), std::move(*record)});
        return true;
    });
    if (!read) { return common::fail(read.error()); }
    return list;
}

/// Takes one token of the rate cap; when there is none, says when there will be.
std::optional<common::Nanos> Outbox::Impl::token_wait(Sender& sender, common::Nanos now) const {
    const double rate = sender.settings.per_minute;
    if (rate <= 0.0) { return std::nullopt; }
    const double burst = std::max(rate, 1.0);
    const double earned = static_cast<double>(std::max<common::Nanos>(now - sender.tokens_at, 0)) * rate /
                          static_cast<double>(common::kMinute);
    sender.tokens = sender.tokens_at == 0 ? burst : std::min(burst, sender.tokens + earned);
    sender.tokens_at = now;
    if (sender.tokens >= 1.0) {
        sender.tokens -= 1.0;
        return std::nullopt;
    }
    return now + static_cast<common::Nanos>((1.0 - sender.tokens) * static_cast<double>(common::kMinute) / rate) + 1;
}

/// Writes what became of a notice. False when the store failed: the notice stays and is sent again.
bool Outbox::Impl::settle(Sender& sender, Due& due, const Delivery& delivery) {
    const common::Nanos now = clock.now();
    OutboxRecord& record = due.record;
    const std::string_view channel = sender.settings.name;
    record.detail = delivery.detail.substr(0, kMaxDetailBytes);
    ++record.notice.attempts;
    const bool too_old = now - record.notice.created >= settings.give_up_after;
    const bool failed = delivery.outcome == Outcome::retry || delivery.outcome == Outcome::unreachable;
    std::vector<Change> changes{{due.store_key, std::nullopt}};
    if (delivery.outcome == Outcome::delivered) {
        record.finished = now;
        changes.push_back({outbox_key(kReceiptPrefix, channel, now, record.notice.key), encode_outbox(record, false)});
        sender.delivered.add();
    } else if (failed && !too_old) {
        common::Nanos wait = delay(record.notice.attempts - 1, settings.longest_delay);
        if (delivery.retry_after) { wait = std::clamp(*delivery.retry_after, wait, settings.longest_delay); }
        changes.push_back(
            {outbox_key(kQueuePrefix, channel, now + wait, record.notice.key), encode_outbox(record, true)});
        sender.retried.add();
    } else {
        record.finished = now;
        changes.push_back({outbox_key(kDeadPrefix, channel, now, record.notice.key), encode_outbox(record, true)});
        sender.dead.add();
        logger.warning("notice of alert {} not delivered by {}: {}", record.notice.alert.id, channel, record.detail);
    }
    return static_cast<bool>(state.write(changes));
}

std::optional<common::Nanos> Outbox::Impl::step(Sender& sender, std::size_t limit) {
    if (sender.paused_until > clock.now()) { return sender.paused_until; }
    auto list = read_due(sender, clock.now(), limit);
    if (!list) { return clock.now() + kStoreFailurePause; }
    if (!list->damaged.empty()) {
        logger.error("outbox: {} notices of {} are not readable, set aside", list->damaged.size() / 2,
                     sender.settings.name);
        if (!state.write(list->damaged)) { return clock.now() + kStoreFailurePause; }
    }
    for (auto& due : list->due) {
        if (cancelled) { return std::nullopt; }
        if (const auto later = token_wait(sender, clock.now())) { return later; }
        const Delivery delivery = sender.channel->send(due.record.notice, cancelled);
        if (cancelled && delivery.outcome != Outcome::delivered) { return std::nullopt; }
        if (!settle(sender, due, delivery)) { return clock.now() + kStoreFailurePause; }
        if (delivery.outcome != Outcome::unreachable) {
            if (sender.unreachable > 0) { logger.info("channel {} answers again", sender.settings.name); }
            sender.unreachable = 0;
            continue;
        }
        if (sender.unreachable == 0) {
            logger.warning("channel {} cannot be reached: {}", sender.settings.name, delivery.detail);
        }
        sender.paused_until = clock.now() + delay(sender.unreachable++, settings.longest_pause);
        return sender.paused_until;
    }
    // Retries written meanwhile are due later than everything seen here, but perhaps before `next`.
    return list->due.empty() ? list->next : std::optional(clock.now());
}

void Outbox::Impl::sweep_receipts(Sender& sender) {
    const common::Nanos now = clock.now();
    if (sender.swept != 0 && now - sender.swept < common::kDay) { return; }
    sender.swept = now;
    const std::string prefix = channel_prefix(kReceiptPrefix, sender.settings.name);
    for (std::vector<Change> old;; old.clear()) {
        const auto read = state.iterate(prefix, prefix, false, [&](std::string_view key, std::string_view /*value*/) {
            const auto place = parse_outbox_key(kReceiptPrefix, key);
            if (place && place->time >= now - settings.keep_receipts) { return false; }
            old.push_back({std::string(key), std::nullopt});
            return old.size() < kReceiptsPerSweep;
        });
        if (!read || old.empty() || !state.write(old)) { return; }
    }
}

void Outbox::Impl::run(Sender& sender) {
    std::uint64_t seen = 0;
    while (!cancelled) {
        sweep_receipts(sender);
        {
            const std::scoped_lock lock(mutex);
            seen = wakes;
        }
        const auto next = step(sender, 64);
        const common::Nanos now = clock.now();
        const common::Nanos sleep = std::clamp<common::Nanos>(next ? *next - now : kLongestSleep, 0, kLongestSleep);
        std::unique_lock lock(mutex);
        woken.wait_for(lock, std::chrono::nanoseconds(sleep), [&] { return cancelled || wakes != seen; });
    }
}

Outbox::Outbox(event::StateStore& state, const common::Clock& clock, Random random, common::Logger& logger,
               common::MetricsRegistry& metrics, OutboxSettings settings)
    : impl_(new Impl{.state = state,
                     .clock = clock,
                     .logger = logger,
                     .metrics = metrics,
                     .settings = settings,
                     .random_mutex = {},
                     .random = std::move(random)}) {}

Outbox::~Outbox() {
    stop();
}

void Outbox::add(std::unique_ptr<Channel> channel, ChannelSettings settings) {
    if (!good_name(settings.name)) {
        throw std::invalid_argument(
            fmt::format("channel name '{}': 1 to {} of a-z 0-9 - _", settings.name, kMaxNameBytes));
    }
    if (impl_->sender(settings.name) != nullptr) {
        throw std::invalid_argument(fmt::format("two channels are named '{}'", settings.name));
    }
    const auto counter = [&](const char* outcome) {
        return impl_->metrics.counter("canhgac_notices_total", "Tries to send a notice, by what became of it",
                                      {{"channel", settings.name}, {"outcome", outcome}});
    };
    auto sender = std::make_unique<Impl::Sender>();
    sender->channel = std::move(channel);
    sender->delivered = counter("delivered");
    sender->retried = counter("retried");
    sender->dead = counter("dead");
    sender->settings = std::move(settings);
    impl_->senders.push_back(std::move(sender));
}

void Outbox::enqueue(const Alert& alert, std::string_view kind, std::vector<Change>& out) const {
    for (const auto& sender : impl_->senders) {
        if (alert.level < sender->settings.least_level) { continue; }
        OutboxRecord record;
        record.notice.key = idempotency_key(alert.id, sender->settings.name, kind);
        record.notice.kind = kind;
        record.notice.alert = alert;
        record.notice.created = alert.updated;
        out.push_back({outbox_key(kQueuePrefix, sender->settings.name, alert.updated, record.notice.key),
                       encode_outbox(record, true)});
    }
}

void Outbox::wake() {
    {
        const std::scoped_lock lock(impl_->mutex);
        ++impl_->wakes;
    }
    impl_->woken.notify_all();
}

void Outbox::start() {
    for (const auto& sender : impl_->senders) {
        sender->thread = std::thread([this, raw = sender.get()] { impl_->run(*raw); });
    }
}

void Outbox::stop() {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->cancelled = true;
    }
    impl_->woken.notify_all();
    for (const auto& sender : impl_->senders) {
        if (sender->thread.joinable()) { sender->thread.join(); }
    }
}

std::optional<common::Nanos> Outbox::step(std::string_view channel, std::size_t limit) {
    auto* const sender = impl_->sender(channel);
    return sender == nullptr ? std::nullopt : impl_->step(*sender, limit);
}

/// Channels that have keys under a prefix, also those no longer configured.
common::Result<std::vector<std::string>, std::error_code> Outbox::Impl::channels_of(std::string_view prefix) const {
    std::vector<std::string> channels;
    std::string start(prefix);
    for (;;) {
        std::optional<std::string> found;
        const auto read = state.iterate(prefix, start, false, [&](std::string_view key, std::string_view /*value*/) {
            const auto rest = key.substr(prefix.size());
            found = std::string(rest.substr(0, rest.find('/')));
            return false;
        });
        if (!read) { return common::fail(read.error()); }
        if (!found) { return channels; }
        start = channel_prefix(prefix, *found) + std::string(keys::kLast);
        channels.push_back(std::move(*found));
    }
}

common::Result<std::vector<OutboxEntry>, std::error_code> Outbox::Impl::list(std::string_view prefix,
                                                                             std::size_t limit) const {
    const auto channels = channels_of(prefix);
    if (!channels) { return common::fail(channels.error()); }
    std::vector<OutboxEntry> entries;
    for (const auto& channel : *channels) {
        const std::string under = channel_prefix(prefix, channel);
        std::size_t taken = 0;
        const auto read = state.iterate(under, under + std::string(keys::kLast), true,
                                        [&](std::string_view key, std::string_view value) {
                                            const auto place = parse_outbox_key(prefix, key);
                                            const auto record = decode_outbox(value);
                                            if (place && record) { entries.push_back(entry_of(*place, *record)); }
                                            return ++taken < limit;
                                        });
        if (!read) { return common::fail(read.error()); }
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const OutboxEntry& a, const OutboxEntry& b) { return a.finished > b.finished; });
    if (entries.size() > limit) { entries.resize(limit); }
    return entries;
}

common::Result<std::vector<OutboxEntry>, std::error_code> Outbox::dead_letters(std::size_t limit) const {
    return impl_->list(kDeadPrefix, limit);
}
common::Result<std::vector<OutboxEntry>, std::error_code> Outbox::receipts(std::size_t limit) const {
    return impl_->list(kReceiptPrefix, limit);
}
common::Result<std::vector<OutboxEntry>, std::error_code> Outbox::waiting(std::size_t limit) const {
    return impl_->list(kQueuePrefix, limit);
}

common::Result<bool, std::error_code> Outbox::resend(std::string_view channel, std::string_view key) {
    const std::string prefix = channel_prefix(kDeadPrefix, channel);
    std::string store_key;
    std::optional<OutboxRecord> record;
    const auto read = impl_->state.iterate(prefix, prefix, false, [&](std::string_view at, std::string_view value) {
        const auto place = parse_outbox_key(kDeadPrefix, at);
        if (!place || place->key != key) { return true; }
        store_key = at;
        record = decode_outbox(value);
        return false;
    });
    if (!read) { return common::fail(read.error()); }
    if (!record) { return false; }
    const common::Nanos now = impl_->clock.now();
    record->notice.attempts = 0;
    record->notice.created = now; // its age counts from now on
    record->finished = 0;
    const std::vector<Change> changes{{store_key, std::nullopt},
                                      {outbox_key(kQueuePrefix, channel, now, key), encode_outbox(*record, true)}};
    if (const auto written = impl_->state.write(changes); !written) { return common::fail(written.error()); }
    wake();
    return true;
}

} // namespace canhgac::alerting
