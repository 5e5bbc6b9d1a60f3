#include "storage/query/exec/query_run.hpp"

#include <utility>

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
    case Pipe::Kind::sequence:
        return make_sequence_stage(inputs);
    case Pipe::Kind::around:
        return make_around_stage(inputs);
    case Pipe::Kind::process_tree:
        return make_tree_stage(inputs);
    case Pipe::Kind::expand:
        return make_expand_stage(inputs);
    case Pipe::Kind::parse:
        return make_parse_stage(inputs);
    case Pipe::Kind::join:
        return make_join_stage(inputs);
    case Pipe::Kind::lookup:
        return make_lookup_stage(inputs);
    case Pipe::Kind::project_away: // done by the plan
    case Pipe::Kind::rare:         // spelled out by the plan
    case Pipe::Kind::tail:         // rows go through
        break;
    }
    return nullptr;
}

} // namespace

QueryRun::QueryRun(const QueryProgram& program, QueryResultSink& sink, const QueryRunOptions& options)
    : context_(options), reader_(program.fields.front(), program.widths.front()),
      output_(std::make_unique<Output>(program, sink, options.limit)) {
    if (options.query != nullptr && names_rule(options.query->filter)) {
        head_.emplace(options.query->filter, context_.rules(), options.sources.senders);
    }
    first_ = output_.get();
    for (auto step = program.steps.rbegin(); step != program.steps.rend(); ++step) {
        const std::size_t gives = step->frame + (step->new_frame ? 1 : 0);
        auto stage = make_stage({*step, context_, *first_, program.widths[gives], &program.fields[gives]});
        if (stage == nullptr) { continue; }
        first_ = stage.get();
        stages_.push_back(std::move(stage));
    }
}

QueryRun::~QueryRun() = default;

bool QueryRun::start() {
    if (std::exchange(started_, true)) { return !context_.failure; }
    for (const auto& stage : stages_) {
        if (!stage->start()) { return false; }
    }
    return true;
}

bool QueryRun::feed(const event::StoredEvent& event) {
    if (context_.failure || !start()) { return false; }
    ++events_;
    reached_ = event.time;
    if (head_ && !head_->matches(event)) { return context_.goes_on(); }
    context_.scratch.reset();
    return first_->push({reader_.read(event, context_.scratch), &event}) && !context_.failure;
}

common::Result<void, QueryRunErrc> QueryRun::finish() {
    if (start() && context_.goes_on()) { first_->finish(); }
    if (context_.failure) { return common::fail(*context_.failure); }
    return {};
}

std::error_code QueryRun::store_error() const noexcept {
    return context_.store_error;
}

const event::QueryStats& QueryRun::read_besides() const noexcept {
    return context_.read;
}

QueryRunProgress QueryRun::progress() const noexcept {
    return {events_, output_->rows, context_.memory.used(), context_.memory.peak(), reached_, output_->cut};
}

} // namespace canhgac::storage
