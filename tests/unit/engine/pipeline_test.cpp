#include "engine/pipeline.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "event/field_table.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"

namespace canhgac::engine {
namespace {

using namespace std::chrono_literals;

/// One event a record, its message the record's text.
class LineDecoder final : public event::BatchDecoder {
public:
    void decode(const event::RecordBatch& in, event::EventBatch& out, std::vector<std::uint64_t>& keys) override {
        for (const event::Record& record : in.records) {
            event::Event& made = out.begin();
            made.raw = in.text(record);
            made.format = event::Format::syslog;
            out.add(event::field::kMessage, in.text(record));
            out.finish();
            keys.push_back(0);
        }
    }
};

/// Keeps raw lines and rule ids; can be told to hold commits or to refuse them.
class KeepingStore final : public event::EventStore {
public:
    struct Prepared final : event::PreparedBatch {
        std::vector<std::string> lines;
        std::vector<std::string> rules;
    };
    std::unique_ptr<event::PreparedBatch> prepare(const event::EventBatch& batch,
                                                  std::span<const event::DetectionRecord> detections,
                                                  std::span<const std::uint64_t> keys) override {
        EXPECT_EQ(keys.size(), batch.size());
        auto prepared = std::make_unique<Prepared>();
        for (const event::Event& e : batch.events()) {
            prepared->lines.emplace_back(e.raw);
        }
        for (const auto& d : detections) {
            prepared->rules.push_back(d.rule_id);
        }
        return prepared;
    }
    void append(std::unique_ptr<event::PreparedBatch> batch, std::function<void(bool)> done) override {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !holding_; });
        auto& prepared = dynamic_cast<Prepared&>(*batch);
        if (!refusing_) {
            for (auto& line : prepared.lines) {
                lines.push_back(std::move(line));
            }
            for (auto& rule : prepared.rules) {
                rules.push_back(std::move(rule));
            }
            ++appends;
        }
        const bool durable = !refusing_;
        lock.unlock();
        done(durable);
    }
    void hold(bool on) {
        const std::lock_guard lock(mutex_);
        holding_ = on;
        changed_.notify_all();
    }
    void refuse() {
        const std::lock_guard lock(mutex_);
        refusing_ = true;
    }
    common::Result<event::QueryStats, std::error_code> query(const event::QueryPlan&, const event::RowVisitor&,
                                                             const std::atomic<bool>*) override {
        return event::QueryStats{};
    }
    common::Result<event::QueryStats, std::error_code> scan(common::Nanos, common::Nanos,
                                                            const event::RowVisitor&) override {
        return event::QueryStats{};
    }
    common::Result<void, std::error_code> drop(std::int32_t, const event::DropOrder&) override { return {}; }
    common::Result<std::uint64_t, std::error_code> tail(std::uint64_t position, const event::Filter&, std::uint64_t,
                                                        const event::RowVisitor&) override {
        return position;
    }
    std::uint64_t committed() const noexcept override { return 0; }

    std::vector<std::string> lines;
    std::vector<std::string> rules;
    int appends = 0;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool holding_ = false;
    bool refusing_ = false;
};

std::shared_ptr<const RuleSet> compile_text(std::string_view text, event::FieldTable& fields) {
    auto read = rules::read_text("test.yml", text);
    EXPECT_TRUE(read.rejected.empty());
    return compile({std::move(read.rules), {}, rules::load_embedded_logsources()}, fields).rules;
}

std::string rule(const std::string& id, const std::string& word) {
    return "title: T\nid: " + id + "\nlogsource: {product: linux}\ndetection:\n  k: ['" + word + "']\n  condition: k\n";
}

std::unique_ptr<event::RecordBatch> batch(const std::vector<std::string>& lines, std::function<void(bool)> done = {}) {
    auto made = std::make_unique<event::RecordBatch>();
    made->protocol = event::Protocol::syslog_tcp;
    for (const std::string& line : lines) {
        event::Record record;
        record.offset = static_cast<std::uint32_t>(made->bytes.size());
        record.size = static_cast<std::uint32_t>(line.size());
        made->bytes += line;
        made->records.push_back(record);
    }
    made->done = std::move(done);
    return made;
}

class PipelineTest : public testing::Test {
protected:
    std::unique_ptr<Pipeline> make(PipelineOptions options, std::string_view rules) {
        return std::make_unique<Pipeline>(
            options, [] { return std::make_unique<LineDecoder>(); }, compile_text(rules, fields_), fields_, store_,
            metrics_);
    }
    event::FieldTable fields_;
    KeepingStore store_;
    common::MetricsRegistry metrics_;
};

constexpr const char* kId1 = "11111111-1111-4111-8111-111111111111";
constexpr const char* kId2 = "22222222-2222-4222-8222-222222222222";

TEST_F(PipelineTest, EveryRecordIsDecodedMatchedAndAnsweredOnce) {
    auto pipeline = make({.shards = 3}, rule(kId1, "whoami"));
    std::atomic<int> answers{0};
    std::vector<std::thread> senders;
    for (int s = 0; s < 3; ++s) {
        senders.emplace_back([&, s] {
            for (int i = 0; i < 200; ++i) {
                auto b = batch({"line " + std::to_string(s * 1000 + i), i % 10 == 0 ? "run whoami" : "quiet"},
                               [&](bool durable) { answers += durable ? 1 : 0; });
                while (!pipeline->try_submit(b)) {
                    std::this_thread::yield();
                }
            }
        });
    }
    for (auto& sender : senders) {
        sender.join();
    }
    pipeline->stop();
    EXPECT_EQ(answers, 600);
    EXPECT_EQ(store_.lines.size(), 1200U);
    EXPECT_EQ(store_.rules, std::vector<std::string>(60, kId1));
    EXPECT_EQ(pipeline->times().events, 1200U);
    EXPECT_EQ(pipeline->times().detections, 60U);
}

TEST_F(PipelineTest, AFullQueueRefusesAndLosesNothing) {
    store_.hold(true);
    auto pipeline = make({.shards = 1, .queue_bytes = 4096}, rule(kId1, "x"));
    int taken = 0;
    std::unique_ptr<event::RecordBatch> refused;
    for (int i = 0; i < 1000; ++i) {
        auto b = batch({std::string(500, 'a')});
        if (!pipeline->try_submit(b)) {
            refused = std::move(b);
            break;
        }
        ++taken;
    }
    ASSERT_NE(refused, nullptr) << "the queue must be bounded";
    EXPECT_EQ(refused->records.size(), 1U) << "a refused batch stays with its owner";
    store_.hold(false);
    while (!pipeline->try_submit(refused)) {
        std::this_thread::sleep_for(1ms);
    }
    pipeline->stop();
    EXPECT_EQ(store_.lines.size(), static_cast<std::size_t>(taken) + 1);
}

TEST_F(PipelineTest, WaitingBatchesAreJoined) {
    store_.hold(true);
    auto pipeline = make({.shards = 1}, rule(kId1, "x"));
    for (int i = 0; i < 100; ++i) {
        auto b = batch({"l" + std::to_string(i)});
        ASSERT_TRUE(pipeline->try_submit(b));
    }
    store_.hold(false);
    pipeline->stop();
    EXPECT_EQ(store_.lines.size(), 100U);
    EXPECT_LT(store_.appends, 100);
}

TEST_F(PipelineTest, ARefusedCommitIsSaid) {
    store_.refuse();
    auto pipeline = make({.shards = 1}, rule(kId1, "x"));
    std::atomic<int> refused{0};
    auto b = batch({"a"}, [&](bool durable) { refused += durable ? 0 : 1; });
    ASSERT_TRUE(pipeline->try_submit(b));
    pipeline->stop();
    EXPECT_EQ(refused, 1);
    EXPECT_TRUE(store_.lines.empty());
}

TEST_F(PipelineTest, NewRulesCountFromTheNextBatchOnWithoutAGap) {
    auto pipeline = make({.shards = 2}, rule(kId1, "mark"));
    std::atomic<bool> stop{false};
    std::thread reloader([&] {
        bool second = false;
        while (!stop) {
            second = !second;
            pipeline->use(compile_text(rule(second ? kId2 : kId1, "mark"), fields_));
        }
    });
    for (int i = 0; i < 2000; ++i) {
        auto b = batch({"mark"});
        while (!pipeline->try_submit(b)) {
            std::this_thread::yield();
        }
    }
    stop = true;
    reloader.join();
    pipeline->stop();
    EXPECT_EQ(store_.rules.size(), 2000U) << "each event is matched by exactly one of the two rule sets";
}

TEST_F(PipelineTest, AfterStopNothingIsTaken) {
    auto pipeline = make({}, rule(kId1, "x"));
    pipeline->stop();
    auto b = batch({"late"});
    EXPECT_FALSE(pipeline->try_submit(b));
    EXPECT_NE(b, nullptr);
}

} // namespace
} // namespace canhgac::engine
