#include "alerting/outbox.hpp"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "tests/support/memory_state.hpp"
#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

using Outcome = Delivery::Outcome;
using test::kMorning;
using test::MemoryState;

/// Answers as the test says and remembers what it was given.
struct Script {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Notice> sent;
    std::function<Delivery(const Notice&)> answer = [](const Notice&) {
        return Delivery{.outcome = Outcome::delivered, .detail = "ok", .retry_after = {}};
    };
    bool wait_for(std::size_t count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(20), [&] { return sent.size() >= count; });
    }
};

class ScriptedChannel final : public Channel {
public:
    explicit ScriptedChannel(Script& script) : script_(script) {}
    Delivery send(const Notice& notice, const std::atomic<bool>& /*cancelled*/) override {
        const std::scoped_lock lock(script_.mutex);
        script_.sent.push_back(notice);
        script_.changed.notify_all();
        return script_.answer(notice);
    }

private:
    Script& script_;
};

/// Waits until it is cancelled.
class HangingChannel final : public Channel {
public:
    Delivery send(const Notice& /*notice*/, const std::atomic<bool>& cancelled) override {
        while (!cancelled) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return {.outcome = Outcome::unreachable, .detail = "cancelled", .retry_after = {}};
    }
};

class OutboxTest : public testing::Test {
protected:
    std::unique_ptr<Outbox> make(const common::Clock& now) {
        return std::make_unique<Outbox>(
            state, now, [] { return 1.0; }, logger, metrics, settings);
    }
    Outbox& outbox() {
        if (!outbox_) {
            outbox_ = make(clock);
            outbox_->add(std::make_unique<ScriptedChannel>(script), {.name = "mail", .per_minute = per_minute});
        }
        return *outbox_;
    }
    void restart() { outbox_.reset(); }
    void put(std::string id, event::Severity level = event::Severity::high) {
        Alert alert = test::sample_alert();
        alert.id = std::move(id);
        alert.level = level;
        alert.updated = clock.now();
        std::vector<event::StateStore::Change> changes;
        outbox().enqueue(alert, "alert.new", changes);
        ASSERT_TRUE(state.write(changes));
    }
    /// Steps through time until nothing is due any more; returns the times of the tries, in seconds from now.
    std::vector<common::Nanos> run_until_quiet(common::Nanos at_most) {
        const common::Nanos start = clock.now();
        std::vector<common::Nanos> tries;
        std::size_t seen = script.sent.size();
        while (clock.now() - start <= at_most) {
            const auto next = outbox().step("mail");
            for (; seen < script.sent.size(); ++seen) {
                tries.push_back((clock.now() - start) / common::kSecond);
            }
            if (!next) { break; }
            clock.set(std::max(*next, clock.now()));
        }
        return tries;
    }

    MemoryState state;
    common::ManualClock clock{kMorning};
    common::Logger logger{common::LogLevel::error};
    common::MetricsRegistry metrics;
    OutboxSettings settings;
    Script script;
    double per_minute = 0.0;

private:
    std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxTest, DeliversOnceAndKeepsAReceipt) {
    put("a1");
    run_until_quiet(common::kHour);
    ASSERT_EQ(script.sent.size(), 1U);
    EXPECT_EQ(script.sent[0].key, idempotency_key("a1", "mail", "alert.new"));
    EXPECT_EQ(script.sent[0].alert.title, test::sample_alert().title);
    const auto receipts = outbox().receipts(10);
    ASSERT_TRUE(receipts);
    ASSERT_EQ(receipts->size(), 1U);
    EXPECT_EQ(receipts->front().alert_id, "a1");
    EXPECT_EQ(receipts->front().detail, "ok");
    EXPECT_EQ(receipts->front().attempts, 1U);
    EXPECT_EQ(receipts->front().finished, kMorning);
    EXPECT_TRUE(outbox().waiting(10)->empty());
    EXPECT_TRUE(outbox().dead_letters(10)->empty());
}

TEST_F(OutboxTest, ANoticeEnqueuedAgainIsTheSameNotice) {
    put("a1");
    put("a1");
    EXPECT_EQ(state.count("outboxq/"), 1U);
}

TEST_F(OutboxTest, BacksOffUpToALimitThenGivesUp) {
    script.answer = [](const Notice&) {
        return Delivery{.outcome = Outcome::retry, .detail = "HTTP 503", .retry_after = {}};
    };
    settings.give_up_after = common::kHour;
    settings.longest_delay = 10 * common::kMinute;
    put("a1");
    const auto tries = run_until_quiet(common::kDay);
    ASSERT_GE(tries.size(), 12U);
    const std::vector<common::Nanos> first(tries.begin(), tries.begin() + 6);
    EXPECT_EQ(first, (std::vector<common::Nanos>{0, 1, 3, 7, 15, 31}));
    EXPECT_LE(tries.back() - tries[tries.size() - 2], 600);
    EXPECT_GE(tries.back(), 3'600);
    for (const auto& notice : script.sent) {
        EXPECT_EQ(notice.key, script.sent.front().key);
    }
    const auto dead = outbox().dead_letters(10);
    ASSERT_EQ(dead->size(), 1U);
    EXPECT_EQ(dead->front().detail, "HTTP 503");
    EXPECT_EQ(dead->front().attempts, tries.size());
}

TEST_F(OutboxTest, ADeadLetterCanBeSentAgain) {
    script.answer = [](const Notice&) {
        return Delivery{.outcome = Outcome::permanent, .detail = "HTTP 400", .retry_after = {}};
    };
    put("a1");
    run_until_quiet(common::kHour);
    const auto dead = outbox().dead_letters(10);
    ASSERT_EQ(dead->size(), 1U);
    script.answer = [](const Notice&) {
        return Delivery{.outcome = Outcome::delivered, .detail = "ok", .retry_after = {}};
    };
    EXPECT_FALSE(*outbox().resend("mail", "no such key"));
    EXPECT_FALSE(*outbox().resend("other", dead->front().key));
    EXPECT_TRUE(*outbox().resend("mail", dead->front().key));
    run_until_quiet(common::kHour);
    ASSERT_EQ(script.sent.size(), 2U);
    EXPECT_EQ(script.sent[0].key, script.sent[1].key);
    EXPECT_TRUE(outbox().dead_letters(10)->empty());
    EXPECT_EQ(outbox().receipts(10)->size(), 1U);
}

TEST_F(OutboxTest, OneRefusedNoticeDoesNotHoldUpTheOthers) {
    script.answer = [](const Notice& notice) {
        return Delivery{
            .outcome = notice.alert.id == "bad" ? Outcome::retry : Outcome::delivered, .detail = {}, .retry_after = {}};
    };
    put("bad");
    put("good1");
    put("good2");
    static_cast<void>(outbox().step("mail"));
    EXPECT_EQ(outbox().receipts(10)->size(), 2U);
    EXPECT_EQ(outbox().waiting(10)->size(), 1U);
}

TEST_F(OutboxTest, AnUnreachableChannelPausesAsAWhole) {
    script.answer = [](const Notice&) { return Delivery{}; };
    for (int i = 0; i < 50; ++i) {
        put("a" + std::to_string(i));
    }
    const auto next = outbox().step("mail");
    EXPECT_EQ(script.sent.size(), 1U);
    ASSERT_TRUE(next);
    EXPECT_EQ(*next, kMorning + common::kSecond);
    EXPECT_EQ(outbox().step("mail"), next) << "a new notice does not end the pause";
    EXPECT_EQ(script.sent.size(), 1U);
    for (int i = 0; i < 20; ++i) {
        clock.set(std::max(clock.now(), outbox().step("mail").value_or(clock.now())));
    }
    EXPECT_LT(script.sent.size(), 25U);
    script.answer = [](const Notice&) {
        return Delivery{.outcome = Outcome::delivered, .detail = {}, .retry_after = {}};
    };
    run_until_quiet(common::kHour);
    EXPECT_EQ(outbox().receipts(100)->size(), 50U);
}

TEST_F(OutboxTest, HonoursRetryAfterWithinItsLimit) {
    script.answer = [](const Notice&) {
        return Delivery{.outcome = Outcome::retry, .detail = {}, .retry_after = 90 * common::kSecond};
    };
    put("a1");
    EXPECT_EQ(run_until_quiet(200 * common::kSecond), (std::vector<common::Nanos>{0, 90, 180}));
}

TEST_F(OutboxTest, CapsTheRate) {
    per_minute = 6.0;
    for (int i = 0; i < 18; ++i) {
        put("a" + std::to_string(i));
    }
    const auto tries = run_until_quiet(common::kHour);
    ASSERT_EQ(tries.size(), 18U);
    EXPECT_EQ(tries[5], 0) << "a burst of one minute's worth";
    EXPECT_NEAR(static_cast<double>(tries[6]), 10.0, 1.0);
    EXPECT_NEAR(static_cast<double>(tries[17]), 120.0, 2.0);
}

TEST_F(OutboxTest, SendsOnlyWhatTheChannelWants) {
    auto quiet = make(clock);
    quiet->add(std::make_unique<ScriptedChannel>(script), {.name = "sms", .least_level = event::Severity::critical});
    quiet->add(std::make_unique<ScriptedChannel>(script), {.name = "mail"});
    Alert alert = test::sample_alert();
    std::vector<event::StateStore::Change> changes;
    quiet->enqueue(alert, "alert.new", changes);
    EXPECT_EQ(changes.size(), 1U);
    alert.level = event::Severity::critical;
    quiet->enqueue(alert, "alert.new", changes);
    EXPECT_EQ(changes.size(), 3U);
    EXPECT_THROW(quiet->add(std::make_unique<ScriptedChannel>(script), {.name = "mail"}), std::invalid_argument);
    EXPECT_THROW(quiet->add(std::make_unique<ScriptedChannel>(script), {.name = "a/b"}), std::invalid_argument);
}

TEST_F(OutboxTest, ACrashAtAnyPointSendsEverythingUnderTheSameKeys) {
    state.keep_history();
    for (int i = 0; i < 5; ++i) {
        put("a" + std::to_string(i));
    }
    int calls = 0;
    script.answer = [&](const Notice&) {
        return Delivery{
            .outcome = ++calls % 3 == 0 ? Outcome::retry : Outcome::delivered, .detail = {}, .retry_after = {}};
    };
    run_until_quiet(common::kHour);
    ASSERT_EQ(outbox().receipts(10)->size(), 5U);
    std::set<std::string> want;
    for (const auto& notice : script.sent) {
        want.insert(notice.key);
    }
    for (const auto& point : state.history()) {
        if (std::none_of(point.begin(), point.end(), [](const auto& kv) { return kv.first.starts_with("outboxq/"); })) {
            continue;
        }
        MemoryState again(point);
        common::ManualClock later{clock.now() + common::kMinute};
        Script resent;
        Outbox second(
            again, later, [] { return 0.0; }, logger, metrics, settings);
        second.add(std::make_unique<ScriptedChannel>(resent), {.name = "mail"});
        while (second.step("mail")) {}
        std::set<std::string> keys;
        const auto receipts = second.receipts(10);
        ASSERT_TRUE(receipts);
        for (const auto& receipt : *receipts) {
            keys.insert(receipt.key);
        }
        for (const auto& key : keys) {
            EXPECT_TRUE(want.contains(key));
        }
        EXPECT_EQ(second.waiting(10)->size(), 0U);
    }
}

TEST_F(OutboxTest, AStoreThatFailsAfterSendingSendsAgainUnderTheSameKey) {
    put("a1");
    state.fail_writes(1);
    static_cast<void>(outbox().step("mail"));
    clock.advance(2 * common::kSecond);
    static_cast<void>(outbox().step("mail"));
    ASSERT_EQ(script.sent.size(), 2U);
    EXPECT_EQ(script.sent[0].key, script.sent[1].key);
    EXPECT_EQ(outbox().receipts(10)->size(), 1U);
}

TEST_F(OutboxTest, AnUnreadableNoticeIsSetAsideNotLost) {
    put("a1");
    const event::StateStore::Change bad{"outboxq/mail/0000000000000001/key", "garbage"};
    ASSERT_TRUE(state.write({&bad, 1}));
    run_until_quiet(common::kHour);
    EXPECT_EQ(script.sent.size(), 1U);
    EXPECT_EQ(state.count("outboxq/"), 0U);
    EXPECT_EQ(state.count("outboxdamaged/"), 1U);
}

TEST_F(OutboxTest, OneChannelNeverHoldsUpAnother) {
    common::SystemClock real;
    auto both = make(real);
    both->add(std::make_unique<HangingChannel>(), {.name = "hangs"});
    both->add(std::make_unique<ScriptedChannel>(script), {.name = "works"});
    both->start();
    for (int i = 0; i < 20; ++i) {
        Alert alert = test::sample_alert();
        alert.id = "a" + std::to_string(i);
        alert.updated = real.now();
        std::vector<event::StateStore::Change> changes;
        both->enqueue(alert, "alert.new", changes);
        ASSERT_TRUE(state.write(changes));
        both->wake();
    }
    EXPECT_TRUE(script.wait_for(20));
    both->stop();
    both->stop();
    EXPECT_EQ(state.count("outboxq/hangs/"), 20U) << "what was being sent stays waiting";
    EXPECT_EQ(both->receipts(100)->size(), 20U);
}

TEST_F(OutboxTest, OldReceiptsGo) {
    put("a1");
    run_until_quiet(common::kHour);
    clock.advance(settings.keep_receipts + common::kDay);
    restart();
    outbox().start();
    for (int i = 0; i < 500 && state.count("outboxr/") > 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(state.count("outboxr/"), 0U);
}

TEST(IdempotencyKey, DependsOnAllParts) {
    EXPECT_EQ(idempotency_key("a", "b", "c"), idempotency_key("a", "b", "c"));
    EXPECT_NE(idempotency_key("a", "b", "c"), idempotency_key("ab", "", "c"));
    EXPECT_NE(idempotency_key("a", "b", "c"), idempotency_key("a", "b", "d"));
}

} // namespace
} // namespace canhgac::alerting
