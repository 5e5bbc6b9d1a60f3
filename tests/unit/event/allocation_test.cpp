// A warm batch must not touch the heap: every allocation of the process is counted.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "tests/support/allocation_count.hpp"

namespace canhgac::event {
namespace {

void fill(EventBatch& batch, FieldCache& cache) {
    batch.reset();
    for (int i = 0; i < 1000; ++i) {
        batch.begin();
        batch.add(cache.intern("CommandLine"), batch.arena().copy("powershell -enc AAAA"));
        batch.add(cache.intern("EventID"), "4688", ValueType::integer);
        batch.finish();
    }
}

TEST(Allocation, AWarmBatchTakesNothingFromTheHeap) {
    FieldTable table;
    FieldCache cache(table);
    EventBatch batch;
    fill(batch, cache);
    const std::size_t before = support::allocation_count();
    for (int round = 0; round < 5; ++round) {
        fill(batch, cache);
    }
    EXPECT_EQ(support::allocation_count() - before, 0U);
    const std::string* counted = new std::string(100, 'x'); // the counter itself works
    EXPECT_GT(support::allocation_count() - before, 0U);
    delete counted;
}

} // namespace
} // namespace canhgac::event
