#include "common/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace canhgac::common {
namespace {

TEST(Metrics, PrintsWhatWasCounted) {
    MetricsRegistry registry;
    Counter counter = registry.counter("canhgac_test_total", "For the test", {{"reason", "x"}});
    counter.add();
    registry.counter("canhgac_test_total", "For the test", {{"reason", "x"}}).add(2);
    EXPECT_EQ(counter.value(), 3.0);
    EXPECT_THAT(registry.text(), testing::HasSubstr("canhgac_test_total{reason=\"x\"} 3"));
}

TEST(Metrics, AHandleWithoutRegistryDoesNothing) {
    Counter counter;
    counter.add();
    EXPECT_EQ(counter.value(), 0.0);
}

} // namespace
} // namespace canhgac::common
