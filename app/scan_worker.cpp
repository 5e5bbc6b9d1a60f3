#include "app/scan_worker.hpp"

#include "common/clock.hpp"
#include "engine/detection_record.hpp"
#include "event/value.hpp"

namespace canhgac::app {

namespace {

collector::DecoderOptions decoder_options() {
    collector::DecoderOptions options;
    options.trust_logsource = true;
    return options;
}

/// RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size.
std::optional<common::Nanos> read_time(std::string_view text) {
    if (const auto stamp = common::parse_rfc3339(text)) { return stamp; }
    const auto number = event::parse_number(text);
    if (!number || *number <= 0) { return std::nullopt; }
    double nanos = *number * 1e9;
    for (const double limit : {1e11, 1e14, 1e17}) {
        if (*number >= limit) { nanos /= 1e3; }
    }
    if (nanos > 9.2e18) { return std::nullopt; }
    return static_cast<common::Nanos>(nanos);
}

} // namespace

ScanWorker::ScanWorker(std::shared_ptr<const engine::RuleSet> rules, event::FieldTable& fields,
                       const collector::PeerTable& peers, const ScanWorkerOptions& options)
    : fields_(fields), decoder_(fields, peers, nullptr, decoder_options()), matcher_(std::move(rules)),
      options_(options) {
    if (!options.time_field.empty()) { time_field_ = fields.intern(options.time_field); }
}

ScanResult ScanWorker::run(const ScanJob& job) {
    events_.reset();
    keys_.clear();
    detections_.clear();
    decoder_.decode(job.records, events_, keys_);
    if (time_field_) { take_times(); }
    matcher_.match(events_, detections_);

    ScanResult result;
    count_events(result);
    for (const event::Detection& detection : detections_) {
        if (options_.keep_detections) {
            auto record = engine::make_detection_record(events_, detection, fields_);
            record.event.index += static_cast<std::uint32_t>(job.first_event);
            result.detections.push_back(std::move(record));
        }
        if (!detection.rule->generates) { continue; }
        take_match(job, detection, result);
        ++result.matches;
    }
    return result;
}

void ScanWorker::count_events(ScanResult& result) const {
    result.events = events_.size();
    for (const event::Event& event : events_.events()) {
        result.parse_errors += (event.flags & event::flag::kUnparsed) != 0 ? 1U : 0U;
        if ((event.flags & event::flag::kTimeGuessed) != 0) { continue; }
        if (!result.first_time || event.time < *result.first_time) { result.first_time = event.time; }
        if (!result.last_time || event.time > *result.last_time) { result.last_time = event.time; }
    }
}

void ScanWorker::take_times() {
    for (event::Event& event : events_.events()) {
        const event::Field* field = events_.find(event, *time_field_);
        const auto time = field == nullptr ? std::nullopt : read_time(field->text());
        if (!time) { continue; }
        event.time = *time;
        event.flags = static_cast<std::uint16_t>(event.flags & ~event::flag::kTimeGuessed);
    }
}

void ScanWorker::take_match(const ScanJob& job, const event::Detection& detection, ScanResult& result) const {
    const event::Event& event = events_.events()[detection.event_index];
    const event::Field* const host = events_.find(event, event::field::kHostName);
    const bool timed = (event.flags & event::flag::kTimeGuessed) == 0;
    ScanMatch match;
    match.event = job.first_event + detection.event_index;
    match.file = job.file;
    match.detection = &detection;
    if (timed) { match.time = event.time; }
    if (host != nullptr) { match.host = host->text(); }
    append_match(options_.output, match, result.output);
    if (options_.keep_hits) {
        result.hits.push_back({detection.rule, std::string(match.host), match.time, match.event});
    }
}

} // namespace canhgac::app
