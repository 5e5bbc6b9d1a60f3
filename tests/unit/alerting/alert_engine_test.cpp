#include "alerting/alert_engine.hpp"

#include <deque>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "alerting/cursor.hpp"
#include "alerting/outbox.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/memory_state.hpp"
#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

using test::detection;
using test::kMorning;
using test::MemoryLog;
using test::MemoryState;

/// Fires at the third detection of "base" about an entity within five minutes, and with every one after it; and for
/// every "alone" that nothing was told of for a minute of receive time.
class ThreeInFiveMinutes final : public DetectionTransform {
public:
    void push(const event::DetectionRecord& record, Records& out) override {
        ++pushed;
        if (record.rule_id == "alone") { alone_.emplace(record.event, record); }
        if (record.rule_id != "base") { return; }
        const std::string& who = record.entity.front().second;
        auto& times = seen_[who];
        times.push_back(record.time);
        while (times.front() < record.time - 5 * common::kMinute) {
            times.pop_front();
        }
        if (times.size() >= 3) { fire(record, times.front(), times.size(), out); }
    }
    bool advance(common::Nanos now, Records& out) override {
        bool decided = false;
        for (auto one = alone_.begin(); one != alone_.end();) {
            if (one->second.received + common::kMinute >= now) {
                ++one;
                continue;
            }
            fire(one->second, one->second.time, 1, out);
            one = alone_.erase(one);
            decided = true;
        }
        return decided;
    }
    std::string save() override {
        std::string text = "saved";
        for (const auto& [who, times] : seen_) {
            for (const auto time : times) {
                text += " " + who + " " + std::to_string(time);
            }
        }
        for (const auto& [id, record] : alone_) {
            text += " ! " + std::to_string(id.seq) + " " + std::to_string(id.index) + " " +
                    std::to_string(record.time) + " " + std::to_string(record.received) + " " +
                    record.entity.front().second;
        }
        return text + std::string(padding, ' ');
    }
    bool restore(std::string_view saved) override {
        seen_.clear();
        alone_.clear();
        if (!saved.starts_with("saved")) { return false; }
        ++restored;
        std::istringstream in{std::string(saved.substr(5))};
        std::string who;
        common::Nanos time = 0;
        while (in >> who) {
            if (who != "!") {
                in >> time;
                seen_[who].push_back(time);
                continue;
            }
            event::EventId id;
            common::Nanos received = 0;
            in >> id.seq >> id.index >> time >> received >> who;
            auto record = detection("alone", who, time);
            record.event = id;
            record.received = received;
            alone_.emplace(id, std::move(record));
        }
        return true;
    }

    std::size_t padding = 0; ///< makes the saved state large
    int pushed = 0;
    int restored = 0;

private:
    static void fire(const event::DetectionRecord& record, common::Nanos from, std::size_t count, Records& out) {
        auto fired = record;
        fired.rule_id = "correlation of " + record.rule_id;
        fired.generates = true;
        fired.is_correlation = true;
        fired.count = count;
        fired.from = from;
        fired.to = record.time;
        out.push_back(std::move(fired));
    }

    std::map<std::string, std::deque<common::Nanos>> seen_;
    std::map<event::EventId, event::DetectionRecord> alone_;
};

class DroppingChannel final : public Channel {
public:
    Delivery send(const Notice& /*notice*/, const std::atomic<bool>& /*cancelled*/) override {
        return {.outcome = Delivery::Outcome::delivered, .detail = {}, .retry_after = {}};
    }
};

/// One life of the program over a state.
struct Life {
    explicit Life(MemoryLog& log, MemoryState& state, const common::Clock& clock)
        : outbox(
              state, clock, [] { return 0.5; }, logger, metrics),
          book(state, clock, {}, [this](const Alert& alert, auto& out) { outbox.enqueue(alert, "alert.new", out); }),
          engine(log, state, book, clock, logger, metrics,
                 {.horizon = 10 * common::kMinute,
                  .batches_per_read = 4,
                  .idle_wait = std::chrono::milliseconds(20),
                  .checkpoint_records = 5},
                 &transform, [this] { ++wakes; }) {
        outbox.add(std::make_unique<DroppingChannel>(), {.name = "mail"});
    }
    void run_all() {
        for (;;) {
            const auto more = engine.step();
            ASSERT_TRUE(more);
            if (!*more) { return; }
        }
    }
    void idle() {
        for (int i = 0; i < 8; ++i) {
            ASSERT_TRUE(engine.idle());
        }
    }

    common::Logger logger{common::LogLevel::error};
    common::MetricsRegistry metrics;
    Outbox outbox;
    AlertBook book;
    std::atomic<int> wakes{0};
    ThreeInFiveMinutes transform;
    AlertEngine engine;
};

event::DetectionRecord feeding(std::string address, common::Nanos time) {
    auto record = detection("base", std::move(address), time);
    record.generates = false;
    return record;
}

/// What alerts there are, without what depends on when they were written.
std::map<std::string, std::uint64_t> outcome(AlertBook& book) {
    std::map<std::string, std::uint64_t> out;
    const auto page = book.list({.limit = 10'000});
    EXPECT_TRUE(page && page->next.empty());
    for (const auto& alert : page->alerts) {
        out.emplace(alert.id + " " + alert.rule_id, alert.count);
    }
    return out;
}

/// A mix of plain detections, detections that only feed and correlations across batches.
void fill(MemoryLog& log) {
    for (int i = 0; i < 40; ++i) {
        const common::Nanos time = kMorning + i * 45 * common::kSecond;
        std::vector<event::DetectionRecord> batch;
        if (i % 2 == 0) { batch.push_back(detection("plain", "198.51.100." + std::to_string(i % 7), time)); }
        if (i % 3 != 0) { batch.push_back(feeding("203.0.113." + std::to_string(i % 2), time)); }
        log.append(std::move(batch));
    }
}

class AlertEngineTest : public testing::Test {
protected:
    MemoryLog log;
    MemoryState state;
    common::ManualClock clock{kMorning + common::kHour};
};

TEST_F(AlertEngineTest, TurnsDetectionsAndCorrelationsIntoAlerts) {
    Life life(log, state, clock);
    for (int i = 0; i < 2; ++i) {
        log.append({feeding("203.0.113.7", kMorning + i * common::kSecond)});
    }
    life.run_all();
    EXPECT_TRUE(outcome(life.book).empty());
    log.append({feeding("203.0.113.7", kMorning + 3 * common::kSecond), detection("plain", "203.0.113.7")});
    life.run_all();
    const auto page = life.book.list({});
    ASSERT_EQ(page->alerts.size(), 2U);
    EXPECT_EQ(life.wakes, 1);
    EXPECT_EQ(state.count("outboxq/mail/"), 2U);
    for (int i = 4; i < 24; ++i) {
        log.append({feeding("203.0.113.7", kMorning + i * common::kSecond)});
    }
    life.run_all();
    EXPECT_EQ(life.wakes, 1) << "more of the same sends nothing new";
    EXPECT_EQ(state.count("outboxq/mail/"), 2U);
    const auto later = life.book.list({});
    for (const auto& alert : later->alerts) {
        EXPECT_EQ(alert.count, alert.rule_id == "plain" ? 1U : 23U);
    }
    EXPECT_EQ(life.engine.position(), log.size());
}

TEST_F(AlertEngineTest, ACrashAnywhereNeitherDoublesNorLoses) {
    fill(log);
    state.keep_history();
    std::map<std::string, std::uint64_t> want;
    std::set<std::string> want_notices;
    const auto notices = [](const MemoryState& store) {
        std::set<std::string> keys;
        for (const auto& [key, value] : store.content()) {
            if (key.starts_with("outboxq/")) { keys.insert(key.substr(key.rfind('/'))); }
        }
        return keys;
    };
    {
        Life life(log, state, clock);
        life.run_all();
        want = outcome(life.book);
        want_notices = notices(state);
    }
    ASSERT_GT(want.size(), 5U);
    ASSERT_EQ(want_notices.size(), want.size());
    const auto history = state.history();
    ASSERT_GT(history.size(), 8U);
    for (std::size_t point = 0; point < history.size(); ++point) {
        MemoryState again(history[point]);
        common::ManualClock later{clock.now() + common::kMinute};
        Life life(log, again, later);
        life.run_all();
        EXPECT_EQ(outcome(life.book), want) << "restarted after write " << point;
        EXPECT_EQ(notices(again), want_notices) << "restarted after write " << point;
        EXPECT_EQ(again.count("alerttime/"), want.size());
        EXPECT_EQ(again.count("alertseq/"), want.size());
    }
}

TEST_F(AlertEngineTest, RestartsInTheMiddleOfAWindowKeepTheCorrelation) {
    log.append({feeding("203.0.113.7", kMorning)});
    log.append({feeding("203.0.113.7", kMorning + common::kMinute)});
    for (int lives = 0; lives < 3; ++lives) {
        Life life(log, state, clock);
        life.run_all();
        EXPECT_TRUE(outcome(life.book).empty());
    }
    log.append({feeding("203.0.113.7", kMorning + 2 * common::kMinute)});
    Life life(log, state, clock);
    life.run_all();
    const auto page = life.book.list({});
    ASSERT_EQ(page->alerts.size(), 1U);
    EXPECT_EQ(page->alerts[0].count, 3U);
}

TEST_F(AlertEngineTest, ACheckpointSparesTheRestartTheWholePast) {
    {
        Life life(log, state, clock);
        life.transform.padding = 5 << 20U; // several parts
        for (int i = 0; i < 200; ++i) {
            log.append({feeding("203.0.113." + std::to_string(i % 50), kMorning + i * common::kSecond)});
        }
        life.run_all();
        life.idle();
        EXPECT_EQ(state.count("corr/part/"), 6U); // of one checkpoint, not of several
    }
    log.append({feeding("198.51.100.1", kMorning)});
    Life life(log, state, clock);
    ASSERT_TRUE(life.engine.warm_up());
    EXPECT_EQ(life.transform.restored, 1);
    EXPECT_LT(life.transform.pushed, 50);
    life.run_all();
    EXPECT_EQ(outcome(life.book).size(), 50U);
}

TEST_F(AlertEngineTest, ADamagedCheckpointMeansTheHorizon) {
    for (int i = 0; i < 20; ++i) {
        log.append({feeding("203.0.113.7", kMorning + i * common::kSecond)});
    }
    {
        Life life(log, state, clock);
        life.run_all();
        life.idle();
    }
    ASSERT_EQ(state.count("corr/part/"), 1U);
    for (const auto& [key, value] : state.content()) {
        if (!key.starts_with("corr/part/")) { continue; }
        const event::StateStore::Change change{key, value + "x"};
        ASSERT_TRUE(state.write({&change, 1}));
    }
    log.append({feeding("203.0.113.7", kMorning + 20 * common::kSecond)});
    Life life(log, state, clock);
    life.run_all();
    EXPECT_EQ(life.transform.restored, 0);
    EXPECT_EQ(life.transform.pushed, 21);
    EXPECT_EQ(life.book.list({})->alerts.at(0).count, 21U);
}

TEST_F(AlertEngineTest, WhatTimeDecidesIsDecidedOnceWhereverItEnds) {
    const auto alone = [&](const std::string& address, common::Nanos time) {
        auto record = detection("alone", address, time);
        record.received = time;
        record.generates = false;
        return record;
    };
    clock.set(kMorning);
    state.keep_history();
    const auto live = [&](Life& life, int from) {
        for (int i = from; i < 12; ++i) {
            life.run_all();
            clock.set(kMorning + i * 20 * common::kSecond);
            life.idle();
            if (log.size() == static_cast<std::uint64_t>(i)) {
                log.append({alone("203.0.113." + std::to_string(i), clock.now())});
            }
        }
        life.run_all();
        clock.set(kMorning + common::kHour);
        life.idle();
    };
    std::map<std::string, std::uint64_t> want;
    {
        Life life(log, state, clock);
        live(life, 0);
        want = outcome(life.book);
    }
    ASSERT_EQ(want.size(), 12U);
    const auto history = state.history();
    ASSERT_GE(history.size(), 20U);
    for (std::size_t point = 0; point < history.size(); ++point) {
        MemoryState again(history[point]);
        Life life(log, again, clock);
        live(life, 11);
        EXPECT_EQ(outcome(life.book), want) << "restarted after write " << point;
    }
}

TEST_F(AlertEngineTest, AFailingStoreIsTriedAgainWithoutFeedingCorrelationTwice) {
    for (int i = 0; i < 3; ++i) {
        log.append({feeding("203.0.113.7", kMorning + i * common::kSecond)});
    }
    Life life(log, state, clock);
    state.fail_writes(3);
    int failures = 0;
    while (life.engine.position() < log.size()) {
        const auto more = life.engine.step();
        if (!more) { ++failures; }
        ASSERT_LE(failures, 3);
    }
    EXPECT_EQ(failures, 3);
    const auto page = life.book.list({});
    ASSERT_EQ(page->alerts.size(), 1U);
    EXPECT_EQ(page->alerts[0].count, 3U);
    log.fail(true);
    EXPECT_FALSE(life.engine.step());
    log.fail(false);
    EXPECT_TRUE(life.engine.step());
}

TEST_F(AlertEngineTest, FollowsInAThreadQuicklyAndStops) {
    common::SystemClock real;
    Life life(log, state, real);
    life.engine.start();
    double worst = 0;
    for (int i = 0; i < 50; ++i) {
        const auto before = std::chrono::steady_clock::now();
        const std::uint64_t seq = log.append({detection("r" + std::to_string(i), "203.0.113.7")});
        ASSERT_TRUE(life.engine.wait(seq, std::chrono::seconds(10)));
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
        worst = std::max(worst, took.count());
    }
    RecordProperty("worst_ms", std::to_string(worst));
    EXPECT_LT(worst, 2'000.0);
    EXPECT_EQ(life.wakes, 50);
    EXPECT_FALSE(life.engine.wait(1'000, std::chrono::milliseconds(10)));
    life.engine.stop();
    life.engine.stop();
    const auto cursor = state.get(kCursorKey);
    ASSERT_TRUE(cursor && *cursor);
    EXPECT_EQ(decode_cursor(**cursor)->seq, 50U);
}

TEST_F(AlertEngineTest, WorksAgainOnceTheStoreDoes) {
    common::SystemClock real;
    state.fail_writes(2);
    Life life(log, state, real);
    life.engine.start();
    const std::uint64_t seq = log.append({detection("r", "203.0.113.7")});
    EXPECT_TRUE(life.engine.wait(seq, std::chrono::seconds(20)));
    EXPECT_EQ(outcome(life.book).size(), 1U);
}

TEST_F(AlertEngineTest, AStopWritesTheCursorThatPassedQuietBatches) {
    common::SystemClock real;
    {
        Life life(log, state, real);
        life.engine.start();
        std::uint64_t seq = 0;
        for (int i = 0; i < 20; ++i) {
            seq = log.append({});
        }
        ASSERT_TRUE(life.engine.wait(seq, std::chrono::seconds(10)));
    }
    Life life(log, state, real);
    EXPECT_EQ(life.engine.position(), 20U);
}

TEST_F(AlertEngineTest, AnUnreadableCursorIsNotIgnored) {
    const event::StateStore::Change bad{std::string(kCursorKey), "not a cursor"};
    ASSERT_TRUE(state.write({&bad, 1}));
    EXPECT_THROW(Life(log, state, clock), std::runtime_error);
}

} // namespace
} // namespace canhgac::alerting
