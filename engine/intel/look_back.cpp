#include "engine/intel/look_back.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <map>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "engine/enrichment/enrichment.hpp"
#include "engine/intel/known_indicators.hpp"

namespace canhgac::engine {

namespace {

constexpr std::string_view kKnownKey = "lookback/known";
constexpr std::string_view kJobPrefix = "lookback/job/";
constexpr std::string_view kMarkField = "look_back.slice";
constexpr std::uint64_t kReadAtOnce = 1'000; ///< batches of the detection log
constexpr std::uint64_t kRowsBetweenRests = 256;
constexpr std::chrono::seconds kSaveEvery{5};

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) { return std::nullopt; }
    return value;
}

std::string job_key(std::uint64_t generation) {
    return fmt::format("{}{:020}", kJobPrefix, generation);
}

} // namespace

/// A job: the new indicators and how far it is.
struct LookBack::Job {
    std::uint64_t generation = 0;
    std::shared_ptr<const IndicatorSet> indicators;
    LookBackCursor cursor;
    std::chrono::steady_clock::time_point saved;
    [[nodiscard]] std::string mark() const { return fmt::format("{}:{}", generation, cursor.next); }
};

std::string encode(const LookBackCursor& cursor) {
    return fmt::format("1 {} {} {} {}", cursor.from, cursor.next, cursor.appending, cursor.hits);
}

std::optional<LookBackCursor> decode_look_back_cursor(std::string_view text) {
    std::array<std::int64_t, 5> numbers{};
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i != 0 && (at == end || *at++ != ' ')) { return std::nullopt; }
        const auto [next, error] = std::from_chars(at, end, numbers[i]);
        if (error != std::errc{}) { return std::nullopt; }
        at = next;
    }
    if (at != end || numbers[0] != 1 || numbers[3] < 0 || numbers[4] < 0) { return std::nullopt; }
    return LookBackCursor{numbers[1], numbers[2], static_cast<std::uint64_t>(numbers[3]),
                          static_cast<std::uint64_t>(numbers[4])};
}

LookBack::LookBack(const LookBackServices& services, LookBackOptions options)
    : services_(services), options_(std::move(options)), roles_(roles_by_name()),
      events_total_(services.metrics.counter("canhgac_lookback_events_total", "Stored events read for new indicators")),
      hits_total_(services.metrics.counter("canhgac_lookback_hits_total", "New indicators found in stored events")),
      jobs_(services.metrics.gauge("canhgac_lookback_running", "1 while stored events are read for new indicators")) {
    thread_ = std::thread([this] { run(); });
}

LookBack::~LookBack() {
    stop();
}

void LookBack::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) { thread_.join(); }
}

std::filesystem::path LookBack::file_of(const char* kind, std::uint64_t generation) const {
    return options_.folder / fmt::format("{}.{}", kind, generation);
}

std::uint64_t LookBack::generation() const {
    const auto text = services_.state.get(kKnownKey);
    return text && *text ? parse_number(**text).value_or(0) : 0;
}

void LookBack::lists_changed(const IndicatorSet& lists) {
    const std::uint64_t before = generation();
    KnownIndicators known;
    if (before != 0) {
        auto read = read_known(file_of("known", before));
        if (!read) {
            services_.log.error("look-back: {}: {}; every indicator counts as new", file_of("known", before).string(),
                                read.error().message());
        } else {
            known = std::move(*read);
        }
    }
    const KnownIndicators now = digests_of(lists);
    if (before != 0 && now == known) { return; }
    const std::uint64_t next = before + 1;
    const auto fresh = new_indicators(lists, known, options_.folder);
    std::vector<event::StateStore::Change> changes = {{std::string(kKnownKey), std::to_string(next)}};
    auto written = write_known(file_of("known", next), now);
    if (fresh && *fresh != nullptr && written) {
        written = write_set(file_of("job", next), **fresh);
        // Stamps that lie a little ahead of us belong to the past too.
        const common::Nanos time = services_.clock.now();
        changes.push_back({job_key(next), encode(LookBackCursor{time - options_.span, time + common::kDay, 0, 0})});
    }
    if (!fresh || !written || !services_.state.write(changes)) {
        services_.log.error("look-back: {}: cannot be written; tried again with the next change of lists",
                            options_.folder.string());
        return;
    }
    std::error_code ignored; // a file that stays is only space
    if (before != 0) { std::filesystem::remove(file_of("known", before), ignored); }
    if (changes.size() < 2) { return; }
    services_.log.info("look-back: {} new indicators are looked for in stored events", (*fresh)->size());
    {
        const std::lock_guard lock(mutex_);
        more_ = true;
        idle_ = false;
    }
    changed_.notify_all();
}

bool LookBack::wait_idle(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [this] { return idle_; });
}

/// False: it is time to stop.
bool LookBack::pause(common::Nanos duration) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, std::chrono::nanoseconds(duration), [this] { return stopping_; });
}

std::optional<LookBack::Job> LookBack::next_job() {
    std::optional<Job> job;
    std::string text;
    const auto walked = services_.state.iterate(kJobPrefix, kJobPrefix, false, [&](auto key, auto value) {
        if (const auto number = parse_number(key.substr(kJobPrefix.size()))) {
            job.emplace().generation = *number;
            text = value;
        }
        return !job.has_value();
    });
    if (!walked || !job) { return std::nullopt; }
    const auto cursor = decode_look_back_cursor(text);
    auto set = read_set(file_of("job", job->generation), options_.folder);
    if (!cursor || !set) {
        services_.log.error("look-back: job {} is damaged and given up", job->generation);
        return finish(*job) ? next_job() : std::nullopt;
    }
    job->cursor = *cursor;
    job->indicators = std::move(*set);
    return job;
}

void LookBack::run() {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 15);
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || more_; });
            if (stopping_) { return; }
            more_ = false;
        }
        while (auto job = next_job()) {
            jobs_.set(1);
            if (!work(*job)) { return; }
        }
        jobs_.set(0);
        {
            const std::lock_guard lock(mutex_);
            idle_ = !more_;
        }
        changed_.notify_all();
    }
}

/// False: it is time to stop.
bool LookBack::work(Job& job) {
    constexpr common::Nanos kRetry = 30 * common::kSecond;
    if (job.cursor.appending == 0 && !pause(options_.settle)) { return false; }
    while (job.cursor.next > job.cursor.from) {
        if (!pause(work_slice(job) ? 0 : kRetry)) { return false; }
    }
    services_.log.info("look-back: done, {} hits", job.cursor.hits);
    while (!finish(job)) {
        if (!pause(kRetry)) { return false; }
    }
    return true;
}

/// One slice; false: it failed and is tried again.
bool LookBack::work_slice(Job& job) {
    if (job.cursor.appending != 0) {
        const auto there = was_appended(job);
        if (!there) { return false; }
        job.cursor.appending = 0;
        if (*there) {
            job.cursor.next -= options_.slice;
            return save(job);
        }
    }
    LookBackSlice slice(*job.indicators, roles_, options_.max_groups);
    const common::Nanos from = std::max(job.cursor.from, job.cursor.next - options_.slice);
    if (!scan(job, from, slice)) { return false; }
    if (!slice.groups().empty() && !append(job, slice)) { return false; }
    if (slice.left_out() != 0) {
        services_.log.warning("look-back: {} hits between {} and {} are not shown singly", slice.left_out(),
                              common::format_rfc3339(from), common::format_rfc3339(job.cursor.next));
    }
    hits_total_.add(static_cast<double>(slice.hits()));
    job.cursor.hits += slice.hits();
    job.cursor.next -= options_.slice;
    job.cursor.appending = 0;
    // Written after an append and now and then: what is read again finds nothing. When it fails after an append, the
    // stored cursor still tells of that one; no other is begun without being written before.
    const auto now = std::chrono::steady_clock::now();
    if (!slice.groups().empty() || now - job.saved > kSaveEvery) {
        static_cast<void>(save(job));
        job.saved = now;
    }
    return true;
}

bool LookBack::scan(const Job& job, common::Nanos from, LookBackSlice& slice) {
    const auto rest = static_cast<common::Nanos>(kRowsBetweenRests * static_cast<std::uint64_t>(common::kSecond) /
                                                 std::max<std::uint64_t>(1, options_.events_per_second));
    std::uint64_t rows = 0;
    bool stopped = false;
    auto begin = std::chrono::steady_clock::now();
    const auto scanned = services_.events.scan(from, job.cursor.next, [&](const event::StoredEvent& stored) {
        slice.add(stored);
        if (++rows % kRowsBetweenRests != 0) { return true; }
        events_total_.add(kRowsBetweenRests);
        const auto spent = std::chrono::steady_clock::now() - begin;
        const common::Nanos left = rest - std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count();
        stopped = !pause(std::max<common::Nanos>(left, 0));
        begin = std::chrono::steady_clock::now();
        return !stopped;
    });
    events_total_.add(static_cast<double>(rows % kRowsBetweenRests));
    if (!scanned) { services_.log.error("look-back: reading events: {}", scanned.error().message()); }
    return scanned.has_value() && !stopped;
}

void LookBack::make_event(const LookBackSlice& slice, const LookBackSlice::Found& found,
                          event::EventBatch& batch) const {
    const auto& [key, group] = found;
    const auto& [list, indicator, source] = key;
    const std::string text = fmt::format(
        "Look-back: {} of the list '{}' is in {} stored events between {} and {}, first in {}.{} of {}", indicator,
        slice.set().lists()[list].name, group.count, common::format_rfc3339(group.first),
        common::format_rfc3339(group.last), group.first_event.seq, group.first_event.index, group.log_source);
    event::Event& event = batch.begin();
    event.time = services_.clock.now();
    event.received = event.time;
    event.raw = batch.arena().copy(text);
    event.format = event::Format::text;
    const std::string_view raw = event.raw;
    const auto add = [&batch](event::FieldId id, std::string_view value) {
        if (!value.empty()) { batch.add(id, batch.arena().copy(value)); }
    };
    namespace field = event::field;
    batch.add(field::kMessage, raw);
    add(field::kLogSource, "canhgac");
    add(field::kOrganizationName, group.organization);
    add(field::kServiceName, group.service);
    add(field::kIndicatorList, slice.set().lists()[list].name);
    add(field::kIndicatorType, to_string(group.type));
    add(field::kIndicatorValue, indicator);
    add(field::kIndicatorField, group.field);
    add(field::kTags, "threat-intel");
    add(field::kTags, kLookBackTag);
    batch.finish();
}

event::DetectionRecord LookBack::make_record(const LookBackSlice& slice, const LookBackSlice::Found& found,
                                             const event::Event& about) const {
    const auto& [key, group] = found;
    const auto& [list, indicator, source] = key;
    const ListInfo& info = slice.set().lists()[list];
    event::DetectionRecord record;
    record.time = about.time;
    record.received = about.received;
    record.from = group.first;
    record.to = group.last;
    record.rule_id = list_rule_id("look-back " + info.name);
    record.title = "Look-back: indicator of the list '" + info.name + "'";
    record.level = info.level;
    record.tags = info.tags;
    record.tags.emplace_back("threat-intel");
    record.tags.emplace_back(kLookBackTag);
    record.matched = {{group.field, group.value}};
    record.entity = {{"threat.indicator.value", indicator}};
    if (!source.empty()) { record.entity.emplace_back("source.ip", source); }
    record.organization = group.organization;
    record.service = group.service;
    const bool has_level = group.level.size() == 1 && group.level[0] >= '1' && group.level[0] <= '5';
    record.asset_level = static_cast<std::uint8_t>(has_level ? group.level[0] - '0' : 0);
    record.host = group.host;
    record.log_source = group.log_source;
    record.message = about.raw;
    return record;
}

bool LookBack::append(Job& job, const LookBackSlice& slice) {
    event::EventBatch batch;
    std::vector<event::DetectionRecord> records;
    for (const LookBackSlice::Found& found : slice.groups()) {
        make_event(slice, found, batch);
        records.push_back(make_record(slice, found, batch.events().back()));
        records.back().event.index = static_cast<std::uint32_t>(records.size() - 1);
        records.back().captured = {{std::string(kMarkField), job.mark()}};
    }
    job.cursor.appending = services_.events.committed() + 1;
    if (!save(job)) {
        job.cursor.appending = 0;
        return false;
    }
    const std::vector<std::uint64_t> keys(batch.size(), 0);
    std::promise<bool> durable;
    services_.events.append(services_.events.prepare(batch, records, keys),
                            [&durable](bool ok) { durable.set_value(ok); });
    return durable.get_future().get(); // when not, the cursor has it looked up before the next try
}

/// After a restart in the middle of an append: it is there whole or not at all. Nothing: it cannot be read now.
std::optional<bool> LookBack::was_appended(const Job& job) {
    const std::string mark = job.mark();
    bool found = false;
    for (std::uint64_t after = job.cursor.appending - 1; !found;) {
        const auto read = services_.detections.read(after, kReadAtOnce, [&](event::DetectionRecord&& record) {
            for (const auto& [name, value] : record.captured) {
                found = found || (name == kMarkField && value == mark);
            }
        });
        if (!read) { return std::nullopt; }
        if (*read == after) { break; }
        after = *read;
    }
    return found;
}

bool LookBack::save(const Job& job) {
    const event::StateStore::Change change{job_key(job.generation), encode(job.cursor)};
    const auto written = services_.state.write({&change, 1});
    if (!written) { services_.log.error("look-back: the cursor: {}", written.error().message()); }
    return written.has_value();
}

bool LookBack::finish(const Job& job) {
    const event::StateStore::Change change{job_key(job.generation), std::nullopt};
    if (!services_.state.write({&change, 1})) { return false; }
    std::error_code ignored; // a file that stays is only space
    std::filesystem::remove(file_of("job", job.generation), ignored);
    return true;
}

} // namespace canhgac::engine
