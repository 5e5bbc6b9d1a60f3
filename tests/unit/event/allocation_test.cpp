// A warm batch must not touch the heap: every allocation of the process is counted.
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include "event/batch.hpp"
#include "event/field_table.hpp"

namespace {
std::atomic<std::size_t> allocations{
    0}; // NOLINT(*-avoid-non-const-global-variables): operator new has no arguments for it
}

void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size)) { return memory; }
    throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
    return operator new(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

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
    const std::size_t before = allocations.load();
    for (int round = 0; round < 5; ++round) {
        fill(batch, cache);
    }
    EXPECT_EQ(allocations.load() - before, 0U);
    const std::string* counted = new std::string(100, 'x'); // the counter itself works
    EXPECT_GT(allocations.load() - before, 0U);
    delete counted;
}

} // namespace
} // namespace canhgac::event
