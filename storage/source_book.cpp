#include "storage/source_book.hpp"

#include <algorithm>
#include <mutex>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint8_t kSourceVersion = 1;
constexpr std::size_t kMaxNameBytes = 512; ///< a sender's name is cut, so that 65,536 of them stay bounded

std::string key_of(char kind, std::uint32_t id) {
    std::string key(1, kind);
    append_key(key, id);
    return key;
}

void add(event::SourceTotals& totals, const event::SourceTotals& more) noexcept {
    totals.stored += more.stored;
    totals.bytes += more.bytes;
    totals.unparsed += more.unparsed;
    totals.duplicates += more.duplicates;
    totals.last_event_time = std::max(totals.last_event_time, more.last_event_time);
    totals.last_received = std::max(totals.last_received, more.last_received);
}

std::string encode_totals(const event::SourceTotals& totals) {
    ByteSink sink;
    sink.u8(kSourceVersion);
    for (const std::uint64_t count : {totals.stored, totals.bytes, totals.unparsed, totals.duplicates}) {
        sink.varint(count);
    }
    sink.fixed64(static_cast<std::uint64_t>(totals.last_event_time));
    sink.fixed64(static_cast<std::uint64_t>(totals.last_received));
    return std::string(sink.view());
}

} // namespace

event::SourceId SourceBook::intern(const event::SourceKey& key, common::Nanos now) {
    std::pair wanted{key.peer.substr(0, kMaxNameBytes), key.reporter.substr(0, kMaxNameBytes)};
    {
        const std::shared_lock lock(mutex_);
        if (const auto found = ids_.find(wanted); found != ids_.end()) { return event::SourceId{found->second}; }
    }
    const std::lock_guard lock(mutex_);
    const auto known = [this](const std::pair<std::string, std::string>& name) -> std::uint32_t {
        const auto found = ids_.find(name);
        return found == ids_.end() ? 0 : found->second;
    };
    if (const std::uint32_t id = known(wanted); id != 0) { return event::SourceId{id}; }
    if (plain_ < kLimit - kOverflowEntries) {
        ++plain_;
        return add_locked(std::move(wanted.first), std::move(wanted.second), now);
    }
    wanted.second = kOverflowName;
    if (const std::uint32_t id = known(wanted); id != 0) { return event::SourceId{id}; }
    if (overflow_ < kOverflowEntries - 1) {
        ++overflow_;
        return add_locked(std::move(wanted.first), std::move(wanted.second), now);
    }
    wanted.first = kOverflowName;
    if (const std::uint32_t id = known(wanted); id != 0) { return event::SourceId{id}; }
    return add_locked(std::move(wanted.first), std::move(wanted.second), now);
}

event::SourceId SourceBook::add_locked(std::string peer, std::string reporter, common::Nanos now) {
    const auto id = static_cast<std::uint32_t>(entries_.size() + 1);
    entries_.push_back({event::SourceId{id}, {peer, reporter}, now});
    totals_.emplace_back();
    ids_.emplace(std::pair{std::move(peer), std::move(reporter)}, id);
    return event::SourceId{id};
}

std::vector<event::SourceEntry> SourceBook::sources() const {
    const std::shared_lock lock(mutex_);
    return entries_;
}

event::SourceTotals SourceBook::totals(event::SourceId id) const {
    const auto number = static_cast<std::uint32_t>(id);
    const std::shared_lock lock(mutex_);
    return number == 0 || number > totals_.size() ? event::SourceTotals{} : totals_[number - 1];
}

std::string SourceBook::name(std::uint32_t id) const {
    const std::shared_lock lock(mutex_);
    if (id == 0 || id > entries_.size()) { return {}; }
    const event::SourceKey& key = entries_[id - 1].key;
    return key.reporter.empty() ? key.peer : key.peer + "/" + key.reporter;
}

std::vector<SourceBook::Write> SourceBook::pending(std::uint32_t& up_to) const {
    std::vector<Write> result;
    const std::shared_lock lock(mutex_);
    up_to = static_cast<std::uint32_t>(entries_.size());
    for (std::uint32_t index = confirmed_; index < up_to; ++index) {
        const event::SourceEntry& entry = entries_[index];
        ByteSink sink;
        sink.u8(kSourceVersion);
        sink.text(entry.key.peer);
        sink.text(entry.key.reporter);
        sink.fixed64(static_cast<std::uint64_t>(entry.first_seen));
        result.push_back({key_of('k', index + 1), std::string(sink.view())});
    }
    return result;
}

void SourceBook::confirm(std::uint32_t up_to) {
    const std::lock_guard lock(mutex_);
    confirmed_ = std::max(confirmed_, up_to);
}

std::vector<SourceBook::Write> SourceBook::totals_with(const std::vector<SourceDelta>& deltas) const {
    std::vector<Write> result;
    const std::shared_lock lock(mutex_);
    for (const SourceDelta& delta : deltas) {
        if (delta.id == 0 || delta.id > totals_.size()) { continue; }
        event::SourceTotals sum = totals_[delta.id - 1];
        add(sum, delta.add);
        result.push_back({key_of('t', delta.id), encode_totals(sum)});
    }
    return result;
}

void SourceBook::apply(const std::vector<SourceDelta>& deltas) {
    const std::lock_guard lock(mutex_);
    for (const SourceDelta& delta : deltas) {
        if (delta.id != 0 && delta.id <= totals_.size()) { add(totals_[delta.id - 1], delta.add); }
    }
}

bool SourceBook::restore(std::string_view key, std::string_view value) {
    if (key.size() != 5) { return false; }
    const auto id = key_part<std::uint32_t>(key, 1);
    ByteSource in(value);
    if (in.u8() != kSourceVersion) { return false; }
    const std::lock_guard lock(mutex_);
    if (key.front() == 'k') {
        if (id != entries_.size() + 1) { return false; }
        std::string peer(in.text());
        std::string reporter(in.text());
        const common::Nanos first_seen = in.signed64();
        const bool is_overflow = reporter == kOverflowName;
        if (is_overflow && peer != kOverflowName) { ++overflow_; }
        if (!is_overflow) { ++plain_; }
        static_cast<void>(add_locked(std::move(peer), std::move(reporter), first_seen));
        confirmed_ = id;
        return in.ok();
    }
    if (key.front() != 't' || id == 0 || id > totals_.size()) { return false; }
    event::SourceTotals& totals = totals_[id - 1];
    totals.stored = in.varint();
    totals.bytes = in.varint();
    totals.unparsed = in.varint();
    totals.duplicates = in.varint();
    totals.last_event_time = in.signed64();
    totals.last_received = in.signed64();
    return in.ok();
}

} // namespace canhgac::storage
