/// Gives the outbox the channels that the configuration asks for.
#pragma once

#include "alerting/outbox.hpp"
#include "app/config.hpp"
#include "common/clock.hpp"

namespace canhgac::app {

/// Throws std::runtime_error with a message for the operator (unreadable secret, bad address, ...).
void add_channels(const Config::Alerting& alerting, alerting::Outbox& outbox, const common::Clock& clock);

} // namespace canhgac::app
