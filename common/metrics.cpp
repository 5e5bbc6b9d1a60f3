#include "common/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace canhgac::common {

struct MetricsRegistry::Impl {
    prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
};

void Counter::add(double by) noexcept {
    if (counter_ != nullptr) { counter_->Increment(by); }
}

double Counter::value() const noexcept {
    return counter_ == nullptr ? 0.0 : counter_->Value();
}

void Gauge::set(double value) noexcept {
    if (gauge_ != nullptr) { gauge_->Set(value); }
}

void Gauge::add(double by) noexcept {
    if (gauge_ != nullptr) { gauge_->Increment(by); }
}

double Gauge::value() const noexcept {
    return gauge_ == nullptr ? 0.0 : gauge_->Value();
}

void Histogram::observe(double value) noexcept {
    if (histogram_ != nullptr) { histogram_->Observe(value); }
}

MetricsRegistry::MetricsRegistry() : impl_(std::make_unique<Impl>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter MetricsRegistry::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return Counter(&prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry).Add(labels));
}

Gauge MetricsRegistry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return Gauge(&prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add(labels));
}

Histogram MetricsRegistry::histogram(const std::string& name, const std::string& help,
                                     const std::vector<double>& buckets, const Labels& labels) {
    return Histogram(
        &prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry).Add(labels, buckets));
}

std::string MetricsRegistry::text() const {
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

} // namespace canhgac::common
