/// Whole queries over a store: text in, rows as text out.
#pragma once

#include <string>
#include <vector>

#include "storage/query/prepare.hpp"
#include "storage/query/push_down.hpp"
#include "tests/unit/storage/query_samples.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {

class QueryStoreTest : public StoreTest {
protected:
    void SetUp() override {
        open();
        sources_.events = &store_->events();
        sources_.senders = &store_->sources();
    }

    /// Events in a batch of their own; sealed into columns if asked for.
    void store(const std::vector<SampleEvent>& events, bool sealed = false) {
        event::EventBatch batch;
        for (const SampleEvent& sample : events) {
            event::Event& event = batch.begin();
            event.time = sample.time;
            event.received = sample.time + common::kSecond;
            event.raw = batch.arena().copy(sample.raw);
            event.source = event::SourceId{1};
            event.format = event::Format::json;
            for (const SampleField& field : sample.fields) {
                batch.add(names_->intern(field.name), batch.arena().copy(field.text), field.type);
            }
            batch.finish();
        }
        ASSERT_TRUE(append(batch));
        if (sealed) { ASSERT_TRUE(store_->seal()); }
    }

    /// Rows, a line each, "a|b|c"; of events their raw lines; or what went wrong.
    std::string ask(std::string_view text, bool pushed = true) {
        auto prepared = prepare_query(text, sources_);
        if (!prepared) { return describe(prepared.error()); }
        KeepingSink sink;
        QueryRunOptions options;
        options.now = now_;
        options.memory_bytes = memory_;
        options.cancelled = cancelled_;
        options.query = &prepared->query;
        options.rules = &prepared->rules;
        options.sources = sources_;
        options.any_order = pushed && takes_any_order(prepared->program);
        QueryRun run(prepared->program, sink, options);
        run.start();
        event::QueryPlan plan = plan_for_store(prepared->query, now_, options.from, options.to, UINT64_MAX);
        plan.fields = fields_for_store(prepared->query, prepared->program);
        plan.any_order = options.any_order;
        if (!pushed) { plan = plan_of(prepared->query, now_, options.from, options.to, UINT64_MAX); }
        const auto stats =
            store_->events().query(plan, [&](const event::StoredEvent& event) { return run.feed(event); });
        if (!stats) { return "store: " + stats.error().message(); }
        stats_ = *stats;
        const auto end = run.finish();
        if (!end) { return std::string(to_string(end.error())); }
        besides_ = run.read_besides();
        std::string result;
        for (const KeptRow& row : sink.rows) {
            const std::string line =
                row.event() != nullptr && prepared->program.events
                    ? std::string(row.event()->raw) + (row.values().empty() ? "" : "|" + row_text(row))
                    : row_text(row);
            result += (result.empty() ? "" : "\n") + line;
        }
        return result;
    }

    common::Nanos now_ = samples::kStart + common::kDay;
    std::size_t memory_ = kDefaultQueryMemory;
    const std::atomic<bool>* cancelled_ = nullptr;
    QuerySources sources_;
    event::QueryStats stats_;   ///< of the last ask()
    event::QueryStats besides_; ///< what its steps read
};

} // namespace canhgac::storage
