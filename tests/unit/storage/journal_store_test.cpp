#include "storage/journal_store.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "storage/source_book.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class JournalStoreTest : public StoreTest {
protected:
    void SetUp() override { open(); }
    std::string refusal(const std::filesystem::path& folder) {
        event::FieldTable names;
        common::MetricsRegistry metrics;
        try {
            const JournalStore store(folder, options_, names, clock_, metrics, logger_);
        } catch (const std::runtime_error& error) { return error.what(); }
        return "";
    }
};

TEST_F(JournalStoreTest, KeepsEventsOverReopen) {
    event::EventBatch batch;
    samples::SyslogMaker(*names_, 1).fill(batch, 500, samples::kStart);
    ASSERT_TRUE(append(batch));
    samples::JsonMaker maker(*names_, 2);
    event::EventBatch second;
    maker.fill(second, 50, samples::kStart + common::kHour);
    ASSERT_TRUE(append(second));
    EXPECT_EQ(store_->events().committed(), 2U);

    // Another process has other numbers for the same names.
    store_.reset();
    names_ = std::make_unique<event::FieldTable>();
    static_cast<void>(names_->intern("something else first"));
    store_ = std::make_unique<JournalStore>(folder_.path(), options_, *names_, clock_, *metrics_, logger_);
    EXPECT_EQ(store_->events().committed(), 2U);
    std::size_t row = 0;
    const auto stats = store_->events().scan(0, samples::kStart + common::kDay, [&](const event::StoredEvent& event) {
        const event::EventBatch& from = row < 500 ? batch : second;
        const event::Event& made = from.events()[row < 500 ? row : row - 500];
        EXPECT_EQ(event.id, (event::EventId{row < 500 ? 1U : 2U, static_cast<std::uint32_t>(row % 500)}));
        EXPECT_EQ(event.raw, made.raw);
        EXPECT_EQ(event.time, made.time);
        EXPECT_EQ(event.received, made.received);
        EXPECT_EQ(event.source, made.source);
        EXPECT_EQ(event.fields.size(), made.field_count);
        ++row;
        return true;
    });
    ASSERT_TRUE(stats);
    EXPECT_EQ(row, 550U);
    ASSERT_TRUE(append_one("after reopening"));
    EXPECT_EQ(store_->events().committed(), 3U);
}

TEST_F(JournalStoreTest, FieldNamesComeBackAfterReopen) {
    ASSERT_TRUE(append_one("line", samples::kStart, {{"TargetUserName", "nguyenvana"}, {"message", "xin chào"}}));
    open();
    std::vector<std::pair<std::string, std::string>> fields;
    ASSERT_TRUE(store_->events().scan(0, samples::kStart + 1, [&fields](const event::StoredEvent& event) {
        for (const auto& [name, field] : event.fields) {
            fields.emplace_back(name, field.text());
        }
        return true;
    }));
    EXPECT_THAT(fields,
                ElementsAre(testing::Pair("TargetUserName", "nguyenvana"), testing::Pair("message", "xin chào")));
}

TEST_F(JournalStoreTest, DuplicatesAreLeftOutWithTheirDetections) {
    event::EventBatch batch;
    samples::add(batch, *names_, samples::kStart, "one", {}, 7);
    samples::add(batch, *names_, samples::kStart, "two", {}, 7);
    samples::add(batch, *names_, samples::kStart, "one again", {}, 7);
    const auto source = store_->sources().intern({"10.0.0.1", "host"}, samples::kStart);
    for (event::Event& event : batch.events()) {
        event.source = source;
    }
    std::vector<event::DetectionRecord> detections(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        detections[i].event.index = i;
        detections[i].title = "rule " + std::to_string(i);
    }
    ASSERT_TRUE(append(batch, detections, {11, 22, 11}));
    EXPECT_THAT(everything(), ElementsAre("one", "two"));
    ASSERT_TRUE(append(batch, detections, {11, 33, 0})); // "one" was stored, "two" has another key, the third has none
    EXPECT_THAT(everything(), ElementsAre("one", "two", "two", "one again"));
    ASSERT_TRUE(append(batch, detections, {11, 33, 22}));
    EXPECT_EQ(store_->events().committed(), 2U) << "a batch of nothing but duplicates makes no batch";

    const event::SourceTotals totals = store_->sources().totals(source);
    EXPECT_EQ(totals.stored, 4U);
    EXPECT_EQ(totals.duplicates, 5U);
    EXPECT_EQ(totals.bytes, std::string("onetwotwoone again").size());

    std::vector<std::string> found;
    const auto read = store_->detections().read(0, 10, [&found](event::DetectionRecord&& record) {
        found.push_back(record.title + " of " + std::to_string(record.event.seq));
    });
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, 2U);
    EXPECT_THAT(found, ElementsAre("rule 0 of 1", "rule 1 of 1", "rule 1 of 2", "rule 2 of 2"));

    open(); // the window is rebuilt
    ASSERT_TRUE(append(batch, {}, {11, 22, 33}));
    EXPECT_EQ(store_->events().committed(), 2U);
    clock_.advance(common::kHour + 2 * common::kSecond);
    ASSERT_TRUE(append(batch, {}, {11, 22, 33}));
    EXPECT_EQ(store_->events().committed(), 3U) << "after the window it is another event";
}

TEST_F(JournalStoreTest, DetectionsComeBackWhole) {
    event::EventBatch batch;
    samples::add(batch, *names_, samples::kStart, "x", {});
    event::DetectionRecord record;
    record.time = 5;
    record.received = 6;
    record.rule_id = "rule";
    record.title = "Đăng nhập sai";
    record.level = event::Severity::critical;
    record.generates = false;
    record.tags = {"attack.t1110", "attack.credential-access"};
    record.matched = {{"EventID", "4625"}};
    record.captured = {{"user.name", "a"}, {"source.ip", "203.0.113.9"}};
    record.entity = {{"source.ip", "203.0.113.9"}};
    record.organization = "UBND";
    record.service = "mail";
    record.asset_level = 4;
    record.host = "h";
    record.log_source = "10.0.0.1/h";
    record.message = "m";
    record.is_correlation = true;
    record.count = 10;
    record.events = {{1, 2}, {3, 4}};
    record.from = -7;
    record.to = 8;
    ASSERT_TRUE(append(batch, {record}));
    open();
    std::vector<event::DetectionRecord> got;
    ASSERT_TRUE(store_->detections().read(0, 10, [&got](event::DetectionRecord&& one) { got.push_back(one); }));
    ASSERT_EQ(got.size(), 1U);
    const event::DetectionRecord& one = got.front();
    EXPECT_EQ(one.event, (event::EventId{1, 0}));
    EXPECT_EQ(std::tie(one.time, one.received, one.rule_id, one.title, one.level, one.generates, one.tags, one.matched,
                       one.captured, one.entity, one.organization, one.service, one.asset_level),
              std::tie(record.time, record.received, record.rule_id, record.title, record.level, record.generates,
                       record.tags, record.matched, record.captured, record.entity, record.organization, record.service,
                       record.asset_level));
    EXPECT_EQ(
        std::tie(one.host, one.log_source, one.message, one.is_correlation, one.count, one.events, one.from, one.to),
        std::tie(record.host, record.log_source, record.message, record.is_correlation, record.count, record.events,
                 record.from, record.to));
}

TEST_F(JournalStoreTest, DetectionsAreReadInStepsAndTrimmed) {
    for (int i = 0; i < 6; ++i) {
        event::EventBatch batch;
        samples::add(batch, *names_, samples::kStart, "x", {});
        ASSERT_TRUE(append(batch, std::vector<event::DetectionRecord>(i % 2 == 0 ? 1 : 0)));
    }
    std::vector<std::uint64_t> seqs;
    const auto visit = [&seqs](event::DetectionRecord&& record) { seqs.push_back(record.event.seq); };
    EXPECT_EQ(store_->detections().read(0, 2, visit).value(), 3U);
    EXPECT_EQ(store_->detections().read(3, 2, visit).value(), 6U) << "beyond the last that had detections";
    EXPECT_EQ(store_->detections().read(6, 2, visit).value(), 6U);
    EXPECT_THAT(seqs, ElementsAre(1, 3, 5));
    seqs.clear();
    ASSERT_TRUE(store_->trim_detections(3));
    EXPECT_EQ(store_->detections().read(0, 10, visit).value(), 6U);
    EXPECT_THAT(seqs, ElementsAre(5));
}

TEST_F(JournalStoreTest, WaitWakesOnCommit) {
    const auto start = std::chrono::steady_clock::now();
    std::thread writer([this] { EXPECT_TRUE(append_one("x")); });
    store_->detections().wait(0, std::chrono::seconds(30));
    writer.join();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    EXPECT_EQ(store_->events().committed(), 1U);
}

TEST_F(JournalStoreTest, StateIsWrittenReadAndWalked) {
    using Change = event::StateStore::Change;
    event::StateStore& state = store_->state();
    const std::vector<Change> changes = {{"alert/1", "a"},          {"alert/2", "b"},
                                         {"alert/3", ""},           {"alerz", "z"},
                                         {"cursor/alerting", "17"}, {"outbox/9", std::string("\0\xff", 2)}};
    ASSERT_TRUE(state.write(changes));
    ASSERT_TRUE(state.write(std::vector<Change>{{"alert/2", std::nullopt}, {"alert/4", "d"}}));
    open();
    event::StateStore& again = store_->state();
    EXPECT_EQ(again.get("alert/1").value(), "a");
    EXPECT_EQ(again.get("alert/2").value(), std::nullopt);
    EXPECT_EQ(again.get("alert/3").value(), "");
    EXPECT_EQ(again.get("cursor/alerting").value(), "17");
    EXPECT_EQ(again.get("outbox/9").value(), std::string("\0\xff", 2));
    const auto walk = [&again](std::string_view prefix, std::string_view start, bool backwards) {
        std::string keys;
        EXPECT_TRUE(again.iterate(prefix, start, backwards, [&keys](std::string_view key, std::string_view) {
            keys += std::string(key) + " ";
            return true;
        }));
        return keys;
    };
    EXPECT_EQ(walk("alert/", "", false), "alert/1 alert/3 alert/4 ");
    EXPECT_EQ(walk("alert/", "alert/2", false), "alert/3 alert/4 ");
    EXPECT_EQ(walk("alert/", "", true), "alert/4 alert/3 alert/1 ");
    EXPECT_EQ(walk("alert/", "alert/3", true), "alert/3 alert/1 ");
    EXPECT_EQ(walk("alert/", "alert/9", true), "alert/4 alert/3 alert/1 ");
    EXPECT_EQ(walk("alert/", "alert/0", true), "");
    EXPECT_EQ(walk("alert/", "zzz", true), "alert/4 alert/3 alert/1 ");
    EXPECT_EQ(walk("cursor/", "", false), "cursor/alerting ");
    EXPECT_EQ(again.iterate("", "", false, [](std::string_view, std::string_view) { return true; }).error(),
              std::errc::invalid_argument);
}

TEST_F(JournalStoreTest, SourcesKeepIdsAndTotals) {
    event::SourceRegistry& sources = store_->sources();
    const auto first = sources.intern({"10.0.0.1", "web"}, 100);
    const auto second = sources.intern({"10.0.0.1", "mail"}, 200);
    EXPECT_NE(first, second);
    EXPECT_EQ(sources.intern({"10.0.0.1", "web"}, 300), first);
    event::EventBatch batch;
    samples::add(batch, *names_, samples::kStart, "hello", {}, static_cast<std::uint32_t>(second));
    batch.events().front().flags = event::flag::kUnparsed;
    ASSERT_TRUE(append(batch));
    const auto late = sources.intern({"10.0.0.2", ""}, 400); // never had an event; kept all the same
    open();
    event::SourceRegistry& again = store_->sources();
    ASSERT_EQ(again.sources().size(), 3U);
    EXPECT_EQ(again.sources()[1].key.reporter, "mail");
    EXPECT_EQ(again.sources()[1].first_seen, 200);
    EXPECT_EQ(again.intern({"10.0.0.1", "web"}, 500), first);
    EXPECT_EQ(again.intern({"10.0.0.2", ""}, 500), late);
    const event::SourceTotals totals = again.totals(second);
    EXPECT_EQ(totals.stored, 1U);
    EXPECT_EQ(totals.bytes, 5U);
    EXPECT_EQ(totals.unparsed, 1U);
    EXPECT_EQ(totals.last_event_time, samples::kStart);
    EXPECT_EQ(totals.last_received, samples::kStart + common::kMillisecond);
    EXPECT_EQ(again.totals(first).stored, 0U);
}

TEST(SourceBookTest, OverflowIsSharedByPeerThenByAll) {
    SourceBook book;
    for (std::uint32_t i = 0; i < SourceBook::kLimit - SourceBook::kOverflowEntries; ++i) {
        static_cast<void>(book.intern({"10.0.0.1", std::to_string(i)}, 1));
    }
    const auto shared = book.intern({"10.0.0.1", "one more"}, 1);
    EXPECT_EQ(book.intern({"10.0.0.1", "and another"}, 1), shared);
    EXPECT_EQ(book.name(static_cast<std::uint32_t>(shared)), "10.0.0.1/(overflow)");
    EXPECT_NE(book.intern({"10.0.0.2", "x"}, 1), shared);
    for (int i = 0; i < 3000; ++i) {
        static_cast<void>(book.intern({"peer " + std::to_string(i), "x"}, 1));
    }
    EXPECT_EQ(book.sources().size(), SourceBook::kLimit);
    const auto everybody = book.intern({"peer 2999", "x"}, 1);
    EXPECT_EQ(book.name(static_cast<std::uint32_t>(everybody)), "(overflow)/(overflow)");
    EXPECT_EQ(book.intern({"10.0.0.1", "7"}, 1), event::SourceId{8});
}

TEST_F(JournalStoreTest, SaysWhyItDoesNotOpen) {
    EXPECT_THAT(refusal(folder_.path()), HasSubstr("in use by another process"));
    store_.reset();
    std::ofstream(folder_.path() / "FORMAT") << "canhgac-store 4\n";
    EXPECT_THAT(refusal(folder_.path()), HasSubstr("newer than this release"));
    std::ofstream(folder_.path() / "FORMAT") << "canhgac-store 1\n";
    std::filesystem::permissions(folder_.path() / "chain.key", std::filesystem::perms(0644));
    EXPECT_THAT(refusal(folder_.path()), HasSubstr("mode 0600"));
    std::filesystem::permissions(folder_.path() / "chain.key", std::filesystem::perms(0600));
    EXPECT_EQ(refusal(folder_.path()), "");
    EXPECT_THAT(refusal("/proc/canhgac"), HasSubstr("/proc/canhgac"));
}

TEST_F(JournalStoreTest, ClosedStoreRefuses) {
    event::EventBatch batch;
    samples::add(batch, *names_, samples::kStart, "x", {});
    auto prepared = store_->events().prepare(batch, {}, {});
    store_->close();
    Fate fate;
    store_->events().append(std::move(prepared), fate.callback());
    EXPECT_FALSE(fate.wait());
}

TEST_F(JournalStoreTest, ManyThreadsAppendAndEverythingIsThere) {
    constexpr int kThreads = 4;
    constexpr int kBatches = 50;
    std::atomic<int> durable{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            event::EventBatch batch;
            samples::SyslogMaker maker(*names_, static_cast<unsigned>(thread));
            for (int i = 0; i < kBatches; ++i) {
                batch.reset();
                maker.fill(batch, 20, samples::kStart + i * common::kSecond);
                store_->events().append(store_->events().prepare(batch, {}, {}),
                                        [&durable](bool ok) { durable += ok ? 1 : 0; });
            }
        });
    }
    std::atomic<bool> done{false};
    std::thread reader([&] {
        while (!done) {
            event::QueryPlan plan;
            plan.limit = 10;
            EXPECT_LE(query(plan).size(), 10U);
        }
    });
    for (std::thread& thread : threads) {
        thread.join();
    }
    store_->close();
    done = true;
    reader.join();
    EXPECT_EQ(durable, kThreads * kBatches);
    EXPECT_EQ(everything().size(), 20U * kThreads * kBatches);
    EXPECT_THAT(metrics_->text(), HasSubstr("canhgac_store_events_total 4000"));
}

} // namespace
} // namespace canhgac::storage
