#include "engine/detection_record.hpp"

#include <array>
#include <charconv>

#include "text/utf8.hpp"

namespace canhgac::engine {
namespace {

std::string value_text(std::string_view value, std::size_t max_bytes = kMaxMatchedValueBytes) {
    const std::string_view cut = text::cut_utf8(value, max_bytes);
    return text::is_valid_utf8(cut) ? std::string(cut) : std::string(text::cut_utf8(text::repair_utf8(cut), max_bytes));
}

/// The first value of a field that is there and not empty.
const event::Field* find_value(std::span<const event::Field> all, event::FieldId name) noexcept {
    for (const event::Field& field : all) {
        if (field.name() == name && !field.text().empty()) { return &field; }
    }
    return nullptr;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool add_if_present(std::span<const event::Field> all, event::FieldId name, const event::FieldTable& fields,
                    Pairs& to) {
    const event::Field* field = find_value(all, name);
    if (field == nullptr) { return false; }
    const std::string_view label = fields.name(name);
    for (const auto& [have, value] : to) {
        if (have == label) { return true; }
    }
    to.emplace_back(label, value_text(field->text()));
    return true;
}

void set_entity(std::span<const event::Field> all, const event::RuleInfo& rule, const event::FieldTable& fields,
                Pairs& entity) {
    for (const event::FieldId name : rule.entity) {
        add_if_present(all, name, fields, entity);
    }
    if (!entity.empty()) { return; }
    namespace field = event::field;
    if (find_value(all, field::kSourceIp) != nullptr && find_value(all, field::kUserName) != nullptr) {
        add_if_present(all, field::kSourceIp, fields, entity);
        add_if_present(all, field::kUserName, fields, entity);
        return;
    }
    for (const event::FieldId name : {field::kUserName, field::kSourceIp, field::kHostName}) {
        if (add_if_present(all, name, fields, entity)) { return; }
    }
}

std::string first_text(std::span<const event::Field> all, event::FieldId name) {
    const event::Field* field = find_value(all, name);
    return field == nullptr ? std::string() : value_text(field->text());
}

} // namespace

event::DetectionRecord make_detection_record(const event::EventBatch& batch, const event::Detection& detection,
                                             const event::FieldTable& fields) {
    const event::Event& event = batch.events()[detection.event_index];
    const auto all = batch.fields(event);
    const event::RuleInfo& rule = *detection.rule;
    event::DetectionRecord record;
    record.event = {0, detection.event_index};
    record.time = event.time;
    record.received = event.received;
    record.from = event.time;
    record.to = event.time;
    record.rule_id = rule.id;
    record.title = rule.title;
    record.level = rule.level;
    record.generates = rule.generates;
    record.tags = rule.tags;
    record.matched.reserve(detection.matched.size());
    for (const auto& [name, value] : detection.matched) {
        record.matched.emplace_back(name, value_text(value));
    }
    for (const event::FieldId name : rule.capture) {
        add_if_present(all, name, fields, record.captured);
    }
    for (const event::FieldId name : rule.entity) {
        add_if_present(all, name, fields, record.captured);
    }
    set_entity(all, rule, fields, record.entity);
    record.organization = first_text(all, event::field::kOrganizationName);
    record.service = first_text(all, event::field::kServiceName);
    if (const event::Field* level = find_value(all, event::field::kAssetLevel)) {
        const std::string_view text = level->text();
        unsigned value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        record.asset_level = static_cast<std::uint8_t>(value <= 5 ? value : 0);
    }
    record.host = first_text(all, event::field::kHostName);
    record.log_source = first_text(all, event::field::kLogSource);
    const event::Field* message = find_value(all, event::field::kMessage);
    record.message = value_text(message != nullptr ? message->text() : event.raw, kMaxMessageBytes);
    return record;
}

void make_detection_records(const event::EventBatch& batch, std::span<const event::Detection> detections,
                            const event::FieldTable& fields, std::vector<event::DetectionRecord>& out) {
    out.reserve(out.size() + detections.size());
    for (const event::Detection& detection : detections) {
        out.push_back(make_detection_record(batch, detection, fields));
    }
}

} // namespace canhgac::engine
