#include "engine/intel/look_back.hpp"

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/intel/known_indicators.hpp"
#include "tests/support/memory_state.hpp"

namespace canhgac::engine {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

/// Events to scan, and a log of the detections that were appended. Can fail in every way an append can.
class FakeStore final : public event::EventStore, public event::DetectionLog {
public:
    struct Row {
        common::Nanos time = 0;
        std::vector<std::pair<std::string, std::string>> fields;
    };
    struct Prepared final : event::PreparedBatch {
        std::vector<event::DetectionRecord> records;
    };
    std::vector<Row> rows;
    std::vector<std::vector<event::DetectionRecord>> batches; ///< batch i has seq i + 1
    std::vector<std::pair<common::Nanos, common::Nanos>> scans;
    std::function<void()> before_commit; ///< called with each append before it is kept
    std::function<void()> after_commit;
    bool refusing = false;

    std::unique_ptr<event::PreparedBatch> prepare(const event::EventBatch& batch,
                                                  std::span<const event::DetectionRecord> detections,
                                                  std::span<const std::uint64_t> keys) override {
        EXPECT_EQ(batch.size(), detections.size());
        EXPECT_EQ(batch.size(), keys.size());
        for (std::size_t i = 0; i < detections.size(); ++i) {
            EXPECT_EQ(detections[i].event.index, i);
        }
        auto prepared = std::make_unique<Prepared>();
        prepared->records.assign(detections.begin(), detections.end());
        return prepared;
    }
    void append(std::unique_ptr<event::PreparedBatch> batch, std::function<void(bool)> done) override {
        if (before_commit) { before_commit(); }
        if (!refusing) { batches.push_back(std::move(dynamic_cast<Prepared&>(*batch).records)); }
        if (after_commit) { after_commit(); }
        done(!refusing);
    }
    common::Result<event::QueryStats, std::error_code> query(const event::QueryPlan&, const event::RowVisitor&,
                                                             const std::atomic<bool>*) override {
        return event::QueryStats{};
    }
    common::Result<event::QueryStats, std::error_code> scan(common::Nanos from, common::Nanos to,
                                                            const event::RowVisitor& visit) override {
        scans.emplace_back(from, to);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].time < from || rows[i].time >= to) { continue; }
            std::vector<std::pair<std::string_view, event::Field>> fields;
            for (const auto& [name, value] : rows[i].fields) {
                fields.emplace_back(name, event::Field(event::FieldId{}, value));
            }
            event::StoredEvent stored;
            stored.id = {1, static_cast<std::uint32_t>(i)};
            stored.time = rows[i].time;
            stored.fields = fields;
            if (!visit(stored)) { break; }
        }
        return event::QueryStats{};
    }
    common::Result<void, std::error_code> drop(std::int32_t, const event::DropOrder&) override { return {}; }
    common::Result<std::uint64_t, std::error_code> tail(std::uint64_t position, const event::Filter&, std::uint64_t,
                                                        const event::RowVisitor&) override {
        return position;
    }
    std::uint64_t committed() const noexcept override { return batches.size(); }
    common::Result<std::uint64_t, std::error_code>
    read(std::uint64_t after, std::uint64_t limit,
         const std::function<void(event::DetectionRecord&&)>& visit) override {
        std::uint64_t last = after;
        for (; last < batches.size() && last < after + limit; ++last) {
            for (event::DetectionRecord record : batches[last]) {
                visit(std::move(record));
            }
        }
        return last;
    }
    void wait(std::uint64_t, std::chrono::milliseconds) override {}
};

std::shared_ptr<const IndicatorSet> make_set(const std::vector<std::string>& values) {
    auto builder = IndicatorSetBuilder::create(fs::temp_directory_path()).value();
    ListInfo info;
    info.name = "c2";
    info.level = event::Severity::high;
    info.tags = {"botnet"};
    builder.begin_list(std::move(info));
    for (const std::string& value : values) {
        EXPECT_TRUE(builder.add(parse_indicator(value).value()));
    }
    return builder.finish().value();
}

class LookBackTest : public testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(folder_);
        clock_.set(100 * common::kDay);
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::unique_ptr<LookBack> open(test::MemoryState& state) {
        LookBackOptions options;
        options.folder = folder_;
        options.span = 2 * common::kDay;
        options.slice = 12 * common::kHour;
        options.settle = 0;
        options.events_per_second = 1'000'000;
        return std::make_unique<LookBack>(LookBackServices{store_, store_, state, fields_, clock_, log_, metrics_},
                                          options);
    }
    void add(common::Nanos ago, std::vector<std::pair<std::string, std::string>> fields) {
        store_.rows.push_back({clock_.now() - ago, std::move(fields)});
    }
    /// "indicator xcount" of all detections, in the order written.
    std::vector<std::string> found() const {
        std::vector<std::string> out;
        for (const auto& batch : store_.batches) {
            for (const auto& record : batch) {
                out.push_back(record.entity.at(0).second);
            }
        }
        return out;
    }

    fs::path folder_ = fs::temp_directory_path() / fmt::format("lookback.{}", ::getpid());
    FakeStore store_;
    test::MemoryState state_;
    event::FieldTable fields_;
    common::ManualClock clock_;
    common::Logger log_{common::LogLevel::error};
    common::MetricsRegistry metrics_;
};

TEST_F(LookBackTest, WhatIsNewIsLookedForOnce) {
    add(common::kHour, {{"QueryName", "www.evil.example"},
                        {"source.ip", "10.0.0.1"},
                        {"organization.name", "A"},
                        {"asset.level", "3"}});
    add(2 * common::kHour, {{"QueryName", "evil.example"}, {"source.ip", "10.0.0.1"}});
    add(30 * common::kHour, {{"destination.ip", "203.0.113.7"}});
    add(50 * common::kHour, {{"destination.ip", "203.0.113.7"}}); // before the span
    add(common::kHour, {{"Image", "evil.example"}});
    auto look_back = open(state_);
    look_back->lists_changed(*make_set({"evil.example", "203.0.113.7"}));
    ASSERT_TRUE(look_back->wait_idle(20s));
    EXPECT_THAT(found(), ElementsAre("evil.example", "203.0.113.7"));
    const event::DetectionRecord& record = store_.batches[0][0];
    EXPECT_THAT(record.tags, ElementsAre("botnet", "threat-intel", "look-back"));
    EXPECT_EQ(record.level, event::Severity::high);
    EXPECT_EQ(record.entity[1].second, "10.0.0.1");
    EXPECT_EQ(record.organization, "A");
    EXPECT_THAT(record.message, HasSubstr("in 2 stored events"));
    EXPECT_EQ(record.to - record.from, common::kHour);

    look_back->lists_changed(*make_set({"evil.example", "203.0.113.7"}));
    look_back->lists_changed(*make_set({"evil.example", "other.example"}));
    ASSERT_TRUE(look_back->wait_idle(20s));
    EXPECT_EQ(found().size(), 2U) << "what was known is not looked for again";
    look_back.reset();
    look_back = open(state_);
    look_back->lists_changed(*make_set({"evil.example", "other.example"}));
    ASSERT_TRUE(look_back->wait_idle(20s));
    EXPECT_EQ(found().size(), 2U) << "nor after a restart";
    EXPECT_EQ(state_.count("lookback/job/"), 0U);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1)
        << "the file of what is known";
}

TEST_F(LookBackTest, WhatWasHitOnArrivalIsLeftOut) {
    add(common::kHour,
        {{"QueryName", "evil.example"}, {"threat.indicator.list", "c2"}, {"threat.indicator.value", "evil.example"}});
    auto look_back = open(state_);
    look_back->lists_changed(*make_set({"evil.example"}));
    ASSERT_TRUE(look_back->wait_idle(20s));
    EXPECT_THAT(found(), IsEmpty());
}

/// The process ends at any write of its state, before or after an append: each group is written exactly once.
TEST_F(LookBackTest, ARestartAnywhereNeitherForgetsNorRepeats) {
    for (int hours = 1; hours < 48; hours += 5) {
        add(hours * common::kHour,
            {{"QueryName", fmt::format("h{}.evil.example", hours)}, {"source.ip", fmt::format("10.0.0.{}", hours)}});
    }
    const auto set = make_set({"evil.example"});
    // What is durable at each moment: the state, and how many batches were there at that time.
    std::vector<std::pair<test::MemoryState::Map, std::vector<std::vector<event::DetectionRecord>>>> moments;
    const auto copy = folder_.string() + ".copy";
    store_.before_commit = [&] {
        if (moments.empty()) { fs::copy(folder_, copy, fs::copy_options::recursive); }
        moments.emplace_back(state_.content(), store_.batches);
    };
    store_.after_commit = store_.before_commit;
    {
        auto look_back = open(state_);
        look_back->lists_changed(*set);
        ASSERT_TRUE(look_back->wait_idle(20s));
    }
    const std::size_t whole = found().size();
    EXPECT_EQ(whole, 10U);
    store_.before_commit = nullptr;
    store_.after_commit = nullptr;
    ASSERT_GE(moments.size(), 6U);
    for (const auto& [map, batches] : moments) {
        fs::remove_all(folder_);
        fs::copy(copy, folder_, fs::copy_options::recursive);
        test::MemoryState state(map);
        store_.batches = batches;
        auto look_back = open(state);
        ASSERT_TRUE(look_back->wait_idle(20s));
        EXPECT_EQ(found().size(), whole);
        EXPECT_EQ(state.count("lookback/job/"), 0U);
    }
    fs::remove_all(copy);
}

TEST_F(LookBackTest, ADamagedJobIsGivenUp) {
    const std::vector<event::StateStore::Change> changes = {{"lookback/job/00000000000000000007", "1 0 5 0 0"},
                                                            {"lookback/job/00000000000000000008", "x"}};
    ASSERT_TRUE(state_.write(changes));
    auto look_back = open(state_);
    ASSERT_TRUE(look_back->wait_idle(20s));
    EXPECT_EQ(state_.count("lookback/job/"), 0U);
}

TEST(LookBackCursor, RoundTripAndDamage) {
    const LookBackCursor cursor{-5, 1'000, 7, 3};
    const auto read = decode_look_back_cursor(encode(cursor));
    ASSERT_TRUE(read);
    EXPECT_EQ(encode(*read), encode(cursor));
    for (const char* text : {"", "1", "2 1 1 1 1", "1 1 1 1", "1 1 1 -1 0", "1 1 1 1 1 1", "1 a 1 1 1"}) {
        EXPECT_FALSE(decode_look_back_cursor(text)) << text;
    }
}

TEST(KnownIndicators, FilesKeepWhatWasWrittenAndDamageIsFound) {
    const auto folder = fs::temp_directory_path() / fmt::format("known.{}", ::getpid());
    fs::create_directories(folder);
    const auto set = make_set(
        {"evil.example", "203.0.113.7", "203.0.113.0/24", "http://a.example/?x=1", "d41d8cd98f00b204e9800998ecf8427e"});
    const KnownIndicators known = digests_of(*set);
    EXPECT_EQ(known.size(), 5U);
    ASSERT_TRUE(write_known(folder / "known", known));
    EXPECT_EQ(read_known(folder / "known").value(), known);
    fs::resize_file(folder / "known", fs::file_size(folder / "known") - 8);
    EXPECT_FALSE(read_known(folder / "known"));
    EXPECT_FALSE(read_known(folder / "none"));

    ASSERT_TRUE(write_set(folder / "set", *set));
    const auto again = read_set(folder / "set", folder).value();
    EXPECT_EQ(digests_of(*again), known);
    EXPECT_EQ(again->lists()[0].tags, set->lists()[0].tags);
    EXPECT_EQ(again->lists()[0].level, event::Severity::high);

    EXPECT_EQ(new_indicators(*set, known, folder).value(), nullptr);
    const auto more = make_set({"evil.example", "new.example"});
    const auto fresh = new_indicators(*more, known, folder).value();
    ASSERT_NE(fresh, nullptr);
    EXPECT_EQ(fresh->size(), 1U);
    fs::remove_all(folder);
}

} // namespace
} // namespace canhgac::engine
