/// Counters, gauges and histograms of the program, printed in the Prometheus text format.
/// Handles are cheap to use (one relaxed atomic) and live as long as the registry; take them once, at start-up.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
} // namespace prometheus

namespace canhgac::common {

using Labels = std::map<std::string, std::string>;

class Counter {
public:
    explicit Counter(prometheus::Counter* counter = nullptr) noexcept : counter_(counter) {}
    /// Thread safe; does nothing on a handle made without a registry.
    void add(double by = 1.0) noexcept;
    [[nodiscard]] double value() const noexcept;

private:
    prometheus::Counter* counter_;
};

class Gauge {
public:
    explicit Gauge(prometheus::Gauge* gauge = nullptr) noexcept : gauge_(gauge) {}
    void set(double value) noexcept;
    void add(double by) noexcept;
    [[nodiscard]] double value() const noexcept;

private:
    prometheus::Gauge* gauge_;
};

class Histogram {
public:
    explicit Histogram(prometheus::Histogram* histogram = nullptr) noexcept : histogram_(histogram) {}
    void observe(double value) noexcept;

private:
    prometheus::Histogram* histogram_;
};

/// Owns every metric. Thread safe. Asking again for the same name and labels gives the same metric.
class MetricsRegistry {
public:
    MetricsRegistry();
    ~MetricsRegistry();
    MetricsRegistry(const MetricsRegistry&) = delete;
    MetricsRegistry& operator=(const MetricsRegistry&) = delete;

    [[nodiscard]] Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    [[nodiscard]] Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    [[nodiscard]] Histogram histogram(const std::string& name, const std::string& help,
                                      const std::vector<double>& buckets, const Labels& labels = {});
    /// The page behind GET /metrics (text format 0.0.4).
    [[nodiscard]] std::string text() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::common
