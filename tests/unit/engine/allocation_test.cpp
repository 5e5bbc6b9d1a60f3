// A warm worker must not touch the heap when nothing matches: every allocation of the process is counted.
#include <cstdlib>

#include <gtest/gtest.h>

#include "engine/match_worker.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/unit/engine/engine_fixture.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture

/// Values differ from round to round, so that the memo misses as well; none matches a rule as a whole.
void fill(event::EventBatch& batch, event::FieldCache& cache, int round) {
    batch.reset();
    char number[32];
    for (int i = 0; i < 200; ++i) {
        const int size = std::snprintf(number, sizeof(number), "C:\\x%d\\cmd.exe", round * 100'000 + i);
        event::Event& event = batch.begin();
        event.format = event::Format::windows_event;
        batch.add(cache.intern("Channel"), "Microsoft-Windows-Sysmon/Operational");
        batch.add(cache.intern("EventID"), i % 2 == 0 ? "1" : "3", event::ValueType::integer);
        batch.add(cache.intern("Image"), batch.arena().copy({number, static_cast<std::size_t>(size)}));
        batch.add(cache.intern("Payload"), "some text without the word");
        batch.add(cache.intern("message"), "đăng nhập thành công");
        batch.add(cache.intern("SourceIp"), "10.1.2.3");
        batch.add(cache.intern("Empty"), "", event::ValueType::null);
        batch.finish();
    }
}

TEST(Allocation, AWarmWorkerTakesNothingFromTheHeap) {
    const rules::LogSource windows{"windows", "", ""};
    RuleMaker triggered("triggered", windows);
    triggered.all({triggered.test(like("Image", "*\\cmd.exe")), triggered.test(like("CommandLine", "*/c*"))});
    RuleMaker compares("compares", windows);
    compares.all({compares.test(like("Image", "*cmd*")), [&compares] {
                      rules::Predicate p = with_op("Image", rules::Op::field_equals);
                      p.other_field = "Payload";
                      return compares.test(std::move(p));
                  }()});
    CompileInput input;
    input.rules = {triggered.done(),
                   compares.done(),
                   simple("keyword", like("", "*secretword*"), windows),
                   simple("regex", regex("Image", "zz+y"), windows),
                   simple("cidr", cidr("SourceIp", "192.168.0.0/16"), windows),
                   simple("number", number("EventID", rules::Op::greater, 100), windows),
                   simple("glob", like("Image", "*cmd*bat*"), windows)};
    input.logsources = small_table();
    event::FieldTable fields;
    event::FieldCache cache(fields);
    event::EventBatch batch;
    for (const bool memo : {true, false}) {
        CompileInput copy = input;
        MatchOptions options;
        options.memo = memo;
        MatchWorker worker(compile(std::move(copy), fields).rules, options);
        std::vector<event::Detection> detections;
        for (int round = 0; round < 3; ++round) {
            fill(batch, cache, round);
            worker.match(batch, detections);
        }
        const std::size_t before = support::allocation_count();
        for (int round = 3; round < 20; ++round) {
            fill(batch, cache, round);
            worker.match(batch, detections);
        }
        EXPECT_EQ(support::allocation_count() - before, 0U) << "memo " << memo;
        EXPECT_TRUE(detections.empty());
        EXPECT_GT(worker.stats().evaluations, 1000U);
    }
}

} // namespace
} // namespace canhgac::engine
