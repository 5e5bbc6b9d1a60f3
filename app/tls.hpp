/// From the configuration's TLS keys to the network layer's context.
#pragma once

#include <memory>

#include "app/config.hpp"
#include "common/clock.hpp"
#include "net/tls_context.hpp"

namespace canhgac::app {

/// Throws std::runtime_error that names the file and what is wrong with it.
[[nodiscard]] std::shared_ptr<const net::TlsContext> make_tls_context(const TlsConfig& tls, common::Nanos now);

} // namespace canhgac::app
