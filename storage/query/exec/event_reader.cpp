#include "storage/query/exec/event_reader.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace canhgac::storage {

QueryValue value_of(const event::Field& field) noexcept {
    const std::string_view text = field.text();
    switch (field.type()) {
    case event::ValueType::null:
        return {};
    case event::ValueType::boolean:
        return QueryValue::boolean(text == "true");
    case event::ValueType::integer:
    case event::ValueType::real: {
        std::int64_t integer = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
        if (error == std::errc{} && end == text.data() + text.size()) { return QueryValue::integer(integer); }
        if (field.type() == event::ValueType::integer) { break; } // beyond 64 bits: its digits are kept
        if (const auto number = numeric(QueryValue::string(text))) { return *number; }
        break;
    }
    case event::ValueType::string:
        break;
    }
    return QueryValue::string(text);
}

std::span<QueryValue> EventReader::read(const event::StoredEvent& event, event::Arena& scratch) {
    for (const PlannedColumn& field : *fields_) {
        slots_[field.slot] = value(event, field.name, scratch);
    }
    return slots_;
}

QueryValue EventReader::value(const event::StoredEvent& event, std::string_view name, event::Arena& scratch) {
    if (name == "@timestamp") { return QueryValue::datetime(event.time); }
    if (name == "event.ingested") { return QueryValue::datetime(event.received); }
    if (name == "event.original") { return QueryValue::string(event.raw); }
    if (name == "event.id") {
        return QueryValue::string(scratch.copy(fmt::format("{}.{}", event.id.seq, event.id.index)));
    }
    items_.clear();
    for (const auto& [key, field] : event.fields) {
        if (key == name && !field.is_null()) { items_.push_back(value_of(field)); }
    }
    if (items_.size() < 2) { return items_.empty() ? QueryValue{} : items_.front(); }
    const auto items = allocate_values(scratch, items_.size());
    std::copy(items_.begin(), items_.end(), items.begin());
    return QueryValue::list(items);
}

} // namespace canhgac::storage
