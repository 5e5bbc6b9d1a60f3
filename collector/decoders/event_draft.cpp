#include "collector/decoders/event_draft.hpp"

#include <cstring>

#include "collector/decoders/time_stamps.hpp"

namespace canhgac::collector {

namespace field = event::field;

event::Event& EventDraft::begin(event::EventBatch& batch, common::Nanos received, int zone_offset_seconds,
                                bool trust_logsource) {
    batch_ = &batch;
    event_ = &batch.begin();
    received_ = received;
    zone_ = zone_offset_seconds;
    trust_logsource_ = trust_logsource;
    flags_ = 0;
    format_ = event::Format::unparsed;
    time_rank_ = TimeRank::none;
    time_ = received;
    count_ = 0;
    present_ = 0;
    proposed_ = 0;
    noted_mask_ = 0;
    return *event_;
}

void EventDraft::clear() noexcept {
    batch_->clear_open_fields();
    time_rank_ = TimeRank::none;
    time_ = received_;
    count_ = 0;
    present_ = 0;
    proposed_ = 0;
    noted_mask_ = 0;
    flags_ = static_cast<std::uint16_t>(flags_ & ~event::flag::kTrustedSource);
}

void EventDraft::finish() {
    std::uint64_t missing = proposed_ & ~present_;
    while (missing != 0) {
        const auto bit = static_cast<std::uint32_t>(__builtin_ctzll(missing));
        missing &= missing - 1;
        batch_->add(event::FieldId{bit}, proposed_text_[bit]);
    }
    event_->time = time_;
    event_->received = received_;
    event_->flags = flags_;
    event_->format = format_;
    batch_->finish();
}

void EventDraft::add(event::FieldId id, std::string_view text, event::ValueType type) {
    if (event::is_envelope(id)) {
        present_ |= std::uint64_t{1} << index(id);
        present_text_[index(id)] = text;
    }
    batch_->add(id, text, type);
}

void EventDraft::propose(event::FieldId id, std::string_view text) noexcept {
    if (text.empty() || text == "-" || text == "?" || text == "(null)" || (proposed_ >> index(id) & 1U) != 0) { return; }
    proposed_ |= std::uint64_t{1} << index(id);
    proposed_text_[index(id)] = text;
}

std::string_view EventDraft::envelope(event::FieldId id) const noexcept {
    if (has(id)) { return present_text_[index(id)]; }
    return (proposed_ >> index(id) & 1U) != 0 ? proposed_text_[index(id)] : std::string_view{};
}

void EventDraft::rename(std::uint32_t at, event::FieldId id) noexcept {
    event::Field& field = batch_->open_fields()[at];
    field = event::Field(id, field.text(), field.type());
}

void EventDraft::set_unparsed(std::string_view text, std::string_view reason) {
    clear();
    format_ = event::Format::unparsed;
    set_flag(event::flag::kUnparsed);
    add(field::kMessage, text);
    add(field::kParseError, reason);
}

event::FieldId EventDraft::trusted_logsource(const NameEdge& edge) noexcept {
    if (!trust_logsource_) { return edge.id; }
    event::FieldId id = edge.id;
    if (edge.name == "sender.logsource.product") {
        id = field::kLogsourceProduct;
    } else if (edge.name == "sender.logsource.category") {
        id = field::kLogsourceCategory;
    } else if (edge.name == "sender.logsource.service") {
        id = field::kLogsourceService;
    }
    if (id != edge.id) { set_flag(event::flag::kTrustedSource); }
    return id;
}

bool EventDraft::take_stamp(const NameEdge& edge, std::string_view text) noexcept {
    TimeRank rank = TimeRank::none;
    switch (edge.role) {
    case Role::time_created: rank = TimeRank::own; break;
    case Role::timestamp: rank = TimeRank::sender; break;
    case Role::event_time: rank = TimeRank::local; break;
    case Role::other_time: rank = TimeRank::other; break;
    default: return false;
    }
    if (rank <= time_rank_ && edge.role != Role::timestamp) { return true; }
    const auto time = parse_any_stamp(text, zone_);
    if (time) { set_time(*time, rank); }
    return time.has_value();
}

void EventDraft::add_special(const NameEdge& edge, std::string_view text, event::ValueType type) {
    if (edge.role == Role::dropped || ++count_ > kMaxFields) { return; }
    if (edge.overflow) {
        const std::size_t size = edge.name.size() + 1 + text.size();
        char* const pair = arena().allocate(size);
        std::memcpy(pair, edge.name.data(), edge.name.size());
        pair[edge.name.size()] = '=';
        if (!text.empty()) { std::memcpy(pair + edge.name.size() + 1, text.data(), text.size()); }
        batch_->add(field::kOverflow, {pair, size});
        return;
    }
    event::FieldId id = edge.id;
    if (edge.role != Role::none) {
        const bool stamp = take_stamp(edge, text);
        if (id == field::kTimestamp) { // our time is Event.time; what is no time is kept under another name
            if (!stamp) { batch_->add(names_->intern("sender.@timestamp"), text, type); }
            return;
        }
        if (edge.role == Role::logsource) { id = trusted_logsource(edge); }
        if (noted(edge.role) == nullptr || noted(edge.role)->text.empty()) {
            note(edge.role, {text, field_count(), type});
        }
    }
    add(id, text, type);
    if (edge.alias != field::kTimestamp) { propose(edge.alias, text); }
}

} // namespace canhgac::collector
