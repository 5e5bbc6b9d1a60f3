#include "storage/query/exec/query_run.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace canhgac::storage {

/// The end of the steps: picks the result's columns.
class QueryRun::Output final : public Stage {
public:
    Output(const QueryProgram& program, QueryResultSink& sink, std::uint64_t limit)
        : columns_(&program.columns), sink_(&sink), limit_(limit), values_(program.columns.size()) {}
    bool push(const QueryRow& row) override {
        if (rows == limit_) {
            cut = true;
            return false;
        }
        for (std::size_t i = 0; i < values_.size(); ++i) {
            values_[i] = row.slots[(*columns_)[i].slot];
        }
        ++rows;
        return sink_->row(values_, row.event);
    }
    void finish() override {}

    std::uint64_t rows = 0;
    bool cut = false;

private:
    const std::vector<PlannedColumn>* columns_;
    QueryResultSink* sink_;
    std::uint64_t limit_;
    std::vector<QueryValue> values_;
};

namespace {

std::unique_ptr<Stage> make_stage(const StageInputs& inputs) {
    switch (inputs.plan.kind) {
    case Pipe::Kind::where:
        return make_filter_stage(inputs);
    case Pipe::Kind::project:
    case Pipe::Kind::extend:
        return inputs.plan.neighbours.empty() ? make_assign_stage(inputs) : make_window_stage(inputs);
    case Pipe::Kind::take:
        return make_take_stage(inputs);
    case Pipe::Kind::distinct:
        return make_distinct_stage(inputs);
    case Pipe::Kind::summarize:
    case Pipe::Kind::count:
        return make_group_stage(inputs);
    case Pipe::Kind::sort:
        return make_sort_stage(inputs);
    case Pipe::Kind::top:
        return make_top_stage(inputs);
    case Pipe::Kind::facets:
        return make_facet_stage(inputs);
    case Pipe::Kind::project_away: // done by the plan
    case Pipe::Kind::rare:         // spelled out by the plan
        break;
    }
    return nullptr;
}

} // namespace

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

QueryRun::QueryRun(const QueryProgram& program, QueryResultSink& sink, const QueryRunOptions& options)
    : program_(&program), context_(options.memory_bytes, options.now, options.cancelled),
      output_(std::make_unique<Output>(program, sink, options.limit)), slots_(program.widths.front()) {
    first_ = output_.get();
    for (auto step = program.steps.rbegin(); step != program.steps.rend(); ++step) {
        const std::size_t gives = step->frame + (step->new_frame ? 1 : 0);
        auto stage = make_stage({*step, context_, *first_, program.widths[gives]});
        if (stage == nullptr) { continue; }
        first_ = stage.get();
        stages_.push_back(std::move(stage));
    }
}

QueryRun::~QueryRun() = default;

bool QueryRun::feed(const event::StoredEvent& event) {
    if (context_.failure) { return false; }
    ++events_;
    reached_ = event.time;
    context_.scratch.reset();
    read_fields(event);
    return first_->push({slots_, &event}) && !context_.failure;
}

void QueryRun::read_fields(const event::StoredEvent& event) {
    for (const PlannedColumn& field : program_->fields) {
        slots_[field.slot] = field_value(event, field.name);
    }
}

QueryValue QueryRun::field_value(const event::StoredEvent& event, std::string_view name) {
    if (name == "@timestamp") { return QueryValue::datetime(event.time); }
    if (name == "event.ingested") { return QueryValue::datetime(event.received); }
    if (name == "event.original") { return QueryValue::string(event.raw); }
    if (name == "event.id") {
        return QueryValue::string(context_.scratch.copy(fmt::format("{}.{}", event.id.seq, event.id.index)));
    }
    items_.clear();
    for (const auto& [key, field] : event.fields) {
        if (key == name && !field.is_null()) { items_.push_back(value_of(field)); }
    }
    if (items_.size() < 2) { return items_.empty() ? QueryValue{} : items_.front(); }
    const auto items = allocate_values(context_.scratch, items_.size());
    std::copy(items_.begin(), items_.end(), items.begin());
    return QueryValue::list(items);
}

common::Result<void, QueryRunErrc> QueryRun::finish() {
    if (!context_.failure && context_.goes_on()) { first_->finish(); }
    if (context_.failure) { return common::fail(*context_.failure); }
    return {};
}

QueryRunProgress QueryRun::progress() const noexcept {
    return {events_, output_->rows, context_.memory.used(), context_.memory.peak(), reached_, output_->cut};
}

} // namespace canhgac::storage
