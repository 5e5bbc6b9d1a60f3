#include "app/scan_worker.hpp"

#include <boost/json.hpp>

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

boost::json::object matched_object(const event::Detection& detection) {
    boost::json::object matched;
    for (const auto& [field, value] : detection.matched) {
        auto [place, fresh] = matched.emplace(field, value);
        if (fresh) { continue; }
        if (!place->value().is_array()) { place->value() = boost::json::array{place->value()}; }
        place->value().as_array().emplace_back(value);
    }
    return matched;
}

} // namespace

std::string scan_time(const event::Event& event) {
    return (event.flags & event::flag::kTimeGuessed) != 0 ? std::string() : common::format_rfc3339(event.time);
}

ScanWorker::ScanWorker(std::shared_ptr<const engine::RuleSet> rules, event::FieldTable& fields,
                       const collector::PeerTable& peers, const std::string& time_field, bool keep_detections)
    : fields_(fields), decoder_(fields, peers, nullptr, decoder_options()), matcher_(std::move(rules)),
      keep_detections_(keep_detections) {
    if (!time_field.empty()) { time_field_ = fields.intern(time_field); }
}

ScanResult ScanWorker::run(const ScanJob& job) {
    events_.reset();
    keys_.clear();
    detections_.clear();
    decoder_.decode(job.records, events_, keys_);
    if (time_field_) { take_times(); }
    matcher_.match(events_, detections_);

    ScanResult result;
    result.events = events_.size();
    for (const event::Event& event : events_.events()) {
        result.parse_errors += (event.flags & event::flag::kUnparsed) != 0 ? 1U : 0U;
    }
    for (const event::Detection& detection : detections_) {
        if (keep_detections_) {
            auto record = engine::make_detection_record(events_, detection, fields_);
            record.event.index += static_cast<std::uint32_t>(job.first_event);
            result.detections.push_back(std::move(record));
        }
        if (!detection.rule->generates) { continue; }
        append_match(job, detection, result.output);
        ++result.matches;
    }
    return result;
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

void ScanWorker::append_match(const ScanJob& job, const event::Detection& detection, std::string& output) const {
    const event::Event& event = events_.events()[detection.event_index];
    const std::string time = scan_time(event);
    const boost::json::object line{{"event", job.first_event + detection.event_index},
                                   {"file", job.file},
                                   {"rule", detection.rule->id},
                                   {"title", detection.rule->title},
                                   {"level", event::to_string(detection.rule->level)},
                                   {"time", time.empty() ? boost::json::value(nullptr) : boost::json::value(time)},
                                   {"matched", matched_object(detection)}};
    output += boost::json::serialize(line);
    output += '\n';
}

} // namespace canhgac::app
