#include "api/result_rows.hpp"

#include <fmt/format.h>

#include "api/json_text.hpp"
#include "storage/query/value.hpp"

namespace canhgac::api {

ResultRows::ResultRows(const storage::QueryProgram& program) : program_(&program) {
    hidden_.assign(program.removed.begin(), program.removed.end());
    for (const storage::PlannedColumn& column : program.columns) {
        hidden_.push_back(column.name);
    }
}

void ResultRows::append_columns(std::string& out) const {
    out += "{\"columns\":[";
    for (const storage::PlannedColumn& column : program_->columns) {
        out += &column == &program_->columns.front() ? "{\"name\":" : ",{\"name\":";
        append_json_string(out, column.name);
        out += fmt::format(",\"type\":\"{}\"}}", storage::to_string(column.type));
    }
    out += "]}";
}

void ResultRows::append_row(std::string& out, std::span<const storage::QueryValue> values,
                            const event::StoredEvent* event) const {
    if (event == nullptr || !program_->events) {
        out += "{\"row\":";
        storage::append_value_json(out, storage::QueryValue::list(values));
        out += '}';
        return;
    }
    append_event(out, *event, hidden_);
    out.pop_back();
    for (std::size_t i = 0; i < values.size(); ++i) {
        out += ',';
        append_json_string(out, program_->columns[i].name);
        out += ':';
        storage::append_value_json(out, values[i]);
    }
    out += '}';
}

} // namespace canhgac::api
