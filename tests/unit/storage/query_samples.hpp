/// Events for tests of the query language, fed without a store, and results kept as values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "storage/query/exec/query_run.hpp"
#include "storage/query/parser.hpp"

namespace canhgac::storage {

struct SampleField {
    std::string name;
    std::string text;
    event::ValueType type = event::ValueType::string;
};
struct SampleEvent {
    common::Nanos time = 0;
    std::vector<SampleField> fields;
    std::string raw = "line";
};

/// Calls `take` with the event as a store gives it.
template <typename Take>
auto with_event(const SampleEvent& sample, std::uint32_t index, const Take& take) {
    std::vector<std::pair<std::string_view, event::Field>> fields;
    fields.reserve(sample.fields.size());
    for (const SampleField& field : sample.fields) {
        fields.emplace_back(field.name, event::Field(event::FieldId{}, field.text, field.type));
    }
    event::StoredEvent event;
    event.id = {1, index};
    event.time = sample.time;
    event.received = sample.time + common::kSecond;
    event.raw = sample.raw;
    event.fields = fields;
    return take(event);
}

/// Keeps every row.
class KeepingSink final : public QueryResultSink {
public:
    bool row(std::span<const QueryValue> values, const event::StoredEvent* event) override {
        rows.emplace_back(values, event);
        return true;
    }
    std::vector<KeptRow> rows;
};

/// A row as text: "a|1|[\"x\"]".
inline std::string row_text(const KeptRow& row) {
    std::string text;
    for (const QueryValue& value : row.values()) {
        if (&value != row.values().data()) { text += '|'; }
        append_value_text(text, value);
    }
    return text;
}

} // namespace canhgac::storage
